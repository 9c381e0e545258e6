/**
 * The tests of a chapter: every exercise file of its folder, by its own figures. Exercises whose figures depend on MNIST are checked both
 * ways: without it, as a fresh clone is, and with it where it is there.
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
      const { id, title, needs, mnistRows, checkLong } = exercise;
      if (tier === 'long' && checkLong === undefined) continue;
      const name = `${id} ${title.en}`;
      if (mnistRows !== undefined) test(`${name} (without MNIST)`, () => withoutMnist(() => checkTier(exercise, tier)));
      const data = needs === 'mnist' || mnistRows !== undefined;
      if (data && !mnistIsThere()) test.skip(`${name} (${absent()})`, () => {});
      else test(name, () => checkTier(exercise, tier));
    }
  });
}

async function checkTier(exercise: Exercise, tier: 'quick' | 'long'): Promise<void> {
  const { show, parameters } = exercise;
  const { lines, rows, stopped } = await checkExercise(exercise, { long: tier === 'long', mnist: mnistIsThere() });
  expect(stopped).toBe(undefined);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.flatMap(({ what, holds, detail }) => (holds ? [] : [`${what}: ${detail.en}`]))).toEqual([]);
  // Exercises that name no row yet are at work.
  if (lines.some((l) => l.row !== undefined))
    expect(rows.flatMap((state, i) => (state === 'open' ? [i + 1] : []))).toEqual([]);
  if (tier === 'long') return;
  // What is shown both with MNIST and without it is shown in one language each way.
  const both = ['en', 'zh'] as const;
  const languages = exercise.mnistRows === undefined ? both : both.slice(...(mnistIsThere() ? [0, 1] : [1, 2]));
  for (const language of languages) {
    const shown = new Transcript(language);
    await show(shown, defaults(parameters));
    expect(shown.items.length).toBeGreaterThan(0);
  }
}
