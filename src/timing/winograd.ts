/**
 * Cost of the Winograd transforms: `lanes` channels side by side are busy with a tile for the cycles that the machine states, so
 * pipeline + ⌈d0 ÷ lanes⌉ · d1 · d2 · tileCycles. O(1).
 */
import { type WinogradTile, type WinogradTransform, winogradSides } from '#isa';
import type { Machine } from '#machine';
import { type Actions, NO_ACTIONS } from './actions.ts';
import { type Lanes, lanesOver } from './lanes.ts';

export interface WinogradShape {
  readonly transform: WinogradTransform;
  readonly tile: WinogradTile;
  /** Channels and tiles: d0 … d2. */
  readonly sizes: readonly number[];
}

/** Additions and multiplications of one line, as `isa/instructions/winograd` writes them out. */
const LINE_OPERATIONS: Readonly<Record<WinogradTransform, Readonly<Record<WinogradTile, number>>>> = {
  input: { f2: 4, f4: 19 },
  weight: { f2: 5, f4: 13 },
  output: { f2: 4, f4: 13 },
};

/** Of one tile of one channel: a line for each column of the source, then for each line of the result. */
export function tileOperations(transform: WinogradTransform, tile: WinogradTile): number {
  const { source, result } = winogradSides(transform, tile);
  return LINE_OPERATIONS[transform][tile] * (source + result);
}

const tilesOf = (sizes: readonly number[]): number => sizes.reduce((n, size) => n * Math.max(0, size), 1);

export function winogradCycles({ winograd }: Machine, { tile, sizes }: WinogradShape): number {
  const { lanes, tileCycles, pipelineCycles } = winograd!;
  const [channels = 1, ...tiles] = sizes;
  return pipelineCycles + Math.ceil(Math.max(0, channels) / lanes) * tilesOf(tiles) * tileCycles[tile]!;
}

/** Lanes of a transform that takes so many cycles. */
export function winogradLanes({ winograd }: Machine, { tile, sizes }: WinogradShape, cycles: number): Lanes {
  const { lanes, tileCycles, pipelineCycles } = winograd!;
  const used = tilesOf(sizes) * tileCycles[tile]!;
  return lanesOver(lanes * cycles, { used, pipeline: lanes * pipelineCycles, fill: 0, drain: 0 });
}

/** @param spaces that are read and written: those of `wino.weight`, NRAM for the others */
export function winogradActions(
  { transform, tile, sizes }: WinogradShape,
  spaces: { readonly from: 'nram' | 'wram'; readonly to: 'nram' | 'wram' },
): Actions {
  const { source, result } = winogradSides(transform, tile);
  const count = tilesOf(sizes);
  const [read, written] = [4 * count * source ** 2, 4 * count * result ** 2];
  return {
    ...NO_ACTIONS,
    nramReadBytes: spaces.from === 'nram' ? read : 0,
    wramReadBytes: spaces.from === 'wram' ? read : 0,
    nramWriteBytes: spaces.to === 'nram' ? written : 0,
    wramWriteBytes: spaces.to === 'wram' ? written : 0,
    winogradOps: count * tileOperations(transform, tile),
  };
}
