/** GlobalAveragePool: the mean of each channel of X [N, C, spatial…]; spatial axes become 1. ONNX GlobalAveragePool-22. */
import { elementCount } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { inputType, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

export const globalAveragePool = operator({
  name: 'GlobalAveragePool',
  summary: 'The mean of each channel over all its positions.',
  versions: [1, 22],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: {},
  infer(c) {
    const x = inputType(c, 0);
    if (x.shape !== undefined && x.shape.length < 2) c.fail(`X ${shapeText(x.shape)}`, 'X [N, C, D1, …]');
    return { types: [{ ...x, shape: x.shape?.map((d, axis) => (axis < 2 ? d : 1)) }] };
  },
  cost(c) {
    const outputs = elements(c.outputs[0]);
    return costOf(c, { additions: Math.max(0, elements(c.inputs[0]) - outputs), multiplications: outputs });
  },
  costRule: 'positions − 1 additions and one multiplication (by 1 ÷ positions) an output.',
  evaluate(c) {
    const x = c.inputs[0]!;
    const planes = x.dims[0]! * x.dims[1]!;
    const size = elementCount(x.dims.slice(2));
    const values = numbersOf(x);
    const means = new Float64Array(planes);
    for (let plane = 0; plane < planes; plane++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += values[plane * size + i]!;
      means[plane] = sum / size;
    }
    return [{ dtype: x.dtype, dims: x.dims.map((d, axis) => (axis < 2 ? d : 1)), data: means }];
  },
  gradient: (c) => {
    const x = c.inputs[0]!;
    const spatial = x.shape.slice(2).map((_, i) => i + 2);
    return [c.dy[0]!.div(x.count(spatial)).expandLike(x)];
  },
  samples: () => [
    sample('two axes', 'GlobalAveragePool', 7, {}, [data([2, 3, 4, 5])]),
    sample('one axis', 'GlobalAveragePool', 7, {}, [data([1, 2, 7])]),
    sample('three axes', 'GlobalAveragePool', 22, {}, [data([1, 2, 3, 2, 2])]),
  ],
});
