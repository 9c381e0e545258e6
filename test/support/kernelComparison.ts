/**
 * Kernels against the functional model's arithmetic, for the tests of the kernels: runs one entry in both over the same
 * memories, with infinities, NaNs, denormals and signed zeros among the numbers. Every memory must then hold the same bits; only
 * the payload of an f32 NaN may differ. And what random entries are made of.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { Random, SystoleError } from '#base';
import { MMA_TYPES } from '#isa';
import { aramBytes, type Machine, type MatrixType, presets } from '#machine';
import { type RecordWords, STRIDE } from '#timing';
import { accessesOf, memoryBytes } from '../../src/sim/accesses.ts';
import { DramMemory } from '../../src/sim/dram.ts';
import type { DataEntry } from '../../src/sim/entries.ts';
import { checkAccesses } from '../../src/sim/entryCheck.ts';
import { PlainMemory } from '../../src/sim/functional/memory.ts';
import { refuseOverlap } from '../../src/sim/functional/overlap.ts';
import { execute } from '../../src/sim/functional/units.ts';
import { createKernels } from '../../src/sim/kernels/index.ts';
import { ALL_TYPES } from './vectorTypes.ts';

export const NRAM = 16384;
export const WRAM = 65536;
export const DRAM = 16384;
export const textbook = presets.get('textbook-single')!;

export const machineWith = (matrix: Machine['matrix'], lanes: number): Machine => ({
  ...textbook,
  matrix,
  vector: {
    ...textbook.vector,
    lanes,
    types: Object.fromEntries(Object.entries(ALL_TYPES).map(([type, times]) => [type, { lanes: times * lanes }])),
  },
  nram: { bytes: NRAM },
  wram: { bytes: WRAM },
});

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-45,
  -1e-45,
  1.1754944e-38,
  3.4028235e38,
  -3.4028235e38,
  1e-20,
];

/** Floats of all kinds: mostly ordinary, some special, some of any bits. */
function floats(random: Random, count: number, special: number): Uint8Array {
  const values = new Float32Array(count);
  const words = new Int32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const kind = random.uniform();
    if (kind < special) values[i] = random.pick(SPECIAL);
    else if (kind < 2 * special) words[i] = random.bits();
    else values[i] = random.normal();
  }
  return new Uint8Array(values.buffer);
}

/** Halves of all kinds, of which the upper byte decides; other bytes of any bits. */
function contents(random: Random, bytes: number, type: MatrixType, special: number): Uint8Array {
  if (type === 'f32') return floats(random, bytes / 4, special);
  const values = Uint8Array.from({ length: bytes }, () => random.integer(0, 255));
  const ordinary = type === 'f16' ? [0x2c, 0x44] : [0x3c, 0x41];
  if (type === 'i8' || type === 'u8' || type === 'i16') {
    // The ends of i16, whose products are the largest.
    for (let i = 0; i < bytes; i += 2)
      if (random.uniform() < 0.2)
        values.set(
          random.pick([
            [0, 128],
            [255, 127],
          ]),
          i,
        );
    return values;
  }
  for (let i = 1; i < bytes; i += 2) {
    if (random.uniform() >= 2 * special) values[i] = random.integer(ordinary[0]!, ordinary[1]!) | (random.bits() & 128);
  }
  return values;
}

/** Scales of results from much too small to much too large, some of any bits. */
function scales(random: Random, into: Uint8Array, at: number, special: number): void {
  const view = new DataView(into.buffer, into.byteOffset);
  for (let i = at; i + 4 <= into.length; i += 4) {
    if (random.uniform() < 2 * special) view.setUint32(i, random.bits() >>> 0, true);
    else view.setFloat32(i, 2 ** random.integer(-24, 2) * (0.5 + random.uniform()), true);
  }
}

/** Bits of floats with all NaNs alike. */
function canonical(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(bytes.slice().buffer);
  for (let i = 0; i < words.length; i++) if ((words[i]! & 0x7fffffff) > 0x7f800000) words[i] = 0x7fc00000;
  return words;
}

function firstDifference(a: Int32Array, b: Int32Array): string | undefined {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i])
      return `word ${i}: kernels ${(a[i]! >>> 0).toString(16)}, functional ${(b[i]! >>> 0).toString(16)}`;
  }
  return undefined;
}

function isRefused(check: () => void): boolean {
  try {
    check();
  } catch (error) {
    if (error instanceof SystoleError) return true;
    throw error;
  }
  return false;
}

/** Whether the entry's operands are apart or in place; both models say the same. */
function isLegal(machine: Machine, entry: DataEntry): boolean {
  const place = () => ({});
  const accesses = accessesOf(entry, machine);
  const refused = isRefused(() => checkAccesses(entry, accesses, memoryBytes(machine, DRAM), place));
  expect(isRefused(() => refuseOverlap(entry, machine, place))).toBe(refused);
  return !refused;
}

/** Runs one entry in both implementations over the same memories; not one that is refused. */
export function compare(machine: Machine, entry: DataEntry, seed: number, special: number): void {
  fc.pre(isLegal(machine, entry));
  const random = new Random(seed);
  const aramSize = aramBytes(machine.matrix);
  const type = entry.kind === 'mma' ? entry.type : 'f32';
  const initial = {
    nram: contents(random, NRAM, type, special),
    wram: contents(random, WRAM, type, special),
    aram:
      type.endsWith('8') || type === 'i16'
        ? contents(random, aramSize, type, 0)
        : floats(random, aramSize / 4, special),
    dram: floats(random, DRAM / 4, special),
  };
  if (type !== 'f32') scales(random, initial.wram, WRAM / 2, special);
  const kernels = createKernels(machine);
  kernels.nram.set(initial.nram);
  kernels.wram.set(initial.wram);
  kernels.aram.set(initial.aram);
  // Constants, a gap of 3 bytes among them, so that elements lie across chunks and off their alignment.
  const half = DRAM / 2;
  const constants = [
    { name: 'a', address: 0, bytes: half - 1, data: () => initial.dram.slice(0, half - 1) },
    { name: 'b', address: half + 2, bytes: 1025, data: () => initial.dram.slice(half + 2, half + 1027) },
  ];
  const dram = new DramMemory(constants);
  dram.write(half - 1, initial.dram, half - 1, 3);
  dram.write(half + 1027, initial.dram, half + 1027, DRAM - half - 1027);

  const place = () => ({});
  const memories = {
    nram: new PlainMemory('NRAM', NRAM, place),
    wram: new PlainMemory('WRAM', WRAM, place),
    aram: new PlainMemory('ARAM', aramSize, place),
    shared: new PlainMemory('SharedRAM', 0, place),
    dram: new PlainMemory('DRAM', DRAM, place),
  };
  for (const name of ['nram', 'wram', 'aram', 'dram'] as const) memories[name].place(0, initial[name], 'before');

  execute(entry, machine, memories, place);
  if (entry.kind === 'load' || entry.kind === 'get') kernels.load(entry, dram);
  else if (entry.kind === 'store' || entry.kind === 'put') kernels.store(entry, dram);
  else if (entry.kind === 'mma') kernels.mma(entry);
  else if (entry.kind === 'vec') kernels.vec(entry);
  else throw new Error(`no case makes '${entry.kind}'`);

  const dramNow = new Uint8Array(DRAM);
  dram.read(0, dramNow, 0, DRAM);
  const isExact = entry.kind === 'mma' ? MMA_TYPES[type].sum !== 'f32' : entry.kind !== 'vec' || entry.result !== 'f32';
  const form = isExact ? (b: Uint8Array) => new Int32Array(b.slice().buffer) : canonical;
  expect(firstDifference(form(kernels.nram), form(memories.nram.read(0, NRAM))), 'NRAM').toBeUndefined();
  expect(firstDifference(form(kernels.wram), form(memories.wram.read(0, WRAM))), 'WRAM').toBeUndefined();
  expect(firstDifference(form(kernels.aram), form(memories.aram.read(0, aramSize))), 'ARAM').toBeUndefined();
  expect(firstDifference(form(dramNow), form(memories.dram.read(0, DRAM))), 'DRAM').toBeUndefined();
}

/** The base address at which everything a strided walk reaches lies in `from` … `to`; undefined where it does not fit. */
export function baseIn(
  walks: readonly { readonly size: number; readonly stride: number }[],
  width: number,
  from: number,
  to: number,
): number | undefined {
  let low = 0;
  let high = width;
  for (const { size, stride } of walks) {
    if (size < 1) continue;
    if (stride < 0) low += (size - 1) * stride;
    else high += (size - 1) * stride;
  }
  return high - low <= to - from ? (from - low) >>> 0 : undefined;
}

export const walk = (sizes: RecordWords, strides: RecordWords, dims = 5) =>
  Array.from({ length: dims }, (_, d) => ({ size: sizes[4 * d]!, stride: strides[4 * d + STRIDE]! }));

/** Strides in units of the element, often contiguous or 0. */
export const stride = fc.oneof(
  { arbitrary: fc.constantFrom(1, 0), weight: 3 },
  { arbitrary: fc.integer({ min: -6, max: 24 }), weight: 2 },
);
export const special = fc.constantFrom(0, 0, 0.01, 0.1);
export const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });

export const size = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 4 }), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 40 }), weight: 1 },
);

export const RUNS = 400;
