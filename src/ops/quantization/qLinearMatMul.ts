/** QLinearMatMul: MatMulInteger, and its sums requantised (requantise.ts). ONNX QLinearMatMul-21. */
import { tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator } from '../define.ts';
import { inferProduct, matrixProduct } from '../linear/product.ts';
import { numbersOf } from '../refTensor.ts';
import { sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { centred, checkParameter, perElement, wrapped } from './parameters.ts';
import { requantise } from './requantise.ts';
import { codes } from './samples.ts';
import { BYTES } from './types.ts';

export const qLinearMatMul = operator({
  name: 'QLinearMatMul',
  summary: 'Matrix product of quantised tensors, quantised: sums in 32 bits, scaled and rounded to 8.',
  versions: [10, 21],
  inputs: [
    { name: 'a', type: 'T1' },
    { name: 'a_scale', type: 'TS' },
    { name: 'a_zero_point', type: 'T1' },
    { name: 'b', type: 'T2' },
    { name: 'b_scale', type: 'TS' },
    { name: 'b_zero_point', type: 'T2' },
    { name: 'y_scale', type: 'TS' },
    { name: 'y_zero_point', type: 'T3' },
  ],
  outputs: [{ name: 'y', type: 'T3' }],
  types: { TS: ['float32', 'float16', 'bfloat16'], T1: BYTES, T2: BYTES, T3: BYTES },
  attributes: {},
  infer(c) {
    const [a, b] = [inputType(c, 0), inputType(c, 3)];
    for (const [i, name] of [
      [1, 'a_scale'],
      [2, 'a_zero_point'],
    ] as const) {
      checkParameter(c, i, name, a.shape?.at(-2) ?? null, a.shape?.length);
    }
    for (const [i, name] of [
      [4, 'b_scale'],
      [5, 'b_zero_point'],
    ] as const) {
      checkParameter(c, i, name, b.shape?.at(-1) ?? null, b.shape?.length);
    }
    checkParameter(c, 6, 'y_scale', 1);
    checkParameter(c, 7, 'y_zero_point', 1);
    return { types: [{ kind: 'tensor', dtype: inputType(c, 7).dtype, shape: inferProduct(c, a.shape, b.shape) }] };
  },
  cost(c) {
    const outputs = elements(c.outputs[0]);
    const inner = c.inputs[0]!.shape!.at(-1) as number;
    const macs = outputs * inner;
    return costOf(c, {
      macs,
      multiplications: macs + outputs,
      additions: outputs * Math.max(0, inner - 1) + outputs,
      comparisons: 2 * outputs,
    });
  },
  costRule: 'as MatMul, and one multiplication, one addition and two comparisons an output for the new scale.',
  evaluate(c) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = c.inputs.map((t) => t!);
    const { dims, data } = matrixProduct(centred(a!, aZero, -2), centred(b!, bZero, -1));
    const sums = wrapped(numbersOf({ dtype: 'int32', dims, data }));
    return [
      requantise(dims, sums, {
        dtype: yZero!.dtype,
        zero: numbersOf(yZero!)[0]!,
        a: perElement(dims, aScale, -2, 1),
        b: perElement(dims, bScale, -1, 1),
        c: numbersOf(yScale!)[0]!,
      }),
    ];
  },
  gradient: 'zero',
  samples: () => {
    const product = (name: string, x: 'uint8' | 'int8', w: 'uint8' | 'int8', dims: readonly (readonly number[])[]) =>
      sample(name, 'QLinearMatMul', 10, {}, [
        codes(dims[0]!, x),
        scalar(0.03),
        scalar(5, x),
        codes(dims[1]!, w, 2),
        scalar(0.02),
        scalar(3, w),
        scalar(0.9),
        scalar(17, x),
      ]);
    return [
      product('uint8', 'uint8', 'uint8', [
        [3, 5],
        [5, 4],
      ]),
      product('uint8 and int8', 'uint8', 'int8', [
        [2, 3, 5],
        [2, 5, 4],
      ]),
      product('int8', 'int8', 'int8', [
        [3, 5],
        [5, 4],
      ]),
      sample('scales for each column', 'QLinearMatMul', 21, {}, [
        codes([3, 5], 'uint8'),
        scalar(0.03),
        scalar(128, 'uint8'),
        codes([5, 2], 'int8', 2),
        tensorOf('float32', [2], [0.01, 0.07]),
        tensorOf('int8', [2], [0, 0]),
        scalar(1.1),
        scalar(128, 'uint8'),
      ]),
    ];
  },
});
