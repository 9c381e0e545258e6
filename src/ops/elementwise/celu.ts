/** Celu: max(x, 0) + min(0, alpha·(e^(x ÷ alpha) − 1)). Barron, Continuously Differentiable Exponential Linear Units, 2017. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const celu = unary({
  name: 'Celu',
  summary: 'max(x, 0) + min(0, alpha·(e^(x ÷ alpha) − 1)).',
  versions: [12, 28],
  types: FLOATS,
  attributes: {
    alpha: { kind: 'float', doc: 'the value that the negative side tends to, negated; default 1' },
  },
  work: { comparisons: 2, exponentials: 1, divisions: 1, additions: 2, multiplications: 1 },
  costRule: 'an element: ÷, exp, two additions, one multiplication, two comparisons.',
  apply: (x, node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha));
  },
  gradient: elementwiseGradient((dy, x, y, node) =>
    x.greater(0).where(dy, dy.mul(y.div(floatAttribute(node, 'alpha', 1)).add(1))),
  ),
  samples: () => [
    sample('default', 'Celu', 12, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('alpha', 'Celu', 12, { alpha: float(2) }, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});
