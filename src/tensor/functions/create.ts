/** Tensors from data: numbers, nested or typed arrays, constants, ranges. */
import { diagnostic } from '#base';
import { type Tensor as Data, type DataType, elementCount, tensorOf } from '#ir';
import { numberWithin, refuseOneByOne, type Shape, shown, sizesFrom, whole } from '../arguments.ts';
import { constantTensor, tracked } from '../autograd.ts';
import { type DType, longName, shortName } from '../dtypes.ts';
import { Tensor } from '../tensor.ts';
import { checkIntegers, scalarData } from './operands.ts';

const ragged = diagnostic<{ at: string; found: string; expected: string }>('SYS-TEN-020', 'invalid', {
  en: (p) =>
    `the nested array is ragged: at [${p.at}] there are ${p.found} elements where its neighbours have ${p.expected}.`,
  zh: (p) => `嵌套数组不规则：[${p.at}] 处有 ${p.found} 个元素，而相邻处有 ${p.expected} 个。`,
});

const wrongCount = diagnostic<{ count: number; shape: string; expected: number }>('SYS-TEN-021', 'invalid', {
  en: (p) => `${p.count} values cannot fill shape [${p.shape}], which has ${p.expected} elements.`,
  zh: (p) => `${p.count} 个值无法填充形状 [${p.shape}]（共 ${p.expected} 个元素）。`,
});

const mixedKinds = diagnostic<{ found: string }>('SYS-TEN-022', 'invalid', {
  en: (p) =>
    `a tensor is made of numbers, booleans, bigints or strings, one kind at a time; found ${p.found}. stack and concat join tensors.`,
  zh: (p) => `张量由同一种元素构成：数字、布尔、bigint 或字符串；发现 ${p.found}。拼接张量请用 stack 或 concat。`,
});

const noOwnType = diagnostic<{ found: string; named: boolean }>('SYS-TEN-126', 'usage', {
  en: (p) =>
    p.named
      ? `${p.found} has no element type here. Name one that holds its values: tensor(values, { dtype: 'i32' }).`
      : `${p.found} is no array of elements. Give a typed array, or nested arrays.`,
  zh: (p) =>
    p.named
      ? `${p.found} 在此没有对应的元素类型。请指定能容纳其值的类型：tensor(values, { dtype: 'i32' })。`
      : `${p.found} 不是元素数组。请给出类型化数组或嵌套数组。`,
});

const stringType = diagnostic<{ dtype: string; found: string }>('SYS-TEN-125', 'usage', {
  en: (p) => `element type '${p.dtype}' cannot hold ${p.found}: strings and numbers do not become each other.`,
  zh: (p) => `元素类型“${p.dtype}”不能表示 ${p.found}：字符串与数字不能相互转换。`,
});

export type Values = number | boolean | bigint | string | readonly Values[];

type Typed =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float16;

/** A Float16Array, which not every runtime has. */
interface Float16 extends ArrayBufferView, ArrayLike<number> {
  readonly [Symbol.toStringTag]: 'Float16Array';
}

/** Arrays that become a tensor of a type that is named. */
type Untyped = Uint16Array | Uint32Array | BigUint64Array;

export interface CreateOptions {
  /** By default f32 for numbers, i64 for bigints, bool for booleans; of a typed array its own. */
  readonly dtype?: DType;
  /** By default that of the nesting, or one axis. */
  readonly shape?: readonly number[];
  /** Whether gradients flow from it. */
  readonly requiresGrad?: boolean;
}

const OWN_TYPES: Readonly<Record<Typed[typeof Symbol.toStringTag], DataType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Float16Array: 'float16',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
};

/**
 * A tensor of values. A typed array's memory is shared: do not write to it afterwards. Values of an integer type are whole and within its
 * range: nothing wraps around (`cast` takes fractions toward zero).
 * @throws SYS-TEN-020 a ragged array; -021 too few or too many values for the shape; -022 a mixture; -019 no such type; -124 a value that
 * an integer type does not hold; -125, -126 an array without a type
 */
export function tensor(values: Values | Typed | Untyped, options: CreateOptions = {}): Tensor {
  const data = ArrayBuffer.isView(values) ? fromTyped(values, options) : fromNested(values, options);
  const made = constantTensor(data);
  return options.requiresGrad ? tracked(made) : made;
}

function checkCount(count: number, shape: readonly number[]): void {
  const expected = elementCount(shape);
  if (count !== expected) throw wrongCount({ count, shape: shape.join(', '), expected });
}

function fromTyped(values: Typed | Untyped, { dtype, shape = [values.length] }: CreateOptions): Data {
  const tag = values[Symbol.toStringTag];
  const own = (OWN_TYPES as Partial<Record<string, DataType>>)[tag];
  const named = !ArrayBuffer.isView(values) || values.length !== undefined;
  if (!named || (own === undefined && dtype === undefined)) throw noOwnType({ found: `a ${tag}`, named });
  checkCount(values.length, sizesFrom('tensor', shape));
  const wanted = dtype === undefined ? own! : longName(dtype);
  if (wanted === 'string') throw stringType({ dtype: 'string', found: `a ${tag}` });
  if (wanted !== own) {
    checkIntegers(wanted, values);
    return tensorOf(wanted, shape, values);
  }
  return {
    dtype: own as 'float32',
    dims: shape,
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

function fromNested(values: Values, { dtype, shape }: CreateOptions): Data {
  const dims: number[] = [];
  for (let level: Values = values; Array.isArray(level); level = level[0] as Values) dims.push(level.length);
  const flat: (number | boolean | bigint | string)[] = [];
  collect(values, dims, [], flat);
  const wanted = shape === undefined ? dims : sizesFrom('tensor', shape);
  checkCount(flat.length, wanted);
  const kinds = [...new Set(flat.map((v) => typeof v))];
  if (kinds.length > 1 && !kinds.every((k) => k === 'number' || k === 'boolean'))
    throw mixedKinds({ found: kinds.join(', ') });
  const kind = kinds[0] ?? 'number';
  if (dtype !== undefined) longName(dtype);
  if (flat.length > 0 && dtype !== undefined && (kind === 'string') !== (dtype === 'string')) {
    throw stringType({ dtype, found: shown(flat[0]) });
  }
  if (kind === 'string' || dtype === 'string') return { dtype: 'string', dims: wanted, strings: flat as string[] };
  const natural: DType = kind === 'bigint' ? 'i64' : kind === 'boolean' && kinds.length === 1 ? 'bool' : 'f32';
  const type = longName(dtype ?? natural);
  const numbers = flat.map((v) => (typeof v === 'bigint' ? v : Number(v)));
  checkIntegers(type, numbers);
  return tensorOf(type, wanted, numbers);
}

function collect(
  values: Values,
  dims: readonly number[],
  at: readonly number[],
  flat: (number | boolean | bigint | string)[],
): void {
  const expected = dims[at.length];
  if (!Array.isArray(values)) {
    if (expected !== undefined) throw ragged({ at: at.join(', '), found: 'no', expected: `${expected}` });
    if (!['number', 'boolean', 'bigint', 'string'].includes(typeof values)) throw mixedKinds({ found: shown(values) });
    flat.push(values as number);
    return;
  }
  if (values.length !== expected) {
    throw ragged({
      at: at.join(', '),
      found: `${values.length}`,
      expected: expected === undefined ? 'no' : `${expected}`,
    });
  }
  values.forEach((v: Values, i) => {
    collect(v, dims, [...at, i], flat);
  });
}

/**
 * One value everywhere. A shape is an array; a number alone is one axis.
 * @throws SYS-TEN-120 no shape; -019 no such type; -124 a value that an integer type does not hold
 */
export function full(shape: Shape, value: number | boolean, dtype?: DType): Tensor {
  const type = longName(dtype ?? (typeof value === 'boolean' ? 'bool' : 'f32'));
  const dims = sizesFrom('full', shape);
  if (type === 'string') throw stringType({ dtype: 'string', found: shown(value) });
  if (typeof value !== 'number' && typeof value !== 'boolean') throw mixedKinds({ found: shown(value) });
  checkIntegers(type, [Number(value)]);
  const element = scalarData(value, type);
  return constantTensor({ dtype: type, dims, splat: (element as { bytes: Uint8Array }).bytes });
}

/** A constant everywhere, by its name: sizes one by one, as PyTorch takes them too, would make a type of the second. */
function filled(op: string, shape: Shape, value: number, dtype: DType, more: readonly unknown[]): Tensor {
  if (typeof dtype === 'number') refuseOneByOne(op, shape, [dtype, ...more]);
  return full(sizesFrom(op, shape), value, dtype);
}

/** Zeros of a shape, `zeros([2, 3])`. @throws SYS-TEN-120, -121 no shape; -019 no such type */
export const zeros = (shape: Shape, dtype: DType = 'f32', ...more: readonly never[]): Tensor =>
  filled('zeros', shape, 0, dtype, more);
/** Ones of a shape, `ones([2, 3])`. @throws SYS-TEN-120, -121 no shape; -019 no such type */
export const ones = (shape: Shape, dtype: DType = 'f32', ...more: readonly never[]): Tensor =>
  filled('ones', shape, 1, dtype, more);
export const zerosLike = (x: Tensor): Tensor => full(x.shape, 0, shortName(x.dataType));
export const onesLike = (x: Tensor): Tensor => full(x.shape, 1, shortName(x.dataType));

/**
 * start, start + step, … before `end`; with one argument 0 … end − 1. Whole numbers are i64 by default, others f32.
 * @throws SYS-TEN-123 a step of 0, a NaN; -124 a value that an integer type does not hold
 */
export function arange(start: number, end?: number, step = 1, dtype?: DType): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  numberWithin('arange: start', from);
  numberWithin('arange: end', to);
  if (numberWithin('arange: step', step) === 0) throw zeroStep({});
  const count = Math.max(0, Math.ceil((to - from) / step));
  const isWhole = Number.isInteger(from) && Number.isInteger(step);
  const values = Float64Array.from({ length: count }, (_, i) => from + i * step);
  return numbers(dtype ?? (isWhole ? 'i64' : 'f32'), [count], values);
}

const zeroStep = diagnostic<Record<string, never>>('SYS-TEN-128', 'usage', {
  en: () => 'arange: the step is 0, so that the end is never reached. Give another, negative to count down.',
  zh: () => 'arange：步长为 0，永远到不了终点。请给出其他步长；递减时用负数。',
});

function numbers(dtype: DType, dims: readonly number[], values: Float64Array): Tensor {
  const type = longName(dtype);
  if (type === 'string') throw stringType({ dtype, found: 'numbers' });
  checkIntegers(type, values);
  return constantTensor(tensorOf(type, dims, values));
}

/**
 * `count` values from `start` to `end`, both included, at equal distances.
 * @throws SYS-TEN-123 an end that is not finite, a count below 0; -124 a value that an integer type does not hold
 */
export function linspace(start: number, end: number, count: number, dtype: DType = 'f32'): Tensor {
  numberWithin('linspace: start', start);
  numberWithin('linspace: end', end);
  numberWithin('linspace: count', count, { min: 0, whole: true });
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  const values = Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? end : start + i * step));
  if (count === 1) values[0] = start;
  return numbers(dtype, [count], values);
}

/**
 * The identity matrix, or one with the ones on another diagonal.
 * @throws SYS-TEN-120 a negative or fractional size
 */
export function eye(rows: number, columns = rows, dtype: DType = 'f32', diagonal = 0): Tensor {
  sizesFrom('eye', [rows, columns]);
  whole('eye', diagonal);
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const j = i + diagonal;
    if (j >= 0 && j < columns) values[i * columns + j] = 1;
  }
  return numbers(dtype, [rows, columns], values);
}

/** Ones at the given places of a last axis of `depth`. */
export function oneHotData(indices: ArrayLike<number>, depth: number, dtype: DType = 'f32'): Tensor {
  const values = new Float64Array(indices.length * depth);
  for (let i = 0; i < indices.length; i++) values[i * depth + indices[i]!] = 1;
  return constantTensor(tensorOf(longName(dtype), [indices.length, depth], values));
}

/** A tensor of the graph's own data form: what `#data` reads and models hold. */
export const fromData = (data: Data): Tensor => constantTensor(data);

export { Tensor };
