/** HardSwish: x · (x / 6 + 1/2, limited to [0, 1]). */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const hardSwish = unary({
  name: 'HardSwish',
  summary: 'X · (x / 6 + 1/2, limited to [0, 1]).',
  versions: [14, 22],
  types: FLOATS,
  work: { multiplications: 2, additions: 1, comparisons: 2 },
  costRule: 'an element: two multiplications, one addition, two comparisons.',
  apply: (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  gradient: elementwiseGradient((dy, x) => x.greater(3).where(dy, x.less(-3).where(0, dy.mul(x.mul(1 / 3).add(0.5))))),
  samples: () => [
    sample('float32', 'HardSwish', 14, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 22', 'HardSwish', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});
