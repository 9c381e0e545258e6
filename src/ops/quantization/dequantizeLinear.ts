/**
 * DequantizeLinear: (x − zero point) × scale. The difference is exact and then rounded to f32, as is the product.
 * ONNX DequantizeLinear-25.
 */
import { type DataType, int, intAttribute, type TensorType, tensorOf } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { operator } from '../define.ts';
import { numbersOf, refFrom } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { typeAttribute, typeNumber } from '../typeAttribute.ts';
import { checkGranularity, GRANULARITY_ATTRIBUTES, scaleIndex } from './granularity.ts';
import { QUANTISED } from './types.ts';

const RESULTS: readonly DataType[] = ['float32', 'float16', 'bfloat16'];

export const dequantizeLinear = operator({
  name: 'DequantizeLinear',
  summary: 'Quantised values as floats: (x − zero point) × scale.',
  versions: [10, 13, 19, 21, 23, 24, 25],
  inputs: [
    { name: 'x', type: 'T1' },
    { name: 'x_scale', type: 'T2' },
    { name: 'x_zero_point', type: 'T1', arity: 'optional' },
  ],
  outputs: [{ name: 'y', type: 'T3' }],
  types: { T1: [...QUANTISED, 'int32'], T2: [...RESULTS, 'float8e8m0'], T3: RESULTS },
  attributes: {
    ...GRANULARITY_ATTRIBUTES,
    output_dtype: {
      kind: 'int',
      since: 23,
      doc: 'the type of y by its number in TensorProto; default: that of the scale',
    },
  },
  infer(c) {
    const [x, scale] = [inputType(c, 0), inputType(c, 1)];
    checkGranularity(c, x);
    const dtype = intAttribute(c.node, 'output_dtype', 0) === 0 ? scale.dtype : typeAttribute(c, 'output_dtype');
    if (!RESULTS.includes(dtype)) c.fail(`output_dtype ${dtype}`, RESULTS.join(' | '));
    return { types: [{ kind: 'tensor', dtype, shape: x.shape } satisfies TensorType] };
  },
  cost: (c) => elementwiseCost(c, { multiplications: 1, additions: c.inputs[2] === undefined ? 0 : 1 }),
  costRule: 'one multiplication and, with a zero point, one addition an output.',
  evaluate(c) {
    const [x, scale, zero] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]];
    const [xs, scales, zeros] = [numbersOf(x), numbersOf(scale), zero === undefined ? undefined : numbersOf(zero)];
    const at = scaleIndex(c);
    const dtype = intAttribute(c.node, 'output_dtype', 0) === 0 ? scale.dtype : typeAttribute(c, 'output_dtype');
    return [
      refFrom(dtype, x.dims, (i) => {
        const k = at(i);
        return Math.fround(Math.fround(xs[i]! - (zeros?.[k] ?? 0)) * scales[k]!);
      }),
    ];
  },
  gradient: {
    none: {
      en: 'its input is whole numbers; a training that quantises keeps its weights as floats and rounds them on the way',
      zh: '其输入为整数；量化训练以浮点保存权重，仅在前向途中取整',
    },
  },
  samples: () => {
    const codes = (dtype: DataType, dims = [2, 3, 5]) =>
      data(dims, dtype.startsWith('u') ? { dtype, low: 0, high: 255 } : { dtype, low: -128, high: 127 });
    const scales = tensorOf('float32', [3], [0.02, 0.5, 0.037]);
    return [
      sample('uint8', 'DequantizeLinear', 10, {}, [codes('uint8'), scalar(0.03), scalar(128, 'uint8')]),
      sample('int8', 'DequantizeLinear', 13, {}, [codes('int8'), scalar(0.03), scalar(-3, 'int8')]),
      sample('without a zero point', 'DequantizeLinear', 13, {}, [codes('int8'), scalar(0.03)]),
      sample('int32', 'DequantizeLinear', 13, {}, [tensorOf('int32', [3], [123456789, -7, 2 ** 24 + 1]), scalar(1e-3)]),
      sample('uint16', 'DequantizeLinear', 21, {}, [codes('uint16'), scalar(0.03), scalar(128, 'uint16')]),
      sample('an axis', 'DequantizeLinear', 13, { axis: int(1) }, [
        codes('int8'),
        scales,
        tensorOf('int8', [3], [0, -3, 100]),
      ]),
      sample('blocks', 'DequantizeLinear', 21, { axis: int(1), block_size: int(2) }, [
        codes('int8'),
        data([2, 2, 5], { seed: 2, low: 0.01, high: 0.1 }),
      ]),
      sample('to halves', 'DequantizeLinear', 19, {}, [codes('uint8'), scalar(0.03, 'float16'), scalar(9, 'uint8')]),
      sample(
        'a stated type',
        'DequantizeLinear',
        23,
        { output_dtype: int(typeNumber('float16')) },
        [codes('uint8'), scalar(0.03), scalar(9, 'uint8')],
        { noHost: 'ONNX Runtime has no kernel that gives another type than that of the scale' },
      ),
    ];
  },
});
