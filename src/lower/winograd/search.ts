/**
 * The tilings of a Winograd nest: sizes that divide the work evenly enough, both loop orders, both ways to have weights, as many buffers as
 * fit. All that fit are screened by what the busiest unit has to do; the best are played through, and of those the least time wins.
 */
import { WINOGRAD_KERNEL, WINOGRAD_OUTPUTS, WINOGRAD_TILES, type WinogradTile } from '#isa';
import { accumulatorEntries, filtersOf, type Machine } from '#machine';
import { dmaCost, mmaCycles, winogradCycles } from '#timing';
import type { Contraction } from '../contraction.ts';
import { keyOf } from '../contractionKey.ts';
import { decided } from '../decisions.ts';
import { shapeAt, turnsOf } from '../prediction.ts';
import { type Stream, tilesOf } from '../stream.ts';
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

/** The tilings worth a prediction, the best first; none where none fits. */
export const rankWinograd = (k: Contraction, tile: WinogradTile, machine: Machine): readonly RankedWinograd[] =>
  decided(machine, `winograd ${tile} ${JSON.stringify(k.act)} ${keyOf(k)}`, () => rank(k, tile, machine));

function rank(k: Contraction, tile: WinogradTile, machine: Machine): readonly RankedWinograd[] {
  const screened: { readonly tiling: WinogradTiling; readonly score: number }[] = [];
  for (const sizes of candidates(k, tile, machine)) {
    for (const { tiling, built } of withBuffers(k, sizes, machine))
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

type Sizes = Omit<WinogradTiling, 'buffers'>;
type Buffers = WinogradTiling['buffers'];

/** Numbers of buffers, those of which others are part first. */
const BUFFERS: Readonly<Record<WinogradTiling['weights'], readonly Buffers[]>> = {
  ahead: buffersWith([1]),
  onChip: buffersWith([2, 1]),
};

function buffersWith(weights: readonly (1 | 2)[]): readonly Buffers[] {
  const two = [2, 1] as const;
  return two
    .flatMap((inputs) => two.flatMap((products) => weights.map((w) => ({ inputs, products, weights: w }))))
    .sort((p, q) => q.inputs + q.products + q.weights - (p.inputs + p.products + p.weights));
}

/** Tilings with as many buffers as fit: those to which none can be added. */
function withBuffers(
  k: Contraction,
  sizes: Sizes,
  machine: Machine,
): { tiling: WinogradTiling; built: BuiltWinograd }[] {
  const found: { tiling: WinogradTiling; built: BuiltWinograd }[] = [];
  const isPart = (p: Buffers, q: Buffers): boolean =>
    p.inputs <= q.inputs && p.products <= q.products && p.weights <= q.weights;
  for (const buffers of BUFFERS[sizes.weights]) {
    if (found.some(({ tiling }) => isPart(buffers, tiling.buffers))) continue;
    const tiling = { ...sizes, buffers };
    const built = buildWinograd(k, tiling, machine, 0);
    if (fitsWinograd(built, machine)) found.push({ tiling, built });
  }
  return found;
}

const divisors = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

/** Sizes that may fit with a buffer of each kind. */
function* candidates(k: Contraction, tile: WinogradTile, machine: Machine): Generator<Sizes> {
  const tn = filtersOf(machine.matrix);
  const [ys, xs] = [k.y, k.x].map((s) => tilesAlong(s, tile)) as [number, number];
  const m = WINOGRAD_OUTPUTS[tile];
  const positions = positionsOf(tile);
  const [nram, wram, entries] = [machine.nram.bytes / 4, machine.wram.bytes / 4, accumulatorEntries(machine.matrix)];
  const cTiles = evenTiles(k.c.total, Math.min(machine.winograd!.lanes, k.c.total), 10);
  const nTiles = evenTiles(k.n.total, tn, 10);
  for (const b of divisors(k.b.total)) {
    for (const x of evenTiles(xs, 1, 10)) {
      // Several images only where a tile holds them whole.
      if (b > 1 && x < xs) continue;
      for (const y of evenTiles(ys, 1, 12)) {
        if (b > 1 && y < ys) continue;
        const tiles = b * x * y;
        const pixels = b * (m * x + 2) * (m * y + 2);
        for (const c of cTiles) {
          for (const n of nTiles) {
            if (tiles * positions * (c + n) + pixels * c + tiles * m * m * n > nram) continue;
            if (c < k.c.total && positions * Math.ceil(n / tn) * tiles > entries) continue;
            for (const weights of ['ahead', 'onChip'] as const) {
              const matrices = weights === 'ahead' ? positions : positions + WINOGRAD_KERNEL ** 2;
              if (matrices * c * n > wram) continue;
              const orders = n < k.n.total && (b < k.b.total || x < xs || y < ys) ? [false, true] : [false];
              for (const filtersOuter of orders) yield { tile, b, y, x, n, c, filtersOuter, weights };
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
      shapeAt(s, machine, () => 0),
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
