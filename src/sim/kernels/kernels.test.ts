/** Kernels against the functional model: `mma`, `load` and `store` with random records, sizes, strides, flags and machines. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACTIVATIONS, ELEMENT_BYTES, ELEMENT_TYPES, type ElementType, MMA_TYPES } from '#isa';
import { accumulatorEntries, filtersOf, MATRIX_TYPES, type Machine, modeOf } from '#machine';
import { type DimensionWords, elementsOf, recordOf } from '#timing';
import { compileKernels } from '../../../scripts/kernels.ts';
import {
  baseIn,
  compare,
  DRAM,
  machineWith,
  NRAM,
  RUNS,
  seed,
  size,
  special,
  stride,
  textbook,
  WRAM,
  walk,
} from '../../../test/support/kernelComparison.ts';
import type { DataEntry } from '../entries.ts';

const dims = (sizes: fc.Arbitrary<number>, count: number) =>
  fc.array(fc.record({ size: sizes, stride }), { minLength: 0, maxLength: count });
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
