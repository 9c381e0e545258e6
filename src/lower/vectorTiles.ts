/**
 * Tiles of vector kernels, and which of their loops is dealt to the cores. Kernels whose tiles overlap are searched; others are cut
 * along the outermost dimensions first, small enough that load, computation and store of successive tiles overlap.
 */
import { coresOf, type Machine } from '#machine';
import { bestDeal, coresFor, type DealtLoop, dealing, dealsOfResult, undealt } from './cores.ts';
import { effortFor } from './decisions.ts';
import { turnsOf } from './prediction.ts';
import { bufferBytes, type LoopMaker, tilesOf } from './stream.ts';
import { placeVector, predictVectorKernel, type VectorKernel } from './vectorNest.ts';

/** Makes a kernel of given tiles (outermost first); all its loops by the maker. */
export type BuildKernel = (tiles: readonly number[], loop: LoopMaker) => VectorKernel;

/** What a search has found. */
export interface VectorTiles {
  readonly tiles: readonly number[];
  readonly deals: readonly DealtLoop[];
}

/** What a cycle of the DRAM channel counts beside one of time: little, so that of tilings about as fast the one that moves least wins. */
const CHANNEL_CYCLE = 1 / 64;

/** Tilings with more tiles than this, and this many times as many as the fewest that fit, are not worth a prediction. */
const MANY_TILES = { tiles: 64, times: 8 };

/**
 * The tile sizes (outermost first, each whole or halved again and again) and deals of the kernel that is predicted to take least
 * time. For kernels whose tiles overlap, so that it matters along which dimension they are cut. undefined where nothing fits.
 */
export const searchTiles = (sizes: readonly number[], machine: Machine, build: BuildKernel): VectorTiles | undefined =>
  rankTiles(sizes, machine, build, 1)[0];

/** Tilings that are predicted where schedules are looked for quickly: those first that move least, edges of tiles included. */
const PREDICTED_QUICKLY = 6;

function leastMoved<T extends { readonly kernel: VectorKernel; readonly count: number }>(
  fitting: readonly T[],
): readonly T[] {
  const moved = ({ kernel, count }: T): number =>
    // Few tiles leave the first transfers and the last uncovered.
    kernel.inputs.reduce((n, s) => n + bufferBytes(s), bufferBytes(kernel.output)) * (count + 2);
  return fitting
    .map((f) => ({ f, bytes: moved(f) }))
    .sort((a, b) => a.bytes - b.bytes)
    .slice(0, PREDICTED_QUICKLY)
    .map(({ f }) => f);
}

/** The best so many of what `searchTiles` predicts, the one that it finds first. */
export function rankTiles(
  sizes: readonly number[],
  machine: Machine,
  build: BuildKernel,
  keep: number,
): readonly VectorTiles[] {
  const cores = coresFor(machine);
  const fitting: (VectorTiles & { readonly kernel: VectorKernel; readonly count: number })[] = [];
  const offer = (tiles: readonly number[], deals: readonly DealtLoop[]): VectorKernel => {
    const kernel = build(tiles, dealing(deals, cores));
    if (placeVector(kernel, machine) !== undefined) {
      fitting.push({ tiles, deals, kernel, count: turnsOf(kernel.loops, kernel.loops.length) });
    }
    return kernel;
  };
  const choose = (chosen: readonly number[]): void => {
    const size = sizes[chosen.length];
    if (size === undefined) {
      const plain = offer(chosen, []);
      if (coresOf(machine) > 1) for (const deals of dealsOfResult(plain)) offer(chosen, deals);
      return;
    }
    for (let tile = size; ; tile = Math.ceil(tile / 2)) {
      choose([...chosen, tile]);
      if (tile === 1) return;
    }
  };
  choose([]);
  const fewest = fitting.reduce((n, { count }) => Math.min(n, count), Number.POSITIVE_INFINITY);
  const most = Math.max(MANY_TILES.tiles, MANY_TILES.times * fewest);
  const best: (VectorTiles & { readonly score: number })[] = [];
  const few = fitting.filter(({ count }) => count <= most);
  for (const { tiles, deals, kernel } of effortFor(machine) === 'full' ? few : leastMoved(few)) {
    const { cycles, channelCycles } = predictVectorKernel(kernel, machine);
    const score = cycles + channelCycles * CHANNEL_CYCLE;
    // Of equal ones the first stays before the others.
    const at = best.findIndex((other) => score < other.score);
    best.splice(at < 0 ? best.length : at, 0, { tiles, deals, score });
    if (best.length > keep) best.pop();
  }
  return best.map(({ tiles, deals }) => ({ tiles, deals }));
}

/** A core should have so many tiles, unless they became smaller than so many bytes. */
const ENOUGH_TILES = 8;
const SMALLEST_TILE_BYTES = 8192;

/**
 * Loops over `sizes` (outermost first) with tiles as large as fit: halved from the outside in until they do, and on until there are
 * enough tiles to overlap. `whole` dimensions are never cut. undefined where nothing fits.
 */
export function cutTiles(
  sizes: readonly number[],
  whole: readonly boolean[],
  machine: Machine,
  build: BuildKernel,
): VectorKernel | undefined {
  const tiles = [...sizes];
  const cut = (): boolean => {
    const d = tiles.findIndex((t, i) => t > 1 && whole[i] !== true);
    if (d < 0) return false;
    tiles[d] = Math.ceil(tiles[d]! / 2);
    return true;
  };
  let kernel = build(tiles, undealt);
  while (placeVector(kernel, machine) === undefined) {
    if (!cut()) return undefined;
    kernel = build(tiles, undealt);
  }
  let chosen = [...tiles];
  for (;;) {
    const count = kernel.loops.reduce((n, l) => n * tilesOf(l), 1);
    const bytes = kernel.inputs.reduce((n, s) => Math.max(n, bufferBytes(s)), bufferBytes(kernel.output));
    if (count >= ENOUGH_TILES * coresOf(machine) || bytes < 2 * SMALLEST_TILE_BYTES || !cut()) break;
    const finer = build(tiles, undealt);
    if (placeVector(finer, machine) === undefined) break;
    kernel = finer;
    chosen = [...tiles];
  }
  const cost = (k: VectorKernel): number =>
    placeVector(k, machine) === undefined ? Number.POSITIVE_INFINITY : predictVectorKernel(k, machine).cycles;
  return bestDeal(kernel, (loop) => build(chosen, loop), cost, machine);
}
