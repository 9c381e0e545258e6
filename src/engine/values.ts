/**
 * Values across the border: a Tensor of the graph is bytes, a tensor of ONNX Runtime a typed array. Both share one
 * buffer where the alignment allows it. float16 travels as bit patterns.
 */
import { diagnostic } from '#base';
import { byteLength, type DataType, elementCount, type Tensor, tensorBytes } from '#ir';
import type { Ort, OrtModule } from './runtime.ts';

/** A value that goes into or comes out of a session. */
export type HostValue = Tensor;

type Numeric = Exclude<DataType, 'string'>;
type TypedArray = { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number };

interface ArrayType {
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** The typed array in which ONNX Runtime takes each element type. What is missing cannot be exchanged. */
const ARRAYS: Partial<Record<Numeric, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Whether a session exchanges the element type as it is. */
export const exchangeable = (dtype: DataType | undefined): boolean =>
  dtype === 'string' || (dtype !== undefined && dtype in ARRAYS);

export const cannotExchange = diagnostic<{ value: string; type: string }>('SYS-ENG-009', 'unsupported', {
  en: (p) =>
    `value '${p.value}' is ${p.type}, which the host engine cannot take in or give out. It exchanges tensors of ` +
    `${Object.keys(ARRAYS).join(', ')}, string; add a Cast to one of them, or ask for another output`,
  zh: (p) =>
    `值“${p.value}”的类型为 ${p.type}，主机引擎无法接收或返回。可交换的张量类型：` +
    `${Object.keys(ARRAYS).join('、')}、string；请加 Cast 转为其中之一，或改取别的输出`,
});

const wrongLength = diagnostic<{ value: string; dims: string; found: number; expected: number }>(
  'SYS-ENG-010',
  'invalid',
  {
    en: (p) =>
      `value '${p.value}' of shape [${p.dims}] holds ${p.found} bytes or strings where its shape and type need ` +
      `${p.expected}; give data and shape that agree`,
    zh: (p) =>
      `值“${p.value}”的形状为 [${p.dims}]，含 ${p.found} 个字节或字符串，而按形状与类型应为 ${p.expected}；请使数据与形状一致`,
  },
);

export function toOrt(ort: OrtModule, name: string, value: HostValue): Ort.Tensor {
  const count = elementCount(value.dims);
  if (value.dtype === 'string') {
    if (value.strings.length !== count) {
      throw wrongLength({ value: name, dims: value.dims.join(','), found: value.strings.length, expected: count });
    }
    return new ort.Tensor('string', [...value.strings], value.dims);
  }
  const type = ARRAYS[value.dtype];
  if (type === undefined) throw cannotExchange({ value: name, type: value.dtype });
  const bytes = tensorBytes(value);
  const expected = byteLength(value.dtype, count);
  if (bytes.length !== expected) {
    throw wrongLength({ value: name, dims: value.dims.join(','), found: bytes.length, expected });
  }
  const size = type.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const data = new type(aligned.buffer, aligned.byteOffset, aligned.length / size);
  if (value.dtype === 'float16') return bitPatterns(value.dims, data as Uint16Array);
  // The constructor's overloads pair each type name with its array; the table above is that pairing.
  return new ort.Tensor(value.dtype as 'float32', data as Float32Array, value.dims);
}

/**
 * Where JavaScript has a Float16Array, the Tensor constructor makes one of bit patterns, and the native binding (1.30)
 * then finds no data in it. The sessions read these fields alone.
 */
function bitPatterns(dims: readonly number[], data: Uint16Array): Ort.Tensor {
  const tensor: Pick<Ort.Tensor, 'type' | 'dims' | 'location'> & { data: Uint16Array } = {
    type: 'float16',
    dims,
    data,
    location: 'cpu',
  };
  return tensor as Ort.Tensor;
}

export function fromOrt(name: string, value: Ort.Tensor): HostValue {
  const dims = [...value.dims];
  const dtype: string = value.type;
  if (dtype === 'string') return { dtype, dims, strings: value.data as string[] };
  if (!(dtype in ARRAYS)) throw cannotExchange({ value: name, type: dtype });
  const data = value.data as TypedArray;
  return { dtype: dtype as Numeric, dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
