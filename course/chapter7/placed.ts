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

/** Bytes of so many rows of X and of Y of 7.9, and of its W. */
const sizes79 = (rows: number) => ({ x: 1024 * rows, y: 512 * rows, w: 131072 });

const compute79 = (rows: number, from: string, to: string): string => {
  const { x, y, w } = sizes79(rows);
  return `compute MAC_32 ${rows * 32768} NRAM[${from}] ${x} WRAM[0] ${w} to NRAM[${to}] ${y}`;
};

/** 7.9 one step after the other, with one buffer of X and of Y. What is left of 1024 rows is a last, smaller tile. */
export function serialPlaced79(rows: number): string {
  const at = sizes79(rows).x;
  const tile = (count: number): readonly string[] => {
    const { x, y } = sizes79(count);
    const steps = [`move DRAM NRAM[0] ${x}`, 'sync', compute79(count, '0', `${at}`), 'sync'];
    return [...steps, `move NRAM[${at}] DRAM ${y}`, 'sync'];
  };
  const [whole, rest] = [Math.floor(1024 / rows), 1024 % rows];
  return lines(
    [`move DRAM WRAM[0] ${sizes79(rows).w}`, 'sync'],
    whole === 1 ? tile(rows) : [`loop ${whole}`, ...tile(rows), 'endloop'],
    rest === 0 ? [] : tile(rest),
  );
}

/**
 * 7.9 with row tiles of `rows`: the next tile is loaded and the last one stored while one is computed. Tile t lies in the buffers t mod 2; what is
 * left of 1024 rows is a last, smaller tile.
 */
export function doubleBuffered79(rows: number): string {
  const { x, y, w } = sizes79(rows);
  const out = 2 * x;
  const [whole, rest] = [Math.floor(1024 / rows), 1024 % rows];
  const tiles = [...Array.from({ length: whole }, () => rows), ...(rest === 0 ? [] : [rest])];
  const last = tiles.length - 1;
  const [xAt, yAt] = [(t: number) => (t % 2) * x, (t: number) => out + (t % 2) * y];
  const load = (t: number, at = `${xAt(t)}`): string => `move DRAM NRAM[${at}] ${sizes79(tiles[t]!).x}`;
  const store = (t: number, at = `${yAt(t)}`): string => `move NRAM[${at}] DRAM ${sizes79(tiles[t]!).y}`;
  const step = (t: number): readonly string[] => [
    ...(t < last ? [load(t + 1)] : []),
    ...(t > 0 ? [store(t - 1)] : []),
    compute79(tiles[t]!, `${xAt(t)}`, `${yAt(t)}`),
    'sync',
  ];
  // Tiles that are loaded, stored and computed beside tiles as large: 1 … whole − 2.
  const same = Math.max(0, whole - 2);
  const looped =
    same < 2
      ? Array.from({ length: same }, (_, i) => step(i + 1)).flat()
      : [
          `loop ${same}`,
          load(2, `0, ${x}`),
          store(0, `${out}, ${out + y}`),
          compute79(rows, `${x}, 0`, `${out + y}, ${out}`),
          ...['sync', 'endloop'],
        ];
  const after = tiles.flatMap((_, t) => (t > same ? step(t) : []));
  return lines([`move DRAM WRAM[0] ${w}`, load(0), 'sync'], step(0), looped, after, [store(last)]);
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
