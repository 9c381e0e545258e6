/**
 * The matrix unit's arithmetic on f32, and on f16 and bf16, which are made f32 on the way: neurons pixel by pixel, weights
 * once for an `mma`. Sums are taken in the unit's own order by the kernels of `dot` and `systolic` units.
 */
import { float32OfBits } from '#base';
import { ACTIVATIONS, ELEMENT_TYPES } from '#isa';
import { filtersOf, lanesOf, type MatrixMode, unitFor } from '#machine';
import { type RecordWords, SIZE } from '#timing';
import type { MmaEntry } from '../entries.ts';
import type { Block, MatrixArithmetic, Workshop } from './mma.ts';
import { memo } from './nest.ts';
import { type Reduction, reductionOf } from './reduction.ts';
import { type Runs, runsOf } from './runs.ts';

export function floatUnit({ machine, layout, kernels, words }: Workshop, mode: MatrixMode): MatrixArithmetic {
  const unit = unitFor(machine.matrix, mode);
  const tn = filtersOf(unit);
  const lanes = lanesOf(unit);
  // Scalar MACs add element by element, as a column does.
  const systolic = unit.kind !== 'dot';
  const isHalf = mode !== 'f32';
  const type = ELEMENT_TYPES.indexOf(mode);
  const reductions = memo((record: RecordWords): Reduction => {
    const reduction = reductionOf(record, unit, isHalf);
    words.set(reduction.segments, layout.segments >>> 2);
    if (reduction.gather !== undefined) words.set(reduction.gather, layout.offsets >>> 2);
    return reduction;
  });
  const runs = memo((record: RecordWords): Runs => {
    const made = runsOf(record, 2);
    words.set(made.starts, layout.offsets >>> 2);
    return made;
  });

  let entry: MmaEntry;
  let pixels: number;
  let weights: number;
  let reduction: Reduction;
  let packing: Runs | undefined;
  /** Where each block's sums go. */
  const drain = ({ group, filters, count }: Block, width: number): void => {
    const bias = entry.useBias ? layout.wram + entry.bias + 4 * group * tn : 0;
    const act = ACTIVATIONS.indexOf(entry.act);
    const [p0, p1] = [float32OfBits(entry.p0), float32OfBits(entry.p1)];
    const { accumulators, outputs } = layout;
    if (entry.result === 'f32') {
      kernels.drainRows(accumulators, width, outputs, count, filters, bias, act, p0, p1);
    } else {
      const result = ELEMENT_TYPES.indexOf(entry.result);
      kernels.drainHalves(accumulators, width, outputs, count, filters, bias, act, p0, p1, result);
    }
  };

  return {
    begin(given, count) {
      entry = given;
      pixels = count;
      reduction = reductions(entry.reduction);
      packing = isHalf ? runs(entry.reduction) : undefined;
      weights = layout.wram + entry.w;
      const { elements, gather } = reduction;
      if (isHalf) {
        kernels.convertHalves(weights, elements * Math.max(0, entry.output[16 + SIZE]!), type, layout.weights);
        weights = layout.weights;
      }
      return gather === undefined && !isHalf
        ? Number.POSITIVE_INFINITY
        : Math.max(1, Math.floor(layout.packedBytes / (4 * Math.max(1, elements))));
    },
    batch: () => Number.POSITIVE_INFINITY,
    fetch(count) {
      const { elements, gather } = reduction;
      if (packing !== undefined) {
        const { starts, length } = packing;
        kernels.packHalves(layout.pixels, count, layout.offsets, starts.length, length, type, layout.packed);
      } else if (gather === undefined) return;
      else kernels.gather(layout.pixels, count, layout.offsets, elements, layout.packed);
      for (let i = 0; i < count; i++) words[(layout.pixels >>> 2) + i] = layout.packed + 4 * elements * i;
    },
    compute(block) {
      const { group, filters, from, count } = block;
      const { elements, blocks } = reduction;
      const vectors = systolic ? 2 * Math.ceil(filters / 8) : Math.ceil(filters / 4);
      const width = 16 * vectors;
      const { accumulators } = layout;
      const kept = layout.aram + 4 * tn * (entry.acc + group * pixels + from);
      if (entry.clear) words.fill(0, accumulators >>> 2, (accumulators + width * count) >>> 2);
      else kernels.fetchRows(kept, 4 * tn, accumulators, width, count, filters);
      const w = weights + 4 * group * elements * tn;
      for (let b = 1; b < blocks.length; b++) {
        const first = layout.segments + 16 * blocks[b - 1]!;
        const last = layout.segments + 16 * blocks[b]!;
        const row = 4 * filters;
        if (systolic) kernels.systolicBlock(layout.pixels, count, w, row, vectors, lanes, first, last, accumulators);
        else kernels.dotBlock(layout.pixels, count, w, row, vectors, lanes, first, last, accumulators, layout.tree);
      }
      if (entry.drain) drain(block, width);
      else kernels.keepRows(accumulators, width, kept, 4 * tn, count, filters);
    },
  };
}
