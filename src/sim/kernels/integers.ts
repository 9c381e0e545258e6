/**
 * The matrix unit's arithmetic on integers. Addition wraps around, so the unit's order leaves no trace in the sums: neurons are
 * packed as i16 less their zero point, pixel by pixel, and weights for as many groups as there is room for.
 */
import { ACTIVATIONS, ELEMENT_TYPES } from '#isa';
import { accumulatorWidth, filtersOf, type MatrixMode } from '#machine';
import { elementsOf, isScaled, type RecordWords, SIZE } from '#timing';
import type { MmaEntry } from '../entries.ts';
import type { Block, MatrixArithmetic, Workshop } from './mma.ts';
import { memo } from './nest.ts';
import { type Runs, runsOf } from './runs.ts';

/** Reduction elements that neurons are padded to: two pairs. */
const PADDING = 4;

/** Filters of a group as its packed weights have them: panels of eight, and a last one of four or eight. */
const paddedFilters = (filters: number): number => 4 * Math.ceil(filters / 4);

export function integerUnit({ machine, layout, kernels, words }: Workshop, mode: MatrixMode): MatrixArithmetic {
  const tn = filtersOf(machine.matrix, mode);
  const accumulator = accumulatorWidth(mode);
  const isLong = accumulator === 8 ? 1 : 0;
  const operandBytes = mode === 'i8' ? 1 : 2;
  const runs = memo((record: RecordWords): Runs => {
    const made = runsOf(record, operandBytes);
    words.set(made.starts, layout.offsets >>> 2);
    return made;
  });

  let entry: MmaEntry;
  let pixels: number;
  let filters: number;
  let elements: number;
  let pairs: number;
  let packing: Runs;
  /** Groups whose weights are packed. */
  let first: number;

  const drain = ({ group, filters: here, count }: Block, width: number): void => {
    const bias = entry.useBias ? layout.wram + entry.bias + 4 * group * tn : 0;
    const behind = entry.useBias ? filters : 0;
    const scale = isScaled(entry) ? layout.wram + entry.bias + 4 * (behind + group * tn) : 0;
    const act = ACTIVATIONS.indexOf(entry.act);
    const result = ELEMENT_TYPES.indexOf(entry.result);
    const { p0, p1, zc } = entry;
    const { accumulators, outputs } = layout;
    if (isLong) kernels.drainLongs(accumulators, width, outputs, count, here, bias, scale, act, p0, p1, result, zc);
    else kernels.drainIntegers(accumulators, width, outputs, count, here, bias, scale, act, p0, p1, result, zc);
  };

  return {
    begin(given, count) {
      entry = given;
      pixels = count;
      filters = Math.max(0, entry.output[16 + SIZE]!);
      elements = elementsOf(entry.reduction);
      pairs = 2 * Math.ceil(elements / PADDING);
      packing = runs(entry.reduction);
      return Math.max(1, Math.floor(layout.packedBytes / Math.max(1, 4 * pairs)));
    },
    batch(group) {
      const { weights, zw } = entry;
      const type = ELEMENT_TYPES.indexOf(weights);
      const room = 4 * pairs * paddedFilters(tn);
      const groups = Math.ceil(filters / tn);
      const count = Math.min(groups - group, Math.max(1, Math.floor(layout.weightBytes / Math.max(1, room))));
      for (let g = group; g < group + count; g++) {
        const from = layout.wram + entry.w + operandBytes * g * elements * tn;
        const here = Math.min(tn, filters - g * tn);
        kernels.packWeights(from, elements, here, type, zw, pairs, layout.weights + room * (g - group));
      }
      first = group;
      return count;
    },
    fetch(count) {
      const { starts, length } = packing;
      const type = ELEMENT_TYPES.indexOf(entry.type);
      const { offsets, packed } = layout;
      kernels.packIntegers(layout.pixels, count, offsets, starts.length, length, type, entry.za, packed, 4 * pairs);
    },
    compute(block) {
      const { group, filters: here, from, count } = block;
      const width = 8 * accumulator * Math.ceil(here / 8);
      const { accumulators } = layout;
      const bytes = accumulator * tn;
      const kept = layout.aram + bytes * (entry.acc + group * pixels + from);
      const row = (accumulator >>> 2) * here;
      if (entry.clear) words.fill(0, accumulators >>> 2, (accumulators + width * count) >>> 2);
      else kernels.fetchRows(kept, bytes, accumulators, width, count, row);
      const w = layout.weights + 4 * pairs * paddedFilters(tn) * (group - first);
      kernels.multiplyIntegers(layout.packed, 4 * pairs, count, w, here, pairs, accumulators, width, isLong);
      if (entry.drain) drain(block, width);
      else kernels.keepRows(accumulators, width, kept, bytes, count, row);
    },
  };
}
