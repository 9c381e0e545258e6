/** Plain array records: what the readers give and the writers take. */
import { bfloat16ToNumber, diagnostic, float16ToNumber } from '#base';

/** Element types, by ONNX's names in lower case. */
export type ElementType =
  | 'bool'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64'
  | 'complex64'
  | 'complex128';

/** Row-major, little-endian. */
export interface DataArray {
  readonly dtype: ElementType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  complex64: 8,
  complex128: 16,
};

/** A copy with the bytes of each number reversed: big-endian to little-endian and back. Complex is two numbers. */
export function swapBytes(bytes: Uint8Array, dtype: ElementType): Uint8Array {
  const size = dtype.startsWith('complex') ? ELEMENT_BYTES[dtype] / 2 : ELEMENT_BYTES[dtype];
  // Not slice(): of Node's Buffer that is a view, and the file's own bytes would be turned round.
  const out = new Uint8Array(bytes);
  if (size > 1) for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

/** The elements as JavaScript has them; float16 and bfloat16 as their bit patterns, complex as pairs of numbers. */
export type ElementArray =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

const VIEWS = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const;

/**
 * The elements of an array: a view of its bytes where they lie at a multiple of the element's size, else a copy. On
 * big-endian hosts, which no browser and no Node of today runs on, this would be wrong.
 */
export function elementsOf(array: DataArray): ElementArray {
  const View = VIEWS[array.dtype];
  const aligned = array.bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? array.bytes : new Uint8Array(array.bytes);
  return new View(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / View.BYTES_PER_ELEMENT);
}

const notReal = diagnostic<{ dtype: string }>('SYS-DAT-088', 'unsupported', {
  en: (p) => `elements of type ${p.dtype} are no float32 numbers; take their parts by elementsOf`,
  zh: (p) => `${p.dtype} 类型的元素不能作为 float32；请用 elementsOf 分别取其实部和虚部`,
});

/**
 * The elements of a real type as float32, each rounded to the nearest; a view where they are float32 already.
 * @throws SYS-DAT-088 complex elements
 */
export function floatsOf(array: DataArray): Float32Array<ArrayBuffer> {
  const elements = elementsOf(array);
  if (array.dtype.startsWith('complex')) throw notReal({ dtype: array.dtype });
  if (elements instanceof Float32Array) return elements;
  const out = new Float32Array(elements.length);
  const value = array.dtype === 'float16' ? float16ToNumber : array.dtype === 'bfloat16' ? bfloat16ToNumber : Number;
  for (let i = 0; i < out.length; i++) out[i] = value(elements[i] as number);
  return out;
}

/** The record of elements: a view of them. `dtype` is needed for what JavaScript has no array of. */
export function arrayOf(elements: ElementArray, dims: readonly number[], dtype?: ElementType): DataArray {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return { dtype: dtype ?? typeOf(elements), dims, bytes };
}

function typeOf(elements: ElementArray): ElementType {
  if (elements instanceof Int8Array) return 'int8';
  if (elements instanceof Uint8Array) return 'uint8';
  if (elements instanceof Int16Array) return 'int16';
  if (elements instanceof Uint16Array) return 'uint16';
  if (elements instanceof Int32Array) return 'int32';
  if (elements instanceof Uint32Array) return 'uint32';
  if (elements instanceof BigInt64Array) return 'int64';
  if (elements instanceof BigUint64Array) return 'uint64';
  return elements instanceof Float32Array ? 'float32' : 'float64';
}
