/** Cells of the tables that programs read. */
import { expect, test } from 'vitest';
import { resultsCsv } from './results.ts';

test('numbers have twelve digits at most, whole ones all of theirs; texts are quoted where they have to be', () => {
  const csv = resultsCsv([
    { name: 'area', kind: 'number', values: [8.879841919999999, 123456789012345, null] },
    { name: 'reason', kind: 'text', values: ['a, "b"', 'c', null] },
  ]);
  expect(csv).toBe('area,reason\n8.87984192,"a, ""b"""\n123456789012345,c\n,\n');
});
