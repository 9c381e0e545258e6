/** The acceptance rows of the exercises against the source's table, where it is beside the project; and the words that a reader needs. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exercises } from './index.ts';

const ROOT = new URL('../', import.meta.url);
const TABLE = new URL('../shared/course/exercises.json', ROOT);

type Source = readonly { readonly id: string; readonly acceptance: readonly unknown[] }[];

const all = await Promise.all(exercises.map(async ({ id, load }) => [id, (await load()).exercise] as const));
const numbered = all.filter(([id]) => /^\d/.test(id));

test.skipIf(!existsSync(TABLE))(
  'every exercise counts the rows of the source (skipped where ../shared/course is absent)',
  () => {
    const source = JSON.parse(readFileSync(TABLE, 'utf8')) as Source;
    const rows = new Map(source.map(({ id, acceptance }) => [id, acceptance.length]));
    expect(numbered.map(([id, e]) => [id, e.rows])).toEqual(numbered.map(([id]) => [id, rows.get(id)]));
  },
);

describe.each(all)('%s', (id, exercise) => {
  test('is listed under its own number, and its links lead somewhere', () => {
    expect(exercise.id).toBe(id);
    for (const { path } of exercise.code ?? []) expect(existsSync(new URL(path, ROOT)), path).toBe(true);
    for (const row of [...Object.keys(exercise.notAsserted ?? {}), ...(exercise.mnistRows ?? [])].map(Number)) {
      expect(row).toBeGreaterThanOrEqual(1);
      expect(row).toBeLessThanOrEqual(exercise.rows);
    }
  });
});
