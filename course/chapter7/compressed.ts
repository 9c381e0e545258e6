/**
 * Exercise 7.10 with addresses and real numbers: Y = X·W of 1024 × 256 by 256 × 128 on `textbook-extended`, X in half and W in a quarter
 * of its dense bytes, index words included. W is decompressed on the way in (`dense`), or stays compressed and its zeros are left out
 * (`sparse`); X is always decompressed on the way in. Both have bitmaps, so a quarter of the volume is 7 of 32 values, a half 15 of 32.
 */
import { Random } from 'systole/base';
import { assembleProgram, encodeStream, type Program, packWeights } from 'systole/isa';
import type { Machine } from 'systole/machine';

export const ROWS = 1024;
export const DEPTH = 256;
export const COLUMNS = 128;
/** Filters of a group. */
const TN = 16;
const GROUPS = COLUMNS / TN;
/** Kept weights of a filter: seven in 32 of 256. */
const KEPT = (7 * DEPTH) / 32;

export type Weights = 'dense' | 'sparse';
export type Schedule = 'serial' | 'overlapped' | 'sliced';

export interface Layer {
  readonly x: Float32Array;
  /** Inner × columns. */
  readonly w: Float32Array;
}

/** Small integers, whose products add up exactly in any order. */
export function sparseLayer(seed: number): Layer {
  const random = new Random(seed);
  const value = (): number => random.integer(1, 8) * random.pick([-1, 1]);
  const x = new Float32Array(ROWS * DEPTH);
  for (let block = 0; block < x.length; block += 32) {
    const places = Array.from({ length: 32 }, (_, i) => i);
    for (let n = 0; n < 15; n++) x[block + places.splice(random.integer(0, places.length - 1), 1)[0]!] = value();
  }
  const w = new Float32Array(DEPTH * COLUMNS);
  // Two rows of a group are a block of the stream: seven values each, in neighbouring filters, so that all filters get as many.
  for (let g = 0; g < GROUPS; g++) {
    for (let pair = 0; pair < DEPTH / 2; pair++) {
      for (let n = 7 * pair; n < 7 * pair + 7; n++) {
        w[(2 * pair + random.integer(0, 1)) * COLUMNS + g * TN + (n % TN)] = value();
      }
    }
  }
  return { x, w };
}

/** X·W. */
export function product({ x, w }: Layer): Float32Array {
  const y = new Float32Array(ROWS * COLUMNS);
  for (let r = 0; r < ROWS; r++) {
    for (let k = 0; k < DEPTH; k++) {
      const a = x[r * DEPTH + k]!;
      if (a === 0) continue;
      for (let n = 0; n < COLUMNS; n++) y[r * COLUMNS + n]! += a * w[k * COLUMNS + n]!;
    }
  }
  return y;
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function stream(values: Float32Array): Uint8Array {
  const found = encodeStream('bitmap', bytesOf(values), 4);
  if (!(found instanceof Uint8Array)) throw new Error('a bitmap holds anything');
  return found;
}

/** Dense weights as `mma` reads them: group after group of 16 columns, an element of the reduction a row. */
function groupsOf(w: Float32Array): Float32Array {
  const out = new Float32Array(w.length);
  for (let g = 0; g < GROUPS; g++) {
    for (let k = 0; k < DEPTH; k++) {
      out.set(w.subarray(k * COLUMNS + g * TN, k * COLUMNS + (g + 1) * TN), (g * DEPTH + k) * TN);
    }
  }
  return out;
}

function packed(w: Float32Array): Uint8Array {
  const found = packWeights('bitmap', w, COLUMNS, TN, KEPT);
  if (!('bytes' in found)) throw new Error(`filter ${found.filter} keeps more than ${KEPT}`);
  return found.bytes;
}

/** Of one tile of `tile` rows; the same numbers as in `programs.ts`. */
function piecesOf(weights: Weights, tile: number) {
  const xStream = (tile * DEPTH * 4) / 2;
  const wBytes = DEPTH * COLUMNS;
  const wSlice = wBytes / GROUPS;
  // Of a group in WRAM.
  const group = weights === 'dense' ? 4 * DEPTH * TN : wSlice;
  const y = 4 * tile * COLUMNS;
  return { xStream, wBytes, wSlice, group, y, x: 4 * tile * DEPTH };
}

/**
 * Registers: r1 bytes of a stream of X; r2, r3 DRAM of the next X and Y; r4, r5 NRAM of the X to load and to compute with; r6, r7 of the
 * Y to compute and to store; r8 bytes of a stream of W; r9, r10 DRAM and WRAM of the next slice of W; r11, r12 WRAM and NRAM of a part;
 * r13 from a place of X in NRAM to the other, r14 of Y.
 */
function programText(weights: Weights, schedule: Schedule, tile: number): string {
  const { xStream, wBytes, wSlice, group, y, x } = piecesOf(weights, tile);
  const n = ROWS / tile;
  const [wAt, xAt, yAt] = [0, wBytes, wBytes + n * xStream];
  const nramY = 2 * x;
  const loadX = `load.sparse nram, r4, r2, r1, R0, f32, bitmap\nadd r2, r2, r1\nxor r4, r4, r13`;
  const loadW = (record: string, bytes: number): string =>
    weights === 'dense'
      ? `load.sparse wram, r10, r9, r8, ${record}, f32, bitmap\naddi r9, r9, ${bytes}\naddi r10, r10, ${group * (bytes / wSlice)}`
      : `load wram, r10, r9, ${record}, ${record}, f32\naddi r9, r9, ${bytes}\naddi r10, r10, ${group * (bytes / wSlice)}`;
  const op = weights === 'dense' ? 'mma' : 'mma.sparse';
  const options = weights === 'dense' ? 'f32, clear, drain' : 'f32, bitmap, clear, drain';
  const compute = `${op} r6, r5, r0, R2, R3, R4, r0, r0, ${options}\nxor r5, r5, r13\nxor r6, r6, r14`;
  const store = `store nram, r3, r7, R6, R6, f32\naddi r3, r3, ${y}\nxor r7, r7, r14`;
  const part = `${op} r12, r5, r11, R2, R3, R5, r0, r0, ${options}\naddi r11, r11, ${group}\naddi r12, r12, ${4 * TN}`;
  const nextTile = `li r11, 0\nxor r5, r5, r13\nxor r6, r6, r14\nadd r12, r6, r0`;
  const storePart = `store nram, r3, r7, R7, R7, f32\naddi r3, r3, ${4 * TN}\naddi r7, r7, ${4 * TN}`;
  const head = `.dram ${yAt + 4 * ROWS * COLUMNS}
    .output y, ${yAt}, f32[${ROWS}, ${COLUMNS}]
    cfg.dimi R0, 0, ${tile * DEPTH}, 4
    ${weights === 'dense' ? `cfg.dimi R1, 0, ${DEPTH * COLUMNS}, 4` : `cfg.dimi R1, 0, ${wBytes / 4}, 4`}
    ${weights === 'dense' ? `cfg.dimi R8, 0, ${DEPTH * TN}, 4` : `cfg.dimi R8, 0, ${wSlice / 4}, 4`}
    cfg.dimi R2, 0, ${tile}, ${4 * DEPTH}
    cfg.dimi R2, 4, ${KEPT}, 0
    cfg.dimi R3, 0, ${DEPTH}, 4
    cfg.dimi R4, 0, ${tile}, ${4 * COLUMNS}
    cfg.dimi R4, 4, ${COLUMNS}, ${4 * TN}
    cfg.dimi R5, 0, ${tile}, ${4 * COLUMNS}
    cfg.dimi R5, 4, ${TN}, 0
    cfg.dimi R6, 0, ${tile * COLUMNS}, 4
    cfg.dimi R7, 0, ${TN}, 4
    cfg.dimi R7, 1, ${tile}, ${4 * COLUMNS}
    li r1, ${xStream}
    li r2, ${xAt}
    li r3, ${yAt}
    li r6, ${schedule === 'serial' ? x : nramY}
    li r7, ${schedule === 'serial' ? x : nramY}
    li r8, ${schedule === 'sliced' ? wSlice : wBytes}
    li r9, ${wAt}
    li r13, ${schedule === 'serial' ? 0 : x}
    li r14, ${schedule === 'serial' ? 0 : nramY ^ (nramY + y)}
    add r12, r6, r0`;
  const body: Readonly<Record<Schedule, readonly string[]>> = {
    serial: [loadW('R1', wBytes), 'sync', `loopi ${n}`, loadX, 'sync', compute, 'sync', store, 'sync', 'endloop'],
    overlapped: [
      ...[loadW('R1', wBytes), loadX, 'sync', loadX, compute, 'sync'],
      ...[`loopi ${n - 2}`, loadX, store, compute, 'sync', 'endloop'],
      ...[store, compute, 'sync', store],
    ],
    sliced: [
      ...[loadX, loadW('R8', wSlice), 'sync'],
      ...[`loopi ${GROUPS - 1}`, loadW('R8', wSlice), part, 'sync', 'endloop'],
      ...[loadX, part, nextTile, 'sync'],
      ...[`loopi ${n - 2}`, loadX, store, compute, 'sync', 'endloop'],
      ...['add r12, r6, r0', store, part, 'sync'],
      ...[`loopi ${GROUPS - 1}`, storePart, part, 'sync', 'endloop'],
      storePart,
    ],
  };
  return `${[head, ...body[schedule], 'halt'].join('\n')}\n`;
}

/** A program with its constants. */
export function compressedProgram(
  { x, w }: Layer,
  weights: Weights,
  schedule: Schedule,
  tile: number,
  machine: Machine,
): Program {
  const { wBytes } = piecesOf(weights, tile);
  const wData = weights === 'dense' ? stream(groupsOf(w)) : packed(w);
  const xData = stream(x);
  const program = assembleProgram(programText(weights, schedule, tile), { file: '7.10.s', machine });
  return {
    ...program,
    constants: [
      { name: 'W', address: 0, bytes: wData.length, data: () => wData },
      { name: 'X', address: wBytes, bytes: xData.length, data: () => xData },
    ],
  };
}
