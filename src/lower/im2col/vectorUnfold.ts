/**
 * im2col by the vector unit: the activations come as they lie, padding included, and copies in NRAM unfold them tile by tile, ahead of the
 * matrix unit. Nothing comes twice from DRAM, and it may be done with activations that stay in NRAM; it takes the vector unit's time, and
 * copies anew for each block of filters or of the reduction.
 */
import { filtersOf, lanesOf, type Machine, vectorLanes } from '#machine';
import { cyclesAtRate } from '#timing';
import {
  type Contraction,
  fitsContraction,
  type Spatial,
  type Tiling,
  typesOfContraction,
  widthsOf,
} from '../contraction.ts';
import { extentOf, type LoopDim, type Stream, type StreamDim, tileStrides } from '../stream.ts';
import { CYCLES_WORTH_A_TILE, evenTiles } from '../tiles.ts';
import type { StepBody, Temporary } from '../vectorSteps.ts';
import { type Unfold, unfoldedAxes } from './unfold.ts';

const windowOf = (s: Spatial): number => (s.kernel - 1) * s.dilation + 1;

/**
 * What makes a tile of unfolded activations.
 * @param tile of one image, as `unfoldedStream` has it
 * @param like name and outer strides of the activations
 */
export function unfoldOver(
  unfold: Unfold,
  tile: Stream,
  like: Omit<Stream, 'dims'>,
  { b, y, x }: Readonly<Record<'b' | 'y' | 'x', LoopDim>>,
): {
  readonly inputs: readonly Stream[];
  readonly output: Stream;
  readonly temporaries: Temporary[];
  readonly body: StepBody;
} {
  const { of } = unfold;
  const { along } = unfoldedAxes(unfold);
  const isSwapped = unfold.taps === 'rows';
  const loopOf = (name: 'y' | 'x'): LoopDim => ((name === 'y') === isSwapped ? x : y);
  // Whole, so that all of it may be copied, whatever the size of the tile.
  const axis = (s: Spatial, loop: LoopDim): StreamDim => ({
    ...{ loop, scale: s.scale, window: windowOf(s), pad: s.pad, limit: s.limit, stride: s.aStride, whole: true },
  });
  const input: Stream = {
    ...like,
    ...of.a,
    name: 'input',
    dims: [
      { loop: b, limit: of.b.total, stride: of.b.aStride },
      axis(of.y, loopOf('y')),
      axis(of.x, loopOf('x')),
      { limit: of.c.total, stride: of.c.aStride },
    ],
  };
  const [, iy, ix, ic] = tileStrides(input) as [number, number, number, number];
  const [, pixel, line, width] = tileStrides(tile) as [number, number, number, number];
  /** Along an axis: places in the tile, and taps if they are unfolded; strides in the input and in the tile. */
  const walked = (name: 'y' | 'x'): (readonly [size: number, from: number, to: number])[] => {
    const [s, from] = name === 'y' ? [of.y, iy] : [of.x, ix];
    const loop = loopOf(name);
    const to = loop === x ? line : pixel;
    const at = along.indexOf(name);
    if (at < 0) return [[extentOf(axis(s, loop)), from, to]];
    const inner = along.slice(at + 1).reduce((n, other) => n * of[other].kernel, of.c.total);
    return [
      [s.kernel, s.dilation * from, width * inner],
      [loop.tile, s.scale * from, to],
    ];
  };
  const dims = [[of.c.total, ic, width] as const, ...walked('x'), ...walked('y')];
  return {
    inputs: [input],
    output: tile,
    temporaries: [],
    body: (_, emit) =>
      emit.step({
        f: 'mov',
        sizes: dims.map(([size]) => size),
        a: { tile: input, strides: dims.map(([, from]) => from) },
        c: { tile, strides: dims.map(([, , to]) => to) },
      }),
  };
}

/** How many tilings are predicted. */
const PREDICTED = 24;

/** The tilings that fit and are worth a prediction: filters and reduction whole, so that each tile is made once, and pixels cut. */
export function tilingsOfUnfold(k: Contraction, { of }: Unfold, machine: Machine): readonly Tiling[] {
  const { a: type } = typesOfContraction(k);
  const width = widthsOf(k);
  const lanes = vectorLanes(machine.vector, type) ?? 1;
  const rows =
    Math.ceil((k.y.kernel * k.c.total) / lanesOf(machine.matrix, type)) *
    Math.ceil(k.n.total / filtersOf(machine.matrix, type));
  const outer = k.outer.reduce((n, o) => n * o.total, k.b.total);
  const found: { readonly tiling: Tiling; readonly score: number }[] = [];
  for (const y of evenTiles(k.y.total, 1, 12)) {
    for (const x of evenTiles(k.x.total, 1, 12)) {
      const extent = (y - 1) * k.y.scale + windowOf(k.y);
      const tiles = outer * Math.ceil(k.y.total / y) * Math.ceil(k.x.total / x);
      // Of the input, its halo along both axes.
      const lines =
        (x - 1) * (k.unfold?.taps === 'rows' ? of.y : of.x).scale + windowOf(k.unfold?.taps === 'rows' ? of.y : of.x);
      const loaded = width.a * extent * lines * of.c.total;
      const stored = width.result * y * x * k.n.total;
      const copied = Math.ceil((extent * x * k.c.total) / lanes);
      const busiest = Math.max(cyclesAtRate(loaded + stored, machine.dram.bandwidth), copied, x * y * rows);
      const score = tiles * (busiest + CYCLES_WORTH_A_TILE) + cyclesAtRate(loaded, machine.dram.bandwidth) + copied;
      const tiling = { b: 1, y, x, n: k.n.total, c: k.c.total, ky: k.y.kernel, filtersOuter: false, wholeDepth: false };
      found.push({ tiling, score });
    }
  }
  const fitting: Tiling[] = [];
  for (const { tiling } of found.sort((p, q) => p.score - q.score)) {
    if (fitsContraction(k, tiling, machine)) fitting.push(tiling);
    if (fitting.length === PREDICTED) break;
  }
  return fitting;
}
