/**
 * Regions: the set of bytes that a strided access touches, relative to its operand's address, as offset + Σ iₐ·strideₐ +
 * [0, width) with every stride positive. From it come, in O(axes), the extent for range checks and, for race detection, the
 * exact set as few sorted disjoint intervals. Intervals are flat: from, to, from, to, …
 */
import { DIMENSIONS, type RecordWords, SIZE, STRIDE } from '#timing';

export interface Region {
  readonly offset: number;
  readonly width: number;
  /** Axes with more than one index, by rising stride. */
  readonly counts: readonly number[];
  readonly strides: readonly number[];
  /** One behind the last byte is offset + extent; 0 where the region is empty. */
  readonly extent: number;
}

export type Intervals = readonly number[];

const WRAP = 2 ** 32;

/** An address as the processor computes it, modulo 2³². */
export const wrapped = (address: number): number => ((address % WRAP) + WRAP) % WRAP;

/** Builds a region axis by axis. */
export class RegionBuilder {
  #offset: number;
  #empty = false;
  readonly #counts: number[] = [];
  readonly #strides: number[] = [];

  constructor(offset = 0) {
    this.#offset = offset;
  }

  /** Indices first … first + count − 1. Returns the builder. */
  axis(count: number, stride: number, first = 0): this {
    if (count <= 0) this.#empty = true;
    this.#offset += first * stride;
    if (count <= 1 || stride === 0) return this;
    if (stride < 0) this.#offset += (count - 1) * stride;
    const size = Math.abs(stride);
    let i = this.#strides.length;
    while (i > 0 && this.#strides[i - 1]! > size) i--;
    if (i > 0 && this.#strides[i - 1] === size) {
      // Two axes with one stride reach the sums of their indices.
      this.#counts[i - 1] = this.#counts[i - 1]! + count - 1;
      return this;
    }
    this.#strides.splice(i, 0, size);
    this.#counts.splice(i, 0, count);
    return this;
  }

  /** Dimensions `from` … `to` with the strides of one record and the sizes of another. */
  record(strides: RecordWords, sizes: RecordWords, from = 0, to = DIMENSIONS - 1): this {
    for (let d = from; d <= to; d++) this.axis(sizes[4 * d + SIZE]!, strides[4 * d + STRIDE]!);
    return this;
  }

  region(width: number): Region {
    let extent = width;
    for (let i = 0; i < this.#counts.length; i++) extent += (this.#counts[i]! - 1) * this.#strides[i]!;
    if (this.#empty || width <= 0) extent = 0;
    return { offset: this.#offset, width, counts: this.#counts, strides: this.#strides, extent };
  }
}

/** The bytes of a region as sorted, disjoint, coalesced intervals. */
export function intervalsOf(region: Region): Intervals {
  const { offset, width, counts, strides, extent } = region;
  if (extent === 0) return [];
  let length = width;
  let axis = 0;
  // While the set is one interval, an axis whose steps do not leave gaps only makes it longer.
  for (; axis < counts.length && strides[axis]! <= length; axis++) length += (counts[axis]! - 1) * strides[axis]!;
  let set: number[] = [offset, offset + length];
  for (; axis < counts.length; axis++) set = repeated(set, counts[axis]!, strides[axis]!);
  return set;
}

/** How many bytes the intervals hold. */
export function bytesOf(set: Intervals): number {
  let bytes = 0;
  for (let i = 0; i < set.length; i += 2) bytes += set[i + 1]! - set[i]!;
  return bytes;
}

/** The union of `count` copies, each `stride` behind the last. */
function repeated(set: number[], count: number, stride: number): number[] {
  const first = set[0]!;
  const last = set[set.length - 1]!;
  if (first + stride > last) {
    const out: number[] = new Array<number>(set.length * count);
    let at = 0;
    for (let k = 0; k < count; k++) for (let i = 0; i < set.length; i++) out[at++] = set[i]! + k * stride;
    return out;
  }
  // Copies overlap or touch: doubling takes log2(count) merges, the last one over copies that both halves hold.
  let have = 1;
  let union = set;
  while (have < count) {
    const step = Math.min(have, count - have);
    union = merged(union, union, step * stride);
    have += step;
  }
  return union;
}

/** Union of two sets of intervals, the second moved by `offset`. */
export function merged(a: Intervals, b: Intervals, offset = 0): number[] {
  const out: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    let from: number;
    let to: number;
    if (j >= b.length || (i < a.length && a[i]! <= b[j]! + offset)) {
      from = a[i]!;
      to = a[i + 1]!;
      i += 2;
    } else {
      from = b[j]! + offset;
      to = b[j + 1]! + offset;
      j += 2;
    }
    const end = out.length - 1;
    if (end > 0 && from <= out[end]!) out[end] = Math.max(out[end]!, to);
    else out.push(from, to);
  }
  return out;
}

/** What of the first set the second, moved by `shift`, does not hold. */
export function difference(a: Intervals, b: Intervals, shift = 0): number[] {
  const out: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let from = a[i]!;
    const to = a[i + 1]!;
    while (j < b.length && b[j + 1]! + shift <= from) j += 2;
    for (let k = j; k < b.length && b[k]! + shift < to; k += 2) {
      if (b[k]! + shift > from) out.push(from, b[k]! + shift);
      from = Math.max(from, b[k + 1]! + shift);
    }
    if (from < to) out.push(from, to);
  }
  return out;
}

/** First address that both sets hold, each moved by its shift; −1 where there is none. */
export function firstCommon(a: Intervals, shiftA: number, b: Intervals, shiftB: number): number {
  const shift = shiftB - shiftA;
  if (a.length === 0 || b.length === 0) return -1;
  if (a[a.length - 1]! <= b[0]! + shift || b[b.length - 1]! + shift <= a[0]!) return -1;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i]!, b[j]! + shift);
    const endA = a[i + 1]!;
    const endB = b[j + 1]! + shift;
    if (from < Math.min(endA, endB)) return from + shiftA;
    if (endA < endB) i += 2;
    else j += 2;
  }
  return -1;
}
