/** Sin: the sine of an angle in radians. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const sin = unary({
  name: 'Sin',
  summary: 'The sine of an angle in radians.',
  versions: [7, 22],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one sine an element.',
  apply: (x) => Math.sin(x),
  gradient: elementwiseGradient((dy, x) => dy.mul(x.apply('Cos'))),
  samples: () => [
    sample('float32', 'Sin', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 7', 'Sin', 7, {}, [data([9], { low: -8, high: 8 })]),
    sample('float64', 'Sin', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })]),
  ],
});
