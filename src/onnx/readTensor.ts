/**
 * TensorProto and SparseTensorProto to Tensor, from every encoding ONNX knows: raw, typed fields, external data.
 * Raw and external bytes are not copied. The shape is checked against the data that is there before anything is
 * allocated, so a lying shape costs nothing.
 */
import { diagnostic, type Place } from '#base';
import { BITS, byteLength, type DataType, elementCount, type SparseTensor, type Tensor, tensorIntegers } from '#ir';
import type { ExternalFiles } from './external.ts';
import { dataTypeOf, textOfBytes } from './numbering.ts';
import type { SparseTensorProto, TensorProto } from './onnx_pb.ts';

const noType = diagnostic<{ tensor: string; number: number }>('SYS-ONNX-010', 'unsupported', {
  en: (p) =>
    `tensor '${p.tensor}' has element type number ${p.number}; ONNX's types from 1 (float32) to 26 (int2) are supported`,
  zh: (p) => `张量 '${p.tensor}' 的元素类型编号为 ${p.number}；支持 ONNX 的 1（float32）到 26（int2）`,
});

const badDimension = diagnostic<{ tensor: string; dim: bigint; dims: string }>('SYS-ONNX-011', 'invalid', {
  en: (p) =>
    `tensor '${p.tensor}' has dimension ${p.dim} in its shape [${p.dims}]; sizes of stored tensors are 0 or more and below 2^53. The file is damaged, or written by a broken exporter`,
  zh: (p) =>
    `张量 '${p.tensor}' 的形状 [${p.dims}] 中有维度 ${p.dim}；存储张量的尺寸必须不小于 0 且小于 2^53。文件已损坏，或导出程序有误`,
});

const wrongCount = diagnostic<{ tensor: string; type: string; field: string; found: number; expected: number }>(
  'SYS-ONNX-012',
  'invalid',
  {
    en: (p) =>
      `tensor '${p.tensor}' is ${p.type} and should have ${p.expected} ${p.field === 'raw_data' || p.field === 'external_data' ? 'bytes' : 'entries'} in ${p.field}, but has ${p.found}; the file is cut short, or its shape is wrong`,
    zh: (p) =>
      `张量 '${p.tensor}' 的类型是 ${p.type}，${p.field} 应有 ${p.expected} ${p.field === 'raw_data' || p.field === 'external_data' ? '字节' : '项'}，实际为 ${p.found}；文件不完整，或形状有误`,
  },
);

const segmented = diagnostic<{ tensor: string }>('SYS-ONNX-013', 'unsupported', {
  en: (p) =>
    `tensor '${p.tensor}' is stored in segments, which ONNX reserves and no tool writes; save the tensor as a whole`,
  zh: (p) => `张量 '${p.tensor}' 以分段方式存储；ONNX 仅保留该方式，没有工具会这样写；请整体保存该张量`,
});

const outOfRange = diagnostic<{ tensor: string; type: string; value: number; index: number }>(
  'SYS-ONNX-014',
  'invalid',
  {
    en: (p) =>
      `entry ${p.index} of tensor '${p.tensor}' is ${p.value}, which does not fit ${p.type}; the file is damaged, or its element type is wrong`,
    zh: (p) => `张量 '${p.tensor}' 的第 ${p.index} 项是 ${p.value}，超出 ${p.type} 的范围；文件已损坏，或元素类型有误`,
  },
);

const badSparse = diagnostic<{ tensor: string; reason: string; reasonZh: string }>('SYS-ONNX-015', 'invalid', {
  en: (p) => `sparse tensor '${p.tensor}': ${p.reason}`,
  zh: (p) => `稀疏张量 '${p.tensor}'：${p.reasonZh}`,
});

const sparseTooLarge = diagnostic<{ tensor: string; dims: string; bytes: number }>('SYS-ONNX-016', 'unsupported', {
  en: (p) =>
    `sparse tensor '${p.tensor}' of shape [${p.dims}] would take ${p.bytes} bytes when held dense, over 10,000 times what the file stores; such tensors are not supported`,
  zh: (p) =>
    `稀疏张量 '${p.tensor}'（形状 [${p.dims}]）展开后需要 ${p.bytes} 字节，超过文件中存储量的一万倍；不支持这样的张量`,
});

/** What reading needs besides the message: where it stands, and how other files are opened. */
export interface TensorContext {
  /** Path by which errors name the tensor: `conv1_w`, `if1.then_branch/w`, `const1.value`. */
  readonly name: string;
  readonly place: Place;
  readonly external: ExternalFiles;
}

/** @throws SYS-ONNX-010 … 014, 020 … 024 */
export function tensorFromProto(proto: TensorProto, context: TensorContext): Tensor {
  const { name, place } = context;
  if (proto.segment !== undefined) throw segmented({ tensor: name }, place);
  const dtype = dataTypeOf(proto.dataType ?? 0);
  if (dtype === undefined) throw noType({ tensor: name, number: proto.dataType ?? 0 }, place);
  const dims = dimsFromProto(proto.dims, context);
  const count = elementCount(dims);
  const fail = (field: string, found: number, expected: number): Error =>
    wrongCount({ tensor: name, type: `${dtype}[${dims.join(',')}]`, field, found, expected }, place);

  if (dtype === 'string') {
    if (proto.stringData.length !== count) throw fail('string_data', proto.stringData.length, count);
    return { dtype, dims, strings: proto.stringData.map(textOfBytes) };
  }
  const expected = byteLength(dtype, count);
  if (proto.dataLocation === 1) {
    const entries = new Map(proto.externalData.map((e) => [e.key ?? '', e.value ?? '']));
    const bytes = context.external.bytes(entries, expected, name, place);
    if (bytes.length !== expected) throw fail('external_data', bytes.length, expected);
    return { dtype, dims, bytes };
  }
  const typed = typedField(proto, dtype);
  // Some writers set raw_data to nothing beside typed data.
  if (proto.rawData !== undefined && (proto.rawData.length > 0 || typed.values.length === 0)) {
    if (proto.rawData.length !== expected) throw fail('raw_data', proto.rawData.length, expected);
    return { dtype, dims, bytes: proto.rawData };
  }
  const entries = typed.bytes === undefined ? count * typed.perElement : expected;
  if (typed.values.length !== entries) throw fail(typed.field, typed.values.length, entries);
  return { dtype, dims, bytes: typed.write(new Uint8Array(expected), context) };
}

/** The field that holds a type's data, how many entries an element takes, and how entries become bytes. */
interface TypedField {
  readonly field: string;
  readonly values: { readonly length: number };
  readonly perElement: 1 | 2;
  /** Set where entries are bytes, into which several elements are packed. */
  readonly bytes?: true;
  readonly write: (out: Uint8Array, context: TensorContext) => Uint8Array;
}

function typedField(proto: TensorProto, dtype: Exclude<DataType, 'string'>): TypedField {
  switch (dtype) {
    case 'float32':
    case 'complex64': {
      const values = proto.floatData;
      return {
        field: 'float_data',
        values,
        perElement: dtype === 'complex64' ? 2 : 1,
        write: (out) => fill(out, values.length, (view, i) => view.setFloat32(4 * i, values[i]!, true)),
      };
    }
    case 'float64':
    case 'complex128': {
      const values = proto.doubleData;
      return {
        field: 'double_data',
        values,
        perElement: dtype === 'complex128' ? 2 : 1,
        write: (out) => fill(out, values.length, (view, i) => view.setFloat64(8 * i, values[i]!, true)),
      };
    }
    case 'int64': {
      const values = proto.int64Data;
      return {
        field: 'int64_data',
        values,
        perElement: 1,
        write: (out) => fill(out, values.length, (view, i) => view.setBigInt64(8 * i, values[i]!, true)),
      };
    }
    case 'uint32':
    case 'uint64': {
      const values = proto.uint64Data;
      const write = (out: Uint8Array, context: TensorContext): Uint8Array =>
        fill(out, values.length, (view, i) => {
          if (dtype === 'uint64') return view.setBigUint64(8 * i, values[i]!, true);
          if (values[i]! > 0xffffffffn) throw entryOutOfRange(context, dtype, Number(values[i]!), i);
          view.setUint32(4 * i, Number(values[i]!), true);
        });
      return { field: 'uint64_data', values, perElement: 1, write };
    }
    default: {
      const values = proto.int32Data;
      const width = BITS[dtype] >= 8 ? BITS[dtype] / 8 : 1;
      const limit = 2 ** (8 * width);
      const write = (out: Uint8Array, context: TensorContext): Uint8Array =>
        fill(out, values.length, (view, i) => {
          const value = values[i]!;
          // Writers differ on whether int8 100 and bit patterns above the middle are signed; both say the same bits.
          if (value < -limit / 2 || value >= limit) throw entryOutOfRange(context, dtype, value, i);
          if (width === 4) view.setInt32(4 * i, value, true);
          else if (width === 2) view.setUint16(2 * i, value & 0xffff, true);
          else view.setUint8(i, value & 0xff);
        });
      return {
        field: 'int32_data',
        values,
        perElement: 1,
        ...(BITS[dtype] < 8 ? { bytes: true as const } : {}),
        write,
      };
    }
  }
}

const entryOutOfRange = (context: TensorContext, type: string, value: number, index: number): Error =>
  outOfRange({ tensor: context.name, type, value, index }, context.place);

function fill(out: Uint8Array, count: number, set: (view: DataView, i: number) => void): Uint8Array {
  const view = new DataView(out.buffer);
  for (let i = 0; i < count; i++) set(view, i);
  return out;
}

export function dimsFromProto(dims: readonly bigint[], context: Pick<TensorContext, 'name' | 'place'>): number[] {
  return dims.map((dim) => {
    if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw badDimension({ tensor: context.name, dim, dims: dims.join(',') }, context.place);
    }
    return Number(dim);
  });
}

/** @throws as `tensorFromProto`, and SYS-ONNX-015 where values and indices do not fit */
export function sparseFromProto(proto: SparseTensorProto, context: TensorContext): SparseTensor {
  const { name, place } = context;
  const dims = dimsFromProto(proto.dims, context);
  const fail = (reason: string, reasonZh: string): Error => badSparse({ tensor: name, reason, reasonZh }, place);
  if (proto.values === undefined) throw fail('it has no values', '没有 values');
  const values = tensorFromProto(proto.values, { ...context, name: `${name}.values` });
  const nnz = elementCount(values.dims);
  if (proto.indices === undefined && nnz > 0)
    throw fail(`it has ${nnz} values and no indices`, `有 ${nnz} 个值却没有 indices`);
  const indices: Tensor =
    proto.indices === undefined
      ? { dtype: 'int64', dims: [0], bytes: new Uint8Array(0) }
      : tensorFromProto(proto.indices, { ...context, name: `${name}.indices` });
  const [rows, columns] = indices.dims;
  const fits =
    indices.dtype === 'int64' &&
    rows === nnz &&
    (indices.dims.length === 1 || (indices.dims.length === 2 && columns === dims.length));
  if (!fits) {
    const found = `${indices.dtype}[${indices.dims.join(',')}]`;
    throw fail(
      `its indices are ${found}; expected int64[${nnz}] or int64[${nnz},${dims.length}]`,
      `indices 为 ${found}；应为 int64[${nnz}] 或 int64[${nnz},${dims.length}]`,
    );
  }
  return { dims, values, indices };
}

/** Bytes that may always be spent on a sparse tensor, however few values it has. */
const FREE_DENSE_BYTES = 64 * 2 ** 20;

/**
 * The dense form of a sparse tensor; what it does not list is zero.
 * @throws SYS-ONNX-015 for indices outside the shape, SYS-ONNX-016 where dense is absurdly larger than sparse
 */
export function densify(sparse: SparseTensor, context: Pick<TensorContext, 'name' | 'place'>): Tensor {
  const { name, place } = context;
  const { dims, values } = sparse;
  const fail = (reason: string, reasonZh: string): Error => badSparse({ tensor: name, reason, reasonZh }, place);
  if (!('bytes' in values) || BITS[values.dtype] < 8) {
    throw fail(`values of type ${values.dtype} cannot be sparse`, `${values.dtype} 类型的值不能稀疏存储`);
  }
  const width = BITS[values.dtype] / 8;
  const count = elementCount(dims);
  const bytes = count * width;
  if (!(bytes <= FREE_DENSE_BYTES || bytes <= 10_000 * values.bytes.length)) {
    throw sparseTooLarge({ tensor: name, dims: dims.join(','), bytes }, place);
  }
  const dense = new Uint8Array(bytes);
  const indices = tensorIntegers(sparse.indices);
  const linear = sparse.indices.dims.length === 1;
  for (let i = 0; i < elementCount(values.dims); i++) {
    const index = linear ? indices[i]! : linearIndex(indices.slice(i * dims.length, (i + 1) * dims.length), dims);
    if (index === undefined || index < 0n || index >= BigInt(count)) {
      throw fail(`entry ${i} points outside the shape [${dims.join(',')}]`, `第 ${i} 项超出形状 [${dims.join(',')}]`);
    }
    dense.set(values.bytes.subarray(i * width, (i + 1) * width), Number(index) * width);
  }
  return { dtype: values.dtype, dims, bytes: dense };
}

function linearIndex(index: readonly bigint[], dims: readonly number[]): bigint | undefined {
  let linear = 0n;
  for (const [axis, i] of index.entries()) {
    if (i < 0n || i >= BigInt(dims[axis]!)) return undefined;
    linear = linear * BigInt(dims[axis]!) + i;
  }
  return linear;
}
