/**
 * Every seventh of all 2³² arguments, 614 million for each function: the errors that isa/transcendental.ts states, and the
 * kernels' bits. Takes some 15 minutes.
 */
import { expect, test } from 'vitest';
import { expF32, logF32, sigmoidF32, tanhF32 } from '#isa';
import { firstTranscendentalDifference } from '../../../test/support/transcendentalKernels.ts';
import { largestError } from '../../../test/support/ulp.ts';

test.each([
  ['exp', expF32, Math.exp, 1],
  ['log', logF32, Math.log, 1],
  ['sigmoid', sigmoidF32, (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))), 2.6],
  ['tanh', tanhF32, Math.tanh, 1.6],
] as const)('%s: error and bits', (name, ours, exact, bound) => {
  const { ulps, at, wrong } = largestError(ours, exact, 7);
  console.log(`${name}: largest error ${ulps} ulp at ${at}`);
  expect(wrong).toEqual([]);
  expect(ulps).toBeLessThan(bound);
  expect(firstTranscendentalDifference(name, 7)).toBeUndefined();
});
