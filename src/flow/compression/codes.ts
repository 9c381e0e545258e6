/**
 * Scales, zero points and codes. Activations: 8 bits, asymmetric, one scale a value. Weights: int8, symmetric, a scale for each filter
 * or one for all. Biases: int32 at the scale of the products they are added to.
 */
import { type GraphNode, type Tensor, tensorBytes, tensorNumbers, tensorOf } from '#ir';
import { float32s, type Range } from './observer.ts';

export const ACTIVATIONS = ['u8', 'i8'] as const;
export type ActivationType = (typeof ACTIVATIONS)[number];

export interface Codes {
  readonly scale: Tensor;
  readonly zero: Tensor;
}

/** Scale and zero point with which the codes span a range; 0 is a code. A range of nothing has the scale 1. */
export function activationCodes([low, high]: Range, type: ActivationType): Codes {
  const [least, most] = type === 'u8' ? [0, 255] : [-128, 127];
  const scale = Math.fround((high - low) / (most - least)) || 1;
  const zero = Math.min(Math.max(Math.round(least - low / scale), least), most);
  return { scale: tensorOf('float32', [], [scale]), zero: tensorOf(type === 'u8' ? 'uint8' : 'int8', [], [zero]) };
}

/**
 * Whether a Clip changes no code of its result: both limits have the outermost ones. ONNX Runtime (1.30) takes such a Clip out of a
 * convolution that it turns into one of integers, and where the limits themselves lie within the range by less than half a step it then
 * finds two nodes of one name.
 */
export function clipsNothing(node: GraphNode, constants: ReadonlyMap<string, Tensor>, { scale, zero }: Codes): boolean {
  if (node.op !== 'Clip') return false;
  const [least, most] = zero.dtype === 'uint8' ? [0, 255] : [-128, 127];
  const [step, middle] = [tensorNumbers(scale)[0]!, tensorNumbers(zero)[0]!];
  const limit = (i: number, none: number): number => {
    const given = constants.get(node.inputs[i] ?? '');
    return given === undefined ? none : tensorNumbers(given)[0]!;
  };
  // Halves away from the outermost codes, which is on the safe side.
  const low = Math.round(limit(1, Number.NEGATIVE_INFINITY) / step) + middle;
  const high = middle - Math.round(-limit(2, Number.POSITIVE_INFINITY) / step);
  return low <= least && high >= most;
}

export interface WeightCodes extends Codes {
  readonly codes: Tensor;
  readonly bias: { readonly codes: Tensor; readonly scale: Tensor } | undefined;
}

/** What a bias may take of 32 bits, so that the sums have room. */
const BIAS_LIMIT = 2 ** 30;

/**
 * @param axis that of the scales; undefined: one scale for all
 * @param bias one number for each index of `units`
 * @param reduced 7 bits, so that no product of two pairs leaves 16
 */
export function weightCodes(
  weights: Tensor,
  axis: number | undefined,
  bias: Tensor | undefined,
  options: { readonly activation: Tensor; readonly reduced: boolean },
): WeightCodes {
  const values = float32s(tensorBytes(weights));
  const { dims } = weights;
  const most = options.reduced ? 63 : 127;
  const inner = axis === undefined ? values.length : dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const count = axis === undefined ? 1 : dims[axis]!;
  const largest = new Float64Array(count);
  // Weights of a channel lie in runs of `inner`.
  for (let at = 0, c = 0; at < values.length; at += inner, c = (c + 1) % count) {
    for (let i = at; i < at + inner; i++) largest[c] = Math.max(largest[c]!, Math.abs(values[i]!));
  }
  const offsets = bias === undefined ? undefined : tensorNumbers(bias);
  const activation = tensorNumbers(options.activation)[0]!;
  const room = (c: number): number => {
    const own =
      offsets === undefined ? 0 : axis === undefined ? Math.max(...offsets.map(Math.abs)) : Math.abs(offsets[c]!);
    return own / (activation * BIAS_LIMIT);
  };
  const scales = Array.from(largest, (m, c) => Math.fround(Math.max(m / most, room(c))) || 1);
  const bytes = new Int8Array(values.length);
  for (let at = 0, c = 0; at < values.length; at += inner, c = (c + 1) % count) {
    for (let i = at; i < at + inner; i++)
      bytes[i] = Math.min(Math.max(Math.round(values[i]! / scales[c]!), -most), most);
  }
  const codes: Tensor = { dtype: 'int8', dims, bytes: new Uint8Array(bytes.buffer) };
  const shape = axis === undefined ? [] : [count];
  const scale = tensorOf('float32', shape, scales);
  const zero = tensorOf('int8', shape, new Array(scales.length).fill(0));
  if (offsets === undefined) return { codes, scale, zero, bias: undefined };
  const products = scales.map((s) => Math.fround(activation * s));
  return {
    codes,
    scale,
    zero,
    bias: {
      codes: tensorOf(
        'int32',
        [offsets.length],
        offsets.map((v, i) => Math.round(v / products[axis === undefined ? 0 : i]!)),
      ),
      scale: tensorOf('float32', shape, products),
    },
  };
}
