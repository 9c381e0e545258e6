/**
 * How a network is split over p devices inside its layers: which values every device has whole, and of which it has a p-th along an axis. Decided from
 * the first node to the last, by the rules of Shoeybi et al., Megatron-LM, 2019 (the same for channels of convolutions as Dryden et al.,
 * Channel and Filter Parallelism, SC 2019, have them); every split is into equal parts.
 *
 * - A contraction with trained weights that finds its input whole splits its filters (columns): each device makes a p-th of the outputs from all of the
 *   input. Forward nothing is exchanged; backward the gradient of the input is a sum over devices (all-reduce).
 * - One that finds its input split along the axis that it sums over splits its weights there (rows): outputs are a sum over devices (all-reduce), and whole
 *   behind it. Backward nothing is exchanged.
 * - What treats the parts of a split axis alike (activations, BatchNormalization, poolings, depthwise convolutions, products of attention heads, softmax
 *   along another axis, movements) keeps it. Which filters go to which device is free: of queries, keys and values in one product each device has
 *   its heads of all three.
 * - Anything else, and the network's results, need values whole: they are gathered (all-gather). A layer that nothing splits is done in full by
 *   every device.
 */
import { type GraphNode, intAttribute, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { isOnnxDomain } from '#ops';
import { isDepthwise, valueBytes } from '../layerwiseBound.ts';
import { isRename, type Shares, type TrainingLayer, type TrainingNetwork } from './trainingLayers.ts';

export interface Exchange {
  readonly kind: 'allReduce' | 'allGather';
  /** Of the whole value. */
  readonly bytes: number;
}

/** A layer as p devices do it. */
export interface ShardedLayer {
  readonly shares: Shares;
  /** Before its forward pass, and behind it. */
  readonly before: readonly Exchange[];
  readonly behind: readonly Exchange[];
  /** Behind the gradient of its inputs. */
  readonly backward: readonly Exchange[];
  /** Whether every device does all of it. */
  readonly isReplicated: boolean;
}

/** The axis along which a value is split; null: whole. */
type Split = number | null;

/** Operators that treat every element, or every channel, alike. */
const ELEMENTWISE: ReadonlySet<string> = new Set(
  (
    'Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Gelu Erf Exp Log Sqrt Reciprocal Neg Abs Softplus Add Sub Mul Div Pow Sum ' +
    'Max Min Where Cast Identity Dropout Softsign Selu Celu Mish'
  ).split(' '),
);
const BY_CHANNEL: ReadonlySet<string> = new Set(
  'BatchNormalization InstanceNormalization MaxPool AveragePool GlobalMaxPool GlobalAveragePool'.split(' '),
);
const MOVES: ReadonlySet<string> = new Set('Reshape Flatten Squeeze Unsqueeze'.split(' '));
const ALONG_AXIS: ReadonlySet<string> = new Set('Softmax LogSoftmax LayerNormalization'.split(' '));

export function shardNetwork(network: TrainingNetwork, p: number): readonly ShardedLayer[] {
  return new Sharding(network, p).layers();
}

/** Mutable: what is known of the values so far. */
class Sharding {
  readonly #network: TrainingNetwork;
  readonly #model: Model;
  readonly #p: number;
  readonly #splits = new Map<string, Split>();
  /** Values whose gradient is summed over devices already, at an earlier reader. */
  readonly #summed = new Set<string>();
  readonly #layerOf = new Map<GraphNode, number>();
  readonly #trained: ReadonlySet<string>;
  readonly #before: Exchange[][];
  readonly #behind: Exchange[][];
  readonly #backward: Exchange[][];
  /** Nodes of which each device does a part; of their layers the weights, too. */
  readonly #parts = new Set<GraphNode>();
  /** How a value lies where it is made, and where each layer reads it, which may be gathered. */
  readonly #made = new Map<string, Split>();
  readonly #read: Map<string, Split>[];

  constructor(network: TrainingNetwork, p: number) {
    this.#network = network;
    this.#model = network.model;
    this.#p = p;
    network.layers.forEach((layer, i) => {
      for (const { node } of layer.nodes) this.#layerOf.set(node, i);
    });
    this.#trained = new Set(network.model.graph.constants.keys());
    this.#read = network.layers.map(() => new Map());
    this.#before = network.layers.map(() => []);
    this.#behind = network.layers.map(() => []);
    this.#backward = network.layers.map(() => []);
  }

  layers(): readonly ShardedLayer[] {
    const { graph } = this.#model;
    for (const node of this.#p > 1 ? graph.nodes : []) {
      const split = this.#propagate(node);
      for (const output of node.outputs) {
        this.#splits.set(output, split);
        if (!isRename(node)) this.#made.set(output, split);
      }
      const at = this.#layerOf.get(node);
      for (const value of at === undefined ? [] : node.inputs)
        this.#read[at!]!.set(this.#network.root(value), this.#splitOf(value));
      if (split !== null) this.#parts.add(node);
    }
    for (const { name } of graph.outputs) {
      const maker = graph.nodes.find((n) => n.outputs.includes(name));
      const at = maker === undefined ? undefined : this.#layerBefore(maker);
      if (at !== undefined && this.#splitOf(name) !== null) this.#behind[at]!.push(this.#gather(name));
    }
    return this.#network.layers.map((layer, i) => this.#layer(layer, i));
  }

  #layer(layer: TrainingLayer, i: number): ShardedLayer {
    const share = (isPart: boolean): number => (isPart ? 1 / this.#p : 1);
    const head = layer.nodes[0]!.node;
    return {
      shares: {
        node: (node) => share(this.#parts.has(node)),
        value: (name) => share((this.#read[i]!.get(name) ?? this.#made.get(name) ?? null) !== null),
        weights: share(this.#parts.has(head)),
      },
      ...{ before: this.#before[i]!, behind: this.#behind[i]!, backward: this.#backward[i]! },
      isReplicated: this.#p > 1 && !layer.nodes.some(({ node }) => this.#parts.has(node)),
    };
  }

  #splitOf(value: string): Split {
    return this.#splits.get(value) ?? null;
  }

  #shape(value: string | undefined): readonly number[] | undefined {
    return value === undefined || value === '' ? undefined : staticShape(typeOf(this.#model.graph, value));
  }

  /** The layer of a node, or of the node before one that is in none (a renaming). */
  #layerBefore(node: GraphNode): number | undefined {
    const own = this.#layerOf.get(node);
    if (own !== undefined) return own;
    const maker = this.#model.graph.nodes.find((n) => n.outputs.includes(node.inputs[0] ?? ''));
    return maker === undefined ? undefined : this.#layerBefore(maker);
  }

  /** A split value becomes whole. */
  #gather(value: string): Exchange {
    this.#splits.set(value, null);
    return { kind: 'allGather', bytes: valueBytes(this.#model, value) };
  }

  /** What a node that needs its operands whole does. */
  #whole(node: GraphNode): null {
    const at = this.#layerOf.get(node) ?? this.#layerBefore(node);
    for (const value of node.inputs) {
      if (this.#splitOf(value) === null || at === undefined) continue;
      // In the middle of a layer it is the layer's own result that is gathered.
      const isOwn = this.#network.layers[at]!.nodes.some(({ node: n }) => n.outputs.includes(value));
      (isOwn || this.#layerOf.get(node) === undefined ? this.#behind : this.#before)[at]!.push(this.#gather(value));
    }
    return null;
  }

  /** How the results of a node are split, told what they cost to exchange. */
  #propagate(node: GraphNode): Split {
    const [first = ''] = node.inputs;
    const split = this.#splitOf(first);
    const weighted = this.#contraction(node);
    if (weighted !== undefined) return this.#contract(node, weighted);
    if (!isOnnxDomain(node.domain) || node.inputs.every((v) => this.#splitOf(v) === null)) return this.#whole(node);
    if (isDepthwise(this.#model, node) && split === 1) return 1;
    if (BY_CHANNEL.has(node.op) && (split === 0 || split === 1)) return split;
    if (ELEMENTWISE.has(node.op)) return this.#elementwise(node);
    if (MOVES.has(node.op) && split !== null) return this.#moved(node, split) ?? this.#whole(node);
    if (node.op === 'Transpose' && split !== null) {
      const rank = this.#shape(first)?.length ?? 0;
      const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
      return order.indexOf(split);
    }
    if (ALONG_AXIS.has(node.op) && split !== null) {
      const rank = this.#shape(first)?.length ?? 0;
      const axis = intAttribute(node, 'axis', -1);
      const from = axis < 0 ? axis + rank : axis;
      const isAlong = node.op === 'LayerNormalization' ? split >= from : split === from;
      return isAlong ? this.#whole(node) : split;
    }
    if (node.op === 'MatMul') return this.#heads(node);
    if (node.op === 'Split' && split !== null) return this.#parted(node, split);
    if (node.op === 'Concat' && split !== null) return this.#joined(node, split);
    return this.#whole(node);
  }

  /** Of a contraction with constant weights: the axis of its input that it sums over, that of its output that filters make, and how many these are. */
  #contraction(node: GraphNode): { readonly sums: number; readonly filters: number } | undefined {
    if (!isOnnxDomain(node.domain) || !this.#trained.has(node.inputs[1] ?? '')) return undefined;
    const rank = this.#shape(node.inputs[0])?.length ?? 0;
    if ((node.op === 'Conv' || node.op === 'ConvTranspose') && intAttribute(node, 'group', 1) === 1)
      return { sums: 1, filters: 1 };
    if (node.op === 'Gemm' && intAttribute(node, 'transA', 0) === 0) return { sums: 1, filters: 1 };
    if (node.op === 'MatMul' && this.#shape(node.inputs[1])?.length === 2 && rank >= 2)
      return { sums: rank - 1, filters: rank - 1 };
    return undefined;
  }

  #contract(node: GraphNode, { sums, filters }: { readonly sums: number; readonly filters: number }): Split {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const at = this.#layerOf.get(node)!;
    if (this.#splitOf(input) === sums) {
      this.#parts.add(node);
      this.#behind[at]!.push({ kind: 'allReduce', bytes: valueBytes(this.#model, output) });
      return null;
    }
    this.#whole(node);
    if ((this.#shape(output)?.[filters] ?? 0) % this.#p !== 0) return null;
    const needsGradient = this.#network.layers[at]!.inputs.some(
      (v) => v.name === this.#network.root(input) && v.needsGradient,
    );
    if (needsGradient && !this.#summed.has(this.#network.root(input))) {
      this.#summed.add(this.#network.root(input));
      this.#backward[at]!.push({ kind: 'allReduce', bytes: valueBytes(this.#model, input) });
    }
    return filters;
  }

  /** Operands of one shape that are split alike; constants and what is repeated along the axis come in parts for nothing. */
  #elementwise(node: GraphNode): Split {
    const shape = this.#shape(node.outputs[0]);
    if (shape === undefined) return this.#whole(node);
    const axes = new Set<Split>();
    for (const value of node.inputs) {
      const own = this.#shape(value);
      if (own === undefined || this.#model.graph.constants.has(value)) continue;
      const shift = shape.length - own.length;
      const split = this.#splitOf(value);
      if (split !== null) axes.add(split + shift);
      else if (own.some((n) => n > 1)) axes.add(null);
    }
    const [axis = null] = axes;
    return axes.size === 1 && axis !== null ? axis : this.#whole(node);
  }

  /**
   * The axis of another shape of the same elements along which a split goes on. Which filters a device has is free, so where an axis becomes several
   * any of them may be the one that is split (heads, of heads × width).
   */
  #moved(node: GraphNode, split: number): number | undefined {
    const [from, to] = [this.#shape(node.inputs[0]), this.#shape(node.outputs[0])];
    if (from === undefined || to === undefined) return undefined;
    const before = from.slice(0, split).reduce((n, d) => n * d, 1);
    let product = 1;
    for (const [axis, size] of to.entries()) {
      if (product >= before && product < before * from[split]! && size % this.#p === 0 && size > 1) return axis;
      product *= size;
    }
    return undefined;
  }

  /** Parts of a split axis, or of another one: every device has its share of each part. */
  #parted(node: GraphNode, split: number): Split {
    const fits = (value: string): boolean => (this.#shape(value)?.[split] ?? 0) % this.#p === 0;
    return node.outputs.every(fits) ? split : this.#whole(node);
  }

  /** What lies side by side in the end: all operands split alike. */
  #joined(node: GraphNode, split: number): Split {
    return node.inputs.every((v) => this.#splitOf(v) === split) ? split : this.#whole(node);
  }

  /** A product of two computed operands keeps a split of its batches: attention heads. */
  #heads(node: GraphNode): Split {
    const [a = '', b = ''] = node.inputs;
    const [split, other] = [this.#splitOf(a), this.#splitOf(b)];
    const rank = this.#shape(a)?.length ?? 0;
    const isBatch = split !== null && split === other && rank === this.#shape(b)?.length && split < rank - 2;
    return isBatch ? split : this.#whole(node);
  }
}
