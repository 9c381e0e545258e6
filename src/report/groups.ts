/**
 * The groups of the layer-wise bound, on a graph that the passes have made canonical: each Conv, Gemm and MatMul with the
 * single-consumer chain of bias, activation, residual addition and pooling behind it; every other node alone. A QuantizeLinear belongs
 * to what makes its operand, where that has no other reader, and a DequantizeLinear is part of whatever reads its result: what goes
 * from group to group are the integers.
 * Nodes that only rename memory belong to no group, and chains pass through them: a value goes by the name of its root, the
 * value that was there before it was renamed.
 */
import { type Graph, type GraphNode, type Model, namesRead, staticShape, typeOf } from '#ir';
import { isOnnxDomain } from '#ops';

export interface Group {
  /** In graph order; the first is the Conv, Gemm or MatMul where there is one. */
  readonly nodes: readonly GraphNode[];
  /** Roots of the values read from outside, constants apart. */
  readonly inputs: readonly string[];
  /** Constants that are data: all but int64, in which ONNX states shapes, axes and indices. */
  readonly weights: readonly string[];
  /** Roots of the values that others read. */
  readonly outputs: readonly string[];
}

const HEADS = new Set('Conv Gemm MatMul QLinearConv QLinearMatMul ConvInteger MatMulInteger'.split(' '));
const ACTIVATIONS = new Set('Relu LeakyRelu PRelu Clip Sigmoid Tanh HardSigmoid HardSwish Elu Gelu'.split(' '));
const POOLINGS = new Set(['MaxPool', 'AveragePool', 'GlobalMaxPool', 'GlobalAveragePool']);
/** Nodes that only give other dimensions or another name to the same memory. */
export const RENAMES: ReadonlySet<string> = new Set('Reshape Flatten Squeeze Unsqueeze Identity Dropout'.split(' '));

/** @param isOutside nodes that belong to no group (those of the host) */
export function groupNodes(model: Model, isOutside: (node: GraphNode) => boolean): readonly Group[] {
  const values = new Values(model.graph, isOutside);
  const groups: GraphNode[][] = [];
  /** Group of each value that ends a chain. */
  const open = new Map<string, number>();
  /** Group of each value. */
  const made = new Map<string, number>();
  for (const node of model.graph.nodes) {
    if (isOutside(node) || values.isRename(node)) continue;
    const known = isOnnxDomain(node.domain);
    const maker = node.op === 'QuantizeLinear' ? made.get(values.root(node.inputs[0]!)) : undefined;
    const quantises = known && maker !== undefined && values.hasOneReader(node.inputs[0]!);
    const joined = quantises ? maker : known ? chainBefore(node, values, open) : undefined;
    const group = joined ?? groups.push([]) - 1;
    groups[group]!.push(node);
    for (const name of node.outputs) if (name !== '') made.set(values.root(name), group);
    if (joined === undefined && !(known && HEADS.has(node.op))) continue;
    // A second output that is read (the indices of a pooling) ends the chain.
    const [first, ...others] = node.outputs;
    if (first !== undefined && others.every((o) => values.isUnread(o))) open.set(values.root(first), group);
  }
  return groups.map((nodes) => ({ nodes, ...values.boundary(nodes) }));
}

/**
 * The calls in which the host's nodes need to be made: two are in one call unless a node of the processor that is no
 * renaming lies on a way between them. Found from the graph alone: nodes in the earliest call, calls in the order of the run.
 */
export function groupHostNodes(model: Model, isOutside: (node: GraphNode) => boolean): readonly Group[] {
  const values = new Values(model.graph, isOutside);
  const calls: GraphNode[][] = [];
  /** Of each root that a call leads to: the first call that may read it from the processor's memory. */
  const after = new Map<string, number>();
  /** Of each root that the host makes: the call that does. */
  const madeIn = new Map<string, number>();
  for (const node of model.graph.nodes) {
    if (values.isRename(node)) continue;
    const roots = namesRead(node).map((name) => values.root(name));
    const onHost = isOutside(node);
    const call = Math.max(0, ...roots.map((root) => (onHost ? madeIn.get(root) : undefined) ?? after.get(root) ?? 0));
    if (onHost) {
      calls[call] ??= [];
      calls[call].push(node);
    }
    for (const name of node.outputs) {
      if (onHost) madeIn.set(name, call);
      after.set(name, onHost ? call + 1 : call);
    }
  }
  return calls.map((nodes) => ({ nodes, ...values.boundary(nodes) }));
}

/** The group whose chain the node continues: of several, the one whose head comes last in the graph. */
function chainBefore(node: GraphNode, values: Values, open: ReadonlyMap<string, number>): number | undefined {
  const first = ACTIVATIONS.has(node.op) || POOLINGS.has(node.op);
  if (!first && !['Add', 'Sub', 'Sum'].includes(node.op)) return undefined;
  const chains = (first ? node.inputs.slice(0, 1) : node.inputs).flatMap((name) => {
    const group = open.get(values.root(name));
    if (group === undefined || !values.hasOneReader(name)) return [];
    return first || addsTo(node, name, values) ? [group] : [];
  });
  return chains.length === 0 ? undefined : Math.max(...chains);
}

/** Whether the node adds a bias (Add, Sub of a constant) or a residual (Add, Sum) to a value, keeping its shape. */
function addsTo(node: GraphNode, value: string, values: Values): boolean {
  const constants = node.inputs.filter((i) => values.isConstant(i)).length;
  const bias = constants === node.inputs.length - 1;
  return (bias || node.op !== 'Sub') && values.shapeText(value) === values.shapeText(node.outputs[0]!);
}

class Values {
  readonly #graph: Graph;
  readonly #roots = new Map<string, string>();
  /** Every use of a root by a node that is no rename, or by a subgraph. */
  readonly #readers = new Map<string, GraphNode[]>();
  readonly #outputs: ReadonlySet<string>;
  readonly #mentioned: ReadonlySet<string>;
  readonly #renames = new Set<GraphNode>();

  constructor(graph: Graph, isOutside: (node: GraphNode) => boolean) {
    this.#graph = graph;
    this.#mentioned = new Set([...graph.nodes.flatMap(namesRead), ...graph.outputs.map((o) => o.name)]);
    const asFloats = new Set(graph.outputs.map((o) => o.name));
    for (const node of graph.nodes) {
      const dequantises =
        node.op === 'DequantizeLinear' && isOnnxDomain(node.domain) && !asFloats.has(node.outputs[0]!);
      if (!isOutside(node) && (dequantises || this.#onlyRenames(node))) {
        this.#renames.add(node);
        this.#roots.set(node.outputs[0]!, this.root(node.inputs[0]!));
        continue;
      }
      for (const name of namesRead(node)) {
        const root = this.root(name);
        this.#readers.set(root, [...(this.#readers.get(root) ?? []), node]);
      }
    }
    this.#outputs = new Set(graph.outputs.map((o) => this.root(o.name)));
  }

  #onlyRenames(node: GraphNode): boolean {
    const [first, ...others] = node.outputs;
    return (
      isOnnxDomain(node.domain) &&
      RENAMES.has(node.op) &&
      first !== undefined &&
      others.every((o) => this.isUnread(o)) &&
      (node.inputs[0] ?? '') !== ''
    );
  }

  isRename(node: GraphNode): boolean {
    return this.#renames.has(node);
  }

  root(name: string): string {
    return this.#roots.get(name) ?? name;
  }

  isConstant(name: string): boolean {
    return this.#graph.constants.has(this.root(name));
  }

  isUnread(name: string): boolean {
    return name === '' || !this.#mentioned.has(name);
  }

  hasOneReader(name: string): boolean {
    const root = this.root(name);
    return !this.#outputs.has(root) && this.#readers.get(root)?.length === 1;
  }

  shapeText(name: string): string {
    return staticShape(typeOf(this.#graph, name))?.join() ?? `shape of ${name}`;
  }

  boundary(nodes: readonly GraphNode[]): Pick<Group, 'inputs' | 'weights' | 'outputs'> {
    const members = new Set(nodes);
    const inside = new Set(nodes.flatMap((n) => n.outputs));
    const read = [...new Set(nodes.flatMap(namesRead).map((name) => this.root(name)))];
    const outside = read.filter((name) => !inside.has(name));
    return {
      inputs: outside.filter((name) => !this.isConstant(name)),
      weights: outside.filter((name) => this.isConstant(name) && this.#graph.constants.get(name)!.dtype !== 'int64'),
      outputs: [...inside].filter(
        (name) => this.#outputs.has(name) || this.#readers.get(name)?.some((reader) => !members.has(reader)),
      ),
    };
  }
}
