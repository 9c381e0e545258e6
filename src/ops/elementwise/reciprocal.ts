/** Reciprocal: 1 / x. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const reciprocal = unary({
  name: 'Reciprocal',
  summary: '1 / x.',
  versions: [6, 13],
  types: FLOATS,
  work: { divisions: 1 },
  costRule: 'one division an element.',
  apply: (x) => 1 / x,
  gradient: elementwiseGradient((dy, _, y) => dy.mul(y.mul(y)).neg()),
  samples: () => [
    sample('float32', 'Reciprocal', 13, {}, [data([2, 3, 5], { low: 0.5, high: 4 })]),
    sample('float64', 'Reciprocal', 6, {}, [data([5], { dtype: 'float64', low: 1 })]),
  ],
});
