/**
 * The activations of an unfolded convolution as a stream: a buffer of [b, x, y, tap, c] (y: the axis whose taps are kept), filled by a
 * transfer for each tap, since of each another part of the tile lies in the padding. Taps that never meet the padding come in one transfer,
 * of which they are a dimension.
 */
import { RECORD_DIMENSIONS } from '#isa';
import { type Contraction, type Spatial, widthsOf } from '../contraction.ts';
import { madeAlong, readAlong } from '../pooled.ts';
import { extentOf, type LoopDim, type Stream, type StreamDim } from '../stream.ts';
import { type Unfold, unfoldedAxes } from './unfold.ts';

/** Whether all taps of all windows along an axis lie within the tensor. */
function isWithin(s: Spatial): boolean {
  const { scale, window, pad } = readAlong(s);
  return pad === 0 && (s.total - 1) * scale + window <= s.limit;
}

/** An element for each output along an axis: those of one tap that lie within the tensor, and bytes to the first of these. */
function alongTap(s: Spatial, loop: LoopDim, tap: number): { readonly dim: StreamDim; readonly at: number } {
  const first = tap * s.dilation - s.pad;
  const pad = Math.max(0, Math.ceil(-first / s.scale));
  const limit = Math.max(0, Math.ceil((s.limit - first) / s.scale) - pad);
  const { pool } = s;
  // Where results are pooled, one for each of those that windows reach.
  const made = pool === undefined ? { pad } : { scale: pool.scale, window: madeAlong(s, 1), pad: pad + pool.pad };
  return {
    dim: { loop, ...made, limit, stride: s.scale * s.aStride, isBounded: !isWithin(s) },
    at: (first + pad * s.scale) * s.aStride,
  };
}

/** Of the axes whose taps are unfolded those of which all taps come in one transfer, and those of which each takes its own. */
function taking(unfold: Unfold): Readonly<Record<'together' | 'apart', readonly ('y' | 'x')[]>> {
  const { of } = unfold;
  const { along, kept } = unfoldedAxes(unfold);
  const others = [of.b.total > 1, kept !== undefined, of.c.total > 1].filter(Boolean).length;
  const room = RECORD_DIMENSIONS - others - along.length;
  const together = along.filter((axis) => of[axis].kernel > 1 && isWithin(of[axis])).slice(0, room);
  return { together, apart: along.filter((axis) => !together.includes(axis)) };
}

/** How many transfers bring a tile. */
export const transfersOfUnfold = (unfold: Unfold): number =>
  taking(unfold).apart.reduce((n, axis) => n * unfold.of[axis].kernel, 1);

/** All ways to take one of each list. */
const combinations = (sizes: readonly number[]): readonly (readonly number[])[] =>
  sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((before) => Array.from({ length: size }, (_, i) => [...before, i])),
    [[]],
  );

/** @param like what streams of activations have in common: name, memory, outer strides, whether they hold */
export function unfoldedStream(
  k: Contraction,
  unfold: Unfold,
  like: Omit<Stream, 'dims'>,
  { b, y, x }: Readonly<Record<'b' | 'y' | 'x', LoopDim>>,
): Stream {
  const { of } = unfold;
  const { along, kept } = unfoldedAxes(unfold);
  const width = widthsOf(k).a;
  const images: StreamDim = { loop: b, limit: k.b.total, stride: k.b.aStride };
  const pixels: StreamDim =
    kept === undefined
      ? { loop: y, ...readAlong(k.y), limit: k.y.limit, stride: k.y.aStride }
      : { loop: y, ...readAlong(kept), limit: kept.limit, stride: kept.aStride };
  const lines: StreamDim = { loop: x, ...readAlong(k.x), limit: k.x.limit, stride: k.x.aStride };
  // Strides in the buffer.
  const pixel = width * k.c.total;
  const line = pixel * extentOf(pixels);
  const image = line * extentOf(lines);

  const axes = along.map((axis, i) => {
    const inner = along.slice(i + 1).reduce((n, other) => n * of[other].kernel, 1);
    const isLine = kept !== undefined || axis === 'x';
    const [loop, step] = isLine ? [x, line] : [y, pixel];
    return { axis, s: of[axis], loop, step, tap: width * of.c.total * inner };
  });
  const { together, apart } = taking(unfold);
  type Strided = readonly [dim: StreamDim, inBuffer: number];
  const common: readonly Strided[] = [
    ...(k.b.total > 1 ? [[images, image] as const] : []),
    ...(kept === undefined ? [] : [[pixels, pixel] as const]),
    ...axes.flatMap(({ axis, s, tap }): Strided[] =>
      together.includes(axis) ? [[{ limit: s.kernel, stride: s.dilation * s.aStride }, tap]] : [],
    ),
    ...(of.c.total > 1 ? [[{ limit: of.c.total, stride: of.c.aStride }, width] as const] : []),
  ];
  const parts = combinations(apart.map((axis) => of[axis].kernel)).map((taps): Stream => {
    const positions = axes.map(({ axis, s, loop, step, tap }) => {
      const number = taps[apart.indexOf(axis)] ?? 0;
      return { ...alongTap(s, loop, number), step, into: number * tap };
    });
    const dims = [...common, ...positions.map(({ dim, step }): Strided => [dim, step])];
    return {
      ...like,
      address: like.address + positions.reduce((n, p) => n + p.at, 0),
      into: positions.reduce((n, p) => n + p.into, 0),
      dims: dims.map(([dim]) => dim),
      padStrides: dims.map(([, stride]) => stride),
    };
  });
  return {
    ...like,
    dims: [images, pixels, lines, { limit: k.c.total, stride: width }],
    padStrides: [image, pixel, line, width],
    ...(unfold.by === 'dma' ? { parts } : {}),
  };
}
