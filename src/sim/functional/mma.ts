/**
 * What the matrix unit does with an `mma`, in plain loops, for every type of operands. Sums of floats are numbers rounded to
 * f32 at once; sums of integers are big integers cut to their 32 or 64 bits.
 */
import { ELEMENT_BYTES, type ElementType } from '#isa';
import { filtersOf, lanesOf, type Machine, type MatrixType, packingOf } from '#machine';
import { type RecordWords, SIZE, STRIDE } from '#timing';
import type { MmaEntry } from '../entries.ts';
import { activate, balancedTree, chain } from './arithmetic.ts';
import { floatBits, floatOf, floatOfInteger, integerOf, nearestInteger } from './elements.ts';
import type { Memories } from './units.ts';
import { address, indices, offset } from './walk.ts';

/** Sums of one kind: how they are read, made and drained. */
interface Sums<T> {
  /** Bytes of an accumulator. */
  readonly bytes: number;
  readonly zero: T;
  of(bits: bigint): T;
  bits(sum: T): bigint;
  /** The sum and a chunk of products of bits of A and W, in their lanes. */
  add(sum: T, products: readonly (readonly [a: bigint, w: bigint] | undefined)[]): T;
  /** Bits of the result, from those of bias and scale where there are any. */
  drain(sum: T, bias: bigint | undefined, scale: bigint | undefined): bigint;
}

export function mma(e: MmaEntry, machine: Machine, memories: Memories): void {
  if (e.type === 'i8' || e.type === 'u8' || e.type === 'i16') run(e, machine, memories, integers(e));
  else run(e, machine, memories, floats(e, machine));
}

function run<T>(e: MmaEntry, machine: Machine, { nram, wram, aram }: Memories, sums: Sums<T>): void {
  const tn = filtersOf(machine.matrix, e.type);
  const lanes = lanesOf(machine.matrix, e.type);
  const bytes = ELEMENT_BYTES[e.type];
  const resultBytes = ELEMENT_BYTES[e.result];
  const pixels = [...indices(e.pixels, 3)];
  const neurons = [...indices(e.reduction)].map((k) => offset(e.reduction, k));
  const parts = chunks(e.reduction, neurons.length, machine, e.type);
  const filters = e.output[16 + SIZE]!;
  const groupStride = e.output[16 + STRIDE]!;
  const isScaled = isInteger(e.type) && e.result !== 'i32' && e.result !== 'i64';
  const entries = Math.floor(machine.matrix.accumulatorBytes / (sums.bytes * tn));

  for (let g = 0; g * tn < filters; g++) {
    const inGroup = Math.min(tn, filters - g * tn);
    pixels.forEach((index, p) => {
      const a = (k: number): bigint => nram.readBits(address(e.a, offset(e.pixels, index, 3) + neurons[k]!), bytes);
      const w = (k: number, n: number): bigint =>
        wram.readBits(address(e.w, bytes * (g * neurons.length * tn + k * inGroup + n)), bytes);
      const entry = e.acc + g * pixels.length + p;
      // There are whole entries only: behind the last one is behind the memory.
      const kept = (n: number): number => (entry < entries ? sums.bytes * (entry * tn + n) : aram.bytes + 8 * entry);
      const acc = Array.from({ length: inGroup }, (_, n) =>
        e.clear ? sums.zero : sums.of(aram.readBits(kept(n), sums.bytes)),
      );
      for (const part of parts) {
        for (let n = 0; n < inGroup; n++) {
          const products = new Array<readonly [bigint, bigint] | undefined>(lanes).fill(undefined);
          part.forEach((k, lane) => {
            products[lane] = [a(k), w(k, n)];
          });
          acc[n] = sums.add(acc[n]!, products);
        }
      }
      for (let n = 0; n < inGroup; n++) {
        if (!e.drain) {
          aram.writeBits(kept(n), sums.bytes, sums.bits(acc[n]!));
          continue;
        }
        const parameter = (row: number): bigint => wram.readBits(address(e.bias, 4 * (row * filters + g * tn + n)), 4);
        const bias = e.useBias ? parameter(0) : undefined;
        const scale = isScaled ? parameter(e.useBias ? 1 : 0) : undefined;
        const c = address(e.c, offset(e.output, index, 3) + g * groupStride + resultBytes * n);
        nram.writeBits(c, resultBytes, sums.drain(acc[n]!, bias, scale));
      }
    });
  }
}

const isInteger = (type: MatrixType): boolean => type === 'i8' || type === 'u8' || type === 'i16';

/** The reduction's elements as chunks: their numbers in order, up to Ti together. */
function chunks(reduction: RecordWords, elements: number, machine: Machine, type: MatrixType): number[][] {
  const lanes = lanesOf(machine.matrix, type);
  const run = packingOf(machine.matrix) === 'run' ? reduction[SIZE]! : elements;
  const all: number[][] = [];
  for (let start = 0; start < elements; start += run) {
    for (let from = 0; from < run; from += lanes) {
      all.push(Array.from({ length: Math.min(lanes, run - from) }, (_, i) => start + from + i));
    }
  }
  return all;
}

const f = Math.fround;

function floats(e: MmaEntry, machine: Machine): Sums<number> {
  const sum = machine.matrix.kind === 'dot' ? (x: readonly number[]) => balancedTree(x, (a, b) => f(a + b)) : chain;
  const word = (bits: number): number => floatOf(BigInt.asUintN(32, BigInt(bits)), 'f32');
  return {
    bytes: 4,
    zero: 0,
    of: (bits) => floatOf(bits, 'f32'),
    bits: (x) => floatBits(x, 'f32'),
    add: (acc, products) =>
      f(acc + sum(products.map((p) => (p === undefined ? 0 : f(floatOf(p[0], e.type) * floatOf(p[1], e.type)))))),
    drain(acc, bias) {
      const x = bias === undefined ? acc : f(acc + floatOf(bias, 'f32'));
      return floatBits(activate(e.act, x, word(e.p0), word(e.p1)), e.result);
    },
  };
}

/** Least and greatest value of the integers that results are saturated to. */
const RANGES: Readonly<Partial<Record<ElementType, readonly [bigint, bigint]>>> = {
  i8: [-128n, 127n],
  u8: [0n, 255n],
  i16: [-32768n, 32767n],
};

function integers(e: MmaEntry): Sums<bigint> {
  const width = e.type === 'i16' ? 64 : 32;
  const cut = (x: bigint): bigint => BigInt.asIntN(width, x);
  const [za, zw, zc] = [BigInt(e.za), BigInt(e.zw), BigInt(e.zc)];
  const [least, most] = [-(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n];
  const word = (bits: number): bigint => BigInt.asIntN(32, BigInt(bits));
  const activation = (x: bigint): bigint => {
    const [p0, p1] = [word(e.p0), word(e.p1)];
    if (e.act === 'clamp') return x < p0 ? p0 : x > p1 ? p1 : x;
    if (e.act === 'none' || x >= 0n) return x;
    return nearestInteger(f(floatOfInteger(x) * floatOf(BigInt.asUintN(32, BigInt(e.p0)), 'f32')), least, most);
  };
  return {
    bytes: width / 8,
    zero: 0n,
    of: cut,
    bits: (x) => BigInt.asUintN(width, x),
    add: (acc, products) =>
      cut(
        products.reduce(
          (sum, p) =>
            p === undefined ? sum : sum + (integerOf(p[0], e.type) - za) * (integerOf(p[1], e.weights) - zw),
          acc,
        ),
      ),
    drain(acc, bias, scale) {
      const x = activation(bias === undefined ? acc : cut(acc + BigInt.asIntN(32, bias)));
      if (scale === undefined) return BigInt.asUintN(width, x);
      const scaled = f(floatOfInteger(x) * floatOf(scale, 'f32'));
      const range = RANGES[e.result];
      if (range === undefined) return floatBits(scaled, e.result);
      const y = Number.isNaN(scaled) ? range[0] : nearestInteger(scaled, range[0] - zc, range[1] - zc) + zc;
      return BigInt.asUintN(8 * ELEMENT_BYTES[e.result], y);
    },
  };
}
