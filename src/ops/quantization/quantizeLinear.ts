/**
 * QuantizeLinear: saturate(nearest(x ÷ scale) + zero point), ties to even. The quotient is rounded to f32 (as every kernel of ONNX
 * Runtime does, of halves too). ONNX QuantizeLinear-25.
 */
import { isMinifloat } from '#base';
import { type DataType, int, intAttribute, tensorOf } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import { limitToMinifloat } from '../movement/cast.ts';
import { numbersOf, refFrom } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { inputType } from '../shapes.ts';
import { typeAttribute, typeNumber } from '../typeAttribute.ts';
import { checkGranularity, GRANULARITY_ATTRIBUTES, scaleIndex } from './granularity.ts';
import { integerRange, quantise } from './rounding.ts';
import { QUANTISED } from './types.ts';

/** That of the zero point, else that of `output_dtype`, else uint8. */
function resultType(c: Pick<InferContext, 'node' | 'fail'>, zero: DataType | undefined): DataType {
  if (intAttribute(c.node, 'output_dtype', 0) === 0) return zero ?? 'uint8';
  const stated = typeAttribute(c, 'output_dtype');
  const allowed: readonly DataType[] = zero === undefined ? QUANTISED : [zero];
  if (!allowed.includes(stated)) c.fail(`output_dtype ${stated}`, allowed.join(' | '));
  return stated;
}

export const quantizeLinear = operator({
  name: 'QuantizeLinear',
  summary: 'Floats as integers of few bits: x ÷ scale to the nearest integer, plus the zero point, saturated.',
  versions: [10, 13, 19, 21, 23, 24, 25],
  inputs: [
    { name: 'x', type: 'T1' },
    { name: 'y_scale', type: 'T2' },
    { name: 'y_zero_point', type: 'T3', arity: 'optional' },
  ],
  outputs: [{ name: 'y', type: 'T3' }],
  types: {
    T1: ['float32', 'float16', 'bfloat16', 'int32'],
    T2: ['float32', 'float16', 'bfloat16', 'int32', 'float8e8m0'],
    T3: QUANTISED,
  },
  attributes: {
    ...GRANULARITY_ATTRIBUTES,
    saturate: { kind: 'int', since: 19, doc: 'whether float8 takes its largest value instead of infinity; default 1' },
    output_dtype: {
      kind: 'int',
      since: 21,
      doc: 'the type of y by its number in TensorProto; default: that of the zero point, or uint8',
    },
    precision: { kind: 'int', since: 23, doc: 'the type of the division, by its number; default 0: here float32' },
  },
  infer(c) {
    const x = inputType(c, 0);
    checkGranularity(c, x);
    return { types: [{ kind: 'tensor', dtype: resultType(c, c.inputs[2]?.dtype), shape: x.shape }] };
  },
  cost: (c) => elementwiseCost(c, { divisions: 1, additions: c.inputs[2] === undefined ? 0 : 1, comparisons: 2 }),
  costRule: 'one division, two comparisons (saturation) and, with a zero point, one addition an output.',
  evaluate(c: EvaluateContext) {
    const [x, scale, zero] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]];
    const dtype = resultType(c, zero?.dtype);
    const [xs, scales, zeros] = [numbersOf(x), numbersOf(scale), zero === undefined ? undefined : numbersOf(zero)];
    const at = scaleIndex(c);
    const quotient = (i: number): number => Math.fround(xs[i]! / scales[at(i)]!);
    if (isMinifloat(dtype)) return [refFrom(dtype, x.dims, (i) => limitToMinifloat(c, quotient(i), dtype))];
    const range = integerRange(dtype);
    return [refFrom(dtype, x.dims, (i) => quantise(quotient(i), zeros?.[at(i)] ?? 0, range))];
  },
  gradient: 'zero',
  samples: () => {
    const x = data([2, 3, 5], { low: -4, high: 4 });
    const types = (['uint8', 'int8', 'uint16', 'int16'] as const).map((dtype) =>
      sample(`to ${dtype}`, 'QuantizeLinear', dtype.endsWith('8') ? 13 : 21, {}, [x, scalar(0.03), scalar(7, dtype)]),
    );
    const scales = tensorOf('float32', [3], [0.02, 0.5, 0.037]);
    const zeros = tensorOf('int8', [3], [0, -3, 100]);
    const halves = tensorOf('float32', [8], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1e9, -1e9]);
    const noHost = 'ONNX Runtime for JavaScript carries no tensors of this type';
    const blocks = data([2, 2, 5], { seed: 2, low: 0.01, high: 0.1 });
    return [
      ...types,
      sample('without a zero point', 'QuantizeLinear', 10, {}, [x, scalar(0.03)]),
      sample('ties and saturation', 'QuantizeLinear', 13, {}, [halves, scalar(1), scalar(0, 'int8')]),
      sample('an axis', 'QuantizeLinear', 13, { axis: int(-2) }, [x, scales, zeros]),
      sample('blocks', 'QuantizeLinear', 21, { axis: int(1), block_size: int(2) }, [
        x,
        blocks,
        data([2, 2, 5], { seed: 3, dtype: 'uint8', low: 0, high: 255 }),
      ]),
      sample('a stated type', 'QuantizeLinear', 23, { output_dtype: int(typeNumber('int8')), precision: int(1) }, [
        x,
        scalar(0.05),
      ]),
      sample('of halves', 'QuantizeLinear', 19, {}, [
        data([9], { dtype: 'float16', low: -4, high: 4 }),
        scalar(0.03, 'float16'),
        scalar(3, 'uint8'),
      ]),
      sample(
        'to float8',
        'QuantizeLinear',
        19,
        { saturate: int(0) },
        [tensorOf('float32', [4], [1, -3.3, 1e4, 0.01]), scalar(0.5), tensorOf('float8e4m3fn', [], [0])],
        { noHost },
      ),
    ];
  },
});
