/**
 * One axis of a slice: from `start` to before `end` by `step`. Negative places count from the back, places outside are
 * clamped; a start before the front is the first element even for a walk backwards, where NumPy would take nothing.
 */
import type { Dim } from '#ir';

export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** The elements taken from an axis of `size` elements; `step` is not 0. */
export function sliceRange(size: number, start: number, end: number, step: number): SliceRange {
  const fromFront = (place: number) => (place < 0 ? place + size : place);
  const clamp = (place: number, low: number, high: number) => Math.min(Math.max(place, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = clamp(fromFront(start), 0, Math.max(high, 0));
  const last = clamp(fromFront(end), low, Math.max(high, low));
  return { start: first, step, count: size === 0 ? 0 : Math.max(0, Math.ceil((last - first) / step)) };
}

/** The size of a sliced axis as far as it is known. */
export function slicedDim(size: Dim, start: Dim, end: Dim, step: Dim): Dim {
  if (typeof start !== 'number' || typeof step !== 'number') return null;
  // All of a symbolic axis: in order, to the symbol itself or to a place that no axis reaches.
  if (typeof size !== 'number' && start === 0 && step === 1 && (end === size || reachesAnyEnd(end))) return size;
  return typeof size === 'number' && typeof end === 'number' ? sliceRange(size, start, end, step).count : null;
}

/** Exporters write INT64_MAX or INT32_MAX for "to the end". */
const reachesAnyEnd = (end: Dim): boolean => typeof end === 'number' && end >= 2 ** 31 - 1;
