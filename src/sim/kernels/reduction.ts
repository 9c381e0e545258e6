/**
 * How a reduction runs: its elements in order as segments of whole chunks and a rest, contiguous neurons each, grouped into
 * blocks of so few weight rows that they stay in the first-level cache while all pixels of a block pass.
 * Neurons are read in place where every chunk is contiguous; otherwise they are packed first, pixel by pixel.
 */
import { lanesOf, type MatrixUnit, packingOf } from '#machine';
import { DIMENSIONS, elementsOf, type RecordWords, SIZE, STRIDE } from '#timing';
import { offsetsOf } from './nest.ts';

/** Weight rows of a block; 128 rows of 16 filters are 8 KB. */
const ROWS_PER_BLOCK = 128;

export interface Reduction {
  readonly elements: number;
  /** Byte offset of every element from its pixel, where neurons are to be packed. */
  readonly gather: Int32Array | undefined;
  /** Four words a segment: byte offset of its first neuron, number of its first element, whole chunks, lanes of the rest. */
  readonly segments: Int32Array;
  /** First segment of each block, and one past the last. */
  readonly blocks: readonly number[];
}

/** @param packed neurons are packed by others, element by element in order */
export function reductionOf(record: RecordWords, matrix: MatrixUnit, packed = false): Reduction {
  const lanes = lanesOf(matrix);
  const flat = packingOf(matrix) === 'flat';
  const elements = elementsOf(record);
  const none: Reduction = { elements, gather: undefined, segments: new Int32Array(0), blocks: [0] };
  if (elements === 0) return none;

  // Dimensions that continue d0 without a gap make its run longer.
  let run = record[SIZE]!;
  let contiguous = !packed && (run === 1 || record[STRIDE] === 4);
  let inner = 1;
  if (flat && !packed) {
    while (inner < DIMENSIONS) {
      const n = record[4 * inner + SIZE]!;
      if (n > 1 && !(contiguous && record[4 * inner + STRIDE] === 4 * run)) break;
      run *= n;
      inner++;
    }
    // A chunk that crosses the end of a run finds its lanes in two places.
    if (run < elements && run % lanes !== 0) contiguous = false;
  }
  const gather = contiguous || packed ? undefined : offsetsOf(record, record);
  if (!contiguous && flat) run = elements;

  const starts = contiguous ? runStarts(record, inner) : undefined;
  const rows = Math.max(lanes, ROWS_PER_BLOCK - (ROWS_PER_BLOCK % lanes));
  const segments: number[] = [];
  const blocks: number[] = [0];
  let rowsInBlock = 0;
  for (let r = 0; r * run < elements; r++) {
    for (let from = 0; from < run; from += rows) {
      const n = Math.min(rows, run - from);
      if (rowsInBlock > 0 && rowsInBlock + n > ROWS_PER_BLOCK) {
        blocks.push(segments.length / 4);
        rowsInBlock = 0;
      }
      rowsInBlock += n;
      const element = r * run + from;
      const neuron = starts === undefined ? 4 * element : starts[r]! + 4 * from;
      segments.push(neuron, element, Math.floor(n / lanes), n % lanes);
    }
  }
  blocks.push(segments.length / 4);
  return { elements, gather, segments: Int32Array.from(segments), blocks };
}

/** Offsets of the runs: all dimensions outside the first `inner`. */
function runStarts(record: RecordWords, inner: number): Int32Array {
  const outer = record.slice();
  for (let d = 0; d < inner; d++) outer[4 * d + SIZE] = 1;
  return offsetsOf(outer, outer);
}
