/**
 * GraphProto, NodeProto, AttributeProto and FunctionProto to the graph of `ir`.
 * Decisions: an initialiser that is also listed as an input stands in `constants` alone; sparse initialisers are held
 * dense; nodes without a name, or with one that is taken, get a new one; unsorted nodes are sorted.
 */
import { diagnostic, type Place } from '#base';
import type { Attribute, Graph, GraphFunction, GraphNode, GraphValue, Tensor, ValueType } from '#ir';
import type { ExternalFiles } from './external.ts';
import { ATTRIBUTE_TYPES, type AttributeKind, attributeKindOf, canonicalDomain, textOfBytes } from './numbering.ts';
import type { AttributeProto, FunctionProto, GraphProto, NodeProto, ValueInfoProto } from './onnx_pb.ts';
import { densify, sparseFromProto, type TensorContext, tensorFromProto } from './readTensor.ts';
import { sortNodes } from './sortNodes.ts';
import { typeFromProto } from './valueType.ts';

const unknownAttribute = diagnostic<{ node: string; attribute: string; number: number }>(
  'SYS-ONNX-031',
  'unsupported',
  {
    en: (p) =>
      `attribute '${p.attribute}' of node '${p.node}' has type number ${p.number}; ONNX's types 1 (float) to 14 (types) are supported`,
    zh: (p) =>
      `节点 '${p.node}' 的属性 '${p.attribute}' 的类型编号为 ${p.number}；支持 ONNX 的 1（float）到 14（types）`,
  },
);

const emptyAttribute = diagnostic<{ node: string; attribute: string; kind: string }>('SYS-ONNX-032', 'invalid', {
  en: (p) =>
    `attribute '${p.attribute}' of node '${p.node}' is of type ${p.kind} but holds no ${p.kind}; the file is damaged, or written by a broken exporter`,
  zh: (p) => `节点 '${p.node}' 的属性 '${p.attribute}' 类型为 ${p.kind}，却没有相应内容；文件已损坏，或导出程序有误`,
});

const twice = diagnostic<{ what: 'attribute' | 'initialiser'; name: string; where: string }>(
  'SYS-ONNX-033',
  'invalid',
  {
    en: (p) => `${p.what} '${p.name}' stands twice in '${p.where}'; only one can be meant: remove the other`,
    zh: (p) =>
      `'${p.where}' 中的${p.what === 'attribute' ? '属性' : '初始值'} '${p.name}' 出现了两次；只能保留一个，请删去另一个`,
  },
);

const nameless = diagnostic<{ what: 'input' | 'output' | 'initialiser' | 'attribute'; where: string }>(
  'SYS-ONNX-034',
  'invalid',
  {
    en: (p) => `an ${p.what} of '${p.where}' has no name; the file is damaged, or written by a broken exporter`,
    zh: (p) => `'${p.where}' 有一个没有名字的 ${p.what}；文件已损坏，或导出程序有误`,
  },
);

/** What the parts of one file share. */
export interface GraphContext {
  readonly place: Place;
  readonly external: ExternalFiles;
}

/** @param where path of the graph: `main`, `main/if1.then_branch` */
export function graphFromProto(proto: GraphProto, where: string, context: GraphContext): Graph {
  const constants = new Map<string, Tensor>();
  const add = (name: string, tensor: Tensor): void => {
    if (name === '') throw nameless({ what: 'initialiser', where }, context.place);
    if (constants.has(name)) throw twice({ what: 'initialiser', name, where }, context.place);
    constants.set(name, tensor);
  };
  for (const t of proto.initializer) add(t.name ?? '', tensorFromProto(t, tensorContext(t.name ?? '', context)));
  for (const t of proto.sparseInitializer) {
    const name = t.values?.name ?? '';
    const c = tensorContext(name, context);
    add(name, densify(sparseFromProto(t, c), c));
  }
  const value = (what: 'input' | 'output', v: ValueInfoProto): GraphValue => {
    if (!v.name) throw nameless({ what, where }, context.place);
    return { name: v.name, type: typeFromProto(v.type) };
  };
  const inputs = proto.input.filter((v) => !constants.has(v.name ?? '')).map((v) => value('input', v));
  const outputs = proto.output.map((v) => value('output', v));
  const types = typesFromProto(proto.valueInfo);
  for (const v of [...inputs, ...outputs]) types.delete(v.name);
  for (const name of constants.keys()) types.delete(name);
  return {
    name: proto.name ?? '',
    inputs,
    outputs,
    nodes: sortNodes(nodesFromProto(proto.node, where, context), context.place),
    constants,
    types,
  };
}

export function functionFromProto(proto: FunctionProto, context: GraphContext): GraphFunction {
  const domain = canonicalDomain(proto.domain);
  const name = proto.name ?? '';
  const where = domain === '' ? name : `${domain}::${name}`;
  return {
    domain,
    name,
    overload: proto.overload ?? '',
    inputs: proto.input,
    outputs: proto.output,
    attributes: proto.attribute,
    defaults: attributesFromProto(proto.attributeProto, where, context),
    nodes: sortNodes(nodesFromProto(proto.node, where, context), context.place),
    types: typesFromProto(proto.valueInfo),
    opsets: new Map(proto.opsetImport.map((o) => [canonicalDomain(o.domain), Number(o.version ?? 0n)])),
  };
}

function typesFromProto(infos: readonly ValueInfoProto[]): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  for (const info of infos) {
    const type = typeFromProto(info.type);
    if (info.name && type !== undefined) types.set(info.name, type);
  }
  return types;
}

const tensorContext = (name: string, context: GraphContext): TensorContext => ({ ...context, name });

function nodesFromProto(protos: readonly NodeProto[], where: string, context: GraphContext): GraphNode[] {
  const names = uniqueNames(protos);
  return protos.map((proto, i) => {
    const name = names[i]!;
    const overload = proto.overload ?? '';
    return {
      name,
      op: proto.opType ?? '',
      domain: canonicalDomain(proto.domain),
      ...(overload === '' ? {} : { overload }),
      inputs: proto.input,
      outputs: proto.output,
      attributes: attributesFromProto(
        proto.attribute,
        name,
        {
          ...context,
          place: { ...context.place, node: name },
        },
        where,
      ),
    };
  });
}

/** Names as the file gives them; where it gives none, or one that is taken, operator or name and a number. */
function uniqueNames(protos: readonly NodeProto[]): string[] {
  const given = new Set(protos.map((p) => p.name ?? ''));
  const taken = new Set<string>();
  return protos.map((proto, i) => {
    let name = proto.name ?? '';
    if (name === '' || taken.has(name)) {
      const stem = name === '' ? proto.opType || 'node' : name;
      let n = i;
      do name = `${stem}_${n++}`;
      while (taken.has(name) || given.has(name));
    }
    taken.add(name);
    return name;
  });
}

/**
 * @param owner node (or function) that has the attributes, as errors name it
 * @param where path of the graph around, from which subgraphs get theirs
 */
function attributesFromProto(
  protos: readonly AttributeProto[],
  owner: string,
  context: GraphContext,
  where?: string,
): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  for (const proto of protos) {
    const name = proto.name ?? '';
    if (name === '') throw nameless({ what: 'attribute', where: owner }, context.place);
    if (attributes.has(name)) throw twice({ what: 'attribute', name, where: owner }, context.place);
    attributes.set(name, attributeFromProto(proto, name, owner, context, where));
  }
  return attributes;
}

function attributeFromProto(
  proto: AttributeProto,
  name: string,
  owner: string,
  context: GraphContext,
  where: string | undefined,
): Attribute {
  if (proto.refAttrName) return { kind: 'reference', name: proto.refAttrName, type: proto.type ?? 0 };
  const kind = proto.type ? attributeKindOf(proto.type) : kindByContent(proto);
  if (kind === undefined) {
    throw unknownAttribute({ node: owner, attribute: name, number: proto.type ?? 0 }, context.place);
  }
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw emptyAttribute({ node: owner, attribute: name, kind }, context.place);
    return value;
  };
  const c = tensorContext(`${owner}.${name}`, context);
  const path = where === undefined ? `${owner}.${name}` : `${where}/${owner}.${name}`;
  switch (kind) {
    // Writers of proto3 leave out scalars that are zero: the type says what is meant.
    case 'float':
      return { kind, value: proto.f ?? 0 };
    case 'int':
      return { kind, value: proto.i ?? 0n };
    case 'string':
      return { kind, value: textOfBytes(proto.s ?? new Uint8Array(0)) };
    case 'tensor':
      return { kind, value: tensorFromProto(need(proto.t), c) };
    case 'sparse':
      return { kind, value: sparseFromProto(need(proto.sparseTensor), c) };
    case 'graph':
      return { kind, value: graphFromProto(need(proto.g), path, context) };
    case 'type': {
      const type = typeFromProto(need(proto.tp));
      return { kind, value: need(type) };
    }
    case 'floats':
      return { kind, value: proto.floats };
    case 'ints':
      return { kind, value: proto.ints };
    case 'strings':
      return { kind, value: proto.strings.map(textOfBytes) };
    case 'tensors':
      return { kind, value: proto.tensors.map((t) => tensorFromProto(t, c)) };
    case 'sparses':
      return { kind, value: proto.sparseTensors.map((t) => sparseFromProto(t, c)) };
    case 'graphs':
      return { kind, value: proto.graphs.map((g) => graphFromProto(g, path, context)) };
    case 'types':
      return { kind, value: proto.typeProtos.map((t) => need(typeFromProto(t))) };
  }
}

/** IR version 1 had no type field: the one field that is set tells. */
function kindByContent(proto: AttributeProto): AttributeKind | undefined {
  const content: Readonly<Record<AttributeKind, boolean>> = {
    float: proto.f !== undefined,
    int: proto.i !== undefined,
    string: proto.s !== undefined,
    tensor: proto.t !== undefined,
    graph: proto.g !== undefined,
    floats: proto.floats.length > 0,
    ints: proto.ints.length > 0,
    strings: proto.strings.length > 0,
    tensors: proto.tensors.length > 0,
    graphs: proto.graphs.length > 0,
    sparse: proto.sparseTensor !== undefined,
    sparses: proto.sparseTensors.length > 0,
    type: proto.tp !== undefined,
    types: proto.typeProtos.length > 0,
  };
  return (Object.keys(ATTRIBUTE_TYPES) as AttributeKind[]).find((kind) => content[kind]);
}
