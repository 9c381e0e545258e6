/**
 * Graphs, functions and tensors of `ir` to the messages of the file. Tensors are written raw (strings in string_data);
 * what ONNX lets a file leave out and the graph does not have stays out.
 */
import { create } from '@bufbuild/protobuf';
import { diagnostic, type Place } from '#base';
import {
  type Attribute,
  type Graph,
  type GraphFunction,
  type GraphNode,
  type SparseTensor,
  type Tensor,
  tensorBytes,
  type ValueType,
} from '#ir';
import { ATTRIBUTE_TYPES, bytesOfText, dataTypeNumber } from './numbering.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type OperatorSetIdProto,
  OperatorSetIdProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import { typeToProto } from './valueType.ts';

const notFloat = diagnostic<{ attribute: string; value: number }>('SYS-ONNX-040', 'unsupported', {
  en: (p) =>
    `attribute '${p.attribute}' is ${p.value}; ONNX stores attributes as float32, whose largest finite value is about 3.4e38: use infinity or a tensor`,
  zh: (p) =>
    `属性 '${p.attribute}' 的值为 ${p.value}；ONNX 以 float32 存储属性，最大有限值约 3.4e38：请改用无穷大或张量`,
});

export function tensorToProto(tensor: Tensor, name?: string): TensorProto {
  const proto = create(TensorProtoSchema, {
    dims: tensor.dims.map(BigInt),
    dataType: dataTypeNumber(tensor.dtype),
  });
  if (name !== undefined) proto.name = name;
  if ('strings' in tensor) proto.stringData = tensor.strings.map(bytesOfText);
  else proto.rawData = tensorBytes(tensor);
  return proto;
}

export function sparseToProto(sparse: SparseTensor): SparseTensorProto {
  return create(SparseTensorProtoSchema, {
    dims: sparse.dims.map(BigInt),
    values: tensorToProto(sparse.values),
    indices: tensorToProto(sparse.indices),
  });
}

/**
 * @param initialisersAsInputs as IR versions below 4 want it: every initialiser is listed as an input too
 * @param initialiser how one is written
 */
export function graphToProto(
  graph: Graph,
  initialisersAsInputs: boolean,
  initialiser: typeof tensorToProto = tensorToProto,
): GraphProto {
  const input = graph.inputs.map((v) => infoToProto(v.name, v.type));
  if (initialisersAsInputs) {
    for (const [name, t] of graph.constants) {
      input.push(infoToProto(name, { kind: 'tensor', dtype: t.dtype, shape: t.dims }));
    }
  }
  return create(GraphProtoSchema, {
    name: graph.name,
    input,
    output: graph.outputs.map((v) => infoToProto(v.name, v.type)),
    node: graph.nodes.map(nodeToProto),
    initializer: [...graph.constants].map(([name, t]) => initialiser(t, name)),
    valueInfo: [...graph.types].map(([name, type]) => infoToProto(name, type)),
  });
}

export function functionToProto(f: GraphFunction): FunctionProto {
  const proto = create(FunctionProtoSchema, {
    name: f.name,
    domain: f.domain,
    input: [...f.inputs],
    output: [...f.outputs],
    attribute: [...f.attributes],
    attributeProto: [...f.defaults].map(([name, a]) => attributeToProto(name, a)),
    node: f.nodes.map(nodeToProto),
    opsetImport: opsetsToProto(f.opsets),
    valueInfo: [...f.types].map(([name, type]) => infoToProto(name, type)),
  });
  if (f.overload !== '') proto.overload = f.overload;
  return proto;
}

export const opsetsToProto = (opsets: ReadonlyMap<string, number>): OperatorSetIdProto[] =>
  [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));

function infoToProto(name: string, type: ValueType | undefined): ValueInfoProto {
  const proto = create(ValueInfoProtoSchema, { name });
  if (type !== undefined) proto.type = typeToProto(type);
  return proto;
}

function nodeToProto(node: GraphNode): NodeProto {
  const place: Place = { node: node.name };
  const proto = create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, a]) => attributeToProto(name, a, place)),
  });
  if (node.domain !== '') proto.domain = node.domain;
  if (node.overload) proto.overload = node.overload;
  return proto;
}

function attributeToProto(name: string, attribute: Attribute, place: Place = {}): AttributeProto {
  const proto = create(AttributeProtoSchema, { name });
  const checked = (value: number): number => {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw notFloat({ attribute: name, value }, place);
    }
    return value;
  };
  if (attribute.kind === 'reference') {
    proto.refAttrName = attribute.name;
    proto.type = attribute.type;
    return proto;
  }
  proto.type = ATTRIBUTE_TYPES[attribute.kind];
  switch (attribute.kind) {
    case 'float':
      proto.f = checked(attribute.value);
      return proto;
    case 'int':
      proto.i = attribute.value;
      return proto;
    case 'string':
      proto.s = bytesOfText(attribute.value);
      return proto;
    case 'tensor':
      proto.t = tensorToProto(attribute.value);
      return proto;
    case 'sparse':
      proto.sparseTensor = sparseToProto(attribute.value);
      return proto;
    case 'graph':
      proto.g = graphToProto(attribute.value, false);
      return proto;
    case 'type':
      proto.tp = typeToProto(attribute.value);
      return proto;
    case 'floats':
      proto.floats = attribute.value.map(checked);
      return proto;
    case 'ints':
      proto.ints = [...attribute.value];
      return proto;
    case 'strings':
      proto.strings = attribute.value.map(bytesOfText);
      return proto;
    case 'tensors':
      proto.tensors = attribute.value.map((t) => tensorToProto(t));
      return proto;
    case 'sparses':
      proto.sparseTensors = attribute.value.map(sparseToProto);
      return proto;
    case 'graphs':
      proto.graphs = attribute.value.map((g) => graphToProto(g, false));
      return proto;
    case 'types':
      proto.typeProtos = attribute.value.map(typeToProto);
      return proto;
    default:
      return attribute satisfies never;
  }
}
