/** HardSigmoid: alpha·x + beta, limited to [0, 1]. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const hardSigmoid = unary({
  name: 'HardSigmoid',
  summary: 'Alpha·x + beta, limited to [0, 1].',
  versions: [6, 22],
  types: FLOATS,
  attributes: {
    alpha: { kind: 'float', doc: 'slope; default 0.2' },
    beta: { kind: 'float', doc: 'value at 0; default 0.5' },
  },
  work: { multiplications: 1, additions: 1, comparisons: 2 },
  costRule: 'an element: one multiplication, one addition, two comparisons.',
  apply: (x, node) =>
    Math.min(1, Math.max(0, floatAttribute(node, 'alpha', Math.fround(0.2)) * x + floatAttribute(node, 'beta', 0.5))),
  gradient: elementwiseGradient((dy, _, y, node) =>
    y
      .greater(0)
      .apply('And', [y.less(1)])
      .where(dy.mul(floatAttribute(node, 'alpha', 0.2)), 0),
  ),
  samples: () => [
    sample('default', 'HardSigmoid', 6, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('alpha and beta', 'HardSigmoid', 22, { alpha: float(0.5), beta: float(0.25) }, [
      data([2, 3, 5], { low: -4, high: 4 }),
    ]),
  ],
});
