/**
 * qdqToQLinear: what stands between DequantizeLinear (DQ) and QuantizeLinear (Q) and has an equal in integers becomes it. DQ → Conv → Q is
 * QLinearConv, DQ → MatMul or Gemm → Q is QLinearMatMul, of a Gemm with bias a QLinearConv of 1 × 1 kernels; DQ → movement or MaxPool → Q
 * of one scale works on the integers. A Relu or Clip before Q cuts off what has no code, or is a Clip of the codes behind it. ONNX Runtime runs the same integers for these nodes at its higher optimisation levels ("QDQ"), where
 * the graph as written computes in floats and may round a result the other way; held bit for bit by `qdqToQLinear.test.ts`.
 */
import {
  type Attribute,
  elementCount,
  floatAttribute,
  type GraphNode,
  intAttribute,
  ints,
  type Model,
  staticShape,
  type Tensor,
  tensorNumbers,
  tensorOf,
  typeOf,
} from '#ir';
import { isOnnxDomain, onnxOpset } from '#ops';
import { absorb, pass } from './pass.ts';
import { codeOf, codeRange, type Quantised, quantisedBy, sameScale, zerosOf } from './quantisedValues.ts';
import { freshNames, type GraphIndex, indexOf, isPrivate, withNodes } from './rewrite.ts';

/** Operators that move elements, or choose among them, whatever they mean; with the opset from which on they take 8 bits. */
const PASS_ON: Readonly<Record<string, number>> = {
  ...{ Reshape: 5, Flatten: 9, Squeeze: 1, Unsqueeze: 1, Transpose: 1, Slice: 1, Gather: 1, Identity: 1 },
  ...{ MaxPool: 12, DepthToSpace: 1, SpaceToDepth: 1, Expand: 8, Tile: 6, Concat: 4 },
};

export const qdqToQLinear = pass({
  name: 'qdqToQLinear',
  summary: 'makes operators on integers of floats that lie between DequantizeLinear and QuantizeLinear',
  run(model, context) {
    const index = indexOf(model.graph);
    const at: Site = { model, index, constants: new Map(model.graph.constants), fresh: freshNames(model.graph) };
    const made = new Map<GraphNode, readonly GraphNode[]>();
    const replaced = new Set<GraphNode>();
    for (const node of model.graph.nodes) {
      const chain = node.op === 'QuantizeLinear' ? chainBefore(at, node) : undefined;
      const integers = chain === undefined ? undefined : integersOf(at, chain);
      if (chain === undefined || integers === undefined) continue;
      made.set(node, integers);
      for (const old of [chain.node, ...chain.between]) replaced.add(old);
      const absorbed = chain.limits === undefined ? chain.between : chain.between.slice(1);
      for (const old of [...absorbed, node]) absorb(context, chain.node.name, old.name);
    }
    if (made.size === 0) return model;
    const kept = model.graph.nodes.filter((node) => !replaced.has(node));
    return withNodes(
      model,
      kept.flatMap((node) => made.get(node) ?? [node]),
      at.constants,
    );
  },
});

interface Site {
  readonly model: Model;
  readonly index: GraphIndex;
  readonly constants: Map<string, Tensor>;
  readonly fresh: (wish: string) => string;
}

/** A node with the Q behind it. */
interface Chain {
  readonly node: GraphNode;
  /** Relu or Clip between. */
  readonly between: readonly GraphNode[];
  readonly to: Quantised;
  /** What they leave of the codes, where that is not what Q's saturation leaves anyway. */
  readonly limits?: Limits;
}

type Limits = readonly [low: number, high: number];

/** Clip takes 8 bits since then. */
const CLIP_OF_CODES = 12;

function chainBefore(at: Site, q: GraphNode): Chain | undefined {
  const { model, index, constants } = at;
  const to = quantisedBy(model, q, constants, 'QuantizeLinear');
  if (to === undefined || to.axis !== undefined || to.dtype === 'int32') return undefined;
  const all = codeRange(to);
  const between: GraphNode[] = [];
  let limits = all;
  for (let value = q.inputs[0]!; ; ) {
    const node = index.producer.get(value);
    if (node === undefined || !isOnnxDomain(node.domain) || !isPrivate(index, value)) return undefined;
    const own = cutOf(at, node, to);
    if (own === undefined) {
      if (limits[0] === all[0] && limits[1] === all[1]) return { node, between, to };
      return onnxOpset(model) < CLIP_OF_CODES ? undefined : { node, between, to, limits };
    }
    // The nodes are met from the last to the first: a later one clips the limits of an earlier.
    limits = [clipped(own[0], limits), clipped(own[1], limits)];
    between.push(node);
    value = node.inputs[0]!;
  }
}

const clipped = (x: number, [low, high]: Limits): number => Math.min(Math.max(x, low), high);

/**
 * The limits of a Relu or Clip in codes: Q never falls where its operand rises, so that it may be exchanged with a Clip whose limits it takes
 * to codes, bit for bit. Undefined for other nodes.
 */
function cutOf({ constants }: Site, node: GraphNode, to: Quantised): Limits | undefined {
  if (node.op === 'Relu') return [codeOf(to, 0), codeRange(to)[1]];
  if (node.op !== 'Clip') return undefined;
  const end = (i: number, attribute: 'min' | 'max', open: number): number | undefined => {
    const name = node.inputs[i] ?? '';
    if (name === '') return floatAttribute(node, attribute, open);
    const value = constants.get(name);
    return value && tensorNumbers(value)[0];
  };
  const [min, max] = [end(1, 'min', Number.NEGATIVE_INFINITY), end(2, 'max', Number.POSITIVE_INFINITY)];
  return min === undefined || max === undefined ? undefined : [codeOf(to, min), codeOf(to, max)];
}

function integersOf(at: Site, chain: Chain): readonly GraphNode[] | undefined {
  const { to, limits } = chain;
  if (limits === undefined) return unlimited(at, chain);
  const codes = at.fresh(`${to.codes}.unclipped`);
  const made = unlimited(at, { ...chain, to: { ...to, codes } });
  if (made === undefined) return undefined;
  const end = (which: string, v: number): string => constantOf(at, `${to.codes}.${which}`, tensorOf(to.dtype, [], [v]));
  const ends = [end('least', limits[0]), end('most', limits[1])];
  return [...made, nodeOf(chain.between[0]!.name, 'Clip', [codes, ...ends], to.codes)];
}

function unlimited(at: Site, chain: Chain): readonly GraphNode[] | undefined {
  switch (chain.node.op) {
    case 'Conv':
      return convOf(at, chain);
    case 'MatMul':
      return productOf(at, chain);
    case 'Gemm':
      return gemmOf(at, chain);
    default:
      return passedOn(at, chain);
  }
}

/** What a float operand is made of, where DQ gives it. */
const dequantised = (at: Site, value: string): Quantised | undefined =>
  quantisedBy(at.model, at.index.producer.get(value), at.constants, 'DequantizeLinear');

/** Types for which ONNX Runtime has integer kernels: results as neurons, and weights of 8 bits, signed where neurons are. */
function areBytes(x: Quantised | undefined, w: Quantised | undefined, to: Quantised): boolean {
  if (x === undefined || w === undefined || x.axis !== undefined || w.dtype === 'int32') return false;
  return x.dtype === to.dtype && (x.dtype === 'uint8' || w.dtype === 'int8');
}

/** A bias in 32 bits that has the scale of the products, to the last bits of f32: then it can be added to their sums. */
function biasOf(at: Site, value: string, x: Quantised, w: Quantised): Quantised | undefined {
  const bias = dequantised(at, value);
  if (bias?.dtype !== 'int32' || tensorNumbers(zerosOf(bias)).some((z) => z !== 0)) return undefined;
  if (bias.axis !== undefined && bias.axis !== 0) return undefined;
  const [sx, sw, sb] = [x, w, bias].map((q) => tensorNumbers(q.scales)) as [Float64Array, Float64Array, Float64Array];
  const each = Math.max(sw.length, sb.length);
  const channel = (s: Float64Array, i: number): number => s[s.length === 1 ? 0 : i]!;
  for (let i = 0; i < each; i++) {
    const product = sx[0]! * channel(sw, i);
    if (!(Math.abs(channel(sb, i) - product) <= 2 ** -22 * product)) return undefined;
  }
  return bias;
}

/** Scale and zero point as operands; a zero point that is not there becomes a constant. */
function parameters(at: Site, q: Quantised): readonly [scale: string, zero: string] {
  if (q.zero !== '') return [q.scale, q.zero];
  const zero = at.fresh(`${q.codes}.zero`);
  at.constants.set(zero, zerosOf(q));
  return [q.scale, zero];
}

const nodeOf = (
  name: string,
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: ReadonlyMap<string, Attribute> = new Map(),
): GraphNode => ({ name, op, domain: '', inputs, outputs: [output], attributes });

function convOf(at: Site, { node, to }: Chain): readonly GraphNode[] | undefined {
  const [x, w] = [dequantised(at, node.inputs[0]!), dequantised(at, node.inputs[1]!)];
  if (!areBytes(x, w, to) || (w!.axis !== undefined && w!.axis !== 0)) return undefined;
  const third = node.inputs[2] ?? '';
  const bias = third === '' ? undefined : biasOf(at, third, x!, w!);
  if (third !== '' && bias === undefined) return undefined;
  const operands = [x!.codes, ...parameters(at, x!), w!.codes, ...parameters(at, w!), ...parameters(at, to)];
  const inputs = bias === undefined ? operands : [...operands, bias.codes];
  return [nodeOf(node.name, 'QLinearConv', inputs, to.codes, node.attributes)];
}

function productOf(at: Site, { node, to }: Chain): readonly GraphNode[] | undefined {
  const [a, b] = [dequantised(at, node.inputs[0]!), dequantised(at, node.inputs[1]!)];
  const columns = staticShape(typeOf(at.model.graph, node.inputs[1]!))?.length;
  if (!areBytes(a, b, to) || (b!.axis !== undefined && (columns === undefined || b!.axis !== columns - 1)))
    return undefined;
  const operands = [a!.codes, ...parameters(at, a!), b!.codes, ...parameters(at, b!), ...parameters(at, to)];
  return [nodeOf(node.name, 'QLinearMatMul', operands, to.codes)];
}

function gemmOf(at: Site, { node, to }: Chain): readonly GraphNode[] | undefined {
  const { model, constants, fresh } = at;
  const [a, b] = [dequantised(at, node.inputs[0]!), dequantised(at, node.inputs[1]!)];
  const weights = constants.get(b?.codes ?? '');
  const isPlain = intAttribute(node, 'transA', 0) === 0 && floatAttribute(node, 'alpha', 1) === 1;
  if (!areBytes(a, b, to) || !isPlain || weights === undefined) return undefined;
  const transB = intAttribute(node, 'transB', 0) !== 0;
  if (b!.axis !== undefined && b!.axis !== (transB ? 0 : 1)) return undefined;
  const third = node.inputs[2] ?? '';
  const scales = parameters(at, b!);
  if (third === '') {
    const columns = transB ? constantOf(at, `${b!.codes}.transposed`, transposed(weights)) : b!.codes;
    const operands = [a!.codes, ...parameters(at, a!), columns, ...scales, ...parameters(at, to)];
    return [nodeOf(node.name, 'QLinearMatMul', operands, to.codes)];
  }
  const bias = floatAttribute(node, 'beta', 1) === 1 ? biasOf(at, third, a!, b!) : undefined;
  const dims = staticShape(typeOf(model.graph, node.outputs[0]!));
  const biasDims = constants.get(bias?.codes ?? '')?.dims;
  if (dims === undefined || biasDims?.length !== 1 || biasDims[0] !== dims[1]) return undefined;
  const [filters, depth] = transB ? weights.dims : [...weights.dims].reverse();
  const shape = (wish: string, values: readonly number[]): string =>
    constantOf(at, `${node.name}.${wish}`, tensorOf('int64', [values.length], values));
  const rows = transB ? weights : transposed(weights);
  const kernels = constantOf(at, `${b!.codes}.kernels`, { ...rows, dims: [filters!, depth!, 1, 1] } as Tensor);
  const [pixels, sums] = [fresh(`${a!.codes}.pixels`), fresh(`${to.codes}.pixels`)];
  const operands = [pixels, ...parameters(at, a!), kernels, ...scales, ...parameters(at, to), bias!.codes];
  return [
    nodeOf(fresh(`${node.name}.pixels`), 'Reshape', [a!.codes, shape('in', [dims[0]!, depth!, 1, 1])], pixels),
    nodeOf(node.name, 'QLinearConv', operands, sums, new Map([['kernel_shape', ints([1, 1])]])),
    nodeOf(fresh(`${node.name}.rows`), 'Reshape', [sums, shape('out', dims)], to.codes),
  ];
}

function constantOf(at: Site, wish: string, value: Tensor): string {
  const name = at.fresh(wish);
  at.constants.set(name, value);
  return name;
}

/** A matrix of bytes, transposed. */
function transposed(t: Tensor): Tensor {
  const [rows, columns] = t.dims as [number, number];
  const values = tensorNumbers(t);
  return tensorOf(
    t.dtype,
    [columns, rows],
    Float64Array.from({ length: elementCount(t.dims) }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}

/** A node that hands elements on, between a DQ and a Q of one scale. */
function passedOn(at: Site, { node, between, to }: Chain): readonly GraphNode[] | undefined {
  const since = PASS_ON[node.op];
  if (since === undefined || onnxOpset(at.model) < since || between.length > 0 || node.outputs.length > 1)
    return undefined;
  const joins = node.op === 'Concat' ? node.inputs : node.inputs.slice(0, 1);
  const codes: string[] = [];
  for (const value of joins) {
    const from = dequantised(at, value);
    if (from === undefined || !sameScale(from, to)) return undefined;
    codes.push(from.codes);
  }
  return [{ ...node, inputs: [...codes, ...node.inputs.slice(codes.length)], outputs: [to.codes] }];
}
