/**
 * A network's graph as TensorBoard shows it: a GraphDef of nodes by name. `/` in names makes the boxes that open. An input
 * is `node` or, for its second output and so on, `node:1` (TensorFlow, core/framework/node_def.proto).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { diagnostic } from '#base';
import { type AttrValue, AttrValueSchema, GraphDefSchema, type TensorShapeProto } from './tensorboard_pb.ts';

export type GraphAttribute =
  | string
  | number
  | bigint
  | boolean
  | readonly number[]
  | readonly bigint[]
  | readonly string[];

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  /** Dimensions of each output, shown on the edges; undefined or −1 where one is not known. */
  readonly shapes?: readonly (readonly (number | undefined)[])[];
  /** Whole numbers are written as such, others as float32. */
  readonly attributes?: Readonly<Record<string, GraphAttribute>>;
  /** Shown as the colour "device". */
  readonly device?: string;
}

const badName = diagnostic<{ name: string }>('SYS-DAT-083', 'usage', {
  en: (p) =>
    `'${p.name}' cannot name a node of the graph: it is empty, begins with ^ or holds a colon, which say other things there`,
  zh: (p) => `'${p.name}' 不能作为图节点的名称：名称为空、以 ^ 开头或含冒号，这些在图中另有含义`,
});

const twice = diagnostic<{ name: string }>('SYS-DAT-084', 'usage', {
  en: (p) => `the graph has two nodes named '${p.name}'; give each a name of its own`,
  zh: (p) => `图中有两个名为 '${p.name}' 的节点；请为每个节点取不同的名称`,
});

const noInput = diagnostic<{ node: string; input: string }>('SYS-DAT-085', 'usage', {
  en: (p) =>
    `node '${p.node}' takes '${p.input}', which no node of the graph gives; add the node, an input as one of op Placeholder`,
  zh: (p) => `节点 '${p.node}' 使用了 '${p.input}'，而图中没有节点给出它；请添加该节点，输入可用 Placeholder`,
});

/** Exporters that write paths begin them with a slash, which would make a box without a name. */
const plainName = (name: string): string => name.replace(/^\/+/, '');

/**
 * The bytes of a GraphDef. Slashes that a name begins with are dropped, in inputs, too.
 * @throws SYS-DAT-083 name, SYS-DAT-084 two of a name, SYS-DAT-085 an input that nobody gives
 */
export function encodeGraph(nodes: readonly GraphNode[]): Uint8Array<ArrayBuffer> {
  const names = new Set<string>();
  for (const { name } of nodes) {
    const plain = plainName(name);
    if (plain === '' || /^\^|:/.test(plain)) throw badName({ name });
    if (names.has(plain)) throw twice({ name });
    names.add(plain);
  }
  const node = nodes.map(({ name, op, inputs, shapes, attributes = {}, device = '' }) => {
    const input = inputs.map(plainName);
    const lacking = input.find((source) => !names.has(source.replace(/:\d+$/, '')));
    if (lacking !== undefined) throw noInput({ node: name, input: lacking });
    const attr = Object.entries(attributes).map(([key, value]) => ({ key, value: attributeOf(value) }));
    if (shapes !== undefined) attr.push({ key: '_output_shapes', value: listOf({ shape: shapes.map(shapeOf) }) });
    attr.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return { name: plainName(name), op, input, device, attr };
  });
  // TensorBoard does not look at the version; TensorFlow wants one of its own (22 and above: its 1.x).
  const graph = create(GraphDefSchema, { node, versions: { producer: 22 } });
  return toBinary(GraphDefSchema, graph) as Uint8Array<ArrayBuffer>;
}

const utf8 = new TextEncoder();

const listOf = (list: object): AttrValue => create(AttrValueSchema, { value: { case: 'list', value: list } });

const shapeOf = (dims: readonly (number | undefined)[]) => ({
  dim: dims.map((size) => ({ size: BigInt(size ?? -1) })),
});

function attributeOf(value: GraphAttribute): AttrValue {
  if (typeof value === 'string') return create(AttrValueSchema, { value: { case: 's', value: utf8.encode(value) } });
  if (typeof value === 'boolean') return create(AttrValueSchema, { value: { case: 'b', value } });
  if (typeof value === 'bigint') return create(AttrValueSchema, { value: { case: 'i', value } });
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return create(AttrValueSchema, { value: { case: 'i', value: BigInt(value) } });
    return create(AttrValueSchema, { value: { case: 'f', value } });
  }
  if (value.every((v) => typeof v === 'string')) return listOf({ s: value.map((v) => utf8.encode(v)) });
  const whole = value.every((v) => typeof v === 'bigint' || Number.isSafeInteger(v));
  return listOf(whole ? { i: (value as readonly number[]).map(BigInt) } : { f: value.map(Number) });
}

/** The nodes of a GraphDef, as `encodeGraph` takes them; attributes of other kinds are left out. */
export function decodeGraph(bytes: Uint8Array): GraphNode[] {
  return fromBinary(GraphDefSchema, bytes).node.map(({ name, op, input, attr, device }) => {
    const attributes: Record<string, GraphAttribute> = {};
    let shapes: (number | undefined)[][] | undefined;
    for (const { key, value } of attr) {
      const held = value?.value;
      if (held?.case === 'list' && key === '_output_shapes') shapes = held.value.shape.map(dimsOf);
      else if (held?.case === 's') attributes[key] = text(held.value);
      else if (held?.case === 'i' || held?.case === 'f' || held?.case === 'b') attributes[key] = held.value;
      else if (held?.case === 'list') {
        const { s, i, f } = held.value;
        attributes[key] = s.length > 0 ? s.map(text) : f.length > 0 ? f : i;
      }
    }
    return {
      name,
      op,
      inputs: input,
      ...(shapes === undefined ? {} : { shapes }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(device === '' ? {} : { device }),
    };
  });
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const dimsOf = (shape: TensorShapeProto): (number | undefined)[] =>
  shape.dim.map(({ size }) => (size < 0n ? undefined : Number(size)));
