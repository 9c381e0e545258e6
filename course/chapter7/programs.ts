/**
 * Programs of exercises 7.7 to 7.12 in the textbook's dialect: Y = X·W of fully connected layers, by schedule. Sizes are in
 * 32-bit elements unless they say bytes; every function returns the text of a program.
 */

/** X is rows × inner, W inner × columns. */
export interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** The layers of the exercises. */
export const LAYERS = {
  '7.7': { rows: 1, inner: 256, columns: 1 },
  '7.8': { rows: 32, inner: 256, columns: 128 },
  '7.9': { rows: 1024, inner: 256, columns: 128 },
  '7.11': { rows: 32, inner: 256, columns: 128 },
  '7.12': { rows: 1024, inner: 256, columns: 2048 },
} as const satisfies Record<string, Product>;

/** What of the network is compressed, and which multiplications the hardware leaves out (exercise 7.10). */
export interface Sparsity {
  /** Compressed ÷ dense bytes. */
  readonly x: number;
  readonly w: number;
  /** Executed ÷ dense multiply-accumulates. */
  readonly macs: number;
}

const DENSE: Sparsity = { x: 1, w: 1, macs: 1 };

type Line = string | readonly Line[];

const flat = (line: Line): readonly string[] => (typeof line === 'string' ? [line] : line.flatMap(flat));
const program = (...lines: readonly Line[]): string => `${flat(lines).join('\n')}\n`;

const move = (from: string, to: string, bytes: number, multicast = false): string =>
  `move ${from} ${to} ${bytes}${multicast ? ' mc' : ''}`;
const compute = (count: number): string => `compute MAC_32 ${count}`;
const sync = 'sync';

/** A loop; once is no loop, and never is nothing. */
const loop = (times: number, ...body: readonly Line[]): Line =>
  times <= 0 ? [] : times === 1 ? body : [`loop ${times}`, ...body, 'endloop'];

/** Bytes and multiply-accumulates of a product. */
function sizes({ rows, inner, columns }: Product, s: Sparsity = DENSE) {
  return {
    x: 4 * rows * inner * s.x,
    w: 4 * inner * columns * s.w,
    y: 4 * rows * columns,
    macs: rows * inner * columns * s.macs,
  };
}

/** Everything in, everything computed, everything out. */
export function serial(p: Product): string {
  const { x, w, y, macs } = sizes(p);
  return program(move('DRAM', 'WRAM', w), move('DRAM', 'NRAM', x), sync, compute(macs), sync, move('NRAM', 'DRAM', y));
}

/** n slices of the inner dimension: the next slice is loaded while one is computed. */
export function innerSlices(p: Product, n: number): string {
  const { x, w, y, macs } = sizes(p);
  const load = [move('DRAM', 'WRAM', w / n), move('DRAM', 'NRAM', x / n)];
  return program(
    load,
    sync,
    loop(n - 1, load, compute(macs / n), sync),
    compute(macs / n),
    sync,
    move('NRAM', 'DRAM', y),
  );
}

/** X whole, W in n column tiles: load the next, compute one, store the last. */
export function columnTiles(p: Product, n: number): string {
  const { x, w, y, macs } = sizes(p);
  const load = move('DRAM', 'WRAM', w / n);
  const store = move('NRAM', 'DRAM', y / n);
  return program(move('DRAM', 'NRAM', x), load, sync, pipeline(n, load, compute(macs / n), store));
}

/** A software pipeline of three stages over n tiles, of which the first is loaded. */
const pipeline = (n: number, load: Line, work: Line, store: Line): Line => [
  load,
  work,
  sync,
  loop(n - 2, load, store, work, sync),
  store,
  work,
  sync,
  store,
];

/**
 * n slices of the inner dimension, the last `tail` of them together as `tail` column tiles whose results are stored as they
 * come; their operands are loaded, in half slices, beside the first.
 */
export function innerSlicesThenColumns(p: Product, n: number, tail: number): string {
  const { x, w, y, macs } = sizes(p);
  const load = [move('DRAM', 'NRAM', x / n), move('DRAM', 'WRAM', w / n)];
  const half = [move('DRAM', 'NRAM', x / n / 2), move('DRAM', 'WRAM', w / n / 2)];
  const work = compute(macs / n);
  const store = move('NRAM', 'DRAM', y / tail);
  return program(
    load,
    sync,
    loop(2 * tail, load, half, work, sync),
    loop(n - 3 * tail - 1, load, work, sync),
    work,
    sync,
    work,
    sync,
    loop(tail - 1, store, work, sync),
    store,
  );
}

/**
 * Slices of the inner dimension that grow as fast as computing outlasts loading: the first computation waits for one element of the inner
 * dimension alone, and each slice is loaded while the one before it is computed. The last `tail` elements are computed as `parts` column tiles
 * whose results are stored as they come.
 * @param ratio cycles to compute ÷ cycles to load
 */
export function growingSlices(p: Product, tail: number, parts: number, ratio: number): string {
  const { x, w, y, macs } = sizes(p);
  const of = (bytes: number, slice: number): number => (bytes * slice) / p.inner;
  const load = (slice: number): Line => [move('DRAM', 'NRAM', of(x, slice)), move('DRAM', 'WRAM', of(w, slice))];
  const slices = growing(p.inner - tail, ratio);
  const store = move('NRAM', 'DRAM', y / parts);
  const part = compute(of(macs, tail) / parts);
  return program(
    load(slices[0]!),
    sync,
    slices.map((slice, i) => [load(slices[i + 1] ?? tail), compute(of(macs, slice)), sync]),
    [part, sync],
    loop(parts - 1, store, part, sync),
    store,
  );
}

/** 1, 1, 2, and each further `ratio` times the one before it, so many in all. */
function growing(total: number, ratio: number): readonly number[] {
  const slices = [1, 1, 2];
  for (let left = total - 4; left > 0; left -= slices.at(-1)!)
    slices.push(Math.min(left, Math.floor(ratio * slices.at(-1)!)));
  return slices;
}

/** Rows of each tile: the last has what is left where `tile` does not divide. */
const tilesOf = (rows: number, tile: number): readonly number[] => [
  ...Array.from({ length: Math.floor(rows / tile) }, () => tile),
  ...(rows % tile === 0 ? [] : [rows % tile]),
];

/** Steps one after the other; those that are the same as the one before are a loop. */
function folded(steps: readonly Line[]): Line {
  const runs: { readonly text: string; readonly step: Line; times: number }[] = [];
  for (const step of steps) {
    const text = flat(step).join('\n');
    const last = runs.at(-1);
    if (last?.text === text) last.times++;
    else runs.push({ text, step, times: 1 });
  }
  return runs.map(({ step, times }) => loop(times, step));
}

/** What is done with a tile of so many rows of X. */
function tileWork(p: Product, s: Sparsity) {
  const { x, y, macs } = sizes(p, s);
  return {
    load: (rows: number): string => move('DRAM', 'NRAM', (x / p.rows) * rows),
    store: (rows: number, parts = 1): string => move('NRAM', 'DRAM', ((y / p.rows) * rows) / parts),
    work: (rows: number, parts = 1): string => compute(((macs / p.rows) * rows) / parts),
  };
}

/** W stays, X comes in row tiles of `tile`, one after the other. */
export function rowTilesSerial(p: Product, tile: number, s: Sparsity = DENSE): string {
  const { load, work, store } = tileWork(p, s);
  const steps = tilesOf(p.rows, tile).map((rows) => [load(rows), sync, work(rows), sync, store(rows), sync]);
  return program(move('DRAM', 'WRAM', sizes(p, s).w), sync, folded(steps));
}

/** W stays, X comes in row tiles of `tile`: load the next, compute one, store the last. */
export function rowTiles(p: Product, tile: number, s: Sparsity = DENSE): string {
  const { load, work, store } = tileWork(p, s);
  const tiles = tilesOf(p.rows, tile);
  const steps = tiles.map((rows, t) => [
    t + 1 < tiles.length ? load(tiles[t + 1]!) : [],
    t > 0 ? store(tiles[t - 1]!) : [],
    work(rows),
    sync,
  ]);
  return program(move('DRAM', 'WRAM', sizes(p, s).w), load(tiles[0]!), sync, folded(steps), store(tiles.at(-1)!));
}

/** As `rowTiles`, but W comes in `slices` column slices with the first tile, and the last tile is stored in as many. */
export function rowTilesSliced(p: Product, tile: number, slices: number, s: Sparsity = DENSE): string {
  const { load, work, store } = tileWork(p, s);
  const tiles = tilesOf(p.rows, tile);
  const [first, last] = [tiles[0]!, tiles.at(-1)!];
  const slice = move('DRAM', 'WRAM', sizes(p, s).w / slices);
  const start = [load(first), slice, sync, loop(slices - 1, slice, work(first, slices), sync)];
  if (tiles.length === 1) return program(start, work(first, slices), sync, store(first));
  const middle = tiles.slice(1, -1).map((rows, t) => [load(tiles[t + 2]!), store(tiles[t]!), work(rows), sync]);
  return program(
    start,
    [load(tiles[1]!), work(first, slices), sync],
    folded(middle),
    [store(tiles.at(-2)!), work(last, slices), sync],
    loop(slices - 1, store(last, slices), work(last, slices), sync),
    store(last, slices),
  );
}

/** How four cores share a product: what each has of X and W, and how many cores want the same piece. */
export interface Split {
  readonly rows: number;
  readonly columns: number;
}
export const BATCH_SPLIT: Split = { rows: 4, columns: 1 };
export const COLUMN_SPLIT: Split = { rows: 1, columns: 4 };
export const SQUARE_SPLIT: Split = { rows: 2, columns: 2 };

/** Sizes of one core's part. */
const share = (p: Product, by: Split) => sizes({ ...p, rows: p.rows / by.rows, columns: p.columns / by.columns });

/** Each core's operands straight from DRAM; multicast where all want the same. */
export function clusterDirect(p: Product, by: Split, multicast: boolean): string {
  const own = share(p, by);
  return program(
    move('DRAM', 'NRAM', own.x, multicast && by.rows === 1),
    move('DRAM', 'WRAM', own.w, multicast && by.columns === 1),
    sync,
    compute(own.macs),
    sync,
    move('NRAM', 'DRAM', own.y),
  );
}

/** Everything through the SharedRAM. */
export function clusterShared(p: Product, by: Split, multicast: boolean): string {
  const all = sizes(p);
  const own = share(p, by);
  return program(
    move('DRAM', 'SHARED', all.x),
    move('DRAM', 'SHARED', all.w),
    sync,
    move('SHARED', 'NRAM', own.x, multicast && by.rows === 1),
    move('SHARED', 'WRAM', own.w, multicast && by.columns === 1),
    sync,
    compute(own.macs),
    sync,
    move('NRAM', 'SHARED', own.y),
    sync,
    move('SHARED', 'DRAM', all.y),
  );
}

/** Columns split: X through the SharedRAM, W and Y straight. */
export function clusterMixed(p: Product, multicast: boolean): string {
  const own = share(p, COLUMN_SPLIT);
  return program(
    move('DRAM', 'SHARED', own.x),
    sync,
    move('SHARED', 'NRAM', own.x, multicast),
    move('DRAM', 'WRAM', own.w),
    sync,
    compute(own.macs),
    sync,
    move('NRAM', 'DRAM', own.y),
  );
}

/** As `clusterMixed`, each core's columns in n tiles: load the next, compute one, store the last. */
export function clusterColumnTiles(p: Product, n: number): string {
  const own = share(p, COLUMN_SPLIT);
  const load = move('DRAM', 'WRAM', own.w / n);
  return program(
    move('DRAM', 'SHARED', own.x),
    sync,
    move('SHARED', 'NRAM', own.x, true),
    load,
    sync,
    pipeline(n, load, compute(own.macs / n), move('NRAM', 'DRAM', own.y / n)),
  );
}

/**
 * The fastest for 7.11 that is known here: the first of n column tiles waits for X and its own W alone, and the last result
 * is computed while all others are stored. `direct`: X by multicast from DRAM instead of through the SharedRAM.
 */
export function clusterColumnTilesStoredLast(p: Product, n: number, direct: boolean): string {
  const own = share(p, COLUMN_SPLIT);
  const load = move('DRAM', 'WRAM', own.w / n);
  const work = compute(own.macs / n);
  const x = direct
    ? [move('DRAM', 'NRAM', own.x, true), load, sync]
    : [move('DRAM', 'SHARED', own.x), sync, move('SHARED', 'NRAM', own.x, true), load, sync];
  return program(
    x,
    loop(n - 1, load, work, sync),
    move('NRAM', 'DRAM', (own.y / n) * (n - 1)),
    work,
    sync,
    move('NRAM', 'DRAM', own.y / n),
  );
}

/** Four cores, columns split, in `passes` of columns by row tiles of `tile`: nothing overlaps. */
export function clusterPasses(
  p: Product,
  passes: number,
  tile: number,
  via: 'mixed' | 'shared' | 'unicast' | 'multicast',
): string {
  const own = share(p, COLUMN_SPLIT);
  const tiles = p.rows / tile;
  const cores = COLUMN_SPLIT.columns;
  const x = own.x / tiles;
  const w = own.w / passes;
  const y = own.y / tiles / passes;
  const shared = via === 'mixed' || via === 'shared';
  return program(
    shared ? [move('DRAM', 'SHARED', own.x), sync] : [],
    loop(
      passes,
      via === 'shared' ? [move('DRAM', 'SHARED', cores * w), sync, move('SHARED', 'WRAM', w)] : move('DRAM', 'WRAM', w),
      sync,
      loop(
        tiles,
        move(shared ? 'SHARED' : 'DRAM', 'NRAM', x, via !== 'unicast'),
        sync,
        compute(own.macs / tiles / passes),
        sync,
        via === 'shared'
          ? [move('NRAM', 'SHARED', y), sync, move('SHARED', 'DRAM', cores * y)]
          : move('NRAM', 'DRAM', y),
        sync,
      ),
    ),
  );
}

/** As `clusterPasses`, overlapped; the weights of the next pass come piece by piece with the row tiles of this one. */
export function clusterPassesOverlapped(
  p: Product,
  passes: number,
  tile: number,
  via: 'shared' | 'unicast' | 'multicast',
  multicast = true,
): string {
  const own = share(p, COLUMN_SPLIT);
  const tiles = p.rows / tile;
  const work = compute(own.macs / tiles / passes);
  const x =
    via === 'shared'
      ? move('SHARED', 'NRAM', own.x / tiles, multicast)
      : move('DRAM', 'NRAM', own.x / tiles, via === 'multicast');
  const w = own.w / passes;
  const piece = move('DRAM', 'WRAM', w / tiles);
  const store = move('NRAM', 'DRAM', own.y / tiles / passes);
  const start =
    via === 'shared'
      ? [
          move('DRAM', 'SHARED', own.x / tiles),
          move('DRAM', 'WRAM', w),
          sync,
          x,
          move('DRAM', 'SHARED', own.x - own.x / tiles),
          sync,
        ]
      : [move('DRAM', 'WRAM', w), x, sync];
  return program(
    start,
    [x, piece, work, sync],
    loop((passes - 1) * tiles - 1, x, piece, store, work, sync),
    loop(tiles - 1, x, store, work, sync),
    store,
    work,
    sync,
    store,
  );
}

/**
 * As `clusterPassesOverlapped` through the SharedRAM, in four stages (DRAM, SharedRAM, cores, back), with the first weights in
 * `slices` and the last result stored in as many.
 */
export function clusterPassesSliced(p: Product, passes: number, tile: number, slices: number): string {
  const own = share(p, COLUMN_SPLIT);
  const tiles = p.rows / tile;
  const macs = own.macs / tiles / passes;
  const toShared = move('DRAM', 'SHARED', own.x / tiles);
  const x = move('SHARED', 'NRAM', own.x / tiles, true);
  const w = own.w / passes;
  const slice = move('DRAM', 'WRAM', w / slices);
  const piece = move('DRAM', 'WRAM', w / tiles);
  const part = compute(macs / slices);
  const y = own.y / tiles / passes;
  const store = move('NRAM', 'DRAM', y);
  const storePart = move('NRAM', 'DRAM', y / slices);
  return program(
    [toShared, sync, x, slice, sync],
    loop(slices - 1, slice, part, sync),
    [toShared, part, sync],
    [x, toShared, piece, sync],
    loop(tiles - 3, toShared, x, piece, store, compute(macs), sync),
    loop((passes - 1) * tiles - tiles + 2, x, piece, store, compute(macs), sync),
    loop(tiles - 1, x, store, compute(macs), sync),
    [store, part, sync],
    loop(slices - 1, storePart, part, sync),
    storePart,
  );
}
