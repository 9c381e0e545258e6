/** The kernels' four-lane exp, log, sigmoid and tanh give the bits of isa/transcendental.ts. */
import { expect, test } from 'vitest';
import { firstTranscendentalDifference } from '../../../test/support/transcendentalKernels.ts';

// A prime step: 430,000 arguments each, over all exponents.
test.each(['exp', 'log', 'sigmoid', 'tanh'] as const)('%s has the same bits', (name) => {
  expect(firstTranscendentalDifference(name, 9973)).toBeUndefined();
});
