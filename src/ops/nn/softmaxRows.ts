/**
 * The vectors that Softmax and LogSoftmax normalise. Since opset 13 a vector runs along `axis` (default −1); before, the
 * input was taken as a matrix [product of axes before `axis`, product of the rest] and normalised row by row (default 1).
 */
import { elementCount, intAttribute } from '#ir';
import type { AttributeSpec, EvaluateContext, InferContext } from '../define.ts';
import { numbersOf, type RefData } from '../refTensor.ts';
import { accepted, inputType, normalizeAxis, type Refuse } from '../shapes.ts';

export const SOFTMAX_ATTRIBUTES: Readonly<Record<string, AttributeSpec>> = {
  axis: {
    kind: 'int',
    doc: 'Since opset 13 the axis of the vectors, default −1; before, the first of the axes that make up a row, default 1.',
  },
};

const axisOf = (c: Refuse, { node, opset }: Pick<InferContext, 'node' | 'opset'>, rank: number): number =>
  normalizeAxis(c, intAttribute(node, 'axis', opset < 13 ? 1 : -1), rank);

/** The shape rule: output as input. */
export function inferSoftmax(c: InferContext) {
  const x = inputType(c, 0);
  if (x.shape !== undefined) axisOf(c, c, x.shape.length);
  return { types: [x] };
}

/** How many vectors of which length, and the distance between their elements. */
export function rowsOf(c: Pick<InferContext, 'node' | 'opset'>, dims: readonly number[]) {
  const axis = axisOf(accepted, c, dims.length);
  const length = elementCount(c.opset < 13 ? dims.slice(axis) : dims.slice(axis, axis + 1));
  const step = c.opset < 13 ? 1 : elementCount(dims.slice(axis + 1));
  return { length, step, count: length === 0 ? 0 : elementCount(dims) / length };
}

/** Applies `normalize` to each vector. */
export function evaluateRows(c: EvaluateContext, normalize: (row: Float64Array) => Float64Array) {
  const x = c.inputs[0]!;
  const { length, step, count } = rowsOf(c, x.dims);
  const values = numbersOf(x);
  const y = new Float64Array(values.length);
  const row = new Float64Array(length);
  for (let r = 0; r < count; r++) {
    const start = Math.floor(r / step) * step * length + (r % step);
    for (let i = 0; i < length; i++) row[i] = values[start + i * step]!;
    const result = normalize(row);
    for (let i = 0; i < length; i++) y[start + i * step] = result[i]!;
  }
  return [{ ...x, data: y as RefData }];
}

/** The largest element; it is subtracted first, so that exp cannot overflow. */
export const maximum = (row: Float64Array): number => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** The axes of one vector. */
export function vectorAxes(c: Pick<InferContext, 'node' | 'opset'>, rank: number): readonly number[] {
  const axis = axisOf(accepted, c, rank);
  return c.opset < 13 ? Array.from({ length: rank - axis }, (_, i) => axis + i) : [axis];
}
