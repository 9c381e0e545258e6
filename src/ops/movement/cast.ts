/**
 * Cast: elements converted to another type. Floats become integers by truncation, integers wrap. What ONNX leaves
 * undefined is defined here: floats wrap like integers, infinities become the ends of the range, NaN becomes 0.
 */
import { isMinifloat, MINIFLOATS, type MinifloatName } from '#base';
import { BITS, type DataType, int, intAttribute, string, stringAttribute, type TensorType, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { type EvaluateContext, operator } from '../define.ts';
import { isInteger, isWide, type RefElement, refFrom } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import type { Refuse } from '../shapes.ts';
import { typeAttribute, typeNumber } from '../typeAttribute.ts';
import { ALL_TYPES, FLOATS } from '../typeSets.ts';

/** One element of type `from` as an element of type `to`, before rounding. */
function convertElement(c: Refuse, value: RefElement, from: DataType, to: DataType): RefElement {
  if (to === 'string') return typeof value === 'number' && from !== 'bool' ? numberText(value, from) : String(value);
  if (typeof value === 'string') return convertElement(c, parseNumber(c, value, to), 'float64', to);
  if (to === 'bool') return Number(value) !== 0 ? 1 : 0;
  if (!isInteger(to)) return Number(value);
  if (typeof value === 'bigint') return isWide(to) ? value : Number(BigInt.asIntN(BITS[to], value));
  return truncate(value, to);
}

function truncate(value: number, to: DataType): RefElement {
  if (Number.isNaN(value)) return isWide(to) ? 0n : 0;
  if (Number.isFinite(value)) return isWide(to) ? BigInt(Math.trunc(value)) : Math.trunc(value);
  const unsigned = to.startsWith('u');
  const low = unsigned ? 0n : -(1n << BigInt(BITS[to] - 1));
  const high = (1n << BigInt(unsigned ? BITS[to] : BITS[to] - 1)) - 1n;
  const end = value < 0 ? low : high;
  return isWide(to) ? end : Number(end);
}

/**
 * What stands before rounding to a float8 or float4 type: with `saturate`, whatever is out of range (infinities too)
 * becomes the largest value; float8e8m0 rounds between its powers of two as `round_mode` says.
 */
export function limitToMinifloat(c: EvaluateContext, value: number, to: MinifloatName): number {
  const { min, max } = MINIFLOATS[to];
  const saturate = intAttribute(c.node, 'saturate', 1) !== 0;
  if (Number.isNaN(value)) return value;
  if (to !== 'float8e8m0') return saturate ? Math.min(Math.max(value, -max), max) : value;
  if (value < 0 || (value > max && !saturate)) return Number.NaN;
  if (value <= min || value >= max) return value <= min ? min : max;
  const below = MINIFLOATS[to].toNumber(MINIFLOATS[to].fromNumber(value));
  const floor = below > value ? below / 2 : below;
  switch (stringAttribute(c.node, 'round_mode', 'up')) {
    case 'up':
      return value > floor ? 2 * floor : floor;
    case 'down':
      return floor;
    default:
      return value;
  }
}

/** The shortest decimal text that reads back as the same element. */
function numberText(value: number, dtype: DataType): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  if (dtype === 'float64' || isInteger(dtype)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function parseNumber(c: Refuse, text: string, to: DataType): RefElement {
  const plain = text.trim().toLowerCase().replace(/^\+/, '');
  if (isWide(to) && /^-?\d+$/.test(plain)) return BigInt(plain);
  const special: Readonly<Record<string, number>> = {
    inf: Number.POSITIVE_INFINITY,
    infinity: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
    '-infinity': Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
  };
  const value = special[plain] ?? Number(plain === '' ? 'none' : plain);
  if (Number.isNaN(value) && plain !== 'nan') {
    c.fail({ en: `the string '${text}'`, zh: `字符串 '${text}'` }, { en: 'a number', zh: '数字' });
  }
  return value;
}

export const cast = operator({
  name: 'Cast',
  summary: 'Elements converted to another type.',
  versions: [6, 9, 13, 19, 21, 23],
  inputs: [{ name: 'input', type: 'T1' }],
  outputs: [{ name: 'output', type: 'T2' }],
  types: { T1: ALL_TYPES, T2: ALL_TYPES },
  attributes: {
    to: { kind: 'int', required: true, doc: 'the element type, by its number in TensorProto' },
    saturate: { kind: 'int', since: 19, doc: 'whether float8 takes its largest value instead of infinity; default 1' },
    round_mode: { kind: 'string', since: 24, doc: 'rounding to float8e8m0: up, down or nearest; default up' },
  },
  infer: (c) => {
    const x = c.inputs[0]!;
    const dtype = typeAttribute(c, 'to');
    const follows = dtype === 'int64' || dtype === 'int32';
    const type: TensorType = { kind: 'tensor', dtype, shape: x.shape };
    return { types: [type], values: [follows ? c.shapeValue(0) : undefined] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; conversions are not counted as arithmetic.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const to = typeAttribute(c, 'to');
    return [
      refFrom(to, x.dims, (i) => {
        const value = convertElement(c, x.data[i]!, x.dtype, to);
        return isMinifloat(to) ? limitToMinifloat(c, Number(value), to) : value;
      }),
    ];
  },
  gradient: (c) => [isReal(c.outputs[0]!.dtype) ? c.dy[0]!.cast(c.inputs[0]!.dtype) : undefined],
  samples: () => {
    const to = (dtype: DataType) => ({ to: int(typeNumber(dtype)) });
    const floats = data([2, 5], { low: -100, high: 100 });
    const targets = ['float64', 'float16', 'bfloat16', 'int8', 'int16', 'int32', 'int64', 'bool'] as const;
    const wide = data([9], { low: -1000, high: 1000 });
    const noHost = 'ONNX Runtime for JavaScript carries no tensors of this type';
    const positive = data([9], { low: 0, high: 250 });
    return [
      ...targets.map((dtype) => sample(`float32 to ${dtype}`, 'Cast', 13, to(dtype), [floats])),
      ...(['uint8', 'uint16', 'uint32', 'uint64'] as const).map((dtype) =>
        sample(`float32 to ${dtype}`, 'Cast', 6, to(dtype), [positive]),
      ),
      sample('float8, no saturate', 'Cast', 19, { ...to('float8e4m3fn'), saturate: int(0) }, [wide], { noHost }),
      sample('float8, rounded down', 'Cast', 24, { ...to('float8e8m0'), round_mode: string('down') }, [positive], {
        noHost,
      }),
      sample('float64 to float32', 'Cast', 19, to('float32'), [data([9], { dtype: 'float64' })]),
      sample('float16 to float32', 'Cast', 21, to('float32'), [data([9], { dtype: 'float16' })]),
      sample('bfloat16 to float32', 'Cast', 13, to('float32'), [data([9], { dtype: 'bfloat16' })]),
      sample('int64 to int32, wrapping', 'Cast', 9, to('int32'), [int64s(5, -7, 2 ** 40 + 3)]),
      sample('int32 to uint8, wrapping', 'Cast', 9, to('uint8'), [tensorOf('int32', [3], [5, -7, 300])]),
      sample('int64 to float32', 'Cast', 9, to('float32'), [int64s(5, -7, 2 ** 40 + 3)]),
      sample('bool to float32', 'Cast', 9, to('float32'), [tensorOf('bool', [3], [0, 1, 1])]),
      sample('bool to int64', 'Cast', 9, to('int64'), [tensorOf('bool', [3], [0, 1, 1])]),
      sample('string to float32', 'Cast', 9, to('float32'), [
        { dtype: 'string', dims: [5], strings: ['3.25', '-1e-3', '+INF', '-INF', 'NaN'] },
      ]),
      sample('float32 to string', 'Cast', 9, to('string'), [tensorOf('float32', [4], [0.1, -2.5, 3, 1234.5625])]),
      sample('int64 to string', 'Cast', 9, to('string'), [int64s(5, -7)]),
    ];
  },
});

/** Whether gradients flow through values of a type. */
const isReal = (dtype: DataType): boolean => FLOATS.includes(dtype);
