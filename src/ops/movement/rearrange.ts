/**
 * Evaluation of operators that only move elements: each element of the result names the element of the input it comes
 * from. All element types alike.
 */
import type { RefTensor } from '../define.ts';
import { eachIndex, type RefElement, refFrom } from '../refTensor.ts';

/** The tensor of shape `dims` whose element at `index` is element `source(index)` of `t` (row-major position). */
export function rearrange(
  t: RefTensor,
  dims: readonly number[],
  source: (index: readonly number[]) => number,
): RefTensor {
  const elements: RefElement[] = [];
  eachIndex(dims, (index) => {
    elements.push(t.data[source(index)]!);
  });
  return refFrom(t.dtype, dims, (i) => elements[i]!);
}

/** The same elements under another shape. */
export const reshaped = (t: RefTensor, dims: readonly number[]): RefTensor => ({ dtype: t.dtype, dims, data: t.data });
