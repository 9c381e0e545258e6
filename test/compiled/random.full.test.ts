/** The long sweep of random graphs: other seeds than the quick tier's, and inputs up to three times as large a side. */
import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';

const SWEEPS = [
  { from: 1000, graphs: 4000, scale: 1 },
  { from: 5000, graphs: 3000, scale: 1.5 },
  { from: 8000, graphs: 2000, scale: 3 },
];

test.each(SWEEPS)('$graphs graphs from seed $from at scale $scale', async ({ from, graphs, scale }) => {
  const wrong: string[] = [];
  for (let seed = from; seed < from + graphs; seed++) {
    const verdict = await verdictOf(seed, scale);
    if (verdict !== undefined) wrong.push(verdict);
  }
  expect(wrong).toEqual([]);
});
