/** The examples run, and say what they promise. */
import { expect, test } from 'vitest';
import { runNetwork } from './01-run-a-network.ts';

test('01: a network of your own', async () => {
  const { answer, cycles, text } = await runNetwork();
  // x · w = [1 + 4 + 9, −1 + 0 + 3] and its negative, which relu turns to 0.
  expect(answer).toEqual([14, 2, 0, 0]);
  expect(cycles).toBeGreaterThan(0);
  expect(text).toContain('MatMul+Relu');
});
