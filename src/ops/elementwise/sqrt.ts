/** Sqrt: the square root; NaN of negative numbers. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const sqrt = unary({
  name: 'Sqrt',
  summary: 'The square root; NaN of negative numbers.',
  versions: [6, 13],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one square root an element.',
  apply: (x) => Math.sqrt(x),
  gradient: elementwiseGradient((dy, _, y) => dy.mul(0.5).div(y)),
  samples: () => [
    sample('float32', 'Sqrt', 13, {}, [data([2, 3, 5], { low: 0, high: 9 })]),
    sample('negative', 'Sqrt', 6, {}, [data([16])]),
    sample('float64', 'Sqrt', 13, {}, [data([5], { dtype: 'float64', low: 0 })]),
    sample('float16', 'Sqrt', 13, {}, [data([5], { dtype: 'float16', low: 0 })]),
  ],
});
