/**
 * Address-generator records as plain numbers: dimension d (0 = innermost … 4) stands at 4·d as size, stride (bytes, signed),
 * lo, hi; the fill word (bits of the element) stands last. A record never changes once it is handed out: the machine's record
 * file copies on write, so a queue entry's snapshot is a reference. A size below 1 means that the record has no elements.
 */
export type RecordWords = readonly number[];

export const DIMENSIONS = 5;
/** Offsets within one dimension. */
export const SIZE = 0;
export const STRIDE = 1;
export const LO = 2;
export const HI = 3;
/** Position of the fill word. */
export const FILL = 4 * DIMENSIONS;

export interface DimensionWords {
  readonly size: number;
  readonly stride: number;
  readonly lo?: number;
  readonly hi?: number;
}

/** What `cfg.clear` leaves: all sizes 1, strides 0, lo 0, hi 1, fill 0. */
export const CLEARED_RECORD: RecordWords = Object.freeze(cleared());

/** One that may be written to. The copy of a frozen array takes many times as long. */
function cleared(): number[] {
  return [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0];
}

/** A record from its dimensions, innermost first; absent ones are as after `cfg.clear`, absent bounds are 0 … size. */
export function recordOf(dimensions: readonly DimensionWords[], fill = 0): RecordWords {
  const words = cleared();
  for (let i = 0; i < dimensions.length; i++) {
    const d = dimensions[i]!;
    words[4 * i + SIZE] = d.size;
    words[4 * i + STRIDE] = d.stride;
    words[4 * i + LO] = d.lo ?? 0;
    words[4 * i + HI] = d.hi ?? d.size;
  }
  words[FILL] = fill;
  return words;
}

/** Number of elements over dimensions `from` … `to` (both included). */
export function elementsOf(record: RecordWords, from = 0, to = DIMENSIONS - 1): number {
  let n = 1;
  for (let d = from; d <= to; d++) n *= Math.max(0, record[4 * d + SIZE]!);
  return n;
}
