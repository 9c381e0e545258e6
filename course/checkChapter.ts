/** The tests of a chapter: every exercise file of its folder, by its own figures. */
import { readdirSync } from 'node:fs';
import { defaults, type Exercise, hold, Transcript } from 'systole/course';
import { describe, expect, test } from 'vitest';
import { absent, mnistIsThere } from './mnist.ts';

/** Declares one test for each exercise of a folder; `tier` says which of its figures. */
export async function checkChapter(folder: string, tier: 'quick' | 'long'): Promise<void> {
  const files = readdirSync(folder).filter((name) => /^\d+\.ts$/.test(name));
  const exercises = await Promise.all(
    files.map(async (name) => ((await import(`${folder}/${name}`)) as { exercise: Exercise }).exercise),
  );
  describe('exercises', () => {
    for (const { id, title, needs, check, checkLong, show, parameters } of exercises) {
      const run = tier === 'quick' ? check : checkLong;
      if (run === undefined) continue;
      if (needs === 'mnist' && !mnistIsThere()) {
        test.skip(`${id} ${title} (${absent()})`, () => {});
        continue;
      }
      test(`${id} ${title}`, async () => {
        const lines = await hold(run);
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.flatMap(({ what, holds, detail }) => (holds ? [] : [`${what}: ${detail.en}`]))).toEqual([]);
        if (tier === 'long') return;
        const shown = new Transcript();
        await show(shown, defaults(parameters));
        expect(shown.items.length).toBeGreaterThan(0);
      });
    }
  });
}
