/** Types of values: element types, dimensions, tensors, sequences, optionals, maps. ONNX's own names in lower case. */

/** Element types of ONNX's TensorProto, in its numbering order. */
export const DATA_TYPES = [
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;

export type DataType = (typeof DATA_TYPES)[number];

/** Bits of one element; 0 for strings, whose size varies. */
export const BITS: Readonly<Record<DataType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  complex64: 64,
  complex128: 128,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
};

/** A dimension: a known size, a symbol's name (same name, same size), or null where nothing is known. */
export type Dim = number | string | null;

export interface TensorType {
  readonly kind: 'tensor';
  readonly dtype: DataType;
  /** undefined: unknown rank. */
  readonly shape?: readonly Dim[] | undefined;
}

export type ValueType =
  | TensorType
  | { readonly kind: 'sparse'; readonly dtype: DataType; readonly shape?: readonly Dim[] | undefined }
  | { readonly kind: 'sequence'; readonly element: ValueType | undefined }
  | { readonly kind: 'optional'; readonly element: ValueType | undefined }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: ValueType | undefined }
  /** Carried, never looked into (`domain.name`). */
  | { readonly kind: 'opaque'; readonly name: string };

export const tensorType = (dtype: DataType, shape?: readonly Dim[]): TensorType => ({ kind: 'tensor', dtype, shape });

/** The shape, if every dimension is a number. */
export function staticShape(type: ValueType | undefined): readonly number[] | undefined {
  if (type?.kind !== 'tensor' || type.shape === undefined) return undefined;
  return type.shape.every((d) => typeof d === 'number') ? (type.shape as readonly number[]) : undefined;
}

/** Product of dimensions; 1 for a scalar. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** `float32[1,3,N,?]`, the form the text printer uses. */
export function typeText(type: ValueType | undefined): string {
  if (type === undefined) return '?';
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype}${type.shape === undefined ? '[*]' : `[${type.shape.map((d) => d ?? '?').join(',')}]`}`;
    case 'sparse':
      return `sparse(${type.dtype}${type.shape === undefined ? '[*]' : `[${type.shape.map((d) => d ?? '?').join(',')}]`})`;
    case 'sequence':
      return `seq(${typeText(type.element)})`;
    case 'optional':
      return `optional(${typeText(type.element)})`;
    case 'map':
      return `map(${type.key},${typeText(type.value)})`;
    case 'opaque':
      return `opaque(${type.name})`;
  }
}
