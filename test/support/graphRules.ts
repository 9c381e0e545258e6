/**
 * What the rules of random processor graphs are made of. A rule makes nodes from a value and answers with the values
 * worth going on from, or with nothing where the value does not suit.
 */
import { type Attribute, float, ints, string } from '#ir';
import type { GraphBuilder, Value } from './graphBuilder.ts';

export type Rule = (b: GraphBuilder, x: Value) => readonly string[] | undefined;

export const isFloat = (v: Value): boolean => v.dtype === 'float32';
export const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
export const plain = (...names: string[]): string[] => names;

/** Positive and away from 0. */
export const positive = (b: GraphBuilder, x: string): string => b.node('Add', [b.node('Abs', [x]), b.scalar(0.5)]);

/** Attributes of a window over `rank` dimensions. */
export function windowAttributes(
  b: GraphBuilder,
  rank: number,
  kernel: readonly number[],
  dilate: boolean,
): Record<string, Attribute> {
  const r = b.random;
  const each = (low: number, high: number): number[] => Array.from({ length: rank }, () => r.integer(low, high));
  const out: Record<string, Attribute> = {};
  const way = r.integer(0, 5);
  // ONNX Runtime refuses SAME where a stride is larger than its window.
  if (b.oneIn(2)) out.strides = ints(way === 0 ? kernel.map((k) => r.integer(1, Math.min(3, k))) : each(1, 3));
  const dilations = dilate && b.oneIn(3) ? each(1, 3) : undefined;
  if (way === 0) out.auto_pad = string(r.pick(['SAME_UPPER', 'SAME_LOWER']));
  else if (way === 1) out.auto_pad = string('VALID');
  else if (way < 4) {
    const pads = Array.from({ length: 2 * rank }, (_, i) => r.integer(0, Math.max(0, kernel[i % rank]! - 1)));
    out.pads = ints(pads);
  }
  // ONNX leaves SAME with dilations to the reader; the hosts differ.
  if (dilations !== undefined && way !== 0) out.dilations = ints(dilations);
  return out;
}

/** Dims that broadcast to `dims`. */
export function broadcastable(b: GraphBuilder, dims: readonly number[]): number[] {
  const from = b.random.integer(0, dims.length);
  return dims.slice(from).map((d) => (b.oneIn(3) ? 1 : d));
}

export const axisOf = (b: GraphBuilder, x: Value): number => b.random.integer(-x.dims.length, x.dims.length - 1);
export const someAxes = (b: GraphBuilder, x: Value): number[] => {
  const all = x.dims.map((_, i) => i).filter(() => b.oneIn(2));
  return all.length === 0 ? [b.random.integer(0, x.dims.length - 1)] : all;
};

/** One of the functions of one operand. */
export function activation(b: GraphBuilder, x: string): string {
  switch (b.random.integer(0, 14)) {
    case 0:
    case 1:
    case 2:
      return b.node('Relu', [x]);
    case 3:
      return b.node('LeakyRelu', [x], b.oneIn(2) ? { alpha: float(0.25) } : {});
    case 4:
      return b.node('Sigmoid', [x]);
    case 5:
      return b.node('Tanh', [x]);
    case 6:
    case 7: {
      const [low, high] = b.random.pick([
        [0, 6],
        [-0.5, 0.5],
        [0.25, 1],
      ] as const);
      if (b.opset < 11) return b.node('Clip', [x], { min: float(low), max: float(high) });
      const limits = b.oneIn(3) ? [''] : [b.scalar(low)];
      return b.node('Clip', [x, ...limits, b.scalar(high)]);
    }
    case 8:
      return b.node('Exp', [b.node('Tanh', [x])]);
    case 9:
      return b.node('Log', [positive(b, x)]);
    case 10:
      return b.node('Sqrt', [positive(b, x)]);
    case 11:
      return b.node('Reciprocal', [positive(b, x)]);
    case 12:
      return b.node('Abs', [x]);
    case 13:
      return b.node('Neg', [x]);
    default:
      return b.node('HardSigmoid', [x], b.oneIn(2) ? { alpha: float(0.3), beta: float(0.4) } : {});
  }
}
