/**
 * Cost of one `mma`: P pixels by N filters over K elements of reduction. O(1).
 *
 * `dot` takes a cycle for each pixel, group of Tn filters and chunk of Ti elements. `systolic` works in folds: two of the
 * three extents are cut to the array, the third streams through it. A fold goes through these states, one after the other:
 *
 *   fill      `rows` cycles: the stationary operand is shifted in row by row (weights, inputs). Output-stationary arrays begin empty.
 *   stream    one cycle for each element of the streamed extent, the first row and column.
 *   skew      `rows + columns − 2` cycles, until the last element has reached the far corner.
 *   empty     `rows` cycles: sums are shifted out row by row (output-stationary).
 *
 * `scalar` takes a cycle for each element of the reduction and block of pixels: every element of the array sums one pixel of one
 * filter, the weight goes to all of them, inputs come from the neighbours (Du et al., "ShiDianNao", ISCA 2015, section 5).
 *
 * Where the machine states how wide operands come in (`matrix.operands`), a step waits until all that it may need has come: so many
 * more cycles, always (`beatsOf`).
 *
 * `preload: exposed` spends fill and empty in every fold. `hidden` has a second register in every element, so that filling
 * goes on under the fold before and only the first is seen (a fold is never shorter: it streams at least one element and has
 * at least one column, so it takes `rows` or more; what slow operands take beyond it is seen); sums leave on a bus as they are complete. Folds and states are those of Samajdar et al., "SCALE-Sim", arXiv:1811.02883, section III.
 */
import { ELEMENT_BYTES } from '#isa';
import {
  filtersOf,
  lanesOf,
  type Machine,
  type MatrixType,
  type MatrixUnit,
  packingOf,
  type ScalarUnit,
  type SystolicUnit,
  unitFor,
} from '#machine';

/**
 * Chunks of a reduction with these sizes (innermost first): with lane packing `run` none crosses a run of the innermost
 * dimension, with `flat` the reduction is one sequence.
 */
export function chunksOf(unit: MatrixUnit, reduction: readonly number[]): number {
  const lanes = lanesOf(unit);
  const outer = reduction.slice(1).reduce((n, size) => n * Math.max(0, size), 1);
  const run = Math.max(0, reduction[0] ?? 1);
  return packingOf(unit) === 'run' ? outer * Math.ceil(run / lanes) : Math.ceil((outer * run) / lanes);
}

export const groupsOf = (unit: MatrixUnit, filters: number): number =>
  Math.ceil(Math.max(0, filters) / filtersOf(unit));

/** Whether the sums of all pixels and filters stand in the accumulators between two chunks of one `mma`. */
export const keepsSums = (unit: MatrixUnit, reduction: readonly number[]): boolean =>
  unit.kind === 'systolic' && unit.dataflow !== 'output-stationary' && chunksOf(unit, reduction) > 1;

/** What of an `mma` does not depend on its pixels. */
export interface MatrixWork {
  readonly filters: number;
  /** Of filters. */
  readonly groups: number;
  /** Where nothing is to be reduced the accumulators still pass once. */
  readonly chunks: number;
}

export const workOf = (unit: MatrixUnit, filters: number, reduction: readonly number[]): MatrixWork => ({
  filters: Math.max(0, filters),
  groups: groupsOf(unit, filters),
  chunks: Math.max(1, chunksOf(unit, reduction)),
});

/** Sizes of the pixels' dimensions, x first. */
export type PixelSizes = readonly number[];

export function pixelsOf(sizes: PixelSizes): number {
  let n = 1;
  for (const size of sizes) n *= Math.max(0, size);
  return n;
}

/** Cycles of one `mma` of operands of a type, which changes nothing but the geometry. */
export const mmaCycles = (
  machine: Machine,
  pixels: PixelSizes,
  filters: number,
  reduction: readonly number[],
  type: MatrixType = 'f32',
): number => workCycles(machine, pixels, workOf(unitFor(machine.matrix, type), filters, reduction), type);

/** Cycles of a step: of the stationary operand shifted in by a row, and of all others. */
interface Beats {
  readonly fill: number;
  readonly step: number;
}

const AT_ONCE: Beats = { fill: 1, step: 1 };

/**
 * What steps take for their operands: Ti inputs and Ti × Tn weights of a chunk; a row of what is held, an element for each row of
 * what streams (outputs stationary: for each row and column). `scalar`: a weight, and inputs at one edge; of a single pixel an input,
 * and a weight for each element. Steps at ragged edges take as long, so that time does not depend on what they find.
 */
function beatsOf(unit: MatrixUnit, type: MatrixType, isSinglePixel: boolean): Beats {
  const { operands } = unit;
  if (operands === undefined) return AT_ONCE;
  const bytes = ELEMENT_BYTES[type];
  const inputs = (count: number): number => Math.ceil((count * bytes) / operands.inputBytesPerCycle);
  const weights = (count: number): number => Math.ceil((count * bytes) / operands.weightBytesPerCycle);
  if (unit.kind === 'dot') return { fill: 1, step: Math.max(inputs(unit.ti), weights(unit.ti * unit.tn)) };
  const { rows, columns } = unit;
  if (unit.kind === 'scalar') {
    const step = isSinglePixel
      ? Math.max(inputs(1), weights(rows * columns))
      : Math.max(inputs(Math.max(rows, columns)), weights(1));
    return { fill: 1, step };
  }
  switch (unit.dataflow) {
    case 'weight-stationary':
      return { fill: weights(columns), step: inputs(rows) };
    case 'input-stationary':
      return { fill: inputs(columns), step: weights(rows) };
    case 'output-stationary':
      return { fill: 1, step: Math.max(inputs(rows), weights(columns)) };
  }
}

/** Cycles of one `mma` of these pixels. */
export function workCycles({ matrix }: Machine, sizes: PixelSizes, work: MatrixWork, type: MatrixType = 'f32'): number {
  const unit = unitFor(matrix, type);
  const pixels = pixelsOf(sizes);
  if (pixels === 0 || work.groups === 0) return unit.pipelineCycles;
  const { step } = beatsOf(unit, type, pixels === 1);
  if (unit.kind === 'scalar')
    return unit.pipelineCycles + step * work.chunks * blocksOf(unit, sizes, pixels, work.filters);
  if (unit.kind === 'dot') return unit.pipelineCycles + step * work.groups * work.chunks * pixels;
  const { folds, fill, refill, stream, skew, empty } = foldStates(unit, pixels, work, type);
  return unit.pipelineCycles + fill + (folds - 1) * refill + folds * (stream + skew + empty);
}

/** Instructions that are alike in their pixels, or in what they do with each. */
export interface Times {
  readonly times: number;
}

/** Cycles of every work on every block of pixels, each as often as both say. Pixels are counted once for a search that asks for many works. */
export function workCyclesOfAll(
  machine: Machine,
  pixels: readonly (Times & { readonly sizes: PixelSizes; readonly pixels: number })[],
  works: readonly (Times & { readonly work: MatrixWork })[],
  type: MatrixType = 'f32',
): number {
  const unit = unitFor(machine.matrix, type);
  if (unit.kind !== 'dot') {
    let cycles = 0;
    for (const w of works)
      for (const p of pixels) cycles += w.times * p.times * workCycles(machine, p.sizes, w.work, type);
    return cycles;
  }
  // Pixels, groups and chunks only multiply.
  let [instructions, all] = [0, 0];
  for (const p of pixels) {
    instructions += p.times;
    all += p.times * p.pixels;
  }
  const { step } = beatsOf(unit, type, false);
  let cycles = 0;
  for (const { times, work } of works)
    cycles += times * (unit.pipelineCycles * instructions + step * work.groups * work.chunks * all);
  return cycles;
}

/** Cycles of a systolic array in its states. */
export interface FoldStates {
  readonly folds: number;
  /** Of the first fold, and of each of the others. */
  readonly fill: number;
  readonly refill: number;
  /** Of each fold. */
  readonly stream: number;
  readonly skew: number;
  readonly empty: number;
}

export function foldStates(unit: SystolicUnit, pixels: number, work: MatrixWork, type: MatrixType): FoldStates {
  const { folds, streamed } = foldsOf(unit, pixels, work);
  const beats = beatsOf(unit, type, pixels === 1);
  const stream = streamed * beats.step;
  const { rows, columns } = unit;
  const isExposed = unit.preload === 'exposed';
  const skew = rows + columns - 2;
  if (unit.dataflow === 'output-stationary') {
    return { folds, fill: 0, refill: 0, stream, skew, empty: isExposed ? rows : 0 };
  }
  const fill = rows * beats.fill;
  const refill = isExposed ? fill : Math.max(0, fill - stream - skew);
  return { folds, fill, refill, stream, skew, empty: 0 };
}

/** The states that an `mma` takes the unit through after its pipeline; undefined where it is no array, or has nothing to do. */
export function mmaFolds(
  { matrix }: Machine,
  sizes: PixelSizes,
  filters: number,
  reduction: readonly number[],
  type: MatrixType,
): FoldStates | undefined {
  const unit = unitFor(matrix, type);
  const pixels = pixelsOf(sizes);
  const work = workOf(unit, filters, reduction);
  return unit.kind !== 'systolic' || pixels === 0 || work.groups === 0
    ? undefined
    : foldStates(unit, pixels, work, type);
}

/**
 * Passes of a whole reduction through an array of scalar MACs: a block of columns × rows pixels for each filter; or, where there is
 * one pixel alone, a block of as many filters.
 */
function blocksOf(unit: ScalarUnit, [x = 1, y = 1]: PixelSizes, pixels: number, filters: number): number {
  if (pixels === 1) return Math.ceil(filters / (unit.rows * unit.columns));
  return filters * Math.ceil(x / unit.columns) * Math.ceil(y / unit.rows) * (pixels / (x * y));
}

/** How often each input that a pixel meets, and each weight, is brought in by one `mma`. */
export function operandReads(unit: MatrixUnit, sizes: PixelSizes, work: MatrixWork) {
  const pixels = pixelsOf(sizes);
  const { filters, groups } = work;
  if (pixels === 0 || filters === 0) return { inputs: 0, weights: 0 };
  if (unit.kind === 'dot') return { inputs: groups, weights: pixels };
  if (unit.kind === 'scalar') {
    const blocks = blocksOf(unit, sizes, pixels, filters);
    return pixels === 1 ? { inputs: blocks, weights: 1 } : { inputs: filters, weights: blocks / filters };
  }
  switch (unit.dataflow) {
    case 'weight-stationary':
      return { inputs: groups, weights: 1 };
    case 'input-stationary':
      return { inputs: 1, weights: Math.ceil(pixels / unit.columns) };
    case 'output-stationary':
      return { inputs: groups, weights: Math.ceil(pixels / unit.rows) };
  }
}

/** How often the array is filled, and how many elements stream through it each time. */
function foldsOf(unit: SystolicUnit, pixels: number, { filters, groups, chunks }: MatrixWork) {
  switch (unit.dataflow) {
    // Rows hold elements of the reduction, columns filters; pixels stream.
    case 'weight-stationary':
      return { folds: groups * chunks, streamed: pixels };
    // Rows hold elements of the reduction, columns pixels; filters stream.
    case 'input-stationary':
      return { folds: Math.ceil(pixels / unit.columns) * chunks, streamed: filters };
    // Rows hold pixels, columns filters; the reduction streams, an element a cycle (a chunk is one element).
    case 'output-stationary':
      return { folds: Math.ceil(pixels / unit.rows) * groups, streamed: chunks };
  }
}
