/**
 * The tilings of a Winograd nest: sizes that divide the work evenly enough, both loop orders, both ways to have weights, as many buffers as
 * fit. All that fit are screened by what the busiest unit has to do; the best are played through, and of those the least time wins.
 */
import { WINOGRAD_TILES, type WinogradTile } from '#isa';
import { filtersOf, type Machine } from '#machine';
import { dmaCost, mmaCycles, winogradCycles } from '#timing';
import type { Contraction } from '../contraction.ts';
import { shapeAt, turnsOf } from '../prediction.ts';
import { type Stream, tilesOf } from '../stream.ts';
import { keyOf } from '../tileSearch.ts';
import { CYCLES_WORTH_A_TILE, evenTiles } from '../tiles.ts';
import { type BuiltWinograd, buildWinograd, fitsWinograd, tilesAlong, type WinogradTiling } from './build.ts';
import { predictWinograd } from './predict.ts';
import { positionsOf } from './weights.ts';

/** How many of the screened tilings are played through. */
const PREDICTED = 24;

export interface RankedWinograd {
  readonly tiling: WinogradTiling;
  /** Predicted. */
  readonly cycles: number;
}

const known = new WeakMap<Machine, Map<string, readonly RankedWinograd[]>>();

/** The tilings worth a prediction, the best first; none where none fits. */
export function rankWinograd(k: Contraction, tile: WinogradTile, machine: Machine): readonly RankedWinograd[] {
  const ofMachine = known.get(machine) ?? new Map<string, readonly RankedWinograd[]>();
  known.set(machine, ofMachine);
  const key = `${tile} ${JSON.stringify(k.act)} ${keyOf(k)}`;
  const before = ofMachine.get(key);
  if (before !== undefined) return before;
  const found = rank(k, tile, machine);
  ofMachine.set(key, found);
  return found;
}

function rank(k: Contraction, tile: WinogradTile, machine: Machine): readonly RankedWinograd[] {
  const screened: { readonly tiling: WinogradTiling; readonly score: number }[] = [];
  for (const tiling of candidates(k, tile, machine)) {
    const built = buildWinograd(k, tiling, machine, 0);
    if (!fitsWinograd(built, machine)) continue;
    screened.push({ tiling, score: screen(tiling, built, machine) });
  }
  return screened
    .sort((p, q) => p.score - q.score)
    .slice(0, PREDICTED)
    .map(({ tiling }) => {
      const built = buildWinograd(k, tiling, machine, 0);
      const { cycles } = predictWinograd(k, tiling, machine, built);
      return { tiling, cycles, score: cycles + turnsOf(built.loops, built.loops.length) * CYCLES_WORTH_A_TILE };
    })
    .sort((p, q) => p.score - q.score);
}

const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

function* candidates(k: Contraction, tile: WinogradTile, machine: Machine): Generator<WinogradTiling> {
  const tn = filtersOf(machine.matrix);
  const lanes = machine.winograd!.lanes;
  const step = Math.min(lanes, k.c.total);
  const [ys, xs] = [k.y, k.x].map((s) => tilesAlong(s, tile)) as [number, number];
  const entries = Math.floor(machine.nram.bytes / 4 / positionsOf(tile));
  const cTiles = evenTiles(k.c.total, step, 10);
  const nTiles = evenTiles(k.n.total, tn, 10);
  for (const b of divisors(k.b.total)) {
    for (const x of evenTiles(xs, 1, 10)) {
      if (b > 1 && x < xs) continue;
      for (const y of evenTiles(ys, 1, 12)) {
        if (b > 1 && y < ys) continue;
        const tiles = b * x * y;
        for (const c of cTiles) {
          for (const n of nTiles) {
            // Transformed activations and products at least.
            if (tiles * (c + n) > entries) continue;
            for (const weights of ['ahead', 'onChip'] as const) {
              for (const filtersOuter of [false, true]) {
                for (const inputs of [2, 1] as const)
                  for (const products of [2, 1] as const)
                    for (const kernels of weights === 'onChip' ? ([2, 1] as const) : ([1] as const))
                      yield {
                        ...{ tile, b, y, x, n, c, filtersOuter, weights },
                        buffers: { inputs, weights: kernels, products },
                      };
              }
            }
          }
        }
      }
    }
  }
}

/** Cycles of the busiest unit with whole tiles, and of what cannot overlap for want of buffers. */
function screen(t: WinogradTiling, built: BuiltWinograd, machine: Machine): number {
  const { loops, levels, a, w, out, operands, loop, orders } = built;
  const turns = { a: turnsOf(loops, levels.a), w: turnsOf(loops, levels.w), out: turnsOf(loops, levels.out) };
  const moved = (s: Stream): number =>
    dmaCost(
      machine,
      shapeAt(s, () => 0),
    ).cycles;
  const share = (l: { readonly total: number; readonly tile: number }): number =>
    l.total / (tilesOf({ name: '', ...l }) * l.tile);
  const spatial = share(loop.y) * share(loop.x);
  const ordered = (which: 'input' | 'output', channels: number): number => {
    const sizes = orders[which].map((i) => [channels, t.x, t.y][i]!);
    return t.b * winogradCycles(machine, { transform: which, tile: t.tile, sizes });
  };
  const input = turns.a * ordered('input', t.c) * spatial * share(loop.c);
  const output = turns.out * ordered('output', t.n) * spatial * share(loop.n);
  const kernels =
    t.weights === 'ahead'
      ? 0
      : turns.w * winogradCycles(machine, { transform: 'weight', tile: t.tile, sizes: [t.c * t.n, 1, 1] });
  const products =
    turnsOf(loops, loops.length) *
    positionsOf(t.tile) *
    mmaCycles(machine, [t.x, t.y, t.b], t.n, [t.c]) *
    spatial *
    share(loop.n) *
    share(loop.c);
  const loads = turns.a * moved(a) + turns.w * moved(w) + operands.reduce((n, s) => n + turns.out * moved(s), 0);
  const stores = turns.out * moved(out);
  const alone =
    products +
    (turns.a > 1 && built.inputs.count === 1 ? input : 0) +
    (turns.w > 1 && built.kernels?.count === 1 ? kernels : 0) +
    (turns.out > 1 && built.products.count === 1 && built.blocks === 1 ? output : 0);
  const busiest = Math.max(
    alone,
    input + kernels + output,
    machine.dma.queues === 1 ? loads + stores : Math.max(loads, stores),
  );
  return busiest + moved(a) + moved(w) + moved(out) + turnsOf(loops, loops.length) * CYCLES_WORTH_A_TILE;
}

/** The tiles that a machine's unit knows. */
export const tilesOfUnit = ({ winograd }: Machine): readonly WinogradTile[] =>
  WINOGRAD_TILES.filter((tile) => winograd?.tileCycles[tile] !== undefined);
