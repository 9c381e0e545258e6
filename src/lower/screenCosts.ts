/** Costs of a mean tile, by which tilings are screened before any nest is built. */

import type { Machine } from '#machine';
import { cyclesAtRate, type DmaCost, type PixelSizes, pixelsOf, segmentsCost } from '#timing';
import type { Spatial } from './contraction.ts';
import type { Share } from './coreSplit.ts';
import { madeAlong, readAlong } from './pooled.ts';
import type { Place } from './views.ts';

export interface SpatialTiles {
  readonly tile: number;
  readonly count: number;
  /** Results of a tile; they are more than it stores where they are pooled. */
  readonly made: number;
  /** Largest input extent of a tile, padding included. */
  readonly extent: number;
  /** Input elements inside the tensor, summed over the tiles. */
  readonly inside: number;
}

export function spatialTiles(s: Spatial, tile: number): SpatialTiles {
  const { scale, window, pad } = readAlong(s);
  const count = Math.ceil(s.total / tile);
  let inside = 0;
  for (let t = 0; t < count; t++) {
    const first = t * tile;
    const size = Math.min(tile, s.total - first);
    const start = first * scale - pad;
    const end = start + (size - 1) * scale + window;
    inside += Math.max(0, Math.min(end, s.limit) - Math.max(start, 0));
  }
  const made = madeAlong(s, Math.min(tile, s.total));
  return { tile, count, made, extent: (Math.min(tile, s.total) - 1) * scale + window, inside };
}

export type Extents = readonly (readonly [stride: number, elements: number])[];

export type RunsCost = Pick<DmaCost, 'cycles' | 'channelCycles'>;

/** Of what stays in NRAM. */
const NO_COST: RunsCost = { cycles: 0, channelCycles: 0 };

/** Cost of a transfer of `bytes` to or from a buffer, of a tile of elements of a width with such strides in DRAM; or over a link, which the channel does not see. */
export function runsCost(
  machine: Machine,
  bytes: number,
  tile: Extents,
  buffer: number,
  width: number,
  home?: Place['home'],
): RunsCost {
  if (home === 'nram') return NO_COST;
  if (home === 'shared') {
    const { link } = machine.cluster!.sharedRam;
    const moved = Math.max(cyclesAtRate(bytes, link), Math.ceil(buffer / machine.dma.scratchpadBytesPerCycle));
    return { cycles: machine.dma.setupCycles + moved, channelCycles: 0 };
  }
  let run = width;
  for (let grew = true; grew; ) {
    grew = false;
    for (const [stride, elements] of tile) {
      if (elements <= 1 || stride !== run) continue;
      run *= elements;
      grew = true;
    }
  }
  return segmentsCost(machine, Math.max(1, bytes / run), Math.min(run, bytes), buffer);
}

/**
 * A core's tiles that are alike in the sizes of their pixels. @param carried rows that tiles have of those above them; the first of them make
 * these by an instruction of their own here
 */
export function pixelClasses(
  shares: Readonly<Record<'b' | 'y' | 'x', Share>>,
  along: Readonly<Record<'y' | 'x', Spatial>>,
  carried: number,
): { readonly sizes: PixelSizes; readonly pixels: number; readonly times: number }[] {
  const rows = shares.y.classes.map((ys) => ({ rows: madeAlong(along.y, ys.size) - carried, times: ys.times }));
  if (carried > 0) rows.push({ rows: carried, times: 1 });
  return shares.b.classes.flatMap((bs) =>
    rows.flatMap((ys) =>
      shares.x.classes.map((xs) => {
        const sizes = [madeAlong(along.x, xs.size), ys.rows, bs.size];
        return { sizes, pixels: pixelsOf(sizes), times: bs.times * ys.times * xs.times };
      }),
    ),
  );
}
