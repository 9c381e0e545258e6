/**
 * Quantised values in a graph of QuantizeLinear (Q) and DequantizeLinear (DQ) nodes: which float stands for which integers, at which
 * scale and zero point. A value is described by the names of the three; an absent zero point is one of zeros, made where it is needed.
 */
import { roundHalfEven } from '#base';
import {
  type DataType,
  type GraphNode,
  intAttribute,
  type Model,
  staticShape,
  type Tensor,
  tensorNumbers,
  tensorOf,
  typeOf,
} from '#ir';
import { isOnnxDomain } from '#ops';

/** Integers, their scale and zero point, by name. */
export interface Quantised {
  /** The integers: what DQ reads, or Q gives. */
  readonly codes: string;
  readonly dtype: 'int8' | 'uint8' | 'int32';
  readonly scale: string;
  readonly scales: Tensor;
  /** '' where the node names none. */
  readonly zero: string;
  readonly zeros: Tensor | undefined;
  /** Axis of scales that differ; undefined where one scale serves all. */
  readonly axis: number | undefined;
}

const CODES = new Set<DataType>(['int8', 'uint8', 'int32']);

/**
 * What a Q or DQ node says of its integers; undefined where it is another node, where scales are no float32 constants, in blocks, or
 * the integers of other types.
 */
export function quantisedBy(
  model: Model,
  node: GraphNode | undefined,
  constants: ReadonlyMap<string, Tensor>,
  op: 'QuantizeLinear' | 'DequantizeLinear',
): Quantised | undefined {
  if (node?.op !== op || !isOnnxDomain(node.domain) || intAttribute(node, 'block_size', 0) !== 0) return undefined;
  const codes = op === 'QuantizeLinear' ? node.outputs[0]! : node.inputs[0]!;
  const type = constants.has(codes) ? constants.get(codes)! : typeOf(model.graph, codes);
  const [, scale = '', zero = ''] = node.inputs;
  const scales = constants.get(scale);
  const zeros = constants.get(zero);
  if (type === undefined || !('dtype' in type) || !CODES.has(type.dtype) || scales?.dtype !== 'float32')
    return undefined;
  if (zero !== '' && zeros === undefined) return undefined;
  const one = scales.dims.length === 0 || (scales.dims.length === 1 && scales.dims[0] === 1);
  if (!one && scales.dims.length !== 1) return undefined;
  const float = op === 'QuantizeLinear' ? node.inputs[0]! : node.outputs[0]!;
  const rank = staticShape(typeOf(model.graph, float))?.length;
  const axis = intAttribute(node, 'axis', 1);
  if (!one && axis < 0 && rank === undefined) return undefined;
  return {
    codes,
    dtype: type.dtype as Quantised['dtype'],
    scale,
    scales,
    zero,
    zeros,
    axis: one ? undefined : axis < 0 ? axis + rank! : axis,
  };
}

/** Zero points as a tensor of the shape of the scales. */
export const zerosOf = (q: Quantised): Tensor =>
  q.zeros ?? tensorOf(q.dtype, q.scales.dims, new Array(tensorNumbers(q.scales).length).fill(0));

/** Whether the codes of two values mean the same numbers. */
export function sameScale(a: Quantised, b: Quantised): boolean {
  if (a.dtype !== b.dtype || a.axis !== undefined || b.axis !== undefined) return false;
  const first = (t: Tensor): number => tensorNumbers(t)[0]!;
  return first(a.scales) === first(b.scales) && first(zerosOf(a)) === first(zerosOf(b));
}

/** Least and greatest code of a value of 8 bits. */
export const codeRange = (q: Quantised): readonly [number, number] => (q.dtype === 'uint8' ? [0, 255] : [-128, 127]);

/** The code that QuantizeLinear gives a number, of a value of one scale: x ÷ scale in f32, to the nearest integer, ties to even. */
export function codeOf(q: Quantised, x: number): number {
  const [low, high] = codeRange(q);
  const [scale, zero] = [tensorNumbers(q.scales)[0]!, tensorNumbers(zerosOf(q))[0]!];
  return Math.min(Math.max(roundHalfEven(Math.fround(Math.fround(x) / scale)) + zero, low), high);
}
