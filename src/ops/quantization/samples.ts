/** Integers for the samples of this folder: the whole range of their type. */
import type { DataType, Tensor } from '#ir';
import { data } from '../sampling.ts';
import { integerRange } from './rounding.ts';

export function codes(dims: readonly number[], dtype: DataType, seed = 1): Tensor {
  const [low, high] = integerRange(dtype);
  return data(dims, { dtype, seed, low, high });
}
