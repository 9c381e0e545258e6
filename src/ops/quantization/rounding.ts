/** Rounding and saturation of quantisation: to the nearest whole number, ties to even, at the ends of an integer type held. */
import { BITS, type DataType } from '#ir';

/** The nearest whole number; of two as near, the even one. */
export function roundHalfEven(v: number): number {
  const floor = Math.floor(v);
  const rest = v - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Least and greatest value of an integer type of up to 32 bits. */
export function integerRange(dtype: DataType): readonly [number, number] {
  const bits = BITS[dtype];
  return dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** nearest(v) + zero, saturated to the range; a NaN gives its least value, as the kernels of ONNX Runtime do. */
export function quantise(v: number, zero: number, [low, high]: readonly [number, number]): number {
  if (Number.isNaN(v)) return low;
  return Math.min(Math.max(roundHalfEven(v) + zero, low), high);
}
