/**
 * Compressed weights in WRAM, as `mma.sparse` reads them. Of every filter some elements of the reduction are kept, R rows of
 * them; the others count as zero and are never multiplied. Filters lie in groups of Tn as those of `mma`, group after group,
 * n_g filters in group g:
 *
 *   index words  two4    for each four elements of the reduction ⌈n_g ÷ 8⌉ words: four bits a filter, i0 | i1 << 2 at bit
 *                        4·(n mod 8) of word ⌊n ÷ 8⌋: which two of the four are kept, in rows 2·q and 2·q + 1 for group of four q
 *                bitmap  for each filter ⌈K ÷ 32⌉ words: bit k mod 32 of word ⌊k ÷ 32⌋ is set where element k is kept; the r-th
 *                        set bit belongs to row r
 *   rows         R rows of n_g values of 4 bytes, as the dense weights lie; R = K ÷ 2 in two4, stated by the instruction in bitmap;
 *                rows of a filter behind its last kept element are not looked at
 */
import { pairOf } from './stream.ts';

/** Formats of compressed weights, by their code. `two4` is what papers write 2:4. */
export const WEIGHT_FORMATS = ['two4', 'bitmap'] as const;
export type WeightFormat = (typeof WEIGHT_FORMATS)[number];

/** Elements of the reduction that one index of `two4` chooses from, and filters whose indices share a word. */
export const QUAD = 4;
export const FILTERS_PER_INDEX_WORD = 8;

/** Index words and kept rows of one group of filters. */
export interface GroupShape {
  readonly indexWords: number;
  readonly rows: number;
  /** Of the whole group, rows of `filters` words included. */
  readonly words: number;
}

/**
 * @param depth elements of the reduction, K
 * @param kept rows of `bitmap`, R
 */
export function groupShape(format: WeightFormat, depth: number, filters: number, kept: number): GroupShape {
  const rows = format === 'two4' ? depth / 2 : kept;
  const indexWords =
    format === 'two4' ? (depth / QUAD) * Math.ceil(filters / FILTERS_PER_INDEX_WORD) : filters * Math.ceil(depth / 32);
  return { indexWords, rows, words: indexWords + rows * filters };
}

/** Weights that do not fit: a filter's elements from `element` on have more values than are kept. */
export interface UnfitWeights {
  readonly filter: number;
  readonly element: number;
}

export interface PackedWeights {
  readonly bytes: Uint8Array;
  /** R. */
  readonly rows: number;
}

/**
 * Packs weights for `mma.sparse`.
 * @param weights K × N, the filters of an element of the reduction side by side
 * @param tn filters of a group
 * @param rows R of `bitmap`; by default the most that any filter needs
 */
export function packWeights(
  format: WeightFormat,
  weights: Float32Array,
  filters: number,
  tn: number,
  rows?: number,
): PackedWeights | UnfitWeights {
  const depth = weights.length / filters;
  const bits = new Int32Array(weights.buffer, weights.byteOffset, weights.length);
  const keptOf: (readonly number[])[] = [];
  for (let n = 0; n < filters; n++) {
    const kept = format === 'two4' ? pairsOf(bits, filters, n, depth) : valuesOf(bits, filters, n, depth);
    if (typeof kept === 'number') return { filter: n, element: kept };
    keptOf.push(kept);
  }
  const kept = rows ?? keptOf.reduce((most, { length }) => Math.max(most, length), 0);
  const overfull = format === 'bitmap' ? keptOf.findIndex(({ length }) => length > kept) : -1;
  if (overfull >= 0) return { filter: overfull, element: keptOf[overfull]![kept]! };

  const words: number[] = [];
  for (let first = 0; first < filters; first += tn) {
    const inGroup = Math.min(tn, filters - first);
    const shape = groupShape(format, depth, inGroup, kept);
    const from = words.length;
    for (let i = 0; i < shape.words; i++) words.push(0);
    for (let n = 0; n < inGroup; n++) {
      keptOf[first + n]!.forEach((k, r) => {
        words[from + shape.indexWords + r * inGroup + n] = bits[k * filters + first + n]!;
        if (format === 'bitmap') words[from + n * Math.ceil(depth / 32) + (k >>> 5)]! |= 1 << (k & 31);
        else {
          const perQuad = Math.ceil(inGroup / FILTERS_PER_INDEX_WORD);
          const word = from + (r >>> 1) * perQuad + Math.floor(n / FILTERS_PER_INDEX_WORD);
          words[word]! |= (k % QUAD) << (4 * (n % FILTERS_PER_INDEX_WORD) + 2 * (r & 1));
        }
      });
    }
  }
  return { bytes: new Uint8Array(Int32Array.from(words).buffer), rows: format === 'two4' ? depth / 2 : kept };
}

function valuesOf(bits: Int32Array, filters: number, n: number, depth: number): number[] {
  const kept: number[] = [];
  for (let k = 0; k < depth; k++) if (bits[k * filters + n] !== 0) kept.push(k);
  return kept;
}

/** The two elements kept of each four; the first of a four that has more. */
function pairsOf(bits: Int32Array, filters: number, n: number, depth: number): number[] | number {
  const kept: number[] = [];
  for (let k = 0; k < depth; k += QUAD) {
    const pair = pairOf([0, 1, 2, 3].filter((i) => bits[(k + i) * filters + n] !== 0));
    if (pair === undefined) return k;
    kept.push(k + pair[0], k + pair[1]);
  }
  return kept;
}

/** Weights (K × N) with the two smaller of each four elements of a filter's reduction set to 0, as training for 2:4 prunes. */
export function pruneTwoOfFour(weights: Float32Array, filters: number): Float32Array {
  const pruned = weights.slice();
  for (let k = 0; k * filters < weights.length; k += QUAD) {
    for (let n = 0; n < filters; n++) {
      const at = (i: number): number => (k + i) * filters + n;
      const order = [0, 1, 2, 3].sort((i, j) => Math.abs(weights[at(j)]!) - Math.abs(weights[at(i)]!) || i - j);
      for (const i of order.slice(2)) pruned[at(i)] = 0;
    }
  }
  return pruned;
}
