/** GlobalMaxPool: the maximum of each channel of X [N, C, spatial…]; spatial axes become 1. ONNX GlobalMaxPool-22. */
import { elementCount } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { shareOfEquals } from '../reduce/reduction.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { inputType, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

export const globalMaxPool = operator({
  name: 'GlobalMaxPool',
  summary: 'The maximum of each channel over all its positions.',
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
  cost: (c) => costOf(c, { comparisons: Math.max(0, elements(c.inputs[0]) - elements(c.outputs[0])) }),
  costRule: 'positions − 1 comparisons an output.',
  evaluate(c) {
    const x = c.inputs[0]!;
    const size = elementCount(x.dims.slice(2));
    const values = numbersOf(x);
    const maxima = new Float64Array(x.dims[0]! * x.dims[1]!).fill(Number.NEGATIVE_INFINITY);
    for (let plane = 0; plane < maxima.length; plane++) {
      for (let i = 0; i < size; i++) maxima[plane] = Math.max(maxima[plane]!, values[plane * size + i]!);
    }
    return [{ dtype: x.dtype, dims: x.dims.map((d, axis) => (axis < 2 ? d : 1)), data: maxima }];
  },
  gradient: (c) => {
    const x = c.inputs[0]!;
    const spatial = x.shape.slice(2).map((_, i) => i + 2);
    return [shareOfEquals(c.dy[0]!, x, c.outputs[0]!, spatial)];
  },
  samples: () => [
    sample('two axes', 'GlobalMaxPool', 7, {}, [data([2, 3, 4, 5])]),
    sample('one axis', 'GlobalMaxPool', 7, {}, [data([1, 2, 7])]),
    sample('three axes', 'GlobalMaxPool', 22, {}, [data([1, 2, 3, 2, 2])]),
  ],
});
