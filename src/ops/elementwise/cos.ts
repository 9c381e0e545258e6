/** Cos: the cosine of an angle in radians. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const cos = unary({
  name: 'Cos',
  summary: 'The cosine of an angle in radians.',
  versions: [7, 22],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one cosine an element.',
  apply: (x) => Math.cos(x),
  gradient: elementwiseGradient((dy, x) => dy.mul(x.apply('Sin')).neg()),
  samples: () => [
    sample('float32', 'Cos', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 7', 'Cos', 7, {}, [data([9], { low: -8, high: 8 })]),
    sample('float64', 'Cos', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })]),
  ],
});
