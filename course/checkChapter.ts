/**
 * The tests of a chapter: every exercise file of its folder, by its own figures. Exercises whose figures depend on MNIST are checked both
 * ways: without it, as a fresh clone is, and with it where it is there.
 */
import { readdirSync } from 'node:fs';
import { defaults, type Exercise, type Held, hold, Transcript } from 'systole/course';
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
      if (mnistRows !== undefined)
        test(`${name} (without MNIST)`, () => withoutMnist(() => checkExercise(exercise, tier)));
      const data = needs === 'mnist' || mnistRows !== undefined;
      if (data && !mnistIsThere()) test.skip(`${name} (${absent()})`, () => {});
      else test(name, () => checkExercise(exercise, tier));
    }
  });
}

async function checkExercise(exercise: Exercise, tier: 'quick' | 'long'): Promise<void> {
  const { check, checkLong, show, parameters } = exercise;
  const lines = [...(await hold(check)), ...(tier === 'long' ? await hold(checkLong!) : [])];
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.flatMap(({ what, holds, detail }) => (holds ? [] : [`${what}: ${detail.en}`]))).toEqual([]);
  if (tier === 'long' || checkLong === undefined) expect(openRows(exercise, lines)).toEqual([]);
  if (tier === 'long') return;
  for (const language of ['en', 'zh'] as const) {
    const shown = new Transcript(language);
    await show(shown, defaults(parameters));
    expect(shown.items.length).toBeGreaterThan(0);
  }
}

/** Acceptance rows of which nothing is said; none are asked for of an exercise that names none yet. */
function openRows({ rows, notAsserted = {}, mnistRows = [] }: Exercise, lines: readonly Held[]): readonly number[] {
  const named = new Set(lines.map((l) => l.row));
  const data = mnistIsThere() ? [] : mnistRows;
  const all = Array.from({ length: rows }, (_, i) => i + 1);
  if (named.size === 1 && named.has(undefined)) return [];
  return all.filter((row) => !named.has(row) && notAsserted[row] === undefined && !data.includes(row));
}
