/**
 * Ways to do a convolution, chosen by cost: on random small convolutions of floats and integers `auto` is no slower than windows read where
 * they lie or im2col wherever there is something to unfold, groups merged or apart: many of them.
 */
import { expect, test } from 'vitest';
import { slowerThanForced } from '../support/convolutionWays.ts';

test('auto is as fast as the fastest that can be asked for', async () => {
  const { clearly, slightly, simulated } = await slowerThanForced(12, 400);
  expect(clearly).toEqual([]);
  expect(slightly.length, slightly.join('\n')).toBeLessThan(simulated / 100);
});
