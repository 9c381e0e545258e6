/**
 * Pooling of a contraction's results before they are stored. Loops y and x then go over what the pooling leaves; a tile of results has all
 * rows and columns that the windows of a tile reach, and the vector unit pools it in NRAM while the matrix unit works on the next one. Rows
 * and columns outside the result, which windows reach into as padding, are computed like others and written over.
 *
 * Where windows overlap, neighbouring tiles have rows in common: either both compute them, or the one before hands them on (`carriesRows`),
 * which takes a turn for each tile of rows, one after the other.
 */
import { type ElementType, isFloatType } from '#isa';
import type { WindowDim } from './kernels/window.ts';
import { type LoopDim, type Stream, type TileContext, tileStrides, tilesOf } from './stream.ts';
import {
  type Access,
  type StepBody,
  type StepEmitter,
  type StepSize,
  scaledSize,
  type Temporary,
} from './vectorSteps.ts';
import type { Place } from './views.ts';

/** The windows over the results along an axis. */
export interface PooledAxis extends Omit<WindowDim, 'total'> {
  /** Size of the result that is pooled. */
  readonly limit: number;
}

export interface Pooling {
  readonly reduce: 'max' | 'add';
  /** What padding counts as. */
  readonly fill: number;
  /** Type of the sums, where it is not that of the result. */
  readonly sums?: ElementType;
  /** What sums are multiplied by: one factor, or an f32 map with byte strides along y and x. */
  readonly scale?: number | { readonly place: Place; readonly y: number; readonly x: number };
  /** Cycles predicted of it as a layer of its own. */
  readonly alone: number;
}

/** An axis of a contraction, as far as its windows are concerned. */
interface Axis {
  readonly total: number;
  readonly scale: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly pad: number;
  readonly pool?: PooledAxis;
}

const reach = ({ kernel, dilation }: Pick<WindowDim, 'kernel' | 'dilation'>): number => (kernel - 1) * dilation + 1;

/** Results along an axis that a tile of so many stored elements is made of. */
export const madeAlong = ({ pool }: Axis, size: number): number =>
  pool === undefined ? size : (size - 1) * pool.scale + reach(pool);

/** Results that windows which are neighbours have in common. */
export const overlapAlong = ({ pool }: Axis): number =>
  pool === undefined ? 0 : Math.max(0, reach(pool) - pool.scale);

/** What a tile reads of the activations: distance of what neighbouring elements read, extent for one of them, padding before. */
export function readAlong(a: Axis): { readonly scale: number; readonly window: number; readonly pad: number } {
  if (a.pool === undefined) return { scale: a.scale, window: reach(a), pad: a.pad };
  const { pool } = a;
  return {
    scale: a.scale * pool.scale,
    window: (reach(pool) - 1) * a.scale + reach(a),
    pad: pool.pad * a.scale + a.pad,
  };
}

/** Whether only first tiles reach before the result along an axis, and only last tiles behind it. */
export function hasEdgesAtEnds({ total, pool }: Axis, tile: number): boolean {
  const tiles = Math.ceil(total / tile);
  if (pool === undefined || tiles === 1) return true;
  const secondBegins = tile * pool.scale - pool.pad;
  const lastButOneEnds = ((tiles - 1) * tile - 1) * pool.scale - pool.pad + reach(pool);
  return secondBegins >= 0 && lastButOneEnds <= pool.limit;
}

/**
 * Whether tiles of rows can hand rows on: each follows the one above in the next turn, on the same core, and makes enough rows for it.
 */
export const mayCarry = (y: Axis, rows: Pick<LoopDim, 'tile' | 'deal'>, isInnermost: boolean): boolean =>
  isInnermost &&
  rows.deal === undefined &&
  rows.tile < y.total &&
  overlapAlong(y) > 0 &&
  rows.tile * (y.pool?.scale ?? 1) >= overlapAlong(y);

/** What the pooling of a tile needs to know. */
export interface PooledTile {
  readonly pooling: Pooling;
  readonly axes: Readonly<Record<'y' | 'x', Axis>>;
  readonly loops: Readonly<Record<'y' | 'x' | 'n', LoopDim>>;
  /** The tile of results [y, x, n], and the one that the next turn makes. */
  readonly made: Stream;
  readonly next: Stream;
  readonly out: Stream;
  /** The map of factors. */
  readonly factors?: Stream;
  /** Sums of another type than the result's. */
  readonly sums?: Temporary;
  readonly carries: boolean;
}

/** Size of the tile of results along an axis, but for so many rows. */
const madeSize = (axis: Axis, l: LoopDim, without = 0): StepSize =>
  scaledSize(l, axis.pool?.scale ?? 1, madeAlong(axis, 0) - without);

const onlyFirst = (emit: StepEmitter, l: LoopDim, steps: () => void): void =>
  tilesOf(l) === 1 ? steps() : emit.first(l, steps, () => {});
const onlyLast = (emit: StepEmitter, l: LoopDim, steps: () => void): void =>
  tilesOf(l) === 1 ? steps() : emit.last(l, steps);

/**
 * Calls `steps` for the results that a turn has made itself. @param steps told how many columns and rows they are, and with which row they begin
 */
export function onMadeRows(
  { axes, loops, carries }: PooledTile,
  emit: StepEmitter,
  steps: (columns: StepSize, rows: StepSize, from: number) => void,
): void {
  const columns = madeSize(axes.x, loops.x);
  const all = (): void => steps(columns, madeSize(axes.y, loops.y), 0);
  const carried = overlapAlong(axes.y);
  if (!carries) all();
  else emit.first(loops.y, all, () => steps(columns, madeSize(axes.y, loops.y, carried), carried));
}

/** The steps that pool a tile of results. */
export const poolingBody =
  (tile: PooledTile): StepBody =>
  (at, emit) => {
    fillEdges(tile, at, emit);
    poolTile(tile, at, emit);
    if (tile.carries) handOn(tile, at, emit);
  };

/** Writes what padding counts as over rows and columns outside the result. */
function fillEdges({ pooling, axes, loops, made }: PooledTile, at: TileContext, emit: StepEmitter): void {
  const [columns, rows] = [madeSize(axes.x, loops.x), madeSize(axes.y, loops.y)];
  const [sy, sx, sn] = tileStrides(made).slice(1) as [number, number, number];
  const fill = (x: number, y: number, width: StepSize, height: StepSize): void => {
    const a: Access = { tile: made, offset: y * sy + x * sx, strides: [sn, sx, sy] };
    const step = { sizes: [at.size(loops.n), width, height], a, c: a };
    if (!isFloatType(made.type)) return emit.step({ ...step, f: 'min', b: { scalar: pooling.fill } });
    // Nothing is greater, no NaN either: 0 whatever lies there.
    emit.step({ ...step, f: 'gt', b: { scalar: Number.POSITIVE_INFINITY } });
    if (pooling.fill !== 0) emit.step({ ...step, f: 'min', b: { scalar: pooling.fill } });
  };
  for (const axis of ['y', 'x'] as const) {
    const { pool, total } = axes[axis];
    const l = loops[axis];
    if (pool === undefined) continue;
    const along = (from: number, count: number): void =>
      axis === 'y' ? fill(0, from, columns, count) : fill(from, 0, count, rows);
    if (pool.pad > 0) onlyFirst(emit, l, () => along(0, pool.pad));
    const before = (tilesOf(l) - 1) * l.tile;
    const end = madeAlong(axes[axis], total - before);
    const outside = end - Math.max(0, pool.limit - (before * pool.scale - pool.pad));
    if (outside > 0) onlyLast(emit, l, () => along(end - outside, outside));
  }
}

function poolTile({ pooling, axes, loops, made, out, factors, sums }: PooledTile, at: TileContext, emit: StepEmitter) {
  const { y, x } = axes;
  const windows = { y: y.pool!, x: x.pool! };
  const [sy, sx, sn] = tileStrides(made).slice(1) as [number, number, number];
  const [oy, ox, on] = tileStrides(out).slice(1) as [number, number, number];
  const width = 4;
  /** Sums have a tile like that of a result in a buffer. */
  const so = [loops.x.tile * loops.n.tile, loops.n.tile, 1].map((n) => n * width) as [number, number, number];
  const places = [at.size(loops.n), at.size(loops.x), at.size(loops.y)] as const;
  const [n, columns, rows] = places;
  const [cy, cx, cn] = sums === undefined ? [oy, ox, on] : so;
  const into: Access = { tile: sums ?? out, strides: [cn, cx, cy] };
  emit.step({
    f: 'mov',
    sizes: [n, windows.x.kernel, windows.y.kernel, columns, rows],
    a: {
      tile: made,
      strides: [sn, windows.x.dilation * sx, windows.y.dilation * sy, windows.x.scale * sx, windows.y.scale * sy],
    },
    c: { ...into, strides: [cn, 0, 0, cx, cy] },
    ...{ accumulate: pooling.reduce, init: true },
  });
  const result: Access = { tile: out, strides: [on, ox, oy] };
  const step = { sizes: places, a: into, c: result };
  if (factors !== undefined) {
    const [fy, fx] = tileStrides(factors) as [number, number];
    emit.step({ ...step, f: 'mul', b: { tile: factors, strides: [0, fx, fy] } });
  } else if (typeof pooling.scale === 'number') emit.step({ ...step, f: 'mul', b: { scalar: pooling.scale } });
  else if (sums !== undefined) emit.step({ ...step, f: 'mov' });
}

/** Gives the last rows to the tile of the next turn, unless that begins anew. */
function handOn({ axes, loops, made, next }: PooledTile, at: TileContext, emit: StepEmitter): void {
  const [sy, sx, sn] = tileStrides(made).slice(1) as [number, number, number];
  const columns = madeSize(axes.x, loops.x);
  const strides = [sn, sx, sy];
  const copy = (): void =>
    emit.step({
      ...{ f: 'mov', sizes: [at.size(loops.n), columns, overlapAlong(axes.y)] },
      a: { tile: made, offset: loops.y.tile * axes.y.pool!.scale * sy, strides },
      c: { tile: next, strides },
    });
  emit.last(loops.y, () => {}, copy);
}
