/** Softplus: ln(1 + e^x), written so that e^x cannot overflow. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|). */
export const softplusOf = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const softplus = unary({
  name: 'Softplus',
  summary: 'ln(1 + e^x).',
  versions: [1, 22],
  types: FLOATS,
  work: { comparisons: 1, exponentials: 1, otherFunctions: 1, additions: 2 },
  costRule: 'an element: exp, log, two additions, one comparison.',
  apply: softplusOf,
  gradient: elementwiseGradient((dy, x) => dy.mul(x.sigmoid())),
  samples: () => [
    sample('float32', 'Softplus', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 1', 'Softplus', 1, {}, [data([9], { low: -8, high: 8 })]),
    sample('far out', 'Softplus', 22, {}, [data([9], { low: -200, high: 200 })]),
    sample('float64', 'Softplus', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })], {
      noHost: 'ONNX Runtime has no kernel of Softplus for float64',
    }),
  ],
});
