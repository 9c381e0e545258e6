/** Shapes, axes and places: reshape, transpose, slices and indices, joining and cutting, gather and scatter, padding. */
import { diagnostic } from '#base';
import { type Dim, int, ints, string, tensorOf } from '#ir';
import { apply, applyAll } from '../apply.ts';
import { constantTensor } from '../autograd.ts';
import type { Tensor } from '../tensor.ts';
import { meet, type Operand, scalarBeside, toTensor } from './operands.ts';

const badAxis = diagnostic<{ op: string; axis: number; shape: string }>('SYS-TEN-023', 'invalid', {
  en: (p) => `${p.op}: shape [${p.shape}] has no axis ${p.axis}.`,
  zh: (p) => `${p.op}：形状 [${p.shape}] 没有轴 ${p.axis}。`,
});

const tooManyIndices = diagnostic<{ count: number; shape: string }>('SYS-TEN-024', 'invalid', {
  en: (p) => `${p.count} indices for shape [${p.shape}]: at most one for each axis (and one '...').`,
  zh: (p) => `对形状 [${p.shape}] 给出了 ${p.count} 个下标：每个轴至多一个（另可有一个 '...'）。`,
});

const int64s = (values: readonly number[]): Tensor =>
  constantTensor(tensorOf('int64', [values.length], values.map(BigInt)));

const axisOf = (op: string, x: Tensor, axis: number): number => {
  const place = axis < 0 ? axis + x.rank : axis;
  if (place < 0 || place >= x.rank) throw badAxis({ op, axis, shape: x.dims.join(', ') });
  return place;
};

/** The same elements under another shape; one size may be −1. */
export const reshape = (x: Tensor, shape: readonly number[]): Tensor =>
  apply('Reshape', [x, int64s(shape)], { allowzero: int(shape.includes(-1) ? 0 : 1) });

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

/** Axes in another order; without one, reversed. */
export const transpose = (x: Tensor, perm?: readonly number[]): Tensor =>
  apply('Transpose', [x], { perm: perm === undefined ? undefined : ints(perm.map((p) => axisOf('transpose', x, p))) });

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
  apply('Squeeze', [x, axes === undefined ? undefined : int64s([axes].flat() as number[])]);

/** Axes of size 1 inserted, so that they stand at these places. */
export const unsqueeze = (x: Tensor, axes: number | readonly number[]): Tensor =>
  apply('Unsqueeze', [x, int64s([axes].flat() as number[])]);

/** Sizes of axes `from` … before `to` as a vector of i64: for shapes that stay open until the graph runs. */
export const sizesOf = (x: Tensor, from = 0, to?: number): Tensor =>
  apply('Shape', [x], { start: int(from), end: to === undefined ? undefined : int(to) });

/** Broadcast to a shape, of numbers or computed (`sizesOf`). */
export const expand = (x: Tensor, shape: readonly number[] | Tensor): Tensor =>
  apply('Expand', [x, Array.isArray(shape) ? int64s(shape) : (shape as Tensor)]);

export const tile = (x: Tensor, repeats: readonly number[]): Tensor => apply('Tile', [x, int64s(repeats)]);

const severalTensors = diagnostic<{ count: number }>('SYS-TEN-046', 'unsupported', {
  en: (p) =>
    `at takes one tensor of indices; there are ${p.count}. Take along one axis after the other, or gather pairs with 'gather'.`,
  zh: (p) => `at 只接受一个下标张量；此处有 ${p.count} 个。请逐轴选取，或用 gather 成对选取。`,
});

/**
 * One place of `at`: a number takes the axis away, `[start, end, step?]` a range (undefined: from the beginning, to the end),
 * null inserts an axis, '...' stands for all axes in between, a tensor of integers gathers.
 */
export type Index = number | null | '...' | readonly [(number | undefined)?, (number | undefined)?, number?] | Tensor;

/** Part of a tensor, by NumPy's basic indexing, and gathering by integer tensors along single axes. */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  const consuming = indices.filter((i) => i !== null && i !== '...').length;
  if (consuming > x.rank || indices.filter((i) => i === '...').length > 1) {
    throw tooManyIndices({ count: indices.length, shape: x.dims.join(', ') });
  }
  const rest = x.rank - consuming;
  const full: Index[] = indices.includes('...') ? [...indices] : [...indices, '...'];
  const places = full.flatMap((i): Index[] => (i === '...' ? new Array<Index>(rest).fill([]) : [i]));
  return rearranged(x, places);
}

function rearranged(x: Tensor, places: readonly Index[]): Tensor {
  const ranges: { axis: number; start: number; end: number; step: number }[] = [];
  const [drop, insert]: [number[], number[]] = [[], []];
  const gathers: { axis: number; indices: Tensor }[] = [];
  let axis = 0;
  let out = 0;
  for (const place of places) {
    if (place === null) {
      insert.push(out++);
      continue;
    }
    if (typeof place === 'number') {
      ranges.push({ axis, start: place, end: place === -1 ? Number.MAX_SAFE_INTEGER : place + 1, step: 1 });
      checkIndex(x, axis, place);
      drop.push(axis);
    } else if (Array.isArray(place)) {
      const [start, end, step = 1] = place as [number?, number?, number?];
      const far = Number.MAX_SAFE_INTEGER;
      if (start !== undefined || end !== undefined || step !== 1) {
        ranges.push({ axis, start: start ?? (step > 0 ? 0 : far), end: end ?? (step > 0 ? far : -far), step });
      }
      out++;
    } else {
      gathers.push({ axis, indices: place as Tensor });
      out += (place as Tensor).rank;
    }
    axis++;
  }
  let y = x;
  if (ranges.length > 0) {
    const list = (f: (r: (typeof ranges)[0]) => number): Tensor => int64s(ranges.map(f));
    y = apply('Slice', [y, list((r) => r.start), list((r) => r.end), list((r) => r.axis), list((r) => r.step)]);
  }
  if (drop.length > 0) y = squeeze(y, drop);
  if (gathers.length > 1) throw severalTensors({ count: gathers.length });
  // The axes that numbers took away stand no longer before it.
  for (const { axis: along, indices } of gathers) {
    y = apply('Gather', [y, indices], { axis: int(along - drop.filter((d) => d < along).length) });
  }
  return insert.length > 0 ? unsqueeze(y, insert) : y;
}

function checkIndex(x: Tensor, axis: number, place: number): void {
  const size = x.dims[axis];
  if (typeof size === 'number' && (place < -size || place >= size)) {
    throw outOfRange({ index: place, axis, shape: x.dims.join(', ') });
  }
}

const outOfRange = diagnostic<{ index: number; axis: number; shape: string }>('SYS-TEN-025', 'invalid', {
  en: (p) => `index ${p.index} is outside axis ${p.axis} of shape [${p.shape}].`,
  zh: (p) => `下标 ${p.index} 超出形状 [${p.shape}] 的轴 ${p.axis}。`,
});

/** Slices along an axis at the given indices; the indices' shape takes the axis' place. */
export const take = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply('Gather', [x, indices], { axis: int(axis) });
/** For each place of `indices` the element at that index along the axis. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply('GatherElements', [x, indices], { axis: int(axis) });
/** `x` with `updates` written (or added, …) at the given indices along the axis. */
export const scatter = (
  x: Tensor,
  indices: Tensor,
  updates: Tensor,
  axis = 0,
  reduction: 'none' | 'add' | 'mul' | 'max' | 'min' = 'none',
): Tensor => apply('ScatterElements', [x, indices, updates], { axis: int(axis), reduction: string(reduction) });

export const concat = (tensors: readonly Operand[], axis = 0): Tensor =>
  apply('Concat', meet('Concat', tensors), { axis: int(axis) });
/** Joined along a new axis. */
export const stack = (tensors: readonly Operand[], axis = 0): Tensor =>
  concat(
    tensors.map((t) => unsqueeze(toTensor(t), axis)),
    axis,
  );

/** An axis cut into parts: of these sizes, or into so many of (almost) one size. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): readonly Tensor[] {
  if (typeof parts === 'number') return applyAll('Split', [x], { axis: int(axis), num_outputs: int(parts) }, parts);
  return applyAll('Split', [x, int64s(parts)], { axis: int(axis) }, parts.length);
}

/** Elements added before and after each axis: [before, after] for each. */
export function pad(
  x: Tensor,
  widths: readonly (readonly [number, number])[],
  mode: 'constant' | 'reflect' | 'edge' | 'wrap' = 'constant',
  value = 0,
): Tensor {
  const pads = int64s([...widths.map(([before]) => before), ...widths.map(([, after]) => after)]);
  return apply('Pad', [x, pads, mode === 'constant' ? scalarBeside(value, x.dataType) : undefined], {
    mode: string(mode),
  });
}

/** The elements along axes in reverse order. */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  const list = ([axes].flat() as number[]).map((a) => axisOf('flip', x, a));
  return at(x, ...x.dims.map((_, i): Index => (list.includes(i) ? [undefined, undefined, -1] : [])));
}

/** Ones at the given indices of a new last axis of `depth`. */
export const oneHot = (indices: Tensor, depth: number): Tensor =>
  apply('OneHot', [indices, scalarBeside(depth, 'int64'), constantTensor(tensorOf('float32', [2], [0, 1]))]);
