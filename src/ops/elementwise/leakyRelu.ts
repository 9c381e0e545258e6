/** LeakyRelu: x where x ≥ 0, alpha·x elsewhere. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const leakyRelu = unary({
  name: 'LeakyRelu',
  summary: 'x where x ≥ 0, alpha·x elsewhere.',
  versions: [6, 16],
  types: FLOATS,
  attributes: { alpha: { kind: 'float', doc: 'slope of the negative side; default 0.01' } },
  work: { comparisons: 1, multiplications: 1 },
  costRule: 'one comparison and one multiplication an element.',
  apply: (x, node) => (x < 0 ? floatAttribute(node, 'alpha', Math.fround(0.01)) * x : x),
  gradient: elementwiseGradient((dy, x, _, node) => x.less(0).where(dy.mul(floatAttribute(node, 'alpha', 0.01)), dy)),
  samples: () => [
    sample('default', 'LeakyRelu', 16, {}, [data([2, 3, 4])]),
    sample('alpha', 'LeakyRelu', 6, { alpha: float(0.25) }, [data([2, 3, 4])]),
    sample('float16', 'LeakyRelu', 16, { alpha: float(0.25) }, [data([5], { dtype: 'float16' })]),
  ],
});
