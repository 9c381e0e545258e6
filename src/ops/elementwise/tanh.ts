/** Tanh: the hyperbolic tangent. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const tanh = unary({
  name: 'Tanh',
  summary: 'The hyperbolic tangent.',
  versions: [6, 13],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one tanh an element.',
  apply: (x) => Math.tanh(x),
  gradient: elementwiseGradient((dy, _, y) => dy.sub(dy.mul(y.mul(y)))),
  samples: () => [
    sample('float32', 'Tanh', 13, {}, [data([2, 3, 5])]),
    sample('saturated', 'Tanh', 6, {}, [data([16], { low: -40, high: 40 })]),
    sample('float64', 'Tanh', 13, {}, [data([5], { dtype: 'float64' })]),
    sample('float16', 'Tanh', 13, {}, [data([5], { dtype: 'float16' })]),
  ],
});
