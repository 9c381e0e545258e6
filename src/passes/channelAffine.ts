/**
 * A per-channel y·s + t behind a Conv, Gemm or MatMul of matrices, taken into its weights and bias: conv(x; W)·s + t = conv(x; W·s) + t.
 * The arithmetic is done in f64 and rounded once. Weights that repeat one element stay so where s allows it.
 */
import {
  elementCount,
  float,
  floatAttribute,
  type GraphNode,
  intAttribute,
  type Tensor,
  tensorFloats,
  tensorNumbers,
  tensorOf,
} from '#ir';
import { isSplat } from './rewrite.ts';

/** One number for all channels, or one for each. */
export type PerChannel = number | Float64Array;

export const channel = (v: PerChannel, c: number): number => (typeof v === 'number' ? v : v[c]!);

/** A tensor of one element a channel; where they are known to be all the same, one number. */
export function perChannel(t: Tensor): PerChannel {
  if (isSplat(t) || elementCount(t.dims) === 1) return tensorNumbers({ ...firstElement(t), dims: [1] })[0]!;
  return tensorNumbers(t);
}

function firstElement(t: Tensor): Tensor {
  return isSplat(t) ? { dtype: t.dtype, dims: [1], bytes: t.splat } : t;
}

/** Applies f channel by channel; one number where all operands are. */
export function mapChannels(f: (...values: number[]) => number, ...operands: readonly PerChannel[]): PerChannel {
  const arrays = operands.filter((v) => typeof v !== 'number');
  if (arrays.length === 0) return f(...(operands as readonly number[]));
  return Float64Array.from({ length: arrays[0]!.length }, (_, c) => f(...operands.map((v) => channel(v, c))));
}

/** Element types whose weights can be rewritten. */
const FLOATS = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/** A Conv, Gemm or MatMul whose weights and bias are constants, taken apart. */
export interface Linear {
  readonly node: GraphNode;
  readonly weights: Tensor;
  readonly bias: Tensor | undefined;
  readonly channels: number;
}

const LINEAR = new Set(['Conv', 'Gemm', 'MatMul']);

/** The node as a Linear, or undefined where it is none, or its weights are not constant. */
export function linearOf(constants: ReadonlyMap<string, Tensor>, node: GraphNode): Linear | undefined {
  if (node.domain !== '' || !LINEAR.has(node.op)) return undefined;
  const weights = constants.get(node.inputs[1] ?? '');
  const third = node.inputs[2] ?? '';
  const bias = constants.get(third);
  if (weights === undefined || !FLOATS.has(weights.dtype) || (third !== '' && bias === undefined)) return undefined;
  if (node.op === 'MatMul' && weights.dims.length !== 2) return undefined;
  const channels = weights.dims[channelAxis(node)]!;
  // A Gemm's C may also hold a number for each row; that is no bias of channels.
  if (bias !== undefined && elementCount(bias.dims) !== 1 && !isRow(bias.dims, channels)) return undefined;
  return { node, weights, bias, channels };
}

/** Whether a shape is [n], or [1,…,1,n]. */
export const isRow = (dims: readonly number[], n: number): boolean =>
  dims.at(-1) === n && dims.slice(0, -1).every((d) => d === 1);

const channelAxis = (node: GraphNode): number => (node.op === 'Conv' || intAttribute(node, 'transB', 0) !== 0 ? 0 : 1);

/** Largest finite value of each of them. */
const LARGEST: Readonly<Record<string, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
};

/**
 * The node with s and t taken in; undefined where a new weight or bias is no finite number of the element type.
 * @param addConstant stores a new constant under a name made from the wish, and returns the name
 */
export function applyAffine(
  { node, weights, bias, channels }: Linear,
  s: PerChannel,
  t: PerChannel,
  addConstant: (wish: string, value: Tensor) => string,
): GraphNode | undefined {
  const beta = node.op === 'Gemm' ? floatAttribute(node, 'beta', 1) : 1;
  const old: PerChannel = bias === undefined ? 0 : perChannel(bias);
  const shift = mapChannels((b, sc, tc) => beta * b * sc + tc, old, s, t);
  if (!fits(shift, weights.dtype)) return undefined;
  const scaled = isOne(s) ? weights : scaleWeights(weights, channelAxis(node), s);
  if (scaled === undefined) return undefined;
  const inputs = [
    node.inputs[0]!,
    scaled === weights ? node.inputs[1]! : addConstant(`${node.name}.weight`, scaled),
    addConstant(`${node.name}.bias`, splatOr(weights.dtype, [channels], shift)),
  ];
  const attributes = new Map(node.attributes);
  if (beta !== 1) attributes.set('beta', float(1));
  // A MatMul has no bias; of matrices it is a Gemm.
  return { ...node, op: node.op === 'MatMul' ? 'Gemm' : node.op, inputs, attributes };
}

const isOne = (s: PerChannel): boolean => s === 1 || (typeof s !== 'number' && s.every((v) => v === 1));

function splatOr(dtype: Tensor['dtype'], dims: readonly number[], value: PerChannel): Tensor {
  if (typeof value !== 'number') return tensorOf(dtype, dims, value);
  const one = tensorOf(dtype, [1], [value]);
  return 'bytes' in one ? { dtype: one.dtype, dims, splat: one.bytes } : one;
}

/** The scaled weights; a splat where they stay one. undefined where one is no finite number of their type. */
function scaleWeights(weights: Tensor, axis: number, s: PerChannel): Tensor | undefined {
  const { dtype, dims } = weights;
  if (isSplat(weights) && typeof s === 'number') {
    const value = (perChannel(weights) as number) * s;
    return fits(value, dtype) ? splatOr(dtype, dims, value) : undefined;
  }
  const values = dtype === 'float32' ? tensorFloats(weights) : tensorNumbers(weights);
  const limit = LARGEST[dtype]!;
  const inner = elementCount(dims.slice(axis + 1));
  const channels = dims[axis]!;
  for (let at = 0, c = 0; at < values.length; at += inner, c = (c + 1) % channels) {
    const factor = channel(s, c);
    for (let i = at; i < at + inner; i++) {
      const scaled = values[i]! * factor;
      // Of a NaN, too.
      if (!(Math.abs(scaled) <= limit)) return undefined;
      values[i] = scaled;
    }
  }
  return values instanceof Float32Array
    ? { dtype: 'float32', dims, bytes: new Uint8Array(values.buffer) }
    : tensorOf(dtype, dims, values);
}

function fits(values: PerChannel, dtype: Tensor['dtype']): boolean {
  const limit = LARGEST[dtype]!;
  return typeof values === 'number' ? Math.abs(values) <= limit : values.every((v) => Math.abs(v) <= limit);
}
