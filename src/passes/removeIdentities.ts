/**
 * removeIdentities: nodes that hand a value on unchanged go: Identity, Dropout at inference, Cast to the same type and
 * there-and-back through a wider one, reshapes to the same shape, Transpose in order, sums of one term. Transpose after
 * Transpose and reshape after reshape become one.
 */
import {
  type DataType,
  type GraphNode,
  intAttribute,
  ints,
  intsAttribute,
  type Model,
  staticShape,
  type Tensor,
  tensorIntegers,
  tensorOf,
  typeOf,
} from '#ir';
import { onnxOpset } from '#ops';
import { absorb, pass } from './pass.ts';
import { freshNames, type GraphIndex, indexOf, isPrivate, renameInputs, withNodes } from './rewrite.ts';

export const removeIdentities = pass({
  name: 'removeIdentities',
  summary: 'removes nodes that hand a value on unchanged, and joins reshapes and transposes in a row',
  run(model, context) {
    const { graph } = model;
    const index = indexOf(graph);
    const fresh = freshNames(graph);
    const constants = new Map(graph.constants);
    /** Values read elsewhere under another name. */
    const aliases = new Map<string, string>();
    /** Nodes as they stand now, by the value they give. */
    const current = new Map<string, GraphNode>();
    const nodes: GraphNode[] = [];
    /** Outputs of kept nodes that take over the name of a graph output. */
    const renamed = new Map<string, string>();
    let changed = false;

    for (const original of graph.nodes) {
      let node = renameInputs(original, aliases);
      const joined = joinWithProducer(model, node, index, current, (dims) => {
        const name = fresh(`${node.name}.shape`);
        constants.set(name, tensorOf('int64', [dims.length], dims));
        return name;
      });
      if (joined !== undefined) {
        absorb(context, node.name, current.get(node.inputs[0]!)!.name);
        node = joined;
        changed = true;
      }
      const output = node.outputs[0]!;
      const source = passedOn(model, node, index, current, constants);
      if (source !== undefined) {
        if (!index.pinned.has(output)) {
          aliases.set(output, source);
          changed = true;
          continue;
        }
        // The name must survive: its source takes it, where nothing else fixes the source's name.
        const producer = current.get(source);
        if (producer !== undefined && !index.pinned.has(source) && !renamed.has(source)) {
          renamed.set(source, output);
          aliases.set(output, source);
          changed = true;
          continue;
        }
      }
      nodes.push(node);
      for (const name of node.outputs) if (name !== '') current.set(name, node);
    }
    if (!changed) return model;
    const final = nodes.map((node) => {
      const inner = renameInputs(node, renamed);
      return inner.outputs.some((name) => renamed.has(name))
        ? { ...inner, outputs: inner.outputs.map((name) => renamed.get(name) ?? name) }
        : inner;
    });
    return withNodes(model, final, constants);
  },
});

/** The value that the node's first output merely repeats. */
function passedOn(
  model: Model,
  node: GraphNode,
  index: GraphIndex,
  current: ReadonlyMap<string, GraphNode>,
  constants: ReadonlyMap<string, Tensor>,
): string | undefined {
  if (node.domain !== '') return undefined;
  const [source = ''] = node.inputs;
  if (source === '') return undefined;
  const { graph } = model;
  const extraRead = node.outputs.slice(1).some((name) => (index.uses.get(name) ?? 0) > 0 || index.pinned.has(name));
  if (extraRead) return undefined;
  switch (node.op) {
    case 'Identity':
      return typeOf(graph, source)?.kind === 'tensor' || index.producer.has(source) ? source : undefined;
    case 'Dropout':
      return isInference(node, onnxOpset(model), constants) ? source : undefined;
    case 'Concat':
    case 'Sum':
    case 'Mean':
    case 'Max':
    case 'Min':
      return node.inputs.length === 1 ? source : undefined;
    case 'Cast': {
      const from = typeOf(graph, source);
      const to = typeOf(graph, node.outputs[0]!);
      if (from?.kind !== 'tensor' || to?.kind !== 'tensor') return undefined;
      if (from.dtype === to.dtype) return source;
      const before = current.get(source);
      if (before?.op !== 'Cast' || before.domain !== '') return undefined;
      const origin = typeOf(graph, before.inputs[0]!);
      if (origin?.kind !== 'tensor' || origin.dtype !== to.dtype) return undefined;
      return (WIDER[origin.dtype] ?? []).includes(from.dtype) ? before.inputs[0] : undefined;
    }
    case 'Transpose': {
      const perm = intsAttribute(node, 'perm');
      return perm?.every((axis, i) => axis === i) ? source : undefined;
    }
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Expand': {
      const from = staticShape(typeOf(graph, source));
      const to = staticShape(typeOf(graph, node.outputs[0]!));
      const equal = from !== undefined && to?.length === from.length && to.every((d, i) => d === from[i]);
      return equal ? source : undefined;
    }
    default:
      return undefined;
  }
}

/** Types that hold every value of a type exactly, so that a Cast there and back changes nothing. */
const WIDER: Partial<Record<DataType, readonly DataType[]>> = {
  float16: ['float32', 'float64'],
  bfloat16: ['float32', 'float64'],
  float32: ['float64'],
  int8: ['int16', 'int32', 'int64', 'float32', 'float64'],
  uint8: ['int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint16: ['int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'],
  int32: ['int64', 'float64'],
  uint32: ['int64', 'uint64', 'float64'],
  bool: ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float16', 'float32', 'float64'],
};

/** Dropout by opset: attribute `is_test` before 7, always inference to 11, input `training_mode` from 12. */
function isInference(node: GraphNode, opset: number, constants: ReadonlyMap<string, Tensor>): boolean {
  if (opset < 7) return intAttribute(node, 'is_test', 0) !== 0;
  if (opset < 12) return true;
  const mode = node.inputs[2] ?? '';
  if (mode === '') return true;
  const value = constants.get(mode);
  return value !== undefined && tensorIntegers(value).every((v) => v === 0n);
}

const RESHAPES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** The node made one with the node before it, where both only reorder or rename elements. */
function joinWithProducer(
  model: Model,
  node: GraphNode,
  index: GraphIndex,
  current: ReadonlyMap<string, GraphNode>,
  shapeConstant: (dims: readonly number[]) => string,
): GraphNode | undefined {
  const before = current.get(node.inputs[0] ?? '');
  if (before === undefined || node.domain !== '' || before.domain !== '') return undefined;
  if (!isPrivate(index, node.inputs[0]!)) return undefined;
  const origin = before.inputs[0]!;
  if (node.op === 'Transpose' && before.op === 'Transpose') {
    const [first, second] = [intsAttribute(before, 'perm'), intsAttribute(node, 'perm')];
    if (first === undefined || second === undefined) return undefined;
    const perm = second.map((axis) => first[axis]!);
    return { ...node, inputs: [origin], attributes: new Map([['perm', ints(perm)]]) };
  }
  if (RESHAPES.has(node.op) && RESHAPES.has(before.op) && onnxOpset(model) >= 5) {
    const dims = staticShape(typeOf(model.graph, node.outputs[0]!));
    // In a Reshape's shape 0 would mean "as the input".
    if (dims === undefined || dims.includes(0)) return undefined;
    return { ...node, op: 'Reshape', inputs: [origin, shapeConstant(dims)], attributes: new Map() };
  }
  return undefined;
}
