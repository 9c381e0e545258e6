/** ThresholdedRelu: x where x > alpha, 0 elsewhere. */
import { float, floatAttribute } from '#ir';
import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const thresholdedRelu = unary({
  name: 'ThresholdedRelu',
  summary: 'x where x > alpha, 0 elsewhere.',
  versions: [10, 22],
  types: FLOATS,
  attributes: {
    alpha: { kind: 'float', doc: 'the threshold, itself excluded; default 1' },
  },
  work: { comparisons: 1 },
  costRule: 'one comparison an element.',
  apply: (x, node) => (x > floatAttribute(node, 'alpha', 1) ? x : 0),
  gradient: elementwiseGradient((dy, x, _, node) => x.greater(floatAttribute(node, 'alpha', 1)).where(dy, 0)),
  samples: () => [
    sample('default', 'ThresholdedRelu', 10, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('alpha', 'ThresholdedRelu', 22, { alpha: float(0.5) }, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('alpha below zero', 'ThresholdedRelu', 10, { alpha: float(-1.5) }, [data([2, 3, 5], { low: -4, high: 4 })]),
  ],
});
