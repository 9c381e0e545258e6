/** Sigmoid: 1 / (1 + e^−x). */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const sigmoid = unary({
  name: 'Sigmoid',
  summary: '1 / (1 + e^−x).',
  versions: [6, 13],
  types: FLOATS,
  // The exponential and the division.
  work: { exponentials: 1, divisions: 1, additions: 1 },
  costRule: 'an element: exp, one addition and ÷.',
  apply: (x) => 1 / (1 + Math.exp(-x)),
  gradient: elementwiseGradient((dy, _, y) => dy.mul(y.sub(y.mul(y)))),
  samples: () => [
    sample('float32', 'Sigmoid', 13, {}, [data([2, 3, 5], { low: -9, high: 9 })]),
    sample('saturated', 'Sigmoid', 6, {}, [data([16], { low: -120, high: 120 })]),
    sample('float64', 'Sigmoid', 13, {}, [data([5], { dtype: 'float64' })]),
    sample('float16', 'Sigmoid', 13, {}, [data([5], { dtype: 'float16' })]),
  ],
});
