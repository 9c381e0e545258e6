/**
 * From sums in 32 bits to integers of 8: saturate(nearest(f32(sum) · scale) + zero point), the product rounded to f32, with the scale
 * f32(f32(sA · sB) ÷ sC). So do the kernels of ONNX Runtime (MlasRequantizeOutput), and so do the processor's.
 */
import type { DataType } from '#ir';
import type { RefTensor } from '../define.ts';
import { refFrom } from '../refTensor.ts';
import { integerRange, quantise } from './rounding.ts';

export interface Requantisation {
  readonly dtype: DataType;
  readonly zero: number;
  /** The scales of both operands for an element of the result, and of the result. */
  readonly a: (flat: number) => number;
  readonly b: (flat: number) => number;
  readonly c: number;
}

export function requantise(dims: readonly number[], sums: ArrayLike<number>, to: Requantisation): RefTensor {
  const range = integerRange(to.dtype);
  return refFrom(to.dtype, dims, (i) => {
    const scale = Math.fround(Math.fround(to.a(i) * to.b(i)) / to.c);
    return quantise(Math.fround(Math.fround(sums[i]!) * scale), to.zero, range);
  });
}
