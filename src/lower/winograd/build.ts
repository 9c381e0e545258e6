/**
 * A 3 × 3 convolution by the Winograd unit as a tile nest over (groups, b, y, x, n, c), where y and x count Winograd tiles. The unit
 * transforms a tile of activations; for each of the 16 or 36 positions an `mma` multiplies the matrix (tiles × channels) of that position
 * by its weights; the unit transforms the sums of all positions back. Sums over blocks of channels stay in the accumulators.
 */
import { WINOGRAD_KERNEL, WINOGRAD_OUTPUTS, type WinogradTile } from '#isa';
import { accumulatorEntries, filtersOf, type Machine, unitFor } from '#machine';
import { keepsSums } from '#timing';
import type { Contraction, Spatial } from '../contraction.ts';
import { undealt } from '../cores.ts';
import type { Placement } from '../nest.ts';
import {
  align,
  bufferBytes,
  buffersOf,
  type LoopDim,
  levelOf,
  type Stream,
  type StreamDim,
  tilesOf,
} from '../stream.ts';
import { kernelsBytes, positionsOf, winogradWeights } from './weights.ts';

/** Sizes of tiles, order of loops and buffers. */
export interface WinogradTiling {
  readonly tile: WinogradTile;
  readonly b: number;
  /** In Winograd tiles. */
  readonly y: number;
  readonly x: number;
  readonly n: number;
  readonly c: number;
  /** Whether filters are the outer loop (weights stay, activations stream) or the inner one. */
  readonly filtersOuter: boolean;
  /** `ahead`: transformed by the compiler, so that 16 or 36 numbers a kernel are loaded; `onChip`: 9, which the unit transforms. */
  readonly weights: 'ahead' | 'onChip';
  /** Buffers of transformed activations, of transformed weights (`onChip`), and of products. */
  readonly buffers: { readonly inputs: 1 | 2; readonly weights: 1 | 2; readonly products: 1 | 2 };
}

/** A tile that the units hand to each other: where its buffers lie and how many there are. */
export interface Handed extends Placement {
  readonly count: 1 | 2;
  /** Bytes from the matrix of one position to that of the next. */
  readonly position: number;
}

export interface BuiltWinograd {
  readonly loops: readonly LoopDim[];
  readonly loop: Readonly<Record<'b' | 'y' | 'x' | 'n' | 'c', LoopDim>>;
  /** Activations, weights, result, and what the vector unit meets the result with. */
  readonly a: Stream;
  readonly w: Stream;
  readonly out: Stream;
  readonly operands: readonly Stream[];
  readonly placements: ReadonlyMap<Stream, Placement>;
  readonly inputs: Handed;
  readonly products: Handed;
  /** In WRAM; absent where weights come transformed. */
  readonly kernels?: Handed;
  readonly levels: Readonly<Record<'a' | 'w' | 'out', number>>;
  readonly blocks: number;
  /** Of channels, x and y, the order in which a transform walks them: first what keeps its lanes busiest. */
  readonly orders: Readonly<Record<'input' | 'output', readonly number[]>>;
  readonly nramBytes: number;
  readonly wramBytes: number;
  /** Entries of the accumulators, 0 where sums do not stay there. */
  readonly entries: number;
}

/** Winograd tiles along an axis. */
export const tilesAlong = (s: Pick<Spatial, 'total'>, tile: WinogradTile): number =>
  Math.ceil(s.total / WINOGRAD_OUTPUTS[tile]);

/** Loops, streams and buffers of a tiling. */
export function buildWinograd(
  k: Contraction,
  t: WinogradTiling,
  machine: Machine,
  packedAddress: number,
): BuiltWinograd {
  const m = WINOGRAD_OUTPUTS[t.tile];
  const positions = positionsOf(t.tile);
  const outer = k.outer.map((o, i) => undealt(`o${i}`, o.total, 1));
  const b = undealt('b', k.b.total, t.b);
  const y = undealt('y', tilesAlong(k.y, t.tile), t.y);
  const x = undealt('x', tilesAlong(k.x, t.tile), t.x);
  const n = undealt('n', k.n.total, t.n);
  const c = undealt('c', k.c.total, t.c);
  const loops = t.filtersOuter ? [...outer, n, b, y, x, c] : [...outer, b, y, x, n, c];

  const along = (loop: LoopDim, s: Spatial): StreamDim => ({
    ...{ loop, scale: m, window: m + WINOGRAD_KERNEL - 1, pad: s.pad, limit: s.limit, stride: s.aStride },
  });
  const a: Stream = {
    ...{ name: 'activations', space: 'nram', type: 'f32', ...k.a },
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.aStride })),
    dims: [
      { loop: b, limit: k.b.total, stride: k.b.aStride },
      along(y, k.y),
      along(x, k.x),
      { loop: c, limit: k.c.total, stride: k.c.aStride },
    ],
  };
  const w = winogradWeights(k, t, { outer, n, c }, packedAddress);
  /** Outputs of whole Winograd tiles; those beyond the edge are not stored. */
  const outputs = (loop: LoopDim, s: Spatial, stride: number): StreamDim => ({
    ...{ loop, scale: m, window: m, limit: s.total, stride },
  });
  const out: Stream = {
    ...{ name: 'result', space: 'nram', type: 'f32', ...k.out },
    outer: k.outer.map((o, i) => ({ loop: outer[i]!, stride: o.outStride })),
    dims: [
      { loop: b, limit: k.b.total, stride: k.b.outStride },
      outputs(y, k.y, k.y.outStride),
      outputs(x, k.x, k.x.outStride),
      { loop: n, limit: k.n.total, stride: k.n.outStride },
    ],
  };
  const operands = (k.epilogue?.operands ?? []).map((o, i): Stream => {
    const dims: StreamDim[] = [];
    if (o.b !== 0) dims.push({ loop: b, limit: k.b.total, stride: o.b });
    if (o.y !== 0) dims.push(outputs(y, k.y, o.y));
    if (o.x !== 0) dims.push(outputs(x, k.x, o.x));
    if (o.n !== 0) dims.push({ loop: n, limit: k.n.total, stride: o.n });
    return {
      ...{ name: `operand ${i}`, space: 'nram', type: 'f32', ...o.place },
      outer: o.outer.flatMap((stride, at) => (stride === 0 ? [] : [{ loop: outer[at]!, stride }])),
      dims: dims.length === 0 ? [{ limit: 1, stride: 4 }] : dims,
    };
  });

  const levels = { a: levelOf(loops, a), w: levelOf(loops, w), out: levelOf(loops, out) };
  const placements = new Map<Stream, Placement>();
  const used = { nram: 0, wram: 0 };
  const take = (space: 'nram' | 'wram', bytes: number, count: number): Placement => {
    const address = used[space];
    used[space] += align(bytes) * count;
    return { address, second: count === 2 ? align(bytes) : 0 };
  };
  // What is needed once has one buffer. Operands of the vector unit come with every result.
  const once = (level: number, wished: 1 | 2): 1 | 2 => (level === 0 ? 1 : wished);
  placements.set(a, take('nram', bufferBytes(a), buffersOf(loops, a)));
  // A result is transformed back and stored one turn late, in turn.
  placements.set(out, take('nram', bufferBytes(out), 1));
  for (const o of operands) placements.set(o, take('nram', bufferBytes(o), once(levels.out, 2)));
  placements.set(w, take('wram', bufferBytes(w), buffersOf(loops, w)));
  const tiles = t.b * t.y * t.x;
  const handed = (space: 'nram' | 'wram', position: number, count: 1 | 2): Handed => ({
    ...take(space, positions * position, count),
    ...{ count, position },
  });
  const tn = filtersOf(machine.matrix);
  const blocks = tilesOf(c);
  const sums = Math.ceil(t.n / tn) * tiles;
  return {
    ...{ loops, loop: { b, y, x, n, c }, a, w, out, operands, placements, levels, blocks },
    orders: { input: laneOrder(machine, [t.c, t.x, t.y]), output: laneOrder(machine, [t.n, t.x, t.y]) },
    inputs: handed('nram', 4 * tiles * t.c, once(levels.a, t.buffers.inputs)),
    products: handed('nram', 4 * tiles * t.n, once(levels.out, t.buffers.products)),
    ...(t.weights === 'ahead'
      ? {}
      : { kernels: handed('wram', kernelsBytes(t.c, t.n), once(levels.w, t.buffers.weights)) }),
    nramBytes: used.nram,
    wramBytes: used.wram,
    entries: blocks > 1 ? positions * sums : keepsSums(unitFor(machine.matrix, 'f32'), [t.c]) ? sums : 0,
  };
}

/** The dimensions of a transform, first the one in which its lanes have most to do. */
function laneOrder({ winograd }: Machine, sizes: readonly number[]): readonly number[] {
  const { lanes } = winograd!;
  const all = sizes.reduce((n, size) => n * size, 1);
  const turns = sizes.map((size) => (all / size) * Math.ceil(size / lanes));
  const best = turns.indexOf(Math.min(...turns));
  return [best, ...sizes.map((_, i) => i).filter((i) => i !== best)];
}

/** Whether a tiling fits the memories and accumulators of a machine. */
export const fitsWinograd = ({ nramBytes, wramBytes, entries }: BuiltWinograd, machine: Machine): boolean =>
  nramBytes <= machine.nram.bytes &&
  wramBytes <= machine.wram.bytes &&
  entries <= accumulatorEntries(machine.matrix, 'f32');
