/** Costs against numbers worked out by hand, beside each expectation. */
import { describe, expect, test } from 'vitest';
import type { ElementType } from '#isa';
import { type Machine, presets } from '#machine';
import { chunksOf, dmaCost, hostCycles, mmaCycles, recordOf, vecCycles } from './index.ts';

const dot = presets.get('textbook-single')!;
const systolic = presets.get('systolic-16x16')!;

describe('DMA', () => {
  const cost = (machine: Machine, sizes: Parameters<typeof recordOf>[0], elementBytes = 4) => {
    const record = recordOf(sizes);
    return dmaCost(machine, { sizes: record, dram: record, elementBytes });
  };

  test('a contiguous piece: bytes ÷ bandwidth', () => {
    // 100 × 4 B = 400 B, ÷ 64 = 6.25 → 7; scratchpad port 1024 B: 1.
    expect(cost(dot, [{ size: 100, stride: 4 }])).toMatchObject({ segments: 1, dramBytes: 400, cycles: 7 });
  });

  test('inner dimensions coalesce while strides continue them', () => {
    // 8 × 4 B = 32 B; next stride 32 continues: 4 × 32 = 128 B; next stride 256 does not: 3 segments.
    const shape = [
      { size: 8, stride: 4 },
      { size: 4, stride: 32 },
      { size: 3, stride: 256 },
    ];
    // Bursts of 64: 128 B each. setup 8 + ⌈384 ÷ 16⌉ + latency 100 = 132.
    expect(cost(systolic, shape)).toMatchObject({ segments: 3, dramBytes: 384, channelCycles: 24, cycles: 132 });
  });

  test('every segment moves whole bursts', () => {
    // 10 elements 64 B apart, each 4 B: 10 bursts of 64 B = 640 B; 8 + 40 + 100; payload 40 B.
    expect(cost(systolic, [{ size: 10, stride: 64 }])).toMatchObject({
      payloadBytes: 40,
      dramBytes: 640,
      scratchBytes: 40,
      cycles: 148,
    });
  });

  test('dimensions of one element do not interrupt a segment', () => {
    const shape = [
      { size: 16, stride: 4 },
      { size: 1, stride: 4096 },
      { size: 4, stride: 64 },
    ];
    expect(cost(systolic, shape)).toMatchObject({ segments: 1, dramBytes: 256 });
  });

  test('padding costs only the scratchpad side', () => {
    // 10 × 10 of which 8 × 8 lie inside: rows of 32 B, 8 segments. Scratchpad: 400 B ÷ 64 → 7 < 8 + 100.
    const padded = [
      { size: 10, stride: 4, lo: 1, hi: 9 },
      { size: 10, stride: 32, lo: 1, hi: 9 },
    ];
    expect(cost(dot, padded)).toMatchObject({ payloadBytes: 256, scratchBytes: 400, cycles: 4, segments: 1 });
    // All outside: 8 setup + ⌈400 ÷ 64⌉ = 15, no latency.
    const outside = padded.map((d) => ({ ...d, lo: 20, hi: 30 }));
    expect(cost(systolic, outside)).toMatchObject({ payloadBytes: 0, dramBytes: 0, cycles: 15 });
  });

  test('a narrow scratchpad port limits', () => {
    const narrow = { ...dot, dma: { ...dot.dma, scratchpadBytesPerCycle: 8 } };
    expect(cost(narrow, [{ size: 100, stride: 4 }]).cycles).toBe(50);
  });
});

describe('matrix', () => {
  test('chunks do not cross runs, or do', () => {
    // 3 × 3 kernel, 20 channels packed with kx: runs of 60 → 4 chunks of 16, 3 of them: 12; flat: ⌈180 ÷ 16⌉ = 12.
    expect(chunksOf(dot.matrix, [60, 3])).toBe(12);
    expect(chunksOf(systolic.matrix, [60, 3])).toBe(12);
    // Runs of 20: 2 chunks × 9 = 18.
    expect(chunksOf(dot.matrix, [20, 3, 3])).toBe(18);
    expect(chunksOf(systolic.matrix, [20, 3, 3])).toBe(12);
  });

  test('dot: one cycle for a pixel, group and chunk', () => {
    // 49 pixels, ⌈40 ÷ 16⌉ = 3 groups, 18 chunks.
    expect(mmaCycles(dot, [49], 40, [20, 3, 3])).toBe(49 * 3 * 18);
    // Nothing to reduce: the accumulators pass once.
    expect(mmaCycles(dot, [49], 16, [0])).toBe(49);
    expect(mmaCycles(dot, [0], 16, [16])).toBe(0);
  });

  test('systolic: each fold preloads 16 and streams P + 30', () => {
    // 100 pixels, 2 groups × 3 chunks = 6 folds of 16 + 130.
    expect(mmaCycles(systolic, [100], 32, [48])).toBe(6 * 146);
    const hidden: Machine = { ...systolic, matrix: { ...systolic.matrix, preload: 'hidden' } as Machine['matrix'] };
    expect(mmaCycles(hidden, [100], 32, [48])).toBe(16 + 6 * 130);
  });
});

describe('scalar array', () => {
  const array: Machine = {
    ...dot,
    matrix: { kind: 'scalar', rows: 4, columns: 8, accumulatorBytes: 4096, pipelineCycles: 2 },
  };

  test('a block of pixels for each filter and element', () => {
    // 13 × 13 pixels in blocks of 8 × 4: 2 · 4 = 8; 5 filters, 3 · 3 · 6 elements.
    expect(mmaCycles(array, [13, 13], 5, [18, 3])).toBe(2 + 8 * 5 * 54);
    // Three images of them.
    expect(mmaCycles(array, [13, 13, 3], 5, [18, 3])).toBe(2 + 3 * 8 * 5 * 54);
  });

  test('a single pixel: filters side by side', () => {
    // ⌈100 ÷ 32⌉ = 4.
    expect(mmaCycles(array, [1, 1], 100, [256])).toBe(2 + 4 * 256);
  });
});

describe('vector', () => {
  test('groups of lanes, by class of function', () => {
    // 5 × ⌈100 ÷ 64⌉ = 10 groups.
    expect(vecCycles(dot, 'add', [100, 5], false, { strides: [4, 4] })).toBe(10);
    expect(vecCycles(dot, 'div', [100, 5], false, { strides: [4, 4] })).toBe(40);
    expect(vecCycles(dot, 'exp', [100, 5], false, { strides: [4, 4] })).toBe(40);
  });

  test('a reduced d0 adds the tree of its lanes for each run', () => {
    // 5 × (2 + log2 64) = 40.
    expect(vecCycles(dot, 'mov', [100, 5], true, { strides: [4, 4] })).toBe(40);
    // Pipeline 4, 32 lanes: 4 + 5 × (4 + 5).
    expect(vecCycles(systolic, 'mov', [100, 5], true, { strides: [4, 4] })).toBe(49);
  });

  test('lanes by type: of operands and results the fewer', () => {
    const typed: Machine = {
      ...dot,
      vector: { ...dot.vector, types: { i8: { lanes: 256 }, f16: { lanes: 128 }, i32: { lanes: 32 } } },
    };
    const cycles = (type: ElementType, result: ElementType, reduces = false) =>
      vecCycles(typed, 'add', [300, 2], reduces, { type, result, strides: [] });
    expect(cycles('i8', 'i8')).toBe(2 * 2);
    expect(cycles('f16', 'i8')).toBe(2 * 3);
    expect(cycles('i8', 'f32')).toBe(2 * 5);
    expect(cycles('i8', 'i32')).toBe(2 * 10);
    expect(cycles('i8', 'i8', true)).toBe(2 * (2 + 8));
  });
});

test('host: call, link and work', () => {
  // 1000 + ⌈1000 ÷ 16⌉ + ⌈320 ÷ 32 + 20 ÷ 8⌉ = 1000 + 63 + 13.
  expect(hostCycles(dot, { bytes: 1000, macs: 320, elements: 20 })).toBe(1076);
});

describe('operands of the matrix unit over ports', () => {
  const through = (m: Machine, inputBytesPerCycle: number, weightBytesPerCycle: number): Machine => ({
    ...m,
    matrix: { ...m.matrix, operands: { inputBytesPerCycle, weightBytesPerCycle } },
  });
  const dot = presets.get('textbook-single')!;
  const array = presets.get('systolic-16x16')!;
  const systolic = { ...array, matrix: { ...array.matrix, preload: 'hidden' } } as Machine;

  test('a chunk of 16 inputs and 256 weights waits for the later of them', () => {
    // 2 groups of filters, 10 pixels, 3 chunks.
    const cycles = (i: number, w: number): number => mmaCycles(through(dot, i, w), [10], 32, [48]);
    expect(cycles(64, 1024)).toBe(mmaCycles(dot, [10], 32, [48]));
    expect(cycles(64, 1024)).toBe(60);
    expect(cycles(16, 1024)).toBe(4 * 60);
    expect(cycles(16, 100)).toBe(11 * 60);
  });

  test('an array is filled and streamed through at the pace of its ports', () => {
    const { pipelineCycles } = systolic.matrix;
    const cycles = (i: number, w: number, pixels: number): number =>
      mmaCycles(through(systolic, i, w), [pixels], 32, [32]) - pipelineCycles;
    // 4 folds of 16 × 16; 16 rows to fill, 100 pixels, 30 cycles of skew.
    expect(cycles(64, 64, 100)).toBe(16 + 4 * 130);
    expect(cycles(32, 64, 100)).toBe(16 + 4 * 230);
    expect(cycles(64, 16, 100)).toBe(64 + 4 * 130);
    // Filling takes 16 · 16 cycles, of which the fold before hides 130.
    expect(cycles(64, 4, 100)).toBe(256 + 3 * (256 - 130) + 4 * 130);
  });
});
