/**
 * foldConstants: a node whose inputs are all constant becomes its value, and so do Shape and Size of a value whose
 * shape is known. A tensor of one repeated element stays so through whatever keeps it so, so that a network of constant
 * weights costs nothing. Small nodes are evaluated by the operators' reference, the others by the host engine.
 */
import { SystoleError } from '#base';
import {
  byteLength,
  elementCount,
  type GraphNode,
  intAttribute,
  type Model,
  staticShape,
  subgraphs,
  type Tensor,
  tensorAttribute,
  tensorOf,
  typeOf,
} from '#ir';
import { evaluateNode, nodeCost, onnxOpset, operatorIn } from '#ops';
import { evaluateOnHost } from './evaluateOnHost.ts';
import { isRandom } from './nonDeterministic.ts';
import { type PassContext, pass } from './pass.ts';
import { freshNames, isSplat, renameInputs, withNodes } from './rewrite.ts';
import { constantOfShape, foldSplat } from './splat.ts';

/** Nodes that are left although their inputs are constant. */
const KEPT: Readonly<Record<string, string>> = {
  DequantizeLinear: 'a quantised weight must reach the processor as integers',
};

/** Multiply-accumulates and bytes up to which the plain loops of the reference are as quick as opening a session. */
const REFERENCE_WORK = 1e6;

export const foldConstants = pass({
  name: 'foldConstants',
  summary: 'replaces nodes of constant inputs, and shapes that are known, by their values',
  run: (model, context) => folded(model, context, (node) => !(node.op in KEPT)),
});

/** Whatever the size: they come from weights of an eighth to a half of it, and a network in floats has as much. */
export const dequantiseConstants = pass({
  name: 'dequantiseConstants',
  summary: 'replaces quantised constants by the floats that they stand for',
  run: (model, context) =>
    folded(model, { ...context, foldLimit: Number.POSITIVE_INFINITY }, (node) => node.op === 'DequantizeLinear'),
});

/** Folds those of the nodes that `isFolded` admits. */
async function folded(model: Model, context: PassContext, isFolded: (node: GraphNode) => boolean): Promise<Model> {
  const { graph } = model;
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const fresh = freshNames(graph);
  const constants = new Map(graph.constants);
  const nodes: GraphNode[] = [];
  const aliases = new Map<string, string>();
  let changed = false;
  for (const original of graph.nodes) {
    const node = renameInputs(original, aliases);
    const alone = node.outputs.some((name) => outputs.has(name)) && (node.op === 'Identity' || isNarrow(model, node));
    const values = alone || !isFolded(node) ? undefined : await valuesOf(model, node, constants, context);
    if (values === undefined) {
      nodes.push(node);
      continue;
    }
    changed = true;
    node.outputs.forEach((name, i) => {
      const value = values[i];
      if (name === '' || value === undefined) return;
      if (!outputs.has(name)) {
        constants.set(name, value);
        return;
      }
      // An output of the graph stays the output of a node, which every reader of ONNX accepts.
      const constant = fresh(`${name}.value`);
      constants.set(constant, value);
      aliases.set(name, constant);
      const identity = { name: node.outputs.length === 1 ? node.name : fresh(`${node.name}.${i}`), op: 'Identity' };
      nodes.push({ ...identity, domain: '', inputs: [constant], outputs: [name], attributes: new Map() });
    });
  }
  return changed ? withNodes(model, nodes, constants) : model;
}

/** Types that ONNX Runtime has no Identity for: an output of the graph in one of them stays the output of the node that makes it. */
const NARROW = new Set(['int2', 'uint2', 'int4', 'uint4', 'float4e2m1', 'float8e8m0']);

const isNarrow = (model: Model, node: GraphNode): boolean =>
  node.outputs.some((name) => {
    const type = typeOf(model.graph, name);
    return type?.kind === 'tensor' && NARROW.has(type.dtype);
  });

/** The node's outputs, where they can be known now. */
async function valuesOf(
  model: Model,
  node: GraphNode,
  constants: ReadonlyMap<string, Tensor>,
  context: PassContext,
): Promise<readonly Tensor[] | undefined> {
  if (node.domain !== '' || isRandom(node) || subgraphs(node).length > 0) return undefined;
  if (model.functions.some((f) => f.domain === node.domain && f.name === node.op)) return undefined;
  const shape = shapeOf(model, node);
  if (shape !== undefined) return [shape];
  if (node.op === 'Constant') {
    const value = tensorAttribute(node, 'value');
    if (value !== undefined) return [value];
  }
  const inputs = node.inputs.map((name) => (name === '' ? undefined : constants.get(name)));
  if (node.inputs.some((name, i) => name !== '' && inputs[i] === undefined)) return undefined;

  if (node.op === 'ConstantOfShape') return [constantOfShape(node, inputs[0]!)];
  const splat = foldSplat(model, node, inputs);
  if (splat !== undefined) return splat;
  if (!withinLimit(model, node, inputs, context.foldLimit)) return undefined;

  const known = operatorIn(model, node) !== undefined;
  if (known && (context.engine === undefined || referenceWork(model, node) <= REFERENCE_WORK)) {
    return evaluateNode(node, onnxOpset(model), inputs);
  }
  if (context.engine === undefined) return undefined;
  try {
    return await evaluateOnHost(context.engine, model, node, constants);
  } catch (error) {
    // What the host has no kernel for stays in the graph: whoever runs it there says so.
    if (error instanceof SystoleError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}

/** Shape and Size depend on the type of their input alone. */
function shapeOf(model: Model, node: GraphNode): Tensor | undefined {
  if (node.op !== 'Shape' && node.op !== 'Size') return undefined;
  const dims = staticShape(typeOf(model.graph, node.inputs[0]!));
  if (dims === undefined) return undefined;
  if (node.op === 'Size') return tensorOf('int64', [], [elementCount(dims)]);
  const part = dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length));
  return tensorOf('int64', [part.length], part);
}

/**
 * Whether the outputs take no more memory than the limit, or than the dense data that they replace; and the inputs that
 * evaluation would write out no more than the limit.
 */
function withinLimit(model: Model, node: GraphNode, inputs: readonly (Tensor | undefined)[], limit: number): boolean {
  let dense = 0;
  for (const t of inputs) {
    if (t === undefined || t.dtype === 'string') continue;
    const size = byteLength(t.dtype, elementCount(t.dims));
    if (!isSplat(t)) dense += size;
    else if (size > limit) return false;
  }
  const allowed = Math.max(limit, dense);
  let bytes = 0;
  for (const name of node.outputs) {
    const type = name === '' ? undefined : typeOf(model.graph, name);
    const dims = staticShape(type);
    // Without a shape only the inputs say how large the result may be.
    if (type?.kind !== 'tensor' || dims === undefined) return inputs.every((t) => t === undefined || !isSplat(t));
    bytes += byteLength(type.dtype, elementCount(dims));
  }
  return bytes <= allowed;
}

function referenceWork(model: Model, node: GraphNode): number {
  const known = [...node.inputs, ...node.outputs].every(
    (name) => name === '' || staticShape(typeOf(model.graph, name)) !== undefined,
  );
  if (!known) return 0;
  const cost = nodeCost(model, node);
  return cost.macs + cost.bytesRead + cost.bytesWritten;
}
