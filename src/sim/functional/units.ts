/**
 * What each unit does with a queue entry, in plain loops: the executable form of "The processor" in ARCHITECTURE.md.
 * Addresses are computed modulo 2³². Order of loops is order of effects.
 */
import { filtersOf, lanesOf, type Machine, packingOf } from '#machine';
import { FILL, HI, LO, type RecordWords, SIZE, STRIDE } from '#timing';
import type { DataEntry, LoadEntry, MmaEntry, StoreEntry, VecEntry } from '../entries.ts';
import { activate, balancedTree, chain, MEETINGS, vectorFunction } from './arithmetic.ts';
import type { PlainMemory } from './memory.ts';
import { address, type Index, indices, offset } from './walk.ts';

export interface Memories {
  readonly nram: PlainMemory;
  readonly wram: PlainMemory;
  /** In bytes: accumulator n of entry e stands at 4·(e·Tn + n). */
  readonly aram: PlainMemory;
  readonly dram: PlainMemory;
}

const inside = (bounds: RecordWords, index: Index): boolean =>
  index.every((i, d) => bounds[4 * d + LO]! <= i && i < bounds[4 * d + HI]!);

const floatOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

export function execute(entry: DataEntry, machine: Machine, memories: Memories): void {
  switch (entry.kind) {
    case 'load':
      return load(entry, memories);
    case 'store':
      return store(entry, memories);
    case 'mma':
      return mma(entry, machine, memories);
    case 'vec':
      return vec(entry, machine, memories);
  }
}

function load(e: LoadEntry, memories: Memories): void {
  const pad = memories[e.space];
  const fill = BigInt.asUintN(8 * e.elementBytes, BigInt(e.dramRecord[FILL]! | 0));
  for (const index of indices(e.dramRecord)) {
    const bits = inside(e.dramRecord, index)
      ? memories.dram.readBits(address(e.dram, offset(e.dramRecord, index)), e.elementBytes)
      : fill;
    pad.writeBits(address(e.pad, offset(e.padRecord, index)), e.elementBytes, bits);
  }
}

function store(e: StoreEntry, memories: Memories): void {
  const pad = memories[e.space];
  for (const index of indices(e.padRecord)) {
    if (!inside(e.dramRecord, index)) continue;
    const bits = pad.readBits(address(e.pad, offset(e.padRecord, index)), e.elementBytes);
    memories.dram.writeBits(address(e.dram, offset(e.dramRecord, index)), e.elementBytes, bits);
  }
}

/** The reduction's elements as chunks: their numbers in order, up to Ti together. */
function chunks(reduction: RecordWords, elements: number, machine: Machine): number[][] {
  const lanes = lanesOf(machine.matrix);
  const run = packingOf(machine.matrix) === 'run' ? reduction[SIZE]! : elements;
  const all: number[][] = [];
  for (let start = 0; start < elements; start += run) {
    for (let from = 0; from < run; from += lanes) {
      all.push(Array.from({ length: Math.min(lanes, run - from) }, (_, i) => start + from + i));
    }
  }
  return all;
}

function mma(e: MmaEntry, machine: Machine, { nram, wram, aram }: Memories): void {
  const tn = filtersOf(machine.matrix);
  const lanes = lanesOf(machine.matrix);
  const sum =
    machine.matrix.kind === 'dot'
      ? (products: readonly number[]) => balancedTree(products, (x, y) => Math.fround(x + y))
      : chain;
  const pixels = [...indices(e.pixels, 3)];
  const neurons = [...indices(e.reduction)].map((k) => offset(e.reduction, k));
  const parts = chunks(e.reduction, neurons.length, machine);
  const filters = e.output[16 + SIZE]!;
  const groupStride = e.output[16 + STRIDE]!;

  for (let g = 0; g * tn < filters; g++) {
    const inGroup = Math.min(tn, filters - g * tn);
    pixels.forEach((index, p) => {
      const a = (k: number): number => nram.readF32(address(e.a, offset(e.pixels, index, 3) + neurons[k]!));
      const w = (k: number, n: number): number =>
        wram.readF32(address(e.w, 4 * (g * neurons.length * tn + k * inGroup + n)));
      const kept = (n: number): number => 4 * ((e.acc + g * pixels.length + p) * tn + n);
      const acc = Array.from({ length: inGroup }, (_, n) => (e.clear ? 0 : aram.readF32(kept(n))));
      for (const part of parts) {
        for (let n = 0; n < inGroup; n++) {
          const products = new Array<number>(lanes).fill(0);
          part.forEach((k, lane) => {
            products[lane] = Math.fround(a(k) * w(k, n));
          });
          acc[n] = Math.fround(acc[n]! + sum(products));
        }
      }
      for (let n = 0; n < inGroup; n++) {
        if (!e.drain) {
          aram.writeF32(kept(n), acc[n]!);
          continue;
        }
        const x = e.useBias ? Math.fround(acc[n]! + wram.readF32(address(e.bias, 4 * (g * tn + n)))) : acc[n]!;
        const c = address(e.c, offset(e.output, index, 3) + g * groupStride + 4 * n);
        nram.writeF32(c, activate(e.act, x, floatOf(e.p0), floatOf(e.p1)));
      }
    });
  }
}

function vec(e: VecEntry, machine: Machine, { nram }: Memories): void {
  const scalar = floatOf(e.b);
  const value = (index: Index): number => {
    const a = nram.readF32(address(e.a, offset(e.aRecord, index)));
    const b =
      e.bMode === 'record' ? nram.readF32(address(e.b, offset(e.bRecord, index))) : e.bMode === 'scalar' ? scalar : 0;
    return vectorFunction(e.function, a, b);
  };
  const c = (index: Index): number => address(e.c, offset(e.cRecord, index));

  if (e.accumulate === 'none') {
    for (const index of indices(e.aRecord)) nram.writeF32(c(index), value(index));
    return;
  }
  const { identity, meet } = MEETINGS[e.accumulate];
  /** C as it counts at this index: with `init`, the identity before anything met it. */
  const before = (index: Index): number => {
    const first = index.every((i, d) => e.cRecord[4 * d + STRIDE] !== 0 || i === 0);
    return e.init && first ? identity : nram.readF32(c(index));
  };
  const d0 = e.aRecord[SIZE]!;
  if (e.cRecord[STRIDE] !== 0 || d0 === 1) {
    for (const index of indices(e.aRecord)) nram.writeF32(c(index), meet(before(index), value(index)));
    return;
  }
  let lane: number[] = [];
  for (const index of indices(e.aRecord)) {
    const [i] = index as [number];
    if (i === 0) lane = new Array<number>(machine.vector.lanes).fill(identity);
    lane[i % lane.length] = meet(lane[i % lane.length]!, value(index));
    if (i !== d0 - 1) continue;
    const row = [0, ...index.slice(1)];
    nram.writeF32(c(row), meet(before(row), balancedTree(lane, meet)));
  }
}
