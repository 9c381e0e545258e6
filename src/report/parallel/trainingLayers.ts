/**
 * A network as training sees it: its layers (the groups of the layer-wise bound, `groups.ts`, on a graph in which nothing is folded), and of each
 * what the forward pass, the gradients of its inputs and the gradients of its weights take. Read from a model whose shapes are known, after
 * SUMMARY_PASSES and no others: folding BatchNormalization would lose what is trained.
 *
 * The backward pass (Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.5; the rule "backward is twice forward"):
 * - A contraction takes its forward MACs once more for each computed operand that needs a gradient, and once more for its weights. The
 *   gradient of a bias takes an addition for each output.
 * - Any other node takes as many operations for the gradient of its inputs as it took forward, and once more where it has parameters.
 * - Bytes: the gradient of inputs reads the gradient of the outputs, the weights, and the outputs where more than a contraction is in the layer, and
 *   writes the gradient of the inputs; the gradient of weights reads inputs and the gradient of the outputs, and writes as many bytes as the parameters have.
 * - Nothing that does not depend on a parameter needs a gradient: the first layer has none for the network's input.
 *
 * What is kept from the forward pass is what these gradients read: inputs of contractions and of whatever is not named below, outputs of
 * activations whose derivative follows from them, nothing for sums, concatenations and movements.
 */
import { diagnostic } from '#base';
import { BITS, type DataType, elementCount, type GraphNode, type Model, typeOf } from '#ir';
import { isOnnxDomain, nodeCost } from '#ops';
import { groupNodes, RENAMES } from '../groups.ts';
import { isDepthwise, readsPart, valueBytes, vectorOperations } from '../layerwiseBound.ts';
import { leastOperations } from '../leastOperations.ts';
import { summarize } from '../summary/summary.ts';

/** What a device is asked to do: work of its units and traffic of its memory. */
export interface Work {
  readonly macs: number;
  /** Elementary operations beside them. */
  readonly operations: number;
  readonly bytes: number;
}

/** Operations of a node in each part of a training step. */
export interface NodeWork {
  readonly node: GraphNode;
  readonly forward: Omit<Work, 'bytes'>;
  readonly inputs: Omit<Work, 'bytes'>;
  readonly weights: Omit<Work, 'bytes'>;
}

/** A value that goes from layer to layer, or a constant, by the name that it had before it was renamed. */
export interface Value {
  readonly name: string;
  readonly bytes: number;
}

export interface TrainingLayer {
  /** Of its first node. */
  readonly name: string;
  /** Operators, with what follows: `Conv+Relu`. */
  readonly op: string;
  readonly nodes: readonly NodeWork[];
  /** Type of its operands, after which peaks are taken. */
  readonly dtype: DataType;
  readonly inputs: readonly (Value & { readonly needsGradient: boolean })[];
  readonly outputs: readonly Value[];
  readonly weightBytes: number;
  /** Of inputs that are partly read (Slice, Gather): no more than is handed on. */
  readonly readsPart: boolean;
  /** Elements that are trained, each counted at the first layer that has it; their gradients. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Values that its gradients read. */
  readonly saved: readonly Value[];
}

export interface TrainingNetwork {
  readonly model: Model;
  readonly layers: readonly TrainingLayer[];
  /** Elements that are trained, and their bytes. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Roots of renamed values. */
  readonly root: (name: string) => string;
}

const nothingTrained = diagnostic<{ model: string }>('SYS-REPORT-020', 'unsupported', {
  en: (p) =>
    `'${p.model}' has no parameters of floating point, so that there is nothing to train and no gradient to exchange. ` +
    'Give the network as it was before it was quantised.',
  zh: (p) => `“${p.model}”没有浮点参数，因而无可训练，也没有梯度需要交换。请给出量化之前的网络。`,
});

const FLOATS: ReadonlySet<string> = new Set(['float64', 'float32', 'float16', 'bfloat16']);

/** Operators whose gradient reads neither operand nor result. */
const SAVES_NOTHING: ReadonlySet<string> = new Set(
  'Add Sub Sum Neg Concat Split Slice Transpose Pad Expand Cast ReduceSum ReduceMean AveragePool GlobalAveragePool'.split(
    ' ',
  ),
);
/** Operators whose gradient follows from the result. */
const SAVES_OUTPUT: ReadonlySet<string> = new Set(
  'Relu LeakyRelu Clip Sigmoid HardSigmoid Tanh Elu Softmax LogSoftmax Exp Sqrt'.split(' '),
);

/**
 * @param name of the network, for errors
 * @param imported as it was before its constants were folded, where they were: a parameter that was repeated for each sample counts as it was
 * @throws SYS-REPORT-020 where nothing can be trained; SYS-OPS-005, -006 where a node has no known cost
 */
export function trainingNetwork(model: Model, name: string, imported: Model = model): TrainingNetwork {
  const { graph } = model;
  const roots = new Map<string, string>();
  const root = (value: string): string => roots.get(value) ?? value;
  for (const node of graph.nodes) {
    if (isRename(node)) roots.set(node.outputs[0]!, root(node.inputs[0]!));
  }
  const weightsOf = new Map(summarize(model, name).layers.map((layer, i) => [graph.nodes[i]!, layer.weights]));
  /** Constants that are trained, wherever else they are read. */
  const trained = new Set<string>();
  for (const weights of weightsOf.values())
    for (const w of weights) if (w.kind !== 'statistic' && FLOATS.has(w.dtype)) trained.add(w.name);
  const gradients = new Set<string>();
  for (const node of graph.nodes) {
    const isFloat = node.outputs.some((o) => FLOATS.has(dtypeOf(model, o) ?? ''));
    if (isFloat && node.inputs.some((i) => trained.has(i) || gradients.has(i)))
      for (const output of node.outputs) gradients.add(output);
  }
  const elementsOf = originalElements(imported);
  const bytesOf = (value: string): Value => ({ name: root(value), bytes: valueBytes(model, value) });
  const layers = groupNodes(model, () => false).map((group): TrainingLayer => {
    const parameters = group.nodes.flatMap((node) =>
      (weightsOf.get(node) ?? [])
        .filter((w) => w.kind !== 'statistic' && FLOATS.has(w.dtype))
        .map((w) => ({ ...w, elements: elementsOf(w.name) ?? w.elements })),
    );
    const saved = new Map<string, Value>();
    for (const node of group.nodes) {
      for (const value of savedBy(node, graph.constants, gradients)) saved.set(root(value), bytesOf(value));
    }
    return {
      name: group.nodes[0]!.name,
      op: group.nodes.map((n) => n.op).join('+'),
      nodes: group.nodes.map((node) => workOf(model, node, trained, gradients)),
      dtype: dtypeOf(model, group.nodes[0]!.inputs[0] ?? '') ?? 'float32',
      inputs: group.inputs.map((value) => ({ ...bytesOf(value), needsGradient: gradients.has(value) })),
      outputs: group.outputs.map(bytesOf),
      weightBytes: group.weights.reduce((n, w) => n + valueBytes(model, w), 0),
      readsPart: readsPart(group.nodes[0]!),
      parameters: parameters.reduce((n, w) => n + w.elements, 0),
      parameterBytes: parameters.reduce((n, w) => n + (w.elements * BITS[w.dtype]) / 8, 0),
      saved: [...saved.values()],
    };
  });
  const sum = (of: (layer: TrainingLayer) => number): number => layers.reduce((n, layer) => n + of(layer), 0);
  const parameters = sum((l) => l.parameters);
  if (parameters === 0) throw nothingTrained({ model: name });
  return { model, layers, parameters, parameterBytes: sum((l) => l.parameterBytes), root };
}

/** Elements of the floating-point constants that a folded value was made of, told once each; undefined of what was not folded. */
function originalElements({ graph }: Model): (name: string) => number | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((o) => [o, node] as const)));
  const counted = new Set<string>();
  const from = (name: string): number => {
    const constant = graph.constants.get(name);
    if (constant !== undefined) {
      if (!FLOATS.has(constant.dtype) || counted.has(name)) return 0;
      counted.add(name);
      return elementCount(constant.dims);
    }
    return (makers.get(name)?.inputs ?? []).reduce((n, input) => n + from(input), 0);
  };
  return (name) => (graph.constants.has(name) || !makers.has(name) ? undefined : from(name));
}

export const isRename = (node: GraphNode): boolean =>
  isOnnxDomain(node.domain) && RENAMES.has(node.op) && (node.inputs[0] ?? '') !== '';

const dtypeOf = (model: Model, name: string): DataType | undefined => {
  const type = typeOf(model.graph, name);
  return type?.kind === 'tensor' ? type.dtype : undefined;
};

function workOf(model: Model, node: GraphNode, trained: ReadonlySet<string>, gradients: ReadonlySet<string>): NodeWork {
  const cost = nodeCost(model, node);
  const weights = node.inputs.filter((i) => trained.has(i));
  const operands = node.inputs.filter((i) => gradients.has(i));
  const none = { macs: 0, operations: 0 };
  const isContraction = cost.macs > 0;
  const onVector = isDepthwise(model, node);
  const once = (n: number): Omit<Work, 'bytes'> => (onVector ? { macs: 0, operations: n } : { macs: n, operations: 0 });
  if (!isContraction) {
    const operations = leastOperations(model, node) ?? vectorOperations(cost);
    const some = { macs: 0, operations };
    return {
      ...{ node, forward: some },
      inputs: operands.length > 0 ? some : none,
      weights: weights.length > 0 ? some : none,
    };
  }
  const sums = weights.length > 1 ? valueBytes(model, node.outputs[0]!) / bytesOfElement(model, node.outputs[0]!) : 0;
  const ofWeights = once(cost.macs);
  return {
    ...{ node, forward: once(cost.macs) },
    inputs: operands.length > 0 ? once(cost.macs * (weights.length > 0 ? 1 : operands.length)) : none,
    weights: weights.length > 0 ? { ...ofWeights, operations: ofWeights.operations + sums } : none,
  };
}

const bytesOfElement = (model: Model, name: string): number => BITS[dtypeOf(model, name) ?? 'float32'] / 8;

/** Values that the gradients of a node read. */
function savedBy(
  node: GraphNode,
  constants: ReadonlyMap<string, unknown>,
  gradients: ReadonlySet<string>,
): readonly string[] {
  const [output] = node.outputs;
  if (output === undefined || !gradients.has(output)) return [];
  if (isOnnxDomain(node.domain)) {
    if (SAVES_NOTHING.has(node.op)) return [];
    if (SAVES_OUTPUT.has(node.op)) return [output];
  }
  return node.inputs.filter((i) => i !== '' && !constants.has(i));
}

/** Which share of a layer one device does: 1 where the layer is not split. */
export interface Shares {
  readonly node: (node: GraphNode) => number;
  readonly value: (name: string) => number;
  /** Of its weights. */
  readonly weights: number;
}

export const WHOLE: Shares = { node: () => 1, value: () => 1, weights: 1 };

/** Work of a layer in each part of a step. */
export function layerWork(
  layer: TrainingLayer,
  { node: shareOf, value, weights }: Shares = WHOLE,
): { readonly forward: Work; readonly inputs: Work; readonly weights: Work } {
  const sum = (part: 'forward' | 'inputs' | 'weights', what: 'macs' | 'operations'): number =>
    layer.nodes.reduce((n, w) => n + w[part][what] * shareOf(w.node), 0);
  const of = (part: 'forward' | 'inputs' | 'weights', bytes: number): Work => {
    const [macs, operations] = [sum(part, 'macs'), sum(part, 'operations')];
    return { macs, operations, bytes: part !== 'forward' && macs + operations === 0 ? 0 : bytes };
  };
  const read = layer.inputs.reduce((n, v) => n + v.bytes * value(v.name), 0);
  const written = layer.outputs.reduce((n, v) => n + v.bytes * value(v.name), 0);
  const gradient = layer.inputs.reduce((n, v) => n + (v.needsGradient ? v.bytes * value(v.name) : 0), 0);
  const held = layer.weightBytes * weights;
  const isLinear = layer.nodes.every((w) => w.forward.macs > 0);
  return {
    forward: of('forward', (layer.readsPart ? Math.min(read + held, written) : read + held) + written),
    // A movement has no operations, and moves its gradient all the same.
    inputs: {
      ...of('inputs', 0),
      bytes: gradient === 0 ? 0 : gradient + written + held + (isLinear ? 0 : written),
    },
    weights: of('weights', read + written + layer.parameterBytes * weights),
  };
}
