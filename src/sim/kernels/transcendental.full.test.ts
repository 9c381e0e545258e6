/**
 * Every seventh of all 2³² arguments, 614 million for each function: the errors that isa/transcendental.ts states, and the
 * kernels' bits. Takes some 15 minutes.
 */
import { expect, test } from 'vitest';
import { firstTranscendentalDifference } from '../../../test/support/transcendentalKernels.ts';
import { TRANSCENDENTALS } from '../../../test/support/transcendentals.ts';
import { largestError } from '../../../test/support/ulp.ts';

test.each(TRANSCENDENTALS)('$name: error and bits', ({ name, ours, exact, bound }) => {
  const { ulps, at, wrong } = largestError(ours, exact, 7);
  console.log(`${name}: largest error ${ulps} ulp at ${at}`);
  expect(wrong).toEqual([]);
  expect(ulps).toBeLessThan(bound);
  expect(firstTranscendentalDifference(name, 7)).toBeUndefined();
});
