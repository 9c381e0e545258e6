/**
 * Tensor: immutable constant data of a graph. Numeric data is little-endian bytes in row-major order, packed as ONNX's
 * raw_data (two int4 a byte, low nibble first). A `splat` tensor holds one element that fills the shape: models whose
 * weights are one constant stay small until somebody asks for the bytes.
 */
import {
  bfloat16ToNumber,
  float16ToNumber,
  internalError,
  isMinifloat,
  MINIFLOATS,
  numberToBfloat16,
  numberToFloat16,
} from '#base';
import { BITS, type DataType, elementCount } from './types.ts';

export type Tensor =
  | {
      readonly dtype: Exclude<DataType, 'string'>;
      readonly dims: readonly number[];
      readonly bytes: Uint8Array;
    }
  | {
      readonly dtype: Exclude<DataType, 'string'>;
      readonly dims: readonly number[];
      /** The bytes of one element (BITS ≥ 8). */
      readonly splat: Uint8Array;
    }
  | { readonly dtype: 'string'; readonly dims: readonly number[]; readonly strings: readonly string[] };

/** Bytes that `count` elements take. */
export const byteLength = (dtype: DataType, count: number): number => Math.ceil((BITS[dtype] * count) / 8);

/** The tensor's bytes; a splat is written out. */
export function tensorBytes(t: Tensor): Uint8Array {
  if ('bytes' in t) return t.bytes;
  if ('strings' in t) throw internalError({ what: 'bytes of a string tensor asked for' });
  const out = new Uint8Array(elementCount(t.dims) * t.splat.length);
  if (out.length === 0) return out;
  out.set(t.splat);
  for (let done = t.splat.length; done < out.length; done *= 2)
    out.copyWithin(done, 0, Math.min(done, out.length - done));
  return out;
}

/** Types whose elements a typed array of the host holds as they are, and converts from numbers as ONNX's Cast does. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
} as const;

const hasArray = (dtype: DataType): dtype is keyof typeof ARRAYS => Object.hasOwn(ARRAYS, dtype);

/** The elements in a typed array, which may be the tensor's own memory: to read only. */
function arrayOf(dtype: keyof typeof ARRAYS, bytes: Uint8Array): InstanceType<(typeof ARRAYS)[keyof typeof ARRAYS]> {
  const make = ARRAYS[dtype];
  const width = make.BYTES_PER_ELEMENT;
  // Raw data may lie unaligned in its file.
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new make(buffer as ArrayBuffer, byteOffset, byteLength / width);
}

/** The elements of a tensor of float32, in memory of their own. */
export function tensorFloats(t: Tensor): Float32Array<ArrayBuffer> {
  if (t.dtype !== 'float32') throw internalError({ what: `floats of a ${t.dtype} tensor asked for` });
  return new Float32Array(('bytes' in t ? new Uint8Array(t.bytes) : tensorBytes(t)).buffer as ArrayBuffer);
}

/** All elements as numbers (int64 beyond 2^53 lose bits: use `tensorIntegers`). Complex types are refused. */
export function tensorNumbers(t: Tensor): Float64Array {
  const count = elementCount(t.dims);
  if ('bytes' in t && hasArray(t.dtype)) return new Float64Array(arrayOf(t.dtype, t.bytes));
  const out = new Float64Array(count);
  if ('splat' in t) return out.fill(count === 0 ? 0 : tensorNumbers({ dtype: t.dtype, dims: [1], bytes: t.splat })[0]!);
  const read = reader(t);
  for (let i = 0; i < count; i++) out[i] = Number(read(i));
  return out;
}

/** All elements of an integer or bool tensor, exactly. */
export function tensorIntegers(t: Tensor): bigint[] {
  const count = elementCount(t.dims);
  if ('splat' in t) {
    return count === 0 ? [] : new Array(count).fill(tensorIntegers({ dtype: t.dtype, dims: [1], bytes: t.splat })[0]!);
  }
  const read = reader(t);
  return Array.from({ length: count }, (_, i) => BigInt(read(i)));
}

/** A tensor from numbers, rounded to `dtype` as ONNX's Cast rounds; integers wrap. */
export function tensorOf(dtype: DataType, dims: readonly number[], values: ArrayLike<number | bigint>): Tensor {
  if (dtype === 'string') throw internalError({ what: 'tensorOf cannot make a string tensor' });
  const count = elementCount(dims);
  if (values.length !== count) throw internalError({ what: `tensorOf got ${values.length} values for [${dims}]` });
  if (hasArray(dtype) && (values instanceof Float32Array || values instanceof Float64Array)) {
    return { dtype, dims, bytes: new Uint8Array(new ARRAYS[dtype](values).buffer) };
  }
  const bytes = new Uint8Array(byteLength(dtype, count));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) writeElement(view, dtype, i, values[i]!);
  return { dtype, dims, bytes };
}

/** Writes one element; shared by tensorOf and by whoever fills a buffer piecewise. */
export function writeElement(view: DataView, dtype: DataType, i: number, value: number | bigint): void {
  switch (dtype) {
    case 'float32':
      return view.setFloat32(4 * i, Number(value), true);
    case 'float64':
      return view.setFloat64(8 * i, Number(value), true);
    case 'float16':
      return view.setUint16(2 * i, numberToFloat16(Number(value)), true);
    case 'bfloat16':
      return view.setUint16(2 * i, numberToBfloat16(Number(value)), true);
    case 'int8':
    case 'uint8':
      return view.setUint8(i, Number(BigInt.asUintN(8, toBigInt(value))));
    case 'bool':
      return view.setUint8(i, Number(value) !== 0 ? 1 : 0);
    case 'int16':
    case 'uint16':
      return view.setUint16(2 * i, Number(BigInt.asUintN(16, toBigInt(value))), true);
    case 'int32':
    case 'uint32':
      return view.setUint32(4 * i, Number(BigInt.asUintN(32, toBigInt(value))), true);
    case 'int64':
    case 'uint64':
      return view.setBigUint64(8 * i, BigInt.asUintN(64, toBigInt(value)), true);
    case 'int4':
    case 'uint4':
    case 'int2':
    case 'uint2':
      return writePacked(view, BITS[dtype], i, Number(BigInt.asUintN(BITS[dtype], toBigInt(value))));
    default:
      if (!isMinifloat(dtype)) throw internalError({ what: `numbers of type ${dtype} cannot be written` });
      return writePacked(view, BITS[dtype], i, MINIFLOATS[dtype].fromNumber(Number(value)));
  }
}

/** Elements of less than a byte stand in it from the low end. */
function writePacked(view: DataView, bits: number, i: number, pattern: number): void {
  const at = (i * bits) >> 3;
  const shift = (i * bits) & 7;
  const mask = ((1 << bits) - 1) << shift;
  view.setUint8(at, (view.getUint8(at) & ~mask) | (pattern << shift));
}

function readPacked(view: DataView, bits: number, i: number): number {
  return (view.getUint8((i * bits) >> 3) >> ((i * bits) & 7)) & ((1 << bits) - 1);
}

/** Infinities and NaN, which no integer type has, become 0. */
const toBigInt = (v: number | bigint): bigint =>
  typeof v === 'bigint' ? v : Number.isFinite(v) ? BigInt(Math.trunc(v)) : 0n;

function reader(t: Tensor): (i: number) => number | bigint {
  if (!('bytes' in t)) throw internalError({ what: `numbers of a ${t.dtype} tensor asked for` });
  const view = new DataView(t.bytes.buffer, t.bytes.byteOffset, t.bytes.byteLength);
  switch (t.dtype) {
    case 'float32':
      return (i) => view.getFloat32(4 * i, true);
    case 'float64':
      return (i) => view.getFloat64(8 * i, true);
    case 'float16':
      return (i) => float16ToNumber(view.getUint16(2 * i, true));
    case 'bfloat16':
      return (i) => bfloat16ToNumber(view.getUint16(2 * i, true));
    case 'int8':
      return (i) => view.getInt8(i);
    case 'uint8':
      return (i) => view.getUint8(i);
    case 'bool':
      return (i) => (view.getUint8(i) ? 1 : 0);
    case 'int16':
      return (i) => view.getInt16(2 * i, true);
    case 'uint16':
      return (i) => view.getUint16(2 * i, true);
    case 'int32':
      return (i) => view.getInt32(4 * i, true);
    case 'uint32':
      return (i) => view.getUint32(4 * i, true);
    case 'int64':
      return (i) => view.getBigInt64(8 * i, true);
    case 'uint64':
      return (i) => view.getBigUint64(8 * i, true);
    case 'uint4':
      return (i) => readPacked(view, 4, i);
    case 'int4':
      return (i) => (readPacked(view, 4, i) ^ 8) - 8;
    case 'uint2':
      return (i) => readPacked(view, 2, i);
    case 'int2':
      return (i) => (readPacked(view, 2, i) ^ 2) - 2;
    default: {
      const { dtype } = t;
      if (!isMinifloat(dtype)) throw internalError({ what: `numbers of type ${dtype} cannot be read` });
      return (i) => MINIFLOATS[dtype].toNumber(readPacked(view, BITS[dtype], i));
    }
  }
}
