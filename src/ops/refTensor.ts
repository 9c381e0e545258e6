/**
 * Tensors of the reference evaluation: f64 elements in row-major order (exact 64-bit integers and strings keep their
 * own arrays). Operators compute without rounding; `fromRef` rounds to the element type, once, at the end of a node.
 */
import { internalError } from '#base';
import { type DataType, elementCount, type Tensor, tensorIntegers, tensorNumbers, tensorOf } from '#ir';
import type { RefTensor } from './define.ts';

export type RefData = RefTensor['data'];
/** One element: a number, a 64-bit integer or a string, as the element type says. */
export type RefElement = number | bigint | string;

export function toRef(t: Tensor): RefTensor {
  if ('strings' in t) return { dtype: t.dtype, dims: t.dims, data: t.strings };
  if (t.dtype === 'int64') return { dtype: t.dtype, dims: t.dims, data: BigInt64Array.from(tensorIntegers(t)) };
  if (t.dtype === 'uint64') return { dtype: t.dtype, dims: t.dims, data: BigUint64Array.from(tensorIntegers(t)) };
  return { dtype: t.dtype, dims: t.dims, data: tensorNumbers(t) };
}

/** The tensor, rounded to its element type as ONNX's Cast rounds; integers wrap. */
export function fromRef(r: RefTensor): Tensor {
  const { dtype, dims, data } = r;
  if (dtype === 'string') {
    if (!isStrings(data)) throw internalError({ what: 'a string tensor without strings' });
    return { dtype, dims, strings: data };
  }
  if (isStrings(data)) throw internalError({ what: `strings in a ${dtype} tensor` });
  return tensorOf(dtype, dims, data);
}

export const isStrings = (data: RefData): data is readonly string[] => Array.isArray(data);

/** Whether elements of the type are held as bigint. */
export const isWide = (dtype: DataType): boolean => dtype === 'int64' || dtype === 'uint64';

/** Whether values of the type are integers (bool counts as 0 and 1, and is not one). */
export const isInteger = (dtype: DataType): boolean => dtype.startsWith('int') || dtype.startsWith('uint');

/** Row-major strides, in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!;
  return strides;
}

/** Strides with which a tensor of shape `dims` is read at indices of the broadcast shape `to`: 0 on repeated axes. */
export function broadcastStrides(dims: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(dims);
  const skipped = to.length - dims.length;
  return to.map((_, i) => (i < skipped || dims[i - skipped] === 1 ? 0 : own[i - skipped]!));
}

/** Where an index lies under strides. */
export function offsetAt(index: readonly number[], strides: readonly number[]): number {
  let at = 0;
  for (let i = 0; i < index.length; i++) at += index[i]! * strides[i]!;
  return at;
}

/** Calls `visit` for every index of a shape in row-major order. The index array is reused between calls. */
export function eachIndex(dims: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const count = elementCount(dims);
  const index = new Array<number>(dims.length).fill(0);
  for (let flat = 0; flat < count; flat++) {
    visit(index, flat);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The elements as numbers; 64-bit integers beyond 2^53 are rounded. */
export function numbersOf(r: RefTensor): Float64Array {
  if (r.data instanceof Float64Array) return r.data;
  if (isStrings(r.data)) throw internalError({ what: 'numbers of a string tensor asked for' });
  return Float64Array.from(r.data as BigInt64Array, Number);
}

/** A tensor of numbers; for 64-bit integer types they are truncated and stored exactly. */
export function refOf(dtype: DataType, dims: readonly number[], values: ArrayLike<number>): RefTensor {
  const data = values instanceof Float64Array ? values : Float64Array.from(values);
  if (!isWide(dtype)) return { dtype, dims, data };
  const wide = dtype === 'int64' ? new BigInt64Array(data.length) : new BigUint64Array(data.length);
  for (let i = 0; i < data.length; i++) wide[i] = BigInt(Math.trunc(data[i]!));
  return { dtype, dims, data: wide };
}

/** A tensor whose elements are `element(i)` in row-major order: numbers, bigints or strings as the type says. */
export function refFrom(dtype: DataType, dims: readonly number[], element: (flat: number) => RefElement): RefTensor {
  const count = elementCount(dims);
  if (dtype === 'string') return { dtype, dims, data: Array.from({ length: count }, (_, i) => String(element(i))) };
  if (isWide(dtype)) {
    const data = dtype === 'int64' ? new BigInt64Array(count) : new BigUint64Array(count);
    for (let i = 0; i < count; i++) data[i] = BigInt(element(i));
    return { dtype, dims, data };
  }
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = Number(element(i));
  return { dtype, dims, data };
}
