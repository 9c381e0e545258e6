/**
 * What element-wise operators of several inputs share: evaluation under NumPy broadcasting, and the propagation of
 * shape computations through 0-D and 1-D integer tensors.
 */
import { internalError } from '#base';
import type { DataType, Dim, TensorType } from '#ir';
import type { InferContext, RefTensor } from '../define.ts';
import { broadcastStrides, eachIndex, offsetAt, type RefElement, refFrom } from '../refTensor.ts';
import { broadcastShapes, type Shape } from '../shapes.ts';

/** The tensor whose elements are `f` of the inputs' elements that broadcasting brings together. */
export function broadcastEvaluate(
  inputs: readonly RefTensor[],
  dtype: DataType,
  f: (elements: readonly RefElement[]) => RefElement,
): RefTensor {
  const dims = broadcastShapes(inputs.map((t) => t.dims)) as readonly number[] | undefined;
  if (dims === undefined) {
    throw internalError({ what: `shapes ${inputs.map((t) => `[${t.dims}]`).join(' and ')} do not broadcast` });
  }
  const strides = inputs.map((t) => broadcastStrides(t.dims, dims));
  const elements: RefElement[] = [];
  eachIndex(dims, (index) => {
    elements.push(f(inputs.map((t, k) => t.data[offsetAt(index, strides[k]!)]!)));
  });
  return refFrom(dtype, dims, (i) => elements[i]!);
}

/** Folds the values of the inputs of a shape computation; undefined where one is not known or the result is no vector. */
export function broadcastValues(
  c: Pick<InferContext, 'inputs' | 'shapeValue'>,
  shape: Shape | undefined,
  f: (a: Dim, b: Dim) => Dim,
): readonly Dim[] | undefined {
  if (shape === undefined || shape.length > 1) return undefined;
  const length = shape.length === 0 ? 1 : shape[0];
  if (typeof length !== 'number') return undefined;
  let result: readonly Dim[] | undefined;
  for (let k = 0; k < c.inputs.length; k++) {
    if (c.inputs[k] === undefined) continue;
    const values = c.shapeValue(k);
    if (values === undefined) return undefined;
    const stretched = Array.from({ length }, (_, i) => values[values.length === 1 ? 0 : i] ?? null);
    result = result === undefined ? stretched : result.map((a, i) => f(a, stretched[i]!));
  }
  return result;
}

/** The inputs that are present, for operators whose inputs are all required. */
export const present = <T>(inputs: readonly (T | undefined)[]): readonly T[] => inputs.filter((t): t is T => !!t);

/** Output type of a broadcasting operator. */
export const broadcastType = (dtype: DataType, shape: Shape | undefined): TensorType => ({
  kind: 'tensor',
  dtype,
  shape,
});
