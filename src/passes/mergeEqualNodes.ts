/**
 * mergeEqualNodes: common subexpressions. Nodes of the same operator, inputs and attributes give the same values, so
 * the later one goes. Small constants are inputs of the same content, whatever their names.
 */
import { type Attribute, type GraphNode, subgraphs, type Tensor, tensorBytes } from '#ir';
import { isRandom } from './nonDeterministic.ts';
import { absorb, pass } from './pass.ts';
import { indexOf, renameInputs, withNodes } from './rewrite.ts';

/** Bytes up to which constants are compared by content. */
const SMALL = 4096;

export const mergeEqualNodes = pass({
  name: 'mergeEqualNodes',
  summary: 'computes equal subexpressions once',
  run(model, context) {
    const { graph } = model;
    const { pinned } = indexOf(graph);
    const names = new Map<string, string>();
    // Equal constants stay apart: the weights of two layers are two things, even where they hold the same numbers.
    const contents = new Map<string, string>();
    for (const [name, tensor] of graph.constants) {
      const key = tensorKey(tensor);
      if (key !== undefined) contents.set(name, key);
    }
    const seen = new Map<string, GraphNode>();
    const nodes: GraphNode[] = [];
    let changed = false;
    for (const original of graph.nodes) {
      const node = renameInputs(original, names);
      changed ||= node !== original;
      const key = nodeKey(node, contents);
      const first = key === undefined ? undefined : seen.get(key);
      if (first !== undefined && node.outputs.every((name) => !pinned.has(name))) {
        node.outputs.forEach((name, i) => {
          if (name !== '') names.set(name, first.outputs[i]!);
        });
        absorb(context, first.name, node.name);
        changed = true;
        continue;
      }
      if (key !== undefined && first === undefined) seen.set(key, node);
      nodes.push(node);
    }
    return changed ? withNodes(model, nodes) : model;
  },
});

/** What two nodes must share to be equal; undefined where a node is never equal to another. */
function nodeKey(node: GraphNode, contents: ReadonlyMap<string, string>): string | undefined {
  if (isRandom(node) || subgraphs(node).length > 0) return undefined;
  const attributes: string[] = [];
  for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = attributeKey(attribute);
    if (key === undefined) return undefined;
    attributes.push(`${name}=${key}`);
  }
  // Which outputs are asked for is part of it: the earlier node must give all that the later one gives.
  const outputs = node.outputs.map((name) => (name === '' ? '0' : '1')).join('');
  const inputs = node.inputs.map((name) => [contents.has(name) ? 'constant' : 'value', contents.get(name) ?? name]);
  return JSON.stringify([node.domain, node.op, node.overload ?? '', inputs, outputs, attributes]);
}

function attributeKey(a: Attribute): string | undefined {
  switch (a.kind) {
    case 'int':
    case 'float':
    case 'string':
      return `${a.kind} ${Object.is(a.value, -0) ? '-0' : a.value}`;
    case 'ints':
    case 'floats':
    case 'strings':
      return `${a.kind} ${JSON.stringify(Array.from<bigint | number | string, string>(a.value, (v) => (Object.is(v, -0) ? '-0' : String(v))))}`;
    case 'tensor':
      return tensorKey(a.value);
    default:
      return undefined;
  }
}

function tensorKey(t: Tensor): string | undefined {
  const type = `${t.dtype}[${t.dims}]`;
  if (t.dtype === 'string') return `${type} ${JSON.stringify(t.strings)}`;
  if ('splat' in t) return `${type} splat ${t.splat}`;
  return t.bytes.length > SMALL ? undefined : `${type} ${tensorBytes(t)}`;
}
