/**
 * Cost of one `mma`: P pixels by N filters over a reduction. The reduction goes through the unit in chunks of up to Ti (dot)
 * or `rows` (systolic) elements; filters in groups of Tn or `columns`. O(1).
 */
import { filtersOf, lanesOf, type Machine, type MatrixUnit } from '#machine';

/**
 * Chunks of a reduction with these sizes (innermost first): with lane packing `run` none crosses a run of the innermost
 * dimension, with `flat` the reduction is one sequence.
 */
export function chunksOf(unit: MatrixUnit, reduction: readonly number[]): number {
  const lanes = lanesOf(unit);
  const outer = reduction.slice(1).reduce((n, size) => n * Math.max(0, size), 1);
  const run = Math.max(0, reduction[0] ?? 1);
  return unit.lanePacking === 'run' ? outer * Math.ceil(run / lanes) : Math.ceil((outer * run) / lanes);
}

export const groupsOf = (unit: MatrixUnit, filters: number): number =>
  Math.ceil(Math.max(0, filters) / filtersOf(unit));

/** Times that all pixels of an `mma` go through the unit. Where nothing is to be reduced the accumulators still pass once. */
export const passesOf = (unit: MatrixUnit, filters: number, reduction: readonly number[]): number =>
  groupsOf(unit, filters) * Math.max(1, chunksOf(unit, reduction));

/**
 * Cycles of one `mma`.
 * Systolic, weight-stationary: each fold (chunk × group) preloads `rows` cycles and streams P + rows + columns − 2
 * (Samajdar et al., SCALE-Sim, arXiv:1811.02883, section III); hidden preloads run under the fold before.
 */
export const mmaCycles = (machine: Machine, pixels: number, filters: number, reduction: readonly number[]): number =>
  passCycles(machine, pixels, passesOf(machine.matrix, filters, reduction));

/** Cycles of one `mma` of so many passes. */
export function passCycles({ matrix: unit }: Machine, pixels: number, passes: number): number {
  if (pixels <= 0 || passes === 0) return unit.pipelineCycles;
  if (unit.kind === 'dot') return unit.pipelineCycles + passes * pixels;
  const stream = pixels + unit.rows + unit.columns - 2;
  if (unit.preload === 'exposed') return unit.pipelineCycles + passes * (unit.rows + stream);
  return unit.pipelineCycles + unit.rows + passes * stream + (passes - 1) * Math.max(0, unit.rows - stream);
}
