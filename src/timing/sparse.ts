/**
 * Cost of what works on compressed data. Nothing here depends on the data: the length of a stream stands in its instruction, as
 * do the rows of weights that are kept.
 *
 * `load.sparse` is a transfer of one contiguous segment. Behind DRAM stands the decompressor, which writes so many elements a
 * cycle, zeros included: it is one more side of the transfer, and what passes it comes its pipeline later.
 *
 * `mma.sparse` takes what an `mma` takes whose reduction is the kept rows: in `two4` half of each run of d0, in `bitmap` R rows in
 * one sequence.
 */
import { groupShape, type WeightFormat } from '#isa';
import { filtersOf, lanesOf, type Machine } from '#machine';
import { type Actions, type MmaFlags, mmaActions, NO_ACTIONS } from './actions.ts';
import { type DmaCost, padCycles, segmentsCost, type TransferShape } from './dma.ts';
import { type Lanes, workLanes } from './lanes.ts';
import { groupsOf, type MatrixWork, type PixelSizes, workCycles, workOf } from './matrix.ts';

/**
 * @param streamBytes length of the stream
 * @param elements that it holds
 * @param pad where they go
 */
export function loadSparseCost(
  machine: Machine,
  streamBytes: number,
  elements: number,
  elementBytes: number,
  pad?: TransferShape['pad'],
): DmaCost {
  const side = pad && padCycles(machine, { sizes: pad.record, pad, elementBytes });
  const cost = segmentsCost(machine, streamBytes === 0 ? 0 : 1, streamBytes, elements * elementBytes, side);
  const { elementsPerCycle, pipelineCycles } = machine.dma.decompressor!;
  const transferCycles =
    elements === 0 ? 0 : pipelineCycles + Math.max(cost.transferCycles, Math.ceil(elements / elementsPerCycle));
  return { ...cost, transferCycles, tailCycles: pipelineCycles, cycles: cost.setupCycles + transferCycles };
}

/** What of the weights of an `mma.sparse` follows from its records. */
export interface SparseShape {
  readonly format: WeightFormat;
  /** Of the reduction, innermost first; d0 whole groups of four in `two4`. */
  readonly reduction: readonly number[];
  /** R of `bitmap`. */
  readonly rows: number;
}

const depthOf = (reduction: readonly number[]): number => reduction.reduce((n, size) => n * Math.max(0, size), 1);

/** The reduction as far as it is kept. */
export const keptReduction = ({ format, reduction, rows }: SparseShape): readonly number[] =>
  format === 'bitmap' ? [Math.max(0, rows)] : [Math.max(0, reduction[0] ?? 0) / 2, ...reduction.slice(1)];

/** Where nothing is kept the accumulators still pass once. A sequence of kept rows has no runs. */
function sparseWork(machine: Machine, filters: number, shape: SparseShape): MatrixWork {
  const unit = machine.matrix;
  if (shape.format === 'two4') return workOf(unit, filters, keptReduction(shape));
  const chunks = Math.max(1, Math.ceil(Math.max(0, shape.rows) / lanesOf(unit)));
  return { filters: Math.max(0, filters), groups: groupsOf(unit, filters), chunks };
}

export const mmaSparseCycles = (machine: Machine, pixels: PixelSizes, filters: number, shape: SparseShape): number =>
  workCycles(machine, pixels, sparseWork(machine, filters, shape));

/** Lanes of an `mma.sparse` that takes so many cycles: what is kept is used. */
export const mmaSparseLanes = (
  machine: Machine,
  pixels: PixelSizes,
  filters: number,
  shape: SparseShape,
  cycles: number,
): Lanes =>
  workLanes(machine.matrix, pixels, sparseWork(machine, filters, shape), depthOf(keptReduction(shape)), cycles, 'f32');

/** Words of all groups of weights. */
export function sparseWords(machine: Machine, filters: number, { format, reduction, rows }: SparseShape): number {
  const tn = filtersOf(machine.matrix);
  const depth = depthOf(reduction);
  const kept = Math.max(0, rows);
  const whole = Math.floor(filters / tn);
  const rest = filters % tn;
  const words = (n: number): number => (n === 0 ? 0 : groupShape(format, depth, n, kept).words);
  return whole * words(tn) + words(rest);
}

/**
 * Multiply-accumulates, and bytes on chip, with those of the index words beside those of the kept weights: they are read as often.
 * In `two4` all four neurons of a group are brought in for two that are used; in `bitmap` each of the reduction once.
 */
export function mmaSparseActions(
  machine: Machine,
  sizes: PixelSizes,
  filters: number,
  shape: SparseShape,
  flags: MmaFlags,
): { readonly macs: number; readonly actions: Actions } {
  const pixels = sizes.reduce((n, size) => n * Math.max(0, size), 1);
  const kept = depthOf(keptReduction(shape));
  const macs = pixels * Math.max(0, filters) * kept;
  if (pixels === 0 || filters <= 0) return { macs: 0, actions: NO_ACTIONS };
  const dense = mmaActions(machine, sizes, filters, keptReduction(shape), flags);
  const weights = filters * kept;
  const biases = flags.useBias && flags.drain ? filters : 0;
  const indexWords = sparseWords(machine, filters, shape) - weights;
  // How often each kept weight is read; of none, so often an index word would be.
  const times = weights === 0 ? pixels : (dense.wramReadBytes / 4 - biases) / weights;
  const inputs = kept === 0 ? 0 : (dense.nramReadBytes * depthOf(shape.reduction)) / kept;
  return {
    macs,
    actions: { ...dense, nramReadBytes: inputs, wramReadBytes: dense.wramReadBytes + 4 * indexWords * times },
  };
}
