/** Mish: x·tanh(ln(1 + e^x)). Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { softplusOf } from './softplus.ts';
import { unary } from './unary.ts';

export const mish = unary({
  name: 'Mish',
  summary: 'x·tanh(ln(1 + e^x)).',
  versions: [18, 22],
  types: FLOATS,
  work: { comparisons: 1, exponentials: 1, otherFunctions: 2, additions: 2, multiplications: 1 },
  costRule: 'an element: Softplus (exp, log, two additions, one comparison), tanh, one multiplication.',
  apply: (x) => x * Math.tanh(softplusOf(x)),
  gradient: elementwiseGradient((dy, x) => {
    const t = x.apply('Softplus').tanh();
    return dy.mul(t.add(x.mul(x.sigmoid()).mul(t.mul(t).neg().add(1))));
  }),
  samples: () => [
    sample('float32', 'Mish', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 18', 'Mish', 18, {}, [data([9], { low: -8, high: 8 })]),
    sample('float64', 'Mish', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })], {
      noHost: 'ONNX Runtime has no kernel of Softplus, of which it makes Mish, for float64',
    }),
  ],
});
