/**
 * The Winograd transforms. One tile is worked on in place in a small array of 6 × 6: its columns first, then its lines, each by a
 * function that reads and writes a line of a given step. Every operation is rounded to f32.
 */
import { type Scratchpad, type WinogradTile, type WinogradTransform, winogradSides } from '#isa';
import { type RecordWords, SIZE, STRIDE } from '#timing';
import type { Kernels } from '../entries.ts';

const f = Math.fround;
const SIXTH = f(1 / 6);
const TWENTY_FOURTH = f(1 / 24);

/** Transforms the line of a tile that starts at `i`, elements `s` apart, in place. */
type LineTransform = (t: Float32Array, i: number, s: number) => void;

const inputF2: LineTransform = (t, i, s) => {
  const d0 = t[i]!;
  const d1 = t[i + s]!;
  const d2 = t[i + 2 * s]!;
  const d3 = t[i + 3 * s]!;
  t[i] = d0 - d2;
  t[i + s] = d1 + d2;
  t[i + 2 * s] = d2 - d1;
  t[i + 3 * s] = d1 - d3;
};

const inputF4: LineTransform = (t, i, s) => {
  const d0 = t[i]!;
  const d1 = t[i + s]!;
  const d2 = t[i + 2 * s]!;
  const d3 = t[i + 3 * s]!;
  const d4 = t[i + 4 * s]!;
  const d5 = t[i + 5 * s]!;
  const p = f(d4 - f(4 * d2));
  const q = f(d3 - f(4 * d1));
  const r = f(d4 - d2);
  const x = f(2 * f(d3 - d1));
  t[i] = f(f(4 * d0) - f(5 * d2)) + d4;
  t[i + s] = p + q;
  t[i + 2 * s] = p - q;
  t[i + 3 * s] = r + x;
  t[i + 4 * s] = r - x;
  t[i + 5 * s] = f(f(4 * d1) - f(5 * d3)) + d5;
};

const weightF2: LineTransform = (t, i, s) => {
  const g1 = t[i + s]!;
  const g2 = t[i + 2 * s]!;
  const sum = f(t[i]! + g2);
  t[i + s] = 0.5 * f(sum + g1);
  t[i + 2 * s] = 0.5 * f(sum - g1);
  t[i + 3 * s] = g2;
};

const weightF4: LineTransform = (t, i, s) => {
  const g0 = t[i]!;
  const g1 = t[i + s]!;
  const g2 = t[i + 2 * s]!;
  const sum = f(g0 + g2);
  const u = f(g0 + f(4 * g2));
  const v = f(2 * g1);
  t[i] = 0.25 * g0;
  t[i + s] = -f(SIXTH * f(sum + g1));
  t[i + 2 * s] = -f(SIXTH * f(sum - g1));
  t[i + 3 * s] = TWENTY_FOURTH * f(u + v);
  t[i + 4 * s] = TWENTY_FOURTH * f(u - v);
  t[i + 5 * s] = g2;
};

const outputF2: LineTransform = (t, i, s) => {
  const m1 = t[i + s]!;
  const m2 = t[i + 2 * s]!;
  const m3 = t[i + 3 * s]!;
  t[i] = f(t[i]! + m1) + m2;
  t[i + s] = f(m1 - m2) - m3;
};

const outputF4: LineTransform = (t, i, s) => {
  const m0 = t[i]!;
  const m1 = t[i + s]!;
  const m2 = t[i + 2 * s]!;
  const m3 = t[i + 3 * s]!;
  const m4 = t[i + 4 * s]!;
  const a = f(m1 + m2);
  const b = f(m1 - m2);
  const c = f(m3 + m4);
  const d = f(m3 - m4);
  t[i + 3 * s] = f(b + f(8 * d)) + t[i + 5 * s]!;
  t[i] = f(m0 + a) + c;
  t[i + s] = b + f(2 * d);
  t[i + 2 * s] = a + f(4 * c);
};

const LINES: Readonly<Record<WinogradTransform, Readonly<Record<WinogradTile, LineTransform>>>> = {
  input: { f2: inputF2, f4: inputF4 },
  weight: { f2: weightF2, f4: weightF4 },
  output: { f2: outputF2, f4: outputF4 },
};

/** Lines of the working tile are this far apart. */
const PITCH = 6;

/** Words between two elements of a dimension. */
const step = (record: RecordWords, d: number): number => record[4 * d + STRIDE]! >> 2;

export function createWinograd(nram: Uint8Array, wram: Uint8Array): Kernels['winograd'] {
  const viewOf = (pad: Uint8Array): Float32Array => new Float32Array(pad.buffer, pad.byteOffset, pad.byteLength >>> 2);
  const pads: Readonly<Record<Scratchpad, Float32Array>> = { nram: viewOf(nram), wram: viewOf(wram) };
  const tile = new Float32Array(PITCH * PITCH);
  return (entry) => {
    const { transform, source, result } = entry;
    const from = pads[entry.from];
    const to = pads[entry.to];
    const line = LINES[transform][entry.tile];
    const sides = winogradSides(transform, entry.tile);
    const [sourceX, sourceY] = [step(source, 3), step(source, 4)];
    const [resultX, resultY] = [step(result, 3), step(result, 4)];
    const [channels, tilesX, tilesY] = [source[SIZE]!, source[4 + SIZE]!, source[8 + SIZE]!];
    for (let y = 0; y < tilesY; y++) {
      for (let x = 0; x < tilesX; x++) {
        // Bases may wrap below 0 before the first element inside, so all is counted from one of them modulo 2³⁰ words.
        let at = (entry.a >>> 2) + x * step(source, 1) + y * step(source, 2);
        let out = (entry.c >>> 2) + x * step(result, 1) + y * step(result, 2);
        for (let channel = 0; channel < channels; channel++, at += step(source, 0), out += step(result, 0)) {
          for (let i = 0; i < sides.source; i++) {
            for (let j = 0; j < sides.source; j++) {
              tile[PITCH * i + j] = from[(at + i * sourceY + j * sourceX) & WORDS]!;
            }
          }
          for (let j = 0; j < sides.source; j++) line(tile, j, PITCH);
          for (let i = 0; i < sides.result; i++) line(tile, PITCH * i, 1);
          for (let i = 0; i < sides.result; i++) {
            for (let j = 0; j < sides.result; j++) to[(out + i * resultY + j * resultX) & WORDS] = tile[PITCH * i + j]!;
          }
        }
      }
    }
  };
}

/** Word addresses have 30 bits. */
const WORDS = 2 ** 30 - 1;
