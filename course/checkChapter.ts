/** The tests of a chapter: every exercise file of its folder, by its own figures. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Exercise, hold } from './exercise.ts';
import { absent, mnistIsThere } from './mnist.ts';

/** Declares one test for each exercise of a folder; `tier` says which of its figures. */
export async function checkChapter(folder: string, tier: 'quick' | 'long'): Promise<void> {
  const files = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name) && !name.includes('.test.'));
  const exercises = await Promise.all(
    files.map(async (name) => ((await import(`${folder}/${name}`)) as { exercise: Exercise }).exercise),
  );
  describe('exercises', () => {
    for (const { id, title, needs, check, checkLong, show } of exercises) {
      const run = tier === 'quick' ? check : checkLong;
      if (run === undefined) continue;
      if (needs === 'mnist' && !mnistIsThere()) {
        test.skip(`${id} ${title} (${absent})`, () => {});
        continue;
      }
      test(`${id} ${title}`, async () => {
        const lines = await hold(run);
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.flatMap(({ what, holds, detail }) => (holds ? [] : [`${what}: ${detail}`]))).toEqual([]);
        if (tier === 'long') return;
        const printed: string[] = [];
        await show((line) => printed.push(line));
        expect(printed.join('\n')).not.toBe('');
      });
    }
  });
}
