/** Plain array records: what the readers give and the writers take. */

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
