/**
 * The `.pb` files beside a model (conformance inputs and outputs): a TensorProto, or a sequence, optional or map of
 * them. The bytes do not say which of these they are: the type of the model's input or output does.
 */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { diagnostic, type Place } from '#base';
import type { DataType, SparseTensor, Tensor, ValueType } from '#ir';
import { type Both, damageOf } from './damage.ts';
import { ExternalFiles } from './external.ts';
import { dataTypeOf, plainBytes, textOfBytes } from './numbering.ts';
import {
  type MapProto,
  MapProtoSchema,
  type OptionalProto,
  OptionalProtoSchema,
  type SequenceProto,
  SequenceProtoSchema,
  SparseTensorProtoSchema,
  TensorProtoSchema,
} from './onnx_pb.ts';
import { sparseFromProto, type TensorContext, tensorFromProto } from './readTensor.ts';
import { tensorToProto } from './writeGraph.ts';

const notTensor = diagnostic<{ expected: string; reason: Both; size: number }>('SYS-ONNX-050', 'invalid', {
  en: (p) =>
    `the ${p.size} bytes are not an ONNX ${p.expected} (.pb), or only part of one: ${p.reason.en}; write the value with onnx.numpy_helper, or give an .npy file`,
  zh: (p) =>
    `这 ${p.size} 字节不是 ONNX ${p.expected}（.pb），或只是其中一部分：${p.reason.zh}；请用 onnx.numpy_helper 写出，或给出 .npy 文件`,
});

/** A run-time value of any of ONNX's types. */
export type OnnxValue =
  | { readonly kind: 'tensor'; readonly tensor: Tensor }
  | { readonly kind: 'sparse'; readonly sparse: SparseTensor }
  | { readonly kind: 'sequence'; readonly items: readonly OnnxValue[] }
  | { readonly kind: 'optional'; readonly value: OnnxValue | undefined }
  | {
      readonly kind: 'map';
      readonly key: DataType;
      readonly keys: readonly (bigint | string)[];
      readonly values: readonly OnnxValue[];
    };

const holds = (kind: string): Both => ({ en: `it holds a ${kind}`, zh: `其内容为 ${kind}` });

/** @throws SYS-ONNX-050 and the codes of tensors */
export function readTensor(bytes: Uint8Array, file?: string): Tensor {
  const value = readValue(bytes, undefined, file);
  if (value.kind !== 'tensor')
    throw notTensor({ expected: 'TensorProto', reason: holds(value.kind), size: bytes.length });
  return value.tensor;
}

export const writeTensor = (tensor: Tensor, name?: string): Uint8Array =>
  toBinary(TensorProtoSchema, tensorToProto(tensor, name));

/**
 * Reads a value of a known type.
 * @param type of the model's input or output; undefined reads a tensor
 * @throws SYS-ONNX-050 and the codes of tensors
 */
export function readValue(content: Uint8Array, type: ValueType | undefined, file?: string): OnnxValue {
  const bytes = plainBytes(content);
  const place: Place = file === undefined ? {} : { file };
  const reader = new ValueReader(place);
  const decode = <T extends DescMessage>(schema: T): MessageShape<T> => {
    const expected = schema.name;
    if (bytes.length === 0 && expected === 'TensorProto')
      throw notTensor({ expected, reason: { en: 'the file is empty', zh: '文件为空' }, size: 0 }, place);
    try {
      return fromBinary(schema, bytes, { readUnknownFields: false });
    } catch {
      // The decoder speaks of its own insides; where the bytes go wrong is found out anew.
      throw notTensor({ expected, reason: damageOf(schema, bytes), size: bytes.length }, place);
    }
  };
  switch (type?.kind) {
    case 'sequence':
      return reader.sequence(decode(SequenceProtoSchema));
    case 'optional':
      return reader.optional(decode(OptionalProtoSchema));
    case 'map':
      return reader.map(decode(MapProtoSchema));
    case 'sparse': {
      const proto = decode(SparseTensorProtoSchema);
      return { kind: 'sparse', sparse: sparseFromProto(proto, reader.context(proto.values?.name)) };
    }
    default: {
      const proto = decode(TensorProtoSchema);
      return { kind: 'tensor', tensor: tensorFromProto(proto, reader.context(proto.name)) };
    }
  }
}

class ValueReader {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  context(name: string | undefined): TensorContext {
    return { name: name ?? '', place: this.#place, external: new ExternalFiles(undefined) };
  }

  sequence(proto: SequenceProto): OnnxValue {
    return { kind: 'sequence', items: this.#items(proto) };
  }

  #items(proto: SequenceProto): OnnxValue[] {
    return [
      ...proto.tensorValues.map((t) => ({ kind: 'tensor' as const, tensor: tensorFromProto(t, this.context(t.name)) })),
      ...proto.sparseTensorValues.map((t) => ({
        kind: 'sparse' as const,
        sparse: sparseFromProto(t, this.context(t.values?.name)),
      })),
      ...proto.sequenceValues.map((s) => this.sequence(s)),
      ...proto.mapValues.map((m) => this.map(m)),
      ...proto.optionalValues.map((o) => this.optional(o)),
    ];
  }

  optional(proto: OptionalProto): OnnxValue {
    const { tensorValue: t, sparseTensorValue: s } = proto;
    const value =
      t !== undefined
        ? { kind: 'tensor' as const, tensor: tensorFromProto(t, this.context(t.name)) }
        : s !== undefined
          ? { kind: 'sparse' as const, sparse: sparseFromProto(s, this.context(s.values?.name)) }
          : proto.sequenceValue !== undefined
            ? this.sequence(proto.sequenceValue)
            : proto.mapValue !== undefined
              ? this.map(proto.mapValue)
              : proto.optionalValue !== undefined
                ? this.optional(proto.optionalValue)
                : undefined;
    return { kind: 'optional', value };
  }

  map(proto: MapProto): OnnxValue {
    const key = dataTypeOf(proto.keyType);
    const keys = key === 'string' ? proto.stringKeys.map(textOfBytes) : proto.keys;
    const values = proto.values === undefined ? [] : this.#items(proto.values);
    if (key === undefined || keys.length !== values.length) {
      const reason =
        key === undefined
          ? { en: 'it states no key type', zh: '没有写明键的类型' }
          : {
              en: `it has ${keys.length} keys and ${values.length} values`,
              zh: `有 ${keys.length} 个键与 ${values.length} 个值`,
            };
      throw notTensor({ expected: 'MapProto', reason, size: 0 }, this.#place);
    }
    return { kind: 'map', key, keys, values };
  }
}
