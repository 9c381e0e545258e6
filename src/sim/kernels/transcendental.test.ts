/** The kernels' four-lane transcendental functions give the bits of isa/transcendental.ts. */
import { expect, test } from 'vitest';
import { firstTranscendentalDifference } from '../../../test/support/transcendentalKernels.ts';

// A prime step: 430,000 arguments each, over all exponents.
test.each(['exp', 'log', 'sigmoid', 'tanh', 'erf', 'softplus', 'rsqrt'] as const)('%s has the same bits', (name) => {
  expect(firstTranscendentalDifference(name, 9973)).toBeUndefined();
});
