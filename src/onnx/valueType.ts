/** TypeProto to ValueType and back. A type that a file leaves open in part (no element type, no shape) stays open. */
import { create } from '@bufbuild/protobuf';
import type { Dim, ValueType } from '#ir';
import { dataTypeNumber, dataTypeOf } from './numbering.ts';
import {
  type TensorShapeProto,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  type TypeProto,
  TypeProto_MapSchema,
  TypeProto_OpaqueSchema,
  TypeProto_OptionalSchema,
  TypeProto_SequenceSchema,
  TypeProto_SparseTensorSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
} from './onnx_pb.ts';

/** undefined where the file says nothing, or an element type we do not know. */
export function typeFromProto(proto: TypeProto | undefined): ValueType | undefined {
  const value = proto?.value;
  switch (value?.case) {
    case undefined:
      return undefined;
    case 'tensorType':
    case 'sparseTensorType': {
      const dtype = dataTypeOf(value.value.elemType);
      if (dtype === undefined) return undefined;
      const kind = value.case === 'tensorType' ? 'tensor' : 'sparse';
      const shape = shapeFromProto(value.value.shape);
      return shape === undefined ? { kind, dtype } : { kind, dtype, shape };
    }
    case 'sequenceType':
      return { kind: 'sequence', element: typeFromProto(value.value.elemType) };
    case 'optionalType':
      return { kind: 'optional', element: typeFromProto(value.value.elemType) };
    case 'mapType': {
      const key = dataTypeOf(value.value.keyType);
      return key === undefined ? undefined : { kind: 'map', key, value: typeFromProto(value.value.valueType) };
    }
    case 'opaqueType': {
      const { domain, name } = value.value;
      return { kind: 'opaque', name: domain ? `${domain}.${name ?? ''}` : (name ?? '') };
    }
  }
}

function shapeFromProto(shape: TensorShapeProto | undefined): Dim[] | undefined {
  return shape?.dim.map(({ value }) => {
    if (value.case === 'dimParam') return value.value === '' ? null : value.value;
    // Exporters write -1, and some 0 with no meaning but "unknown"; 0 is a size, a negative number is not.
    if (value.case === 'dimValue' && value.value >= 0n && value.value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      return Number(value.value);
    }
    return null;
  });
}

export function typeToProto(type: ValueType | undefined): TypeProto {
  return create(TypeProtoSchema, type === undefined ? {} : { value: valueToProto(type) });
}

function valueToProto(type: ValueType): TypeProto['value'] {
  switch (type.kind) {
    case 'tensor': {
      const value = create(TypeProto_TensorSchema, { elemType: dataTypeNumber(type.dtype) });
      if (type.shape !== undefined) value.shape = shapeToProto(type.shape);
      return { case: 'tensorType', value };
    }
    case 'sparse': {
      const value = create(TypeProto_SparseTensorSchema, { elemType: dataTypeNumber(type.dtype) });
      if (type.shape !== undefined) value.shape = shapeToProto(type.shape);
      return { case: 'sparseTensorType', value };
    }
    case 'sequence': {
      const value = create(TypeProto_SequenceSchema, {});
      if (type.element !== undefined) value.elemType = typeToProto(type.element);
      return { case: 'sequenceType', value };
    }
    case 'optional': {
      const value = create(TypeProto_OptionalSchema, {});
      if (type.element !== undefined) value.elemType = typeToProto(type.element);
      return { case: 'optionalType', value };
    }
    case 'map': {
      const value = create(TypeProto_MapSchema, { keyType: dataTypeNumber(type.key) });
      if (type.value !== undefined) value.valueType = typeToProto(type.value);
      return { case: 'mapType', value };
    }
    case 'opaque': {
      const dot = type.name.lastIndexOf('.');
      const value = create(TypeProto_OpaqueSchema, { name: type.name.slice(dot + 1) });
      if (dot > 0) value.domain = type.name.slice(0, dot);
      return { case: 'opaqueType', value };
    }
  }
}

function shapeToProto(shape: readonly Dim[]): TensorShapeProto {
  const dimension = (dim: Dim): TensorShapeProto_Dimension =>
    create(
      TensorShapeProto_DimensionSchema,
      dim === null
        ? {}
        : {
            value:
              typeof dim === 'number' ? { case: 'dimValue', value: BigInt(dim) } : { case: 'dimParam', value: dim },
          },
    );
  return create(TensorShapeProtoSchema, { dim: shape.map(dimension) });
}
