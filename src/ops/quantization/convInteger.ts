/** ConvInteger: convolution of integers less their zero points, in 32 bits. Padding counts as the zero point. ONNX ConvInteger-10. */
import { int, ints, string, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { CONVOLUTION_ATTRIBUTES, convolutionShape, convolutionWork, convolve } from '../nn/convolution.ts';
import { refOf } from '../refTensor.ts';
import { sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { centred, checkParameter, wrapped } from './parameters.ts';
import { codes } from './samples.ts';
import { BYTES } from './types.ts';

export const convInteger = operator({
  name: 'ConvInteger',
  summary: 'Convolution of integers of 8 bits, less their zero points, with sums in 32 bits.',
  versions: [10],
  inputs: [
    { name: 'x', type: 'T1' },
    { name: 'w', type: 'T2' },
    { name: 'x_zero_point', type: 'T1', arity: 'optional' },
    { name: 'w_zero_point', type: 'T2', arity: 'optional' },
  ],
  outputs: [{ name: 'y', type: 'T3' }],
  types: { T1: BYTES, T2: BYTES, T3: ['int32'] },
  attributes: CONVOLUTION_ATTRIBUTES,
  infer(c) {
    const [x, w] = [inputType(c, 0), inputType(c, 1)];
    checkParameter(c, 2, 'x_zero_point', 1);
    checkParameter(c, 3, 'w_zero_point', w.shape?.[0] ?? null);
    return { types: [{ kind: 'tensor', dtype: 'int32', shape: convolutionShape(c, x, w, undefined) }] };
  },
  cost: (c) => costOf(c, convolutionWork(c, 1)),
  costRule: 'as Conv; zero points are part of the products.',
  evaluate(c) {
    const x = centred(c.inputs[0]!, c.inputs[2], 0);
    const { dims, data } = convolve(c, x, centred(c.inputs[1]!, c.inputs[3], 0), undefined);
    return [refOf('int32', dims, wrapped(data))];
  },
  gradient: 'zero',
  samples: () => {
    const [x, w] = [codes([1, 4, 6, 5], 'uint8'), codes([4, 2, 3, 3], 'int8', 2)];
    const padded = { group: int(2), pads: ints([1, 0, 2, 1]), strides: ints([2, 1]), dilations: ints([1, 2]) };
    return [
      sample('without zero points', 'ConvInteger', 10, { kernel_shape: ints([3, 3]), group: int(2) }, [x, w]),
      sample('padding with a zero point', 'ConvInteger', 10, padded, [x, w, scalar(100, 'uint8')]),
      sample('same size', 'ConvInteger', 10, { auto_pad: string('SAME_UPPER') }, [
        codes([1, 2, 4, 4], 'uint8'),
        codes([3, 2, 3, 3], 'uint8', 2),
        scalar(7, 'uint8'),
        scalar(130, 'uint8'),
      ]),
      sample(
        'a zero point for each filter',
        'ConvInteger',
        10,
        { group: int(2) },
        [x, w, scalar(3, 'uint8'), tensorOf('int8', [4], [0, -3, 5, 9])],
        { noHost: 'ONNX Runtime takes one zero point of the weights only' },
      ),
    ];
  },
});
