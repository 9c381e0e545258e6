/** Tensors from data: numbers, nested or typed arrays, constants, ranges. */
import { diagnostic } from '#base';
import { type Tensor as Data, type DataType, elementCount, tensorOf } from '#ir';
import { constantTensor, tracked } from '../autograd.ts';
import { type DType, longName, shortName } from '../dtypes.ts';
import { Tensor } from '../tensor.ts';
import { scalarData } from './operands.ts';

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
  en: (p) => `a tensor is made of numbers, booleans, bigints or strings, one kind at a time; found ${p.found}.`,
  zh: (p) => `张量由同一种元素构成：数字、布尔、bigint 或字符串；发现 ${p.found}。`,
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
  | BigInt64Array;

export interface CreateOptions {
  /** By default f32 for numbers, i64 for bigints, bool for booleans; of a typed array its own. */
  readonly dtype?: DType;
  /** By default that of the nesting, or one axis. */
  readonly shape?: readonly number[];
  /** Whether gradients flow from it. */
  readonly requiresGrad?: boolean;
}

const OWN_TYPES: readonly (readonly [new (n: number) => Typed, DataType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Uint8ClampedArray, 'uint8'],
  [Int16Array, 'int16'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
];

/**
 * A tensor of values. A typed array's memory is shared: do not write to it afterwards.
 * @throws SYS-TEN-020 a ragged array; -021 too few or too many values for the shape; -022 a mixture
 */
export function tensor(values: Values | Typed, options: CreateOptions = {}): Tensor {
  const data = ArrayBuffer.isView(values) ? fromTyped(values, options) : fromNested(values, options);
  const made = constantTensor(data);
  return options.requiresGrad ? tracked(made) : made;
}

function checkCount(count: number, shape: readonly number[]): void {
  const expected = elementCount(shape);
  if (count !== expected) throw wrongCount({ count, shape: shape.join(', '), expected });
}

function fromTyped(values: Typed, { dtype, shape = [values.length] }: CreateOptions): Data {
  checkCount(values.length, shape);
  const own = OWN_TYPES.find(([type]) => values instanceof type)![1];
  const wanted = dtype === undefined ? own : longName(dtype);
  if (wanted !== own) return tensorOf(wanted, shape, values as ArrayLike<number | bigint>);
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
  const wanted = shape ?? dims;
  checkCount(flat.length, wanted);
  const kinds = [...new Set(flat.map((v) => typeof v))];
  if (kinds.length > 1 && !kinds.every((k) => k === 'number' || k === 'boolean'))
    throw mixedKinds({ found: kinds.join(', ') });
  const kind = kinds[0] ?? 'number';
  if (kind === 'string') return { dtype: 'string', dims: wanted, strings: flat as string[] };
  const natural: DType = kind === 'bigint' ? 'i64' : kind === 'boolean' && kinds.length === 1 ? 'bool' : 'f32';
  return tensorOf(
    longName(dtype ?? natural),
    wanted,
    flat.map((v) => (typeof v === 'bigint' ? v : Number(v))),
  );
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
    if (!['number', 'boolean', 'bigint', 'string'].includes(typeof values)) throw mixedKinds({ found: typeof values });
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

/** One value everywhere. */
export function full(shape: readonly number[], value: number | boolean, dtype?: DType): Tensor {
  const type = longName(dtype ?? (typeof value === 'boolean' ? 'bool' : 'f32'));
  const element = scalarData(value, type);
  if (!('bytes' in element)) throw new TypeError('a string has no fill');
  return constantTensor({ dtype: element.dtype, dims: shape, splat: element.bytes });
}

export const zeros = (shape: readonly number[], dtype: DType = 'f32'): Tensor => full(shape, 0, dtype);
export const ones = (shape: readonly number[], dtype: DType = 'f32'): Tensor => full(shape, 1, dtype);
export const zerosLike = (x: Tensor): Tensor => full(x.shape, 0, shortName(x.dataType));
export const onesLike = (x: Tensor): Tensor => full(x.shape, 1, shortName(x.dataType));

/** start, start + step, … before `end`; with one argument 0 … end − 1. Whole numbers are i64 by default, others f32. */
export function arange(start: number, end?: number, step = 1, dtype?: DType): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const count = Math.max(0, Math.ceil((to - from) / step));
  const whole = Number.isInteger(from) && Number.isInteger(step);
  const values = Float64Array.from({ length: count }, (_, i) => from + i * step);
  return constantTensor(tensorOf(longName(dtype ?? (whole ? 'i64' : 'f32')), [count], values));
}

/** `count` values from `start` to `end`, both included, at equal distances. */
export function linspace(start: number, end: number, count: number, dtype: DType = 'f32'): Tensor {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  const values = Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? end : start + i * step));
  if (count === 1) values[0] = start;
  return constantTensor(tensorOf(longName(dtype), [count], values));
}

/** The identity matrix, or one with the ones on another diagonal. */
export function eye(rows: number, columns = rows, dtype: DType = 'f32', diagonal = 0): Tensor {
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const j = i + diagonal;
    if (j >= 0 && j < columns) values[i * columns + j] = 1;
  }
  return constantTensor(tensorOf(longName(dtype), [rows, columns], values));
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
