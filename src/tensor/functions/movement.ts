/** Shapes and axes: reshape, transpose, joining and cutting, gather and scatter, padding. */
import { diagnostic } from '#base';
import { type Dim, int, ints, string, tensorOf } from '#ir';
import { apply, applyAll } from '../apply.ts';
import { numberWithin, refuseOneByOne, type Shape, sizesFrom, whole, wholes } from '../arguments.ts';
import { constantTensor } from '../autograd.ts';
import { Tensor } from '../tensor.ts';
import { axisOf, int64s } from './axes.ts';
import { meet, type Operand, scalarBeside, toTensor } from './operands.ts';

const nothingToJoin = diagnostic<{ op: string }>('SYS-TEN-127', 'usage', {
  en: (p) => `${p.op} of an empty list: give at least one tensor, in an array.`,
  zh: (p) => `${p.op} 的列表为空：请在数组中给出至少一个张量。`,
});

const noPermutation = diagnostic<{ perm: string; shape: string }>('SYS-TEN-139', 'invalid', {
  en: (p) => `transpose: [${p.perm}] does not name each axis of shape [${p.shape}] once. swapAxes exchanges two axes.`,
  zh: (p) => `transpose：[${p.perm}] 没有将形状 [${p.shape}] 的每个轴恰好列出一次。交换两个轴请用 swapAxes。`,
});

/**
 * The same elements under another shape, an array; one size may be −1.
 * @throws SYS-TEN-120, -121 it is no shape
 */
export const reshape = (x: Tensor, shape: Shape, ...more: readonly never[]): Tensor => {
  const sizes = sizesFrom('reshape', shape, more, -1);
  return apply('Reshape', [x, int64s(sizes)], { allowzero: int(sizes.includes(-1) ? 0 : 1) });
};

/** Axes `from` … `to` as one; by default all behind the first, the batch. */
export function flatten(x: Tensor, from = 1, to = -1): Tensor {
  const [first, last] = [axisOf('flatten', x, from), axisOf('flatten', x, to)];
  if (first === 1 && last === x.rank - 1) return apply('Flatten', [x], { axis: int(1) });
  const joined = x.dims.slice(first, last + 1);
  const size = joined.every((d) => typeof d === 'number') ? joined.reduce((a, b) => a * b, 1) : null;
  return rearrange(x, [...x.dims.slice(0, first), size, ...x.dims.slice(last + 1)]);
}

/** One axis as several, of the given sizes; one may be −1. */
export function unflatten(x: Tensor, axis: number, sizes: readonly number[]): Tensor {
  const place = axisOf('unflatten', x, axis);
  return rearrange(x, [...x.dims.slice(0, place), ...sizes, ...x.dims.slice(place + 1)]);
}

/** Reshape to sizes of which some may be open: those that stay in their place are copied, one other is what is left over. */
function rearrange(x: Tensor, dims: readonly Dim[]): Tensor {
  if (dims.every((d) => typeof d === 'number')) return reshape(x, dims);
  const copied = (d: Dim, i: number): boolean => d !== null && typeof d !== 'number' && d === x.dims[i];
  const asked = dims.map((d, i) => (copied(d, i) ? 0 : typeof d === 'number' ? d : -1));
  // Two sizes to solve: the shape is asked for as numbers, and the error says which one is open.
  if (asked.filter((d) => d === -1).length > 1) return reshape(x, x.shape);
  return apply('Reshape', [x, int64s(asked)], { allowzero: int(0) });
}

const TWO_AXES = {
  en: ' To exchange two axes as in PyTorch: swapAxes(a, b).',
  zh: '如需像 PyTorch 那样交换两个轴：swapAxes(a, b)。',
};

/**
 * Axes in another order, an array that names each once; without one, reversed. `swapAxes` is PyTorch's transpose of two.
 * @throws SYS-TEN-121, -139 it is no such array
 */
export function transpose(x: Tensor, perm?: readonly number[], ...more: readonly never[]): Tensor {
  refuseOneByOne('transpose', perm, more, TWO_AXES);
  if (perm === undefined) return apply('Transpose', [x]);
  const order = wholes('transpose', perm).map((p) => axisOf('transpose', x, p));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw noPermutation({ perm: order.join(', '), shape: x.dims.join(', ') });
  }
  return apply('Transpose', [x], { perm: ints(order) });
}

/** Axes in the given order: `transpose` by PyTorch's other name. */
export function permute(x: Tensor, order: readonly number[], ...more: readonly never[]): Tensor {
  refuseOneByOne('permute', order, more);
  return transpose(x, wholes('permute', order));
}

/** Two axes exchanged. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const [i, j] = [axisOf('swapAxes', x, a), axisOf('swapAxes', x, b)];
  return transpose(
    x,
    x.dims.map((_, k) => (k === i ? j : k === j ? i : k)),
  );
}

/** Axes of size 1 removed: the given ones, or all. */
export const squeeze = (x: Tensor, axes?: number | readonly number[]): Tensor =>
  apply('Squeeze', [x, axes === undefined ? undefined : int64s(wholes('squeeze', axes))]);

/** Axes of size 1 inserted, so that they stand at these places. */
export const unsqueeze = (x: Tensor, axes: number | readonly number[]): Tensor =>
  apply('Unsqueeze', [x, int64s(wholes('unsqueeze', axes))]);

/** Sizes of axes `from` … before `to` as a vector of i64: for shapes that stay open until the graph runs. */
export const sizesOf = (x: Tensor, from = 0, to?: number): Tensor =>
  apply('Shape', [x], { start: int(from), end: to === undefined ? undefined : int(to) });

/** Broadcast to a shape, of numbers or computed (`sizesOf`). */
export const expand = (x: Tensor, shape: Shape | Tensor, ...more: readonly never[]): Tensor =>
  apply('Expand', [x, shape instanceof Tensor ? shape : int64s(sizesFrom('expand', shape, more))]);

export const tile = (x: Tensor, repeats: Shape, ...more: readonly never[]): Tensor =>
  apply('Tile', [x, int64s(sizesFrom('tile', repeats, more))]);

/** Slices along an axis at the given indices; the indices' shape takes the axis' place. */
export const take = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply('Gather', [x, indices], { axis: int(axisOf('take', x, axis)) });
/** For each place of `indices` the element at that index along the axis. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply('GatherElements', [x, indices], { axis: int(axisOf('gather', x, axis)) });
/** `x` with `updates` written (or added, …) at the given indices along the axis. */
export const scatter = (
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis = 0,
  reduction: 'none' | 'add' | 'mul' | 'max' | 'min' = 'none',
): Tensor =>
  apply('ScatterElements', [x, indices, updates], {
    axis: int(axisOf('scatter', x, axis)),
    reduction: string(reduction),
  });

/**
 * Joined along an axis.
 * @throws SYS-TEN-127 there is nothing to join
 */
export function concat(tensors: readonly Operand[], axis = 0): Tensor {
  checkList('concat', tensors);
  return apply('Concat', meet('Concat', tensors), { axis: int(whole('concat', axis)) });
}

/**
 * Joined along a new axis.
 * @throws SYS-TEN-127 there is nothing to join
 */
export function stack(tensors: readonly Operand[], axis = 0): Tensor {
  checkList('stack', tensors);
  return concat(
    tensors.map((t) => unsqueeze(toTensor(t), axis)),
    axis,
  );
}

function checkList(op: string, tensors: readonly Operand[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0) throw nothingToJoin({ op });
}

/** An axis cut into parts: of these sizes, or into so many of (almost) one size. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): readonly Tensor[] {
  const along = { axis: int(axisOf('split', x, axis)) };
  if (typeof parts === 'number') {
    numberWithin('split: parts', parts, { min: 1, whole: true });
    return applyAll('Split', [x], { ...along, num_outputs: int(parts) }, parts);
  }
  return applyAll('Split', [x, int64s(sizesFrom('split', parts))], along, parts.length);
}

/** Elements added before and after each axis: [before, after] for each. */
export function pad(
  x: Tensor,
  widths: readonly (readonly [number, number])[],
  mode: 'constant' | 'reflect' | 'edge' | 'wrap' = 'constant',
  value = 0,
): Tensor {
  const pads = int64s(wholes('pad', [...widths.map(([before]) => before), ...widths.map(([, after]) => after)]));
  return apply('Pad', [x, pads, mode === 'constant' ? scalarBeside(value, x.dataType) : undefined], {
    mode: string(mode),
  });
}

/** Ones at the given indices of a new last axis of `depth`. */
export const oneHot = (indices: Tensor, depth: number): Tensor =>
  apply('OneHot', [
    indices,
    scalarBeside(numberWithin('oneHot: depth', depth, { min: 1, whole: true }), 'int64'),
    constantTensor(tensorOf('float32', [2], [0, 1])),
  ]);
