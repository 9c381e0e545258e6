/** QLinearConv: ConvInteger and a bias in 32 bits (scale sX · sW, zero point 0), and the sums requantised (requantise.ts). ONNX QLinearConv-10. */
import { int, ints, string, type Tensor, tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { CONVOLUTION_ATTRIBUTES, convolutionShape, convolutionWork, convolve } from '../nn/convolution.ts';
import { numbersOf } from '../refTensor.ts';
import { sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { centred, checkParameter, perElement, wrapped } from './parameters.ts';
import { requantise } from './requantise.ts';
import { codes } from './samples.ts';
import { BYTES } from './types.ts';

export const qLinearConv = operator({
  name: 'QLinearConv',
  summary: 'Convolution of quantised tensors, quantised: sums in 32 bits, scaled and rounded to 8.',
  versions: [10],
  inputs: [
    { name: 'x', type: 'T1' },
    { name: 'x_scale', type: 'float32' },
    { name: 'x_zero_point', type: 'T1' },
    { name: 'w', type: 'T2' },
    { name: 'w_scale', type: 'float32' },
    { name: 'w_zero_point', type: 'T2' },
    { name: 'y_scale', type: 'float32' },
    { name: 'y_zero_point', type: 'T3' },
    { name: 'B', type: 'T4', arity: 'optional' },
  ],
  outputs: [{ name: 'y', type: 'T3' }],
  types: { T1: BYTES, T2: BYTES, T3: BYTES, T4: ['int32'] },
  attributes: CONVOLUTION_ATTRIBUTES,
  infer(c) {
    const [x, w] = [inputType(c, 0), inputType(c, 3)];
    for (const [i, name] of ['x_scale', 'x_zero_point'].entries()) checkParameter(c, 1 + i, name, 1);
    for (const [i, name] of ['w_scale', 'w_zero_point'].entries()) checkParameter(c, 4 + i, name, w.shape?.[0] ?? null);
    for (const [i, name] of ['y_scale', 'y_zero_point'].entries()) checkParameter(c, 6 + i, name, 1);
    const shape = convolutionShape(c, x, w, c.inputs[8]);
    return { types: [{ kind: 'tensor', dtype: inputType(c, 7).dtype, shape }] };
  },
  cost(c) {
    const outputs = elements(c.outputs[0]);
    const work = convolutionWork(c, 3);
    return costOf(c, {
      macs: work.macs,
      multiplications: work.multiplications + outputs,
      additions: work.additions + outputs * (c.inputs[8] === undefined ? 1 : 2),
      comparisons: 2 * outputs,
    });
  },
  costRule: 'as Conv, and one multiplication, one addition and two comparisons an output for the new scale.',
  evaluate(c) {
    const [x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias] = c.inputs;
    const { dims, data } = convolve(c, centred(x!, xZero, 0), centred(w!, wZero, 0), bias);
    return [
      requantise(dims, wrapped(data), {
        dtype: yZero!.dtype,
        zero: numbersOf(yZero!)[0]!,
        a: perElement(dims, xScale, 1, 1),
        b: perElement(dims, wScale, 1, 1),
        c: numbersOf(yScale!)[0]!,
      }),
    ];
  },
  gradient: 'zero',
  samples: () => {
    const filters = tensorOf('float32', [4], [0.01, 0.02, 0.005, 0.03]);
    const conv = (
      name: string,
      [x, w]: readonly ['uint8' | 'int8', 'uint8' | 'int8'],
      attributes: Parameters<typeof sample>[3],
      weights: readonly [scale: Tensor, zero: Tensor],
      bias?: Tensor,
    ) => {
      const inputs = [
        codes([1, 4, 6, 5], x),
        scalar(0.03),
        scalar(5, x),
        codes([4, 2, 3, 3], w, 2),
        ...weights,
        scalar(0.7),
        scalar(17, x),
        ...(bias === undefined ? [] : [bias]),
      ];
      return sample(name, 'QLinearConv', 10, { group: int(2), ...attributes }, inputs, { constants: [3, 4, 5] });
    };
    const one = (dtype: 'uint8' | 'int8', zero: number) => [scalar(0.02), scalar(zero, dtype)] as const;
    const each = [filters, tensorOf('int8', [4], [0, 0, 0, 0])] as const;
    const bias = tensorOf('int32', [4], [1000, -2000, 3, 70000]);
    return [
      conv('uint8', ['uint8', 'uint8'], { kernel_shape: ints([3, 3]) }, one('uint8', 131)),
      conv(
        'uint8 by int8 with padding',
        ['uint8', 'int8'],
        { pads: ints([1, 0, 2, 1]), strides: ints([2, 1]) },
        one('int8', 0),
      ),
      conv('int8', ['int8', 'int8'], { dilations: ints([2, 1]) }, one('int8', 0)),
      conv('a scale for each filter, and a bias', ['uint8', 'int8'], { auto_pad: string('SAME_LOWER') }, each, bias),
      conv('int8, a scale for each filter, and a bias', ['int8', 'int8'], {}, each, bias),
    ];
  },
});
