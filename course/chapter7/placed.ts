/**
 * Schedules of exercises 7.7 to 7.12 with the places of their operands, so that capacities and races are judged: the same statements,
 * and so the same cycles, as those of programs.ts and of the handed-out files. Bytes throughout; f32.
 */

const lines = (...text: readonly (string | readonly string[])[]): string => `${text.flat().join('\n')}\n`;
const turns = (addresses: readonly number[]): string => addresses.join(', ');

/** 7.7: one row times one column. */
export const SERIAL_7_7 = lines(
  'move DRAM[0] NRAM[0] 1024',
  'move DRAM[1024] WRAM[0] 1024',
  'sync',
  'compute MAC_32 256 NRAM[0] 1024 WRAM[0] 1024 to NRAM[1024] 4',
  'sync',
  'move NRAM[1024] DRAM[2048] 4',
);

/** 7.9 one step after the other, with one buffer of X and of Y. The last tile is as large as the others, whatever `rows` is. */
export function serialPlaced79(rows: number): string {
  const [x, y, w] = [1024 * rows, 512 * rows, 131072];
  return lines(
    [`move DRAM WRAM[0] ${w}`, 'sync', `loop ${Math.ceil(1024 / rows)}`, `move DRAM NRAM[0] ${x}`, 'sync'],
    [`compute MAC_32 ${rows * 32768} NRAM[0] ${x} WRAM[0] ${w} to NRAM[${x}] ${y}`, 'sync'],
    [`move NRAM[${x}] DRAM ${y}`, 'sync', 'endloop'],
  );
}

/** 7.9 with row tiles of `rows`: the next tile is loaded and the last one stored while one is computed. */
export function doubleBuffered79(rows: number): string {
  const n = Math.ceil(1024 / rows);
  const [x, y, w] = [1024 * rows, 512 * rows, 131072];
  const out = 2 * x;
  const load = (at: string): string => `move DRAM NRAM[${at}] ${x}`;
  const work = (from: string, to: string): string =>
    `compute MAC_32 ${rows * 32768} NRAM[${from}] ${x} WRAM[0] ${w} to NRAM[${to}] ${y}`;
  const store = (at: string): string => `move NRAM[${at}] DRAM ${y}`;
  // Tile t lies in the buffers t mod 2; the loop's first is tile 1.
  const last = (n - 1) % 2;
  return lines(
    [`move DRAM WRAM[0] ${w}`, load('0'), 'sync', load(`${x}`), work('0', `${out}`), 'sync'],
    [
      `loop ${n - 2}`,
      load(`0, ${x}`),
      store(`${out}, ${out + y}`),
      work(`${x}, 0`, `${out + y}, ${out}`),
      'sync',
      'endloop',
    ],
    [store(`${out + (1 - last) * y}`), work(`${last * x}`, `${out + last * y}`), 'sync', store(`${out + last * y}`)],
  );
}

/**
 * 7.12, the best given program: four cores, 512 columns each in four passes of 128, row tiles of 32. X comes once into SharedRAM
 * during the first pass; weights of the next pass come in 32 pieces while one is computed. Tile t of 128 has X rows t mod 32 and the
 * weights of pass ⌊t ÷ 32⌋.
 */
export function pipelined712(): string {
  const [x, y, piece, pass] = [32768, 16384, 4096, 131072];
  const out = 2 * x;
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  /** Places of so many executions, the first of which is for tile t; after 64 tiles all repeats. */
  const each = (t: number, count: number, place: (tile: number) => number): string =>
    turns(range(t, Math.min(count, 64)).map(place));
  const shared = (tile: number): number => (tile % 32) * x;
  const tileX = (tile: number): number => (tile % 2) * x;
  const tileY = (tile: number): number => out + (tile % 2) * y;
  const weights = (tile: number): number => (Math.floor(tile / 32) % 2) * pass;
  /** Piece j belongs to the pass after that of tile j. */
  const pieceAt = (j: number): number => ((Math.floor(j / 32) + 1) % 2) * pass + (j % 32) * piece;
  const fetch = (t: number, count = 1): string =>
    `move SHARED[${each(t, count, shared)}] NRAM[${each(t, count, tileX)}] ${x} mc`;
  const bring = (t: number, count = 1): string => `move DRAM SHARED[${each(t, count, shared)}] ${x}`;
  const bringPiece = (j: number, count = 1): string => `move DRAM WRAM[${each(j, count, pieceAt)}] ${piece}`;
  const store = (t: number, count = 1): string => `move NRAM[${each(t, count, tileY)}] DRAM ${y}`;
  const work = (t: number, count = 1): string =>
    `compute MAC_32 1048576 NRAM[${each(t, count, tileX)}] ${x} WRAM[${each(t, count, weights)}] ${pass} ` +
    `to NRAM[${each(t, count, tileY)}] ${y}`;
  // The first and last tile in eight slices of 16 columns: weights of 16384 bytes, results of 2048.
  const slice = (t: number, s: number, count: number): string =>
    `compute MAC_32 131072 NRAM[${tileX(t)}] ${x} WRAM[${turns(range(s, count).map((k) => weights(t) + k * 16384))}] 16384 ` +
    `to NRAM[${turns(range(s, count).map((k) => tileY(t) + k * 2048))}] 2048`;
  const first = (s: number, count: number): string =>
    `move DRAM WRAM[${turns(range(s, count).map((k) => k * 16384))}] 16384`;
  const storeSlice = (t: number, s: number, count: number): string =>
    `move NRAM[${turns(range(s, count).map((k) => tileY(t) + k * 2048))}] DRAM 2048`;
  return lines(
    [bring(0), 'sync', fetch(0), first(0, 1), 'sync'],
    ['loop 7', first(1, 7), slice(0, 0, 7), 'sync', 'endloop'],
    [bring(1), slice(0, 7, 1), 'sync'],
    [fetch(1), bring(2), bringPiece(0), 'sync'],
    ['loop 29', bring(3, 29), fetch(2, 29), bringPiece(1, 29), store(0, 29), work(1, 29), 'sync', 'endloop'],
    ['loop 66', fetch(31, 66), bringPiece(30, 66), store(29, 66), work(30, 66), 'sync', 'endloop'],
    ['loop 31', fetch(97, 31), store(95, 31), work(96, 31), 'sync', 'endloop'],
    [store(126), slice(127, 0, 1), 'sync'],
    ['loop 7', storeSlice(127, 0, 7), slice(127, 1, 7), 'sync', 'endloop', storeSlice(127, 7, 1)],
  );
}
