/** Selu: gamma·x where x > 0, gamma·alpha·(e^x − 1) elsewhere. Constants: Klambauer et al., Self-Normalizing Neural Networks, 2017. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

const ALPHA = 1.6732631921768188;
const GAMMA = 1.0507010221481323;

export const selu = unary({
  name: 'Selu',
  summary: 'gamma·x where x > 0, gamma·alpha·(e^x − 1) elsewhere.',
  versions: [6, 22],
  types: FLOATS,
  attributes: {
    alpha: { kind: 'float', doc: 'scale of the negative side; default 1.67326319217681884765625' },
    gamma: { kind: 'float', doc: 'scale of the whole; default 1.05070102214813232421875' },
  },
  work: { comparisons: 1, exponentials: 1, additions: 1, multiplications: 2 },
  costRule: 'an element: one comparison, exp, one addition, two multiplications.',
  apply: (x, node) =>
    floatAttribute(node, 'gamma', GAMMA) * (x > 0 ? x : floatAttribute(node, 'alpha', ALPHA) * Math.expm1(x)),
  gradient: elementwiseGradient((dy, x, y, node) => {
    const gamma = floatAttribute(node, 'gamma', GAMMA);
    const alpha = floatAttribute(node, 'alpha', ALPHA);
    return x.greater(0).where(dy.mul(gamma), dy.mul(y.add(gamma * alpha)));
  }),
  samples: () => [
    sample('float32', 'Selu', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 6', 'Selu', 6, {}, [data([9], { low: -8, high: 8 })]),
    sample('alpha and gamma', 'Selu', 22, { alpha: float(2), gamma: float(3) }, [
      data([2, 3, 5], { low: -4, high: 4 }),
    ]),
  ],
});
