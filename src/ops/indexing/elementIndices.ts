/** Index tensors of GatherElements and ScatterElements: they have the rank of the data, and lead along one axis. */
import { intAttribute } from '#ir';
import type { EvaluateContext, InferContext, RefTensor } from '../define.ts';
import { eachIndex, numbersOf, stridesOf } from '../refTensor.ts';
import { mayEqual, normalizeAxis, type Shape, shapeText } from '../shapes.ts';
import { indexAlong } from './indices.ts';

/** Refuses indices that do not lie in the data along the other axes, and those known that do not along their own. */
export function checkElementIndices(c: InferContext): void {
  const [x, indices] = [c.inputs[0]!.shape, c.inputs[1]!.shape];
  if (x === undefined) return;
  const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), x.length);
  if (indices !== undefined && !fits(x, indices, axis)) {
    c.fail(`data ${shapeText(x)}, indices ${shapeText(indices)}`, {
      en: `indices of the data's rank, no larger than the data along the axes other than ${axis}`,
      zh: `秩与 data 相同的 indices，且在轴 ${axis} 以外不大于 data`,
    });
  }
  const size = x[axis];
  for (const i of c.shapeValue(1) ?? []) if (typeof i === 'number' && typeof size === 'number') indexAlong(c, i, size);
}

const fits = (x: Shape, indices: Shape, axis: number): boolean =>
  x.length === indices.length &&
  indices.every((d, k) => k === axis || typeof d !== 'number' || typeof x[k] !== 'number' || d <= x[k]);

/** Refuses updates that are not of the indices' shape. */
export function checkUpdates(c: InferContext): void {
  const [indices, updates] = [c.inputs[1]!.shape, c.inputs[2]!.shape];
  if (indices === undefined || updates === undefined) return;
  if (indices.length === updates.length && indices.every((d, k) => mayEqual(d, updates[k]!))) return;
  c.fail(`indices ${shapeText(indices)}, updates ${shapeText(updates)}`, {
    en: 'updates of the shape of the indices',
    zh: '与 indices 形状相同的 updates',
  });
}

/** For each index, in row-major order, where in the data it leads. */
export function elementOffsets(c: EvaluateContext, x: RefTensor, indices: RefTensor): number[] {
  const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), x.dims.length);
  const strides = stridesOf(x.dims);
  const at = numbersOf(indices);
  const offsets: number[] = [];
  eachIndex(indices.dims, (index, flat) => {
    let offset = indexAlong(c, at[flat]!, x.dims[axis]!) * strides[axis]!;
    for (let k = 0; k < index.length; k++) if (k !== axis) offset += index[k]! * strides[k]!;
    offsets.push(offset);
  });
  return offsets;
}
