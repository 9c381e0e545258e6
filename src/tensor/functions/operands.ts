/**
 * Operands: what operations accept in the place of a tensor, and how two of them meet. A plain number takes the element type of its
 * partner (a fraction makes an integer partner f32); tensors of different types meet in the wider one (`promote`).
 */
import { diagnostic } from '#base';
import { type Tensor as Data, type DataType, tensorOf } from '#ir';
import { castTo } from '../apply.ts';
import { constantTensor } from '../autograd.ts';
import { isFloat, kindOf, promote, shortName } from '../dtypes.ts';
import { Tensor } from '../tensor.ts';

const noCommonType = diagnostic<{ op: string; a: string; b: string }>('SYS-TEN-018', 'invalid', {
  en: (p) => `${p.op}: ${p.a} and ${p.b} have no common element type. Cast one of them.`,
  zh: (p) => `${p.op}：${p.a} 与 ${p.b} 没有共同的元素类型。请先转换其中之一。`,
});

const noOperand = diagnostic<{ found: string }>('SYS-TEN-044', 'usage', {
  en: (p) => `'${p.found}' stands where a tensor, a number or a boolean must: a value may be missing in the call.`,
  zh: (p) => `此处应为张量、数字或布尔值，而给出的是“${p.found}”：调用中可能缺少参数。`,
});

export { castTo };

export type Operand = Tensor | number | boolean;

export const scalarData = (value: number | boolean, dtype: DataType): Data => tensorOf(dtype, [], [Number(value)]);

const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  // The largest number below 2⁶³.
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};

const unfit = diagnostic<{ value: string; dtype: string; at: string; low: number | string; high: number | string }>(
  'SYS-TEN-124',
  'invalid',
  {
    en: (p) =>
      `${p.value}${p.at} is no ${p.dtype}, which holds whole numbers from ${p.low} to ${p.high}. Choose a wider type or f32; cast() takes ` +
      'fractions toward zero.',
    zh: (p) =>
      `${p.value}${p.at} 不是 ${p.dtype}：该类型只能表示 ${p.low} 到 ${p.high} 的整数。请选用更宽的类型或 f32；cast() 会向零取整。`,
  },
);

/**
 * Constants of an integer type are what they are written as: nothing wraps around and nothing is rounded.
 * @throws SYS-TEN-124 a value that the type does not hold
 */
export function checkIntegers(dtype: DataType, values: ArrayLike<number | bigint>): void {
  const range = RANGES[dtype];
  if (range === undefined) return;
  const [low, high] = range;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const fits =
      typeof value === 'bigint' ? holds(dtype, value) : Number.isInteger(value) && value >= low && value <= high;
    if (fits) continue;
    const ends = dtype === 'int64' ? { low: '-2⁶³', high: '2⁶³ − 1' } : { low, high };
    throw unfit({
      value: `${value}`,
      dtype: shortName(dtype),
      at: values.length > 1 ? ` (element ${i})` : '',
      ...ends,
    });
  }
}

/** Ranges as bigints, in which the largest i64 can be written. */
const holds = (dtype: DataType, value: bigint): boolean => {
  const [low, high] = RANGES[dtype]!;
  return value >= BigInt(low) && value <= (dtype === 'int64' ? 2n ** 63n - 1n : BigInt(high));
};

/** A number beside a tensor of type `dtype`. */
export function scalarBeside(value: number | boolean, dtype: DataType): Tensor {
  if (typeof value === 'boolean') return constantTensor(scalarData(value, dtype === 'bool' ? 'bool' : dtype));
  const [low, high] = RANGES[dtype] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  // A whole number that the partner's type does not hold widens it, for otherwise 200 as u8 would equal 456.
  const fits = isFloat(dtype) || (dtype !== 'bool' && Number.isInteger(value) && value >= low && value <= high);
  const wholeIn64 = Number.isInteger(value) && Math.abs(value) < 2 ** 63;
  return constantTensor(scalarData(value, fits ? dtype : wholeIn64 ? 'int64' : 'float32'));
}

export const toTensor = (x: Operand, like?: Tensor): Tensor => {
  if (!(x instanceof Tensor) && typeof x !== 'number' && typeof x !== 'boolean') {
    throw noOperand({ found: x === null || typeof x !== 'object' ? String(x) : 'another object' });
  }
  return typeof x === 'object' ? x : scalarBeside(x, like?.dataType ?? (typeof x === 'boolean' ? 'bool' : 'float32'));
};

/**
 * Operands in their common type.
 * @throws SYS-TEN-018 there is none
 */
export function meet(op: string, operands: readonly Operand[]): readonly Tensor[] {
  const first = operands.find((x) => typeof x === 'object') as Tensor | undefined;
  const tensors = operands.map((x) => toTensor(x, first));
  const meetIn = (a: DataType, t: Tensor): DataType => {
    const next = promote(a, t.dataType);
    if (next === undefined) throw noCommonType({ op, a: `${tensors[0]}`, b: `${t}` });
    return next;
  };
  // As in PyTorch a tensor without axes widens one that has some only to another kind of number.
  const withAxes = tensors.filter((t) => t.rank > 0);
  const main = (withAxes.length > 0 ? withAxes : tensors).reduce<DataType>(
    meetIn,
    (withAxes[0] ?? tensors[0]!).dataType,
  );
  const common = tensors.reduce<DataType>((dtype, t) => {
    const sameKind =
      t.rank === 0 &&
      withAxes.length > 0 &&
      typeof operands[tensors.indexOf(t)] === 'object' &&
      kindOf(t.dataType) === kindOf(main);
    return sameKind ? dtype : meetIn(dtype, t);
  }, main);
  return tensors.map((t) => castTo(t, common));
}

/** A float operand: integers and bools become f32, as in the frameworks. */
export const toFloat = (x: Operand): Tensor => {
  const t = toTensor(x);
  return isFloat(t.dataType) ? t : castTo(t, 'float32');
};
