/** Softsign: x ÷ (1 + |x|). */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const softsign = unary({
  name: 'Softsign',
  summary: 'x ÷ (1 + |x|).',
  versions: [1, 22],
  types: FLOATS,
  work: { comparisons: 1, additions: 1, divisions: 1 },
  costRule: 'an element: the magnitude (one comparison), one addition, one division.',
  apply: (x) => x / (1 + Math.abs(x)),
  gradient: elementwiseGradient((dy, x) => {
    const scale = x.apply('Abs').add(1);
    return dy.div(scale.mul(scale));
  }),
  samples: () => [
    sample('float32', 'Softsign', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 1', 'Softsign', 1, {}, [data([9], { low: -8, high: 8 })]),
    sample('float64', 'Softsign', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })], {
      noHost: 'ONNX Runtime has no kernel of Softsign for float64',
    }),
  ],
});
