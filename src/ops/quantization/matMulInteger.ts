/** MatMulInteger: product of matrices of integers less their zero points, in 32 bits. ONNX MatMulInteger-10. */
import { tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { inferProduct, matrixProduct, productWork } from '../linear/product.ts';
import { numbersOf, refOf } from '../refTensor.ts';
import { sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { centred, checkParameter, wrapped } from './parameters.ts';
import { codes } from './samples.ts';
import { BYTES } from './types.ts';

export const matMulInteger = operator({
  name: 'MatMulInteger',
  summary: 'Matrix product of integers of 8 bits, less their zero points, with sums in 32 bits.',
  versions: [10],
  inputs: [
    { name: 'A', type: 'T1' },
    { name: 'B', type: 'T2' },
    { name: 'a_zero_point', type: 'T1', arity: 'optional' },
    { name: 'b_zero_point', type: 'T2', arity: 'optional' },
  ],
  outputs: [{ name: 'Y', type: 'T3' }],
  types: { T1: BYTES, T2: BYTES, T3: ['int32'] },
  attributes: {},
  infer(c) {
    const [a, b] = [inputType(c, 0), inputType(c, 1)];
    checkParameter(c, 2, 'a_zero_point', a.shape?.at(-2) ?? null, a.shape?.length);
    checkParameter(c, 3, 'b_zero_point', b.shape?.at(-1) ?? null, b.shape?.length);
    return { types: [{ kind: 'tensor', dtype: 'int32', shape: inferProduct(c, a.shape, b.shape) }] };
  },
  cost: (c) => costOf(c, productWork(c)),
  costRule: 'as MatMul; zero points are part of the products.',
  evaluate(c) {
    const a = centred(c.inputs[0]!, c.inputs[2], -2);
    const { dims, data } = matrixProduct(a, centred(c.inputs[1]!, c.inputs[3], -1));
    return [refOf('int32', dims, wrapped(numbersOf({ dtype: 'int32', dims, data })))];
  },
  gradient: 'zero',
  samples: () => {
    const [a, b] = [codes([3, 5], 'uint8'), codes([5, 4], 'int8', 2)];
    return [
      sample('without zero points', 'MatMulInteger', 10, {}, [a, b]),
      sample('zero points', 'MatMulInteger', 10, {}, [a, b, scalar(120, 'uint8'), scalar(-7, 'int8')]),
      sample('a zero point for each column', 'MatMulInteger', 10, {}, [
        codes([2, 3, 5], 'uint8'),
        codes([5, 4], 'uint8', 2),
        scalar(9, 'uint8'),
        tensorOf('uint8', [4], [0, 3, 128, 255]),
      ]),
      sample(
        'a zero point for each row',
        'MatMulInteger',
        10,
        {},
        [a, b, tensorOf('uint8', [3], [0, 128, 3]), scalar(0, 'int8')],
        { noHost: 'ONNX Runtime takes one zero point of the left operand only' },
      ),
    ];
  },
});
