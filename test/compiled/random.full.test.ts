/**
 * The long sweep of random graphs: other seeds than the quick tier's, and inputs up to three times as large a side, on the
 * test machines and on random ones.
 */
import { expect, test } from 'vitest';
import { randomMachine } from '../support/randomMachine.ts';
import { verdictOf } from './verdict.ts';

const SWEEPS = [
  { from: 1000, graphs: 4000, scale: 1, on: 'test machines' },
  { from: 5000, graphs: 3000, scale: 1.5, on: 'test machines' },
  { from: 8000, graphs: 2000, scale: 3, on: 'test machines' },
  { from: 10_000, graphs: 5000, scale: 1, on: 'random machines' },
  { from: 15_000, graphs: 3000, scale: 1.5, on: 'random machines' },
  { from: 18_000, graphs: 1000, scale: 3, on: 'random machines' },
];

test.each(SWEEPS)('$graphs graphs from seed $from at scale $scale on $on', async ({ from, graphs, scale, on }) => {
  const wrong: string[] = [];
  for (let seed = from; seed < from + graphs; seed++) {
    const verdict = await verdictOf(seed, scale, on === 'random machines' ? randomMachine(seed) : undefined);
    if (verdict !== undefined) wrong.push(verdict);
  }
  expect(wrong).toEqual([]);
});
