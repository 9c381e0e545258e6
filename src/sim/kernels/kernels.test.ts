/**
 * Kernels against the functional model's arithmetic: random records, sizes, strides, flags and machines, with infinities,
 * NaNs, denormals and signed zeros among the numbers. After one entry every memory must hold the same bits; only the payload
 * of a NaN may differ.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random, SystoleError } from '#base';
import {
  ACCUMULATIONS,
  ACTIVATIONS,
  B_MODES,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  type ElementType,
  MMA_TYPES,
  VECTOR_FUNCTIONS,
} from '#isa';
import {
  accumulatorEntries,
  aramBytes,
  filtersOf,
  MATRIX_TYPES,
  type Machine,
  type MatrixType,
  modeOf,
  presets,
} from '#machine';
import { type DimensionWords, elementsOf, type RecordWords, recordOf, STRIDE } from '#timing';
import { compileKernels } from '../../../scripts/kernels.ts';
import { accessesOf, memoryBytes } from '../accesses.ts';
import { DramMemory } from '../dram.ts';
import type { DataEntry } from '../entries.ts';
import { checkAccesses } from '../entryCheck.ts';
import { PlainMemory } from '../functional/memory.ts';
import { refuseOverlap } from '../functional/overlap.ts';
import { execute } from '../functional/units.ts';
import { createKernels } from './index.ts';

const NRAM = 16384;
const WRAM = 65536;
const DRAM = 16384;
const textbook = presets.get('textbook-single')!;

const machineWith = (matrix: Machine['matrix'], lanes: number): Machine => ({
  ...textbook,
  matrix,
  vector: { ...textbook.vector, lanes },
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
function compare(machine: Machine, entry: DataEntry, seed: number, special: number): void {
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
  const isExact = entry.kind === 'load' || entry.kind === 'store' || MMA_TYPES[type].sum !== 'f32';
  const form = isExact ? (b: Uint8Array) => new Int32Array(b.slice().buffer) : canonical;
  expect(firstDifference(form(kernels.nram), form(memories.nram.read(0, NRAM))), 'NRAM').toBeUndefined();
  expect(firstDifference(form(kernels.wram), form(memories.wram.read(0, WRAM))), 'WRAM').toBeUndefined();
  expect(firstDifference(form(kernels.aram), form(memories.aram.read(0, aramSize))), 'ARAM').toBeUndefined();
  expect(firstDifference(form(dramNow), form(memories.dram.read(0, DRAM))), 'DRAM').toBeUndefined();
}

/** The base address at which everything a strided walk reaches lies in `from` … `to`; undefined where it does not fit. */
function baseIn(
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

const walk = (sizes: RecordWords, strides: RecordWords, dims = 5) =>
  Array.from({ length: dims }, (_, d) => ({ size: sizes[4 * d]!, stride: strides[4 * d + STRIDE]! }));

/** Strides in units of the element, often contiguous or 0. */
const stride = fc.oneof(
  { arbitrary: fc.constantFrom(1, 0), weight: 3 },
  { arbitrary: fc.integer({ min: -6, max: 24 }), weight: 2 },
);
const dims = (sizes: fc.Arbitrary<number>, count: number) =>
  fc.array(fc.record({ size: sizes, stride }), { minLength: 0, maxLength: count });
const special = fc.constantFrom(0, 0, 0.01, 0.1);
const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const lanePacking = fc.constantFrom('run' as const, 'flat' as const);

/** Dense nest: each dimension goes on where the inner one ends, maybe after a gap. */
const dense = (maxSize: number, count: number) =>
  fc
    .array(fc.record({ size: fc.integer({ min: 1, max: maxSize }), gap: fc.constantFrom(0, 0, 0, 1, 5) }), {
      maxLength: count,
    })
    .map((list) => {
      let step = 1;
      return list.map(({ size, gap }) => {
        const d = { size, stride: step };
        step = step * size + gap;
        return d;
      });
    });

const dotGeometry = { tn: fc.constantFrom(1, 3, 4, 5, 8, 16, 17), ti: fc.constantFrom(1, 2, 4, 8, 16, 32, 64) };
const arrayGeometry = { columns: fc.constantFrom(1, 3, 4, 8, 9, 16), rows: fc.constantFrom(1, 4, 16, 32) };
const scalarGeometry = { rows: fc.integer({ min: 1, max: 3 }), columns: fc.integer({ min: 1, max: 3 }) };
const typesOf = <T>(mode: fc.Arbitrary<T>) => fc.record({ f16: mode, bf16: mode, i8: mode, i16: mode });

const matrices = fc.oneof(
  fc
    .record({ ...dotGeometry, lanePacking, types: typesOf(fc.record(dotGeometry)) })
    .map((m): Machine['matrix'] => ({ kind: 'dot', accumulatorBytes: 16384, pipelineCycles: 0, ...m })),
  fc
    .record({
      ...arrayGeometry,
      dataflow: fc.constantFrom(
        'weight-stationary' as const,
        'output-stationary' as const,
        'input-stationary' as const,
      ),
      lanePacking,
      types: typesOf(fc.record(arrayGeometry)),
    })
    .map((m): Machine['matrix'] => ({
      kind: 'systolic',
      preload: 'exposed',
      accumulatorBytes: 16384,
      pipelineCycles: 0,
      ...m,
    })),
  fc
    .record({ ...scalarGeometry, types: typesOf(fc.record(scalarGeometry)) })
    .map((m): Machine['matrix'] => ({ kind: 'scalar', accumulatorBytes: 16384, pipelineCycles: 0, ...m })),
);

/** Zero points of a type, its ends among them. */
const zeroPoint = (type: ElementType, share: number): number => {
  if (type !== 'i8' && type !== 'u8') return 0;
  return (type === 'i8' ? -128 : 0) + Math.round(255 * share);
};
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));

const size = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 4 }), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 40 }), weight: 1 },
);

const RUNS = 400;

test('the committed module is what its sources compile to', async () => {
  const { readFileSync } = await import('node:fs');
  const committed = readFileSync(new URL('./kernels.gen.ts', import.meta.url), 'utf8');
  expect(committed === (await compileKernels()), 'run npm run kernels').toBe(true);
});

test.each(MATRIX_TYPES)('mma of %s: every unit, any lanes and filters, any records and flags', (type) => {
  let run = 0;
  const { sum, results } = MMA_TYPES[type];
  const bytes = ELEMENT_BYTES[type];
  const isInteger = sum !== 'f32';
  const property = fc.property(
    fc.record({
      matrix: matrices,
      pixels: fc.oneof(dims(size, 4), dense(9, 3)),
      reduction: fc.oneof(dims(size, 5), dense(30, 3)),
      output: fc.oneof(fc.array(stride, { maxLength: 4 }), fc.constant(undefined)),
      filters: fc.integer({ min: 0, max: 40 }),
      groupStride: fc.integer({ min: -4, max: 40 }),
      acc: fc.integer({ min: 0, max: 5 }),
      clear: fc.boolean(),
      drain: fc.boolean(),
      useBias: fc.boolean(),
      act: fc.constantFrom(...ACTIVATIONS),
      p: isInteger
        ? fc.tuple(fc.constantFrom(0, -1000, 0x3e000000, -0x40800000), fc.constantFrom(0, 5000, 2 ** 31 - 1))
        : fc.tuple(
            fc.constantFrom(0, 0x80000000, 0x3f000000, 0xbf000000, 0x7fc00000),
            fc.constantFrom(0x40c00000, 0x3f800000, 0),
          ),
      result: fc.constantFrom(...results),
      weights: fc.constantFrom(...(modeOf(type) === 'i8' ? (['i8', 'u8'] as const) : [type])),
      zero: fc.tuple(share, share, share),
      apart: fc.boolean(),
      seed,
      special,
    }),
    (x) => {
      const result = x.result === 'sum' ? sum : x.result;
      const out = ELEMENT_BYTES[result];
      const machine = machineWith(x.matrix, 16);
      const inElements = (list: readonly DimensionWords[]) => list.map((d) => ({ ...d, stride: bytes * d.stride }));
      const pixels = recordOf(inElements(x.pixels));
      const reduction = recordOf(inElements(x.reduction));
      const p = elementsOf(pixels, 0, 3);
      const k = elementsOf(reduction);
      const tn = filtersOf(x.matrix, type);
      const groups = Math.ceil(x.filters / tn);
      fc.pre(p * k * Math.max(1, x.filters) < 60_000 && 4 * k * x.filters <= WRAM / 2);
      fc.pre(x.acc + groups * p <= accumulatorEntries(x.matrix, type));
      // Without strides of their own, results lie densely, filters innermost.
      let step = Math.min(tn, Math.max(1, x.filters));
      const outputs =
        x.output ??
        [0, 1, 2, 3].map((d) => {
          const own = step;
          step *= Math.max(1, pixels[4 * d]!);
          return own;
        });
      const groupStride = x.output === undefined ? step : x.groupStride;
      const output = recordOf([0, 1, 2, 3].map((d) => ({ size: 1, stride: out * (outputs[d] ?? 1) }))).slice();
      output[16] = x.filters;
      output[17] = out * groupStride;
      const middle = x.apart ? NRAM / 2 : 0;
      const neurons = [...walk(pixels, pixels, 4), ...walk(reduction, reduction)];
      const a = baseIn(neurons, bytes, 0, x.apart ? middle : NRAM);
      const stores = [...walk(pixels, output, 4), { size: groups, stride: out * groupStride }];
      const c = baseIn(stores, out * tn, middle, NRAM);
      fc.pre(a !== undefined && c !== undefined);
      const { acc, clear, drain, useBias, act, weights } = x;
      const [p0, p1] = x.p;
      const w = 4 * (x.seed % 64);
      const bias = WRAM / 2 + 1024 + w;
      const [za, zw, zc] = [zeroPoint(type, x.zero[0]), zeroPoint(weights, x.zero[1]), zeroPoint(result, x.zero[2])];
      run++;
      compare(
        machine,
        {
          ...{ kind: 'mma', pc: 0, a: a!, w, c: c!, pixels, reduction, output, acc, bias, clear, drain, useBias, act },
          ...{ p0, p1, type, weights, result, za, zw, zc },
        },
        x.seed,
        x.special,
      );
    },
  );
  fc.assert(property, { numRuns: RUNS });
  expect(run).toBeGreaterThanOrEqual(RUNS);
});

test('vec: every function, second operand, accumulation and reduction', () => {
  let run = 0;
  const length = fc.oneof(size, fc.integer({ min: 1, max: 1000 }));
  const property = fc.property(
    fc.record({
      lanes: fc.constantFrom(1, 2, 4, 16, 64),
      d0: fc.record({ size: length, a: stride, b: stride, c: stride }),
      outer: fc.array(fc.record({ size, a: stride, b: stride, c: stride }), { maxLength: 4 }),
      contiguous: fc.boolean(),
      function: fc.constantFrom(...VECTOR_FUNCTIONS),
      bMode: fc.constantFrom(...B_MODES),
      accumulate: fc.constantFrom(...ACCUMULATIONS),
      init: fc.boolean(),
      inPlace: fc.boolean(),
      apart: fc.boolean(),
      scalar: fc.constantFrom(0, 0x3f800000, 0x3dcccccd, 0xc0000000, 0x7f800000, 0x7fc00000),
      seed,
      special,
    }),
    (x) => {
      const machine = machineWith(textbook.matrix, x.lanes);
      let list = [x.d0, ...x.outer];
      if (x.contiguous) {
        let step = 1;
        list = list.map((d) => {
          const s = step;
          step *= Math.max(1, d.size);
          return { size: d.size, a: s, b: d.b === 0 ? 0 : s, c: d.c === 0 ? 0 : s };
        });
      }
      const record = (operand: 'a' | 'b' | 'c') =>
        recordOf(list.map((d) => ({ size: d.size, stride: 4 * d[operand] })));
      const aRecord = record('a');
      const bRecord = record('b');
      const cRecord = x.inPlace ? aRecord : record('c');
      fc.pre(elementsOf(aRecord) <= 20_000);
      const a = baseIn(walk(aRecord, aRecord), 4, 0, x.apart ? NRAM / 4 : NRAM);
      const b = baseIn(walk(aRecord, bRecord), 4, x.apart ? NRAM / 4 : 16, NRAM / 2);
      const c = x.inPlace ? a : baseIn(walk(aRecord, cRecord), 4, x.apart ? NRAM / 2 : 8, NRAM);
      fc.pre(a !== undefined && b !== undefined && c !== undefined);
      run++;
      const { bMode, accumulate, init } = x;
      const operand = bMode === 'scalar' ? x.scalar : b!;
      compare(
        machine,
        {
          kind: 'vec',
          pc: 0,
          function: x.function,
          a: a!,
          b: operand,
          c: c!,
          aRecord,
          bRecord,
          cRecord,
          bMode,
          accumulate,
          init,
        },
        x.seed,
        x.special,
      );
    },
  );
  fc.assert(property, { numRuns: 3 * RUNS });
  expect(run).toBeGreaterThanOrEqual(3 * RUNS);
});

test('load and store: any element size, strides, bounds and fill', () => {
  const bound = fc.option(fc.tuple(fc.integer({ min: -3, max: 12 }), fc.integer({ min: -3, max: 12 })), {
    nil: undefined,
  });
  const axis = fc.record({ size: fc.oneof(size, fc.integer({ min: 1, max: 100 })), dram: stride, pad: stride, bound });
  const property = fc.property(
    fc.record({
      kind: fc.constantFrom('load' as const, 'store' as const),
      space: fc.constantFrom('nram' as const, 'wram' as const),
      type: fc.constantFrom(...ELEMENT_TYPES),
      axes: fc.array(axis, { maxLength: 5 }),
      dense: fc.boolean(),
      fill: fc.constantFrom(0, -1, 0x7f800000, 0x12345678, 0x80000000),
      at: fc.constantFrom(0, 64, DRAM / 4),
      seed,
    }),
    (x) => {
      const bytes = ELEMENT_BYTES[x.type];
      let axes = x.axes;
      if (x.dense) {
        let step = 1;
        axes = axes.map((d) => {
          const s = step;
          step *= Math.max(1, d.size);
          return { ...d, dram: s, pad: s };
        });
      }
      const dramRecord = recordOf(
        axes.map((d) => ({ size: d.size, stride: bytes * d.dram, lo: d.bound?.[0] ?? 0, hi: d.bound?.[1] ?? d.size })),
        x.fill,
      );
      const padRecord = recordOf(axes.map((d) => ({ size: d.size, stride: bytes * d.pad })));
      fc.pre(elementsOf(dramRecord) <= 5000);
      const dram = baseIn(walk(dramRecord, dramRecord), bytes, x.at, DRAM);
      const pad = baseIn(walk(padRecord, padRecord), bytes, 0, NRAM);
      fc.pre(dram !== undefined && pad !== undefined);
      const { kind, space, type } = x;
      const entry = { kind, pc: 0, space, type, elementBytes: bytes, pad: pad!, padRecord, dram: dram!, dramRecord };
      compare(machineWith(textbook.matrix, 16), entry as DataEntry, x.seed, 0.05);
    },
  );
  fc.assert(property, { numRuns: 3 * RUNS });
});
