/**
 * Layers as the analytic utilisation models see them: convolutions and products, by sizes alone. A convolution has `groups` of
 * filters that each see `channels` input channels; a product is one whose window is a single element.
 *
 * What the textbook does not draw is reduced to what it does: batch and leading spatial axes of a convolution are `planes` that
 * follow each other, taps along leading axes multiply the reduction; the rows of a product are positions; a batched MatMul of two
 * computed operands has a group for every matrix of the second one.
 */
import { diagnostic } from '#base';
import { elementCount, type GraphNode, intAttribute, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { isContraction, isOnnxDomain, nodeCost, nodeWork } from '#ops';

type Pair = readonly [vertical: number, horizontal: number];

/** The output map of a convolution and the window that slides under it, in elements. */
export interface OutputMap {
  readonly planes: number;
  readonly size: Pair;
  readonly kernel: Pair;
  /** Input elements from the first to the last of a window: the kernel with its dilation. */
  readonly window: Pair;
  readonly stride: Pair;
}

export interface AnalyticLayer {
  readonly name: string;
  /** Of ONNX: Conv, Gemm, MatMul. */
  readonly op: string;
  readonly groups: number;
  /** Cout, of all groups. */
  readonly filters: number;
  /** Cin ÷ groups. */
  readonly channels: number;
  /** K: products of one output element. */
  readonly reduction: number;
  /** P: output elements of one filter. */
  readonly positions: number;
  readonly inputWords: number;
  readonly weightWords: number;
  /** null: a product. */
  readonly map: OutputMap | null;
}

export const layerMacs = (l: AnalyticLayer): number => l.filters * l.positions * l.reduction;

export interface ConvolutionSizes {
  readonly name: string;
  readonly batch?: number;
  readonly groups?: number;
  /** Cin, of all groups. */
  readonly channels: number;
  readonly filters: number;
  /** Spatial sizes without padding; as many axes as the kernel has, at least one. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
}

export function convolution(c: ConvolutionSizes): AnalyticLayer {
  const { batch = 1, groups = 1 } = c;
  const channels = c.channels / groups;
  const ones = c.kernel.map(() => 1);
  const { stride = ones, dilation = ones } = c;
  const window = c.kernel.map((k, axis) => (k - 1) * dilation[axis]! + 1);
  const reduction = channels * elementCount(c.kernel);
  return {
    name: c.name,
    op: 'Conv',
    groups,
    filters: c.filters,
    channels,
    reduction,
    positions: batch * elementCount(c.output),
    inputWords: batch * c.channels * elementCount(c.input),
    weightWords: c.filters * reduction,
    map: {
      planes: batch * elementCount(c.output.slice(0, -2)),
      size: lastTwo(c.output),
      kernel: lastTwo(c.kernel),
      window: lastTwo(window),
      stride: lastTwo(stride),
    },
  };
}

/** The last two axes; a single one lies in a row. */
const lastTwo = (sizes: readonly number[]): Pair => [sizes.at(-2) ?? 1, sizes.at(-1)!];

export interface ProductSizes {
  readonly name: string;
  readonly op?: string;
  /** Products with weights of their own. */
  readonly groups?: number;
  readonly rows?: number;
  readonly inner: number;
  /** Of one group. */
  readonly columns: number;
  /** groups × rows × inner, where groups do not share their input. */
  readonly inputWords?: number;
}

/** Y = X·W, X being rows × inner, W inner × columns; a fully connected layer of one sample has one row. */
export function product(p: ProductSizes): AnalyticLayer {
  const { op = 'Gemm', groups = 1, rows = 1 } = p;
  return {
    name: p.name,
    op,
    groups,
    filters: groups * p.columns,
    channels: p.inner,
    reduction: p.inner,
    positions: rows,
    inputWords: p.inputWords ?? groups * rows * p.inner,
    weightWords: groups * p.inner * p.columns,
    map: null,
  };
}

/** A contraction that the models have no formula for. */
export interface LeftOut {
  readonly name: string;
  readonly op: string;
  /** null: not known, since a size is not. */
  readonly macs: number | null;
}

export interface AnalyticNetwork {
  readonly layers: readonly AnalyticLayer[];
  readonly leftOut: readonly LeftOut[];
}

const nothing = diagnostic<{ found: readonly string[] }>('SYS-REPORT-002', 'unsupported', {
  en: (p) =>
    `the network has no Conv, Gemm or MatMul, which are all that the analytic models know (found: ${p.found.join(', ') || 'no node'}). Give a network with such layers.`,
  zh: (p) =>
    `网络中没有 Conv、Gemm 或 MatMul，而解析模型只认识这些层（网络含有：${p.found.join('、') || '无节点'}）。请给出含有此类层的网络。`,
});

/**
 * The Conv, Gemm and MatMul of a model with inferred types, in graph order. Run the passes of SUMMARY_PASSES before, so that
 * products of constants are gone.
 * @throws SYS-OPS-006 a size is not known; SYS-REPORT-002 there is none
 */
export function analyticLayers(model: Model): AnalyticNetwork {
  const layers: AnalyticLayer[] = [];
  const leftOut: LeftOut[] = [];
  for (const node of model.graph.nodes) {
    const read = isOnnxDomain(node.domain) ? READERS.get(node.op) : undefined;
    if (read !== undefined) {
      // Says which size is missing.
      nodeCost(model, node);
      layers.push(read(node, (name) => staticShape(typeOf(model.graph, name))!));
      continue;
    }
    const { macs, estimate } = nodeWork(model, node);
    const isOpen = estimate !== undefined && isOnnxDomain(node.domain) && isContraction(node.op);
    if (macs > 0 || isOpen) leftOut.push({ name: node.name, op: node.op, macs: isOpen ? null : macs });
  }
  if (layers.length === 0) throw nothing({ found: [...new Set(model.graph.nodes.map((n) => n.op))].sort() });
  return { layers, leftOut };
}

type Read = (node: GraphNode, dims: (value: string) => readonly number[]) => AnalyticLayer;

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['Conv', readConv],
  ['Gemm', readGemm],
  ['MatMul', readMatMul],
]);

function readConv(node: GraphNode, dims: (value: string) => readonly number[]): AnalyticLayer {
  const [batch, channels, ...input] = dims(node.inputs[0]!) as readonly [number, number, ...number[]];
  const [filters, , ...kernel] = dims(node.inputs[1]!) as readonly [number, number, ...number[]];
  const stride = intsAttribute(node, 'strides');
  const dilation = intsAttribute(node, 'dilations');
  return convolution({
    name: node.name,
    batch,
    groups: intAttribute(node, 'group', 1),
    channels,
    filters,
    input,
    output: dims(node.outputs[0]!).slice(2),
    kernel,
    ...(stride === undefined ? {} : { stride }),
    ...(dilation === undefined ? {} : { dilation }),
  });
}

function readGemm(node: GraphNode, dims: (value: string) => readonly number[]): AnalyticLayer {
  const [rows, columns] = dims(node.outputs[0]!) as readonly [number, number];
  const inner = dims(node.inputs[0]!)[intAttribute(node, 'transA', 0) === 0 ? 1 : 0]!;
  return product({ name: node.name, rows, inner, columns });
}

function readMatMul(node: GraphNode, dims: (value: string) => readonly number[]): AnalyticLayer {
  const [a, b, y] = [dims(node.inputs[0]!), dims(node.inputs[1]!), dims(node.outputs[0]!)];
  const columns = b.length === 1 ? 1 : b.at(-1)!;
  const groups = elementCount(b.slice(0, -2));
  const rows = columns * groups === 0 ? 0 : elementCount(y) / columns / groups;
  return product({
    name: node.name,
    op: 'MatMul',
    groups,
    rows,
    inner: a.at(-1)!,
    columns,
    inputWords: elementCount(a),
  });
}
