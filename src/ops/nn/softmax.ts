/** Softmax: exp(x − max) ÷ Σ exp(x − max) over each vector. ONNX Softmax-13; before it rows were flattened. */
import { int } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { evaluateRows, inferSoftmax, maximum, rowsOf, SOFTMAX_ATTRIBUTES, vectorAxes } from './softmaxRows.ts';

export const softmax = operator({
  name: 'Softmax',
  summary: 'Makes each vector positive with sum 1: exponentials divided by their sum.',
  versions: [1, 11, 13],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: SOFTMAX_ATTRIBUTES,
  infer: inferSoftmax,
  cost(c) {
    const n = elements(c.inputs[0]);
    const { count } = rowsOf(c, staticDims(c.inputs[0]));
    return costOf(c, { comparisons: n - count, additions: 2 * n - count, exponentials: n, divisions: n });
  },
  costRule: 'an element: subtract the maximum, exp, ÷; a vector of n: n − 1 comparisons and n − 1 additions.',
  evaluate: (c) =>
    evaluateRows(c, (row) => {
      const largest = maximum(row);
      const powers = row.map((x) => Math.exp(x - largest));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((p) => p / sum);
    }),
  gradient: (c) => {
    const [dy, y] = [c.dy[0]!, c.outputs[0]!];
    return [y.mul(dy.sub(dy.mul(y).sum(vectorAxes(c, y.rank), true)))];
  },
  samples: () => [
    sample('flattened, default axis 1', 'Softmax', 11, {}, [data([2, 3, 4])]),
    sample('flattened, axis 2', 'Softmax', 11, { axis: int(2) }, [data([2, 3, 4])]),
    sample('flattened, axis 0', 'Softmax', 7, { axis: int(0) }, [data([2, 5])]),
    sample('default axis −1', 'Softmax', 13, {}, [data([2, 3, 4])]),
    sample('axis 1', 'Softmax', 13, { axis: int(1) }, [data([2, 3, 4])]),
    sample('negative axis', 'Softmax', 13, { axis: int(-3) }, [data([2, 3, 4])]),
    sample('large values', 'Softmax', 13, {}, [data([2, 5], { low: -1000, high: 1000 })]),
  ],
});
