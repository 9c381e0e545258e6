/** Elu: x where x ≥ 0, alpha·(e^x − 1) elsewhere. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const elu = unary({
  name: 'Elu',
  summary: 'X where x ≥ 0, alpha·(e^x − 1) elsewhere.',
  versions: [6, 22],
  types: FLOATS,
  attributes: { alpha: { kind: 'float', doc: 'scale of the negative side; default 1' } },
  work: { comparisons: 1, exponentials: 1, additions: 1, multiplications: 1 },
  costRule: 'an element: one comparison, exp, one addition, one multiplication.',
  apply: (x, node) => (x < 0 ? floatAttribute(node, 'alpha', 1) * Math.expm1(x) : x),
  gradient: elementwiseGradient((dy, x, y, node) =>
    x.greater(0).where(dy, dy.mul(y.add(floatAttribute(node, 'alpha', 1)))),
  ),
  samples: () => [
    sample('default', 'Elu', 6, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('alpha', 'Elu', 22, { alpha: float(0.5) }, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});
