/** Hardmax: 1 at the first of the largest elements of each vector, 0 elsewhere. ONNX Hardmax-13; before it rows were flattened. */
import { int, tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { evaluateRows, inferSoftmax, maximum, SOFTMAX_ATTRIBUTES } from './softmaxRows.ts';

export const hardmax = operator({
  name: 'Hardmax',
  summary: '1 at the first of the largest elements of each vector, 0 elsewhere.',
  versions: [1, 11, 13],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: SOFTMAX_ATTRIBUTES,
  infer: inferSoftmax,
  cost: (c) => costOf(c, { comparisons: 2 * elements(c.inputs[0]) }),
  costRule: 'an element: one comparison for the largest, one with it.',
  evaluate: (c) =>
    evaluateRows(c, (row) => {
      const first = row.indexOf(maximum(row));
      return row.map((_, i) => (i === first ? 1 : 0));
    }),
  gradient: 'zero',
  samples: () => [
    sample('flattened, default axis 1', 'Hardmax', 11, {}, [data([2, 3, 4])]),
    sample('default axis −1', 'Hardmax', 13, {}, [data([2, 3, 4])]),
    sample('axis 0', 'Hardmax', 13, { axis: int(0) }, [data([3, 4])]),
    sample('equal elements', 'Hardmax', 13, {}, [tensorOf('float32', [2, 4], [3, 3, 3, 1, 0, 2, 1, 2])]),
  ],
});
