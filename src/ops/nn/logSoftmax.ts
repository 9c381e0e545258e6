/** LogSoftmax: x − max − log Σ exp(x − max) over each vector. ONNX LogSoftmax-13; before it rows were flattened. */
import { int } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { evaluateRows, inferSoftmax, maximum, rowsOf, SOFTMAX_ATTRIBUTES, vectorAxes } from './softmaxRows.ts';

export const logSoftmax = operator({
  name: 'LogSoftmax',
  summary: 'The logarithm of Softmax, computed without leaving the logarithmic scale.',
  versions: [1, 11, 13],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: SOFTMAX_ATTRIBUTES,
  infer: inferSoftmax,
  cost(c) {
    const n = elements(c.inputs[0]);
    const { count } = rowsOf(c, staticDims(c.inputs[0]));
    return costOf(c, { comparisons: n - count, additions: 3 * n - count, exponentials: n, otherFunctions: count });
  },
  costRule: 'an element: two subtractions and exp; a vector of n: n − 1 comparisons, n − 1 additions, one log.',
  evaluate: (c) =>
    evaluateRows(c, (row) => {
      const largest = maximum(row);
      const log = Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
      return row.map((x) => x - largest - log);
    }),
  gradient: (c) => {
    const [dy, y] = [c.dy[0]!, c.outputs[0]!];
    return [dy.sub(y.exp().mul(dy.sum(vectorAxes(c, y.rank), true)))];
  },
  samples: () => [
    sample('flattened, default axis 1', 'LogSoftmax', 11, {}, [data([2, 3, 4])]),
    sample('flattened, axis 2', 'LogSoftmax', 7, { axis: int(2) }, [data([2, 3, 4])]),
    sample('default axis −1', 'LogSoftmax', 13, {}, [data([2, 3, 4])]),
    sample('axis 0', 'LogSoftmax', 13, { axis: int(0) }, [data([3, 4])]),
    sample('large values', 'LogSoftmax', 13, { axis: int(1) }, [data([2, 5], { low: -1000, high: 1000 })]),
  ],
});
