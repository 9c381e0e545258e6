/**
 * What becomes of the lanes of a unit while it executes an entry, in lane-cycles: each lane in each cycle is used, or lost to one
 * cause. The parts add up to `available`.
 */
import type { VectorFunction } from '#isa';
import { type Machine, type MatrixType, type MatrixUnit, macsPerCycle, unitFor } from '#machine';
import { foldStates, type MatrixWork, type PixelSizes, workOf } from './matrix.ts';
import { lanesFor, VECTOR_CLASSES, type VectorTypes } from './vector.ts';

export interface Lanes {
  /** Lanes × cycles. */
  readonly available: number;
  /** A multiply-accumulate, or an operation of one element for as many cycles as its class takes. */
  readonly used: number;
  /** The stages between operands and results fill. */
  readonly pipeline: number;
  /** A stationary operand is shifted into a systolic array. */
  readonly fill: number;
  /** The last elements travel through a systolic array, and sums out of it; lanes meet in a tree. */
  readonly drain: number;
  /** Extents do not fill the unit: filters a group, elements a chunk, pixels a block, elements the lanes; or operands come slower. */
  readonly ragged: number;
}

export const NO_LANES: Lanes = { available: 0, used: 0, pipeline: 0, fill: 0, drain: 0, ragged: 0 };

export type LaneCounts = { -readonly [K in keyof Lanes]: Lanes[K] };

/** On the way of every entry that computes, so written out. */
export function addLanes(to: LaneCounts, from: Lanes): void {
  to.available += from.available;
  to.used += from.used;
  to.pipeline += from.pipeline;
  to.fill += from.fill;
  to.drain += from.drain;
  to.ragged += from.ragged;
}

/** All but what is ragged, which is the rest. */
export function lanesOver(available: number, parts: Omit<Lanes, 'available' | 'ragged'>): Lanes {
  const { used, pipeline, fill, drain } = parts;
  return { available, ...parts, ragged: available - used - pipeline - fill - drain };
}

/** Of an `mma` that takes so many cycles. */
export function mmaLanes(
  { matrix }: Machine,
  sizes: PixelSizes,
  filters: number,
  reduction: readonly number[],
  type: MatrixType,
  cycles: number,
): Lanes {
  const unit = unitFor(matrix, type);
  return workLanes(unit, sizes, workOf(unit, filters, reduction), product(reduction), cycles, type);
}

const product = (of: readonly number[]): number => of.reduce((n, size) => n * Math.max(0, size), 1);

/** Of work over a reduction of so many elements. */
export function workLanes(
  unit: MatrixUnit,
  sizes: PixelSizes,
  work: MatrixWork,
  depth: number,
  cycles: number,
  type: MatrixType,
): Lanes {
  const lanes = macsPerCycle(unit);
  const pixels = product(sizes);
  const parts = { used: pixels * work.filters * depth, pipeline: unit.pipelineCycles * lanes, fill: 0, drain: 0 };
  if (unit.kind !== 'systolic' || pixels === 0 || work.groups === 0) return lanesOver(lanes * cycles, parts);
  const { folds, fill, refill, skew, empty } = foldStates(unit, pixels, work, type);
  const filled = lanes * (fill + (folds - 1) * refill);
  return lanesOver(lanes * cycles, { ...parts, fill: filled, drain: lanes * folds * (skew + empty) });
}

/** Of `mac.linear`: so many operations in so many cycles of so many lanes. */
export const linearLanes = ({ matrix }: Machine, lanes: number, operations: number, cycles: number): Lanes =>
  lanesOver(lanes * cycles, { used: operations, pipeline: lanes * matrix.pipelineCycles, fill: 0, drain: 0 });

/** Of a `vec` that takes so many cycles; the rest as for its cost. */
export function vecLanes(
  machine: Machine,
  name: VectorFunction,
  sizes: readonly number[],
  reducesInner: boolean,
  types: VectorTypes,
  cycles: number,
): Lanes {
  const { vector } = machine;
  const lanes = lanesFor(machine, types);
  const [inner = 1, ...outer] = sizes.map((size) => Math.max(0, size));
  const runs = inner === 0 ? 0 : outer.reduce((n, size) => n * size, 1);
  return lanesOver(lanes * cycles, {
    used: runs * inner * vector.cycles[VECTOR_CLASSES[name]],
    pipeline: lanes * vector.pipelineCycles,
    fill: 0,
    drain: reducesInner ? lanes * runs * Math.log2(lanes) : 0,
  });
}
