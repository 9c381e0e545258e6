/**
 * Element types of the tensor API by their short names, and how mixed operands meet: the rules of PyTorch's type promotion
 * (a float beats an integer, an integer a bool; within a kind the wider wins; u8 with a signed type takes the next wider signed one;
 * f16 with bf16 is f32). A plain number never widens its partner.
 */
import { diagnostic, nearestName } from '#base';
import type { DataType } from '#ir';
import { shown } from './arguments.ts';

const NAMES = {
  f32: 'float32',
  f64: 'float64',
  f16: 'float16',
  bf16: 'bfloat16',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  bool: 'bool',
  string: 'string',
} as const satisfies Record<string, DataType>;

/** Element type of a tensor. */
export type DType = keyof typeof NAMES;

export const DTYPES = Object.keys(NAMES) as readonly DType[];

const SHORT = new Map<DataType, DType>(Object.entries(NAMES).map(([short, long]) => [long, short as DType]));

const unknownType = diagnostic<{ found: string; meant: string | undefined }>('SYS-TEN-019', 'usage', {
  en: (p) =>
    `${p.found} is no element type${p.meant === undefined ? '' : `; write '${p.meant}'`}. Types: ${DTYPES.join(', ')}.`,
  zh: (p) =>
    `${p.found} 不是元素类型${p.meant === undefined ? '' : `；请写作“${p.meant}”`}。可用：${DTYPES.join('、')}。`,
});

/** What PyTorch, NumPy and ONNX call the types beside the long names. */
const OTHERS_SAY: Readonly<Record<string, DType>> = {
  float: 'f32',
  double: 'f64',
  half: 'f16',
  char: 'i8',
  short: 'i16',
  int: 'i32',
  long: 'i64',
  byte: 'u8',
  boolean: 'bool',
  number: 'f32',
  bigint: 'i64',
  str: 'string',
};

/** @throws SYS-TEN-019 it is none */
export function longName<T extends DType>(dtype: T): (typeof NAMES)[T] {
  if (typeof dtype === 'string' && Object.hasOwn(NAMES, dtype)) return NAMES[dtype];
  const said = String(dtype).replace(/^torch\./, '');
  const meant = SHORT.get(said as DataType) ?? OTHERS_SAY[said] ?? nearestName(said, DTYPES);
  throw unknownType({ found: shown(dtype), meant });
}

/** The short name; a type outside the tensor API keeps ONNX's. */
export const shortName = (dtype: DataType): DType => SHORT.get(dtype) ?? (dtype as DType);

export const isFloat = (dtype: DataType): boolean => dtype.startsWith('float') || dtype === 'bfloat16';

const INTEGERS: readonly DataType[] = ['int8', 'int16', 'int32', 'int64'];
const FLOATS: readonly DataType[] = ['float16', 'bfloat16', 'float32', 'float64'];

/** Reals, integers, bools, in the order in which one kind beats another; 0 for what has no arithmetic. */
export const kindOf = (t: DataType): number =>
  FLOATS.includes(t) ? 3 : INTEGERS.includes(t) || t === 'uint8' ? 2 : t === 'bool' ? 1 : 0;

/** The type in which two operands meet; undefined where there is none (a string and a number). */
export function promote(a: DataType, b: DataType): DataType | undefined {
  if (a === b) return a;
  const [ka, kb] = [kindOf(a), kindOf(b)];
  if (ka === 0 || kb === 0) return undefined;
  if (ka !== kb) return ka > kb ? a : b;
  if (ka === 3) {
    if (a === 'float64' || b === 'float64') return 'float64';
    return 'float32';
  }
  if (a === 'uint8' || b === 'uint8') {
    const signed = a === 'uint8' ? b : a;
    return signed === 'int8' ? 'int16' : signed;
  }
  return INTEGERS.indexOf(a) > INTEGERS.indexOf(b) ? a : b;
}
