/**
 * Which words of the input a piece of a convolution reads, as a matrix product of pixels and elements of the filter: neighbouring
 * pixels share words, and a last filter that reaches over the edge reads nothing there. Elements are numbered filter row, filter
 * column, channel (innermost), pixels row by row. Sparse layers keep the first N of every M elements, and only these are numbered.
 *
 * Counting goes by rows of the input: what a row gives is a set of intervals, and most rows of a piece give the same.
 */
import type { ArrayLayer } from './arrayFolds.ts';

/** From the first to behind the last. */
type Range = readonly [from: number, to: number];

export class InputWords {
  /** Elements of a filter that are kept. */
  readonly reduction: number;
  readonly #layer: ArrayLayer;
  readonly #outWidth: number;
  readonly #known = new Map<string, number>();

  constructor(layer: ArrayLayer) {
    this.#layer = layer;
    const { reduction: all, sparsity, convolution: c } = layer;
    this.reduction =
      sparsity === undefined
        ? all
        : Math.floor(all / sparsity.of) * sparsity.kept + Math.min(all % sparsity.of, sparsity.kept);
    this.#outWidth = c === undefined ? 1 : Math.ceil((c.width - c.filterWidth + c.stride) / c.stride);
  }

  /** Number of an element before any was left out. */
  #element(kept: number): number {
    const { sparsity } = this.#layer;
    return sparsity === undefined ? kept : Math.floor(kept / sparsity.kept) * sparsity.of + (kept % sparsity.kept);
  }

  /** Whether a pixel's element lies within the input. */
  isInside(pixel: number, kept: number): boolean {
    const c = this.#layer.convolution;
    if (c === undefined) return true;
    const at = Math.floor(this.#element(kept) / c.channels);
    const y = Math.floor(pixel / this.#outWidth) * c.stride + Math.floor(at / c.filterWidth);
    const x = (pixel % this.#outWidth) * c.stride + (at % c.filterWidth);
    return y < c.height && x < c.width;
  }

  /** Distinct words that pixels `p0` to `p1` read of kept elements `k0` to `k1` (both ends exclusive). */
  count(p0: number, p1: number, k0: number, k1: number): number {
    if (this.#layer.convolution === undefined) return (p1 - p0) * (k1 - k0);
    let words = 0;
    for (const { positions, channels } of this.#positions(k0, k1)) {
      const key = `${p0},${p1}:${positions.join(';')}`;
      let met = this.#known.get(key);
      if (met === undefined) {
        met = this.#meet(p0, p1, positions);
        this.#known.set(key, met);
      }
      words += channels * met;
    }
    return words;
  }

  /** Positions of the filter (row by row) that kept elements read, and how many channels are read at the same ones. */
  #positions(k0: number, k1: number): { readonly positions: readonly Range[]; channels: number }[] {
    const { channels: depth } = this.#layer.convolution!;
    if (this.#layer.sparsity === undefined) {
      const [q0, c0] = [Math.floor(k0 / depth), k0 % depth];
      const [q1, c1] = [Math.floor((k1 - 1) / depth), (k1 - 1) % depth];
      // Channels from c0 on begin at q0, the others a position later; channels up to c1 end with q1, the others one earlier.
      const cuts = [0, c0, c1 + 1, depth].sort((a, b) => a - b);
      return cuts.slice(1).flatMap((to, i) => {
        const from = cuts[i]!;
        const range: Range = [from >= c0 ? q0 : q0 + 1, from <= c1 ? q1 + 1 : q1];
        return to > from && range[1] > range[0] ? [{ positions: [range], channels: to - from }] : [];
      });
    }
    const ofChannel = new Map<number, [number, number][]>();
    for (let k = k0; k < k1; k++) {
      const element = this.#element(k);
      const at = Math.floor(element / depth);
      const ranges = ofChannel.get(element % depth);
      const last = ranges?.at(-1);
      if (ranges === undefined) ofChannel.set(element % depth, [[at, at + 1]]);
      else if (last![1] === at) last![1]++;
      else ranges.push([at, at + 1]);
    }
    const same = new Map<string, { readonly positions: readonly Range[]; channels: number }>();
    for (const positions of ofChannel.values()) {
      const key = positions.join(';');
      const entry = same.get(key);
      if (entry === undefined) same.set(key, { positions, channels: 1 });
      else entry.channels++;
    }
    return [...same.values()];
  }

  /** Distinct words of one channel. */
  #meet(p0: number, p1: number, positions: readonly Range[]): number {
    const { height, filterWidth, stride } = this.#layer.convolution!;
    const width = this.#outWidth;
    // Columns of the filter by its rows.
    const columns = new Map<number, Range[]>();
    for (const [from, to] of positions) {
      for (let at = from; at < to; ) {
        const row = Math.floor(at / filterWidth);
        const end = Math.min(to, (row + 1) * filterWidth);
        const list = columns.get(row) ?? [];
        list.push([at - row * filterWidth, end - row * filterWidth]);
        columns.set(row, list);
        at = end;
      }
    }
    // Output rows: a piece of the first, whole ones, a piece of the last.
    const [top, bottom] = [Math.floor(p0 / width), Math.floor((p1 - 1) / width)];
    const pixelsOf = (row: number): Range => [
      row === top ? p0 - top * width : 0,
      row === bottom ? p1 - bottom * width : width,
    ];
    const rows = [...columns.keys()];
    let words = 0;
    if (new Set(rows.map((row) => row % stride)).size === rows.length) {
      // No two rows of the filter read one row of the input, so that equal output rows count alike.
      for (const row of rows) {
        const last = Math.min(bottom, Math.floor((height - 1 - row) / stride));
        if (last < top) continue;
        words += this.#inRow([[pixelsOf(top), columns.get(row)!]]);
        if (last > top) words += this.#inRow([[pixelsOf(last), columns.get(row)!]]);
        if (last > top + 1) words += (last - top - 1) * this.#inRow([[[0, width], columns.get(row)!]]);
      }
      return words;
    }
    const met = new Map<number, [Range, readonly Range[]][]>();
    for (let out = top; out <= bottom; out++) {
      const pixels = pixelsOf(out);
      for (const [row, list] of columns) {
        const y = out * stride + row;
        if (y >= height) continue;
        const entry = met.get(y);
        if (entry === undefined) met.set(y, [[pixels, list]]);
        else entry.push([pixels, list]);
      }
    }
    for (const reads of met.values()) words += this.#inRow(reads);
    return words;
  }

  /** Distinct words of one row of the input that pixels read at columns of the filter. */
  #inRow(reads: readonly (readonly [pixels: Range, columns: readonly Range[]])[]): number {
    const key = reads.map(([pixels, columns]) => `${pixels}/${columns.join(';')}`).join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { width, stride } = this.#layer.convolution!;
    const intervals: Range[] = [];
    for (const [[from, to], columns] of reads) {
      for (const [first, end] of columns) {
        if (end - first >= stride) intervals.push([from * stride + first, (to - 1) * stride + end]);
        else for (let x = from; x < to; x++) intervals.push([x * stride + first, x * stride + end]);
      }
    }
    intervals.sort((a, b) => a[0] - b[0]);
    let [words, reached] = [0, 0];
    for (const [from, to] of intervals) {
      const [begin, end] = [Math.max(from, reached), Math.min(to, width)];
      if (end > begin) words += end - begin;
      reached = Math.max(reached, end);
    }
    this.#known.set(key, words);
    return words;
  }
}
