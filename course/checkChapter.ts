/**
 * The tests of a chapter: every exercise file of its folder, by its own figures. The quick tier checks it as a fresh clone does, without
 * MNIST; the long tier with it, and with the figures that take minutes.
 */
import { readdirSync } from 'node:fs';
import { checkExercise, defaults, type Exercise, Transcript } from 'systole/course';
import { describe, expect, test } from 'vitest';
import { absent, mnistIsThere, withoutMnist } from './mnist.ts';

/** Declares the tests of each exercise of a folder; `tier` says which of its figures. */
export async function checkChapter(folder: string, tier: 'quick' | 'long'): Promise<void> {
  const files = readdirSync(folder).filter((name) => /^\d+\.ts$/.test(name));
  const exercises = await Promise.all(
    files.map(async (name) => ((await import(`${folder}/${name}`)) as { exercise: Exercise }).exercise),
  );
  describe('exercises', () => {
    for (const exercise of exercises) {
      const { id, title, mnistRows, checkLong } = exercise;
      const name = `${id} ${title.en}`;
      if (tier === 'quick') {
        const isFresh = mnistRows !== undefined;
        test(name, () => (isFresh ? withoutMnist(() => checkTier(exercise, tier)) : checkTier(exercise, tier)));
      } else if (mnistRows !== undefined && !mnistIsThere()) test.skip(`${name} (${absent()})`, () => {});
      else if (mnistRows !== undefined || checkLong !== undefined) test(name, () => checkTier(exercise, tier));
    }
  });
}

async function checkTier(exercise: Exercise, tier: 'quick' | 'long'): Promise<void> {
  const { show, parameters } = exercise;
  const { lines, rows, error } = await checkExercise(exercise, { long: tier === 'long', mnist: mnistIsThere() });
  expect(error).toBe(undefined);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.flatMap(({ what, holds, detail }) => (holds ? [] : [`${what}: ${detail.en}`]))).toEqual([]);
  expect(rows.flatMap((state, i) => (state === 'open' ? [i + 1] : []))).toEqual([]);
  if (tier === 'long') return;
  for (const language of ['en', 'zh'] as const) {
    const shown = new Transcript(language);
    await show(shown, defaults(parameters));
    expect(shown.items.length).toBeGreaterThan(0);
  }
}
