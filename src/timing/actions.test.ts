/** What entries read and write on chip, against counts worked out by hand, in elements of 4 bytes. */
import { describe, expect, test } from 'vitest';
import { type Machine, presets } from '#machine';
import {
  computeActions,
  linearActions,
  type MmaFlags,
  mmaActions,
  NO_ACTIONS,
  transferActions,
  vecActions,
} from './index.ts';

const dot = presets.get('textbook-single')!;
const systolic = presets.get('systolic-16x16')!;
const cluster = presets.get('textbook-cluster')!;
const held = (dataflow: 'input-stationary' | 'output-stationary') =>
  ({ ...systolic, matrix: { ...systolic.matrix, dataflow } }) as Machine;

const F32 = { type: 'f32', result: 'f32' } as const;

describe('mma: 20 pixels of 4 × 5, 40 filters, a reduction of 48', () => {
  const actions = (machine: Machine, flags: Partial<MmaFlags> = {}) =>
    mmaActions(machine, [4, 5], 40, [48], { ...F32, clear: true, drain: true, useBias: false, ...flags });
  const words = (machine: Machine) => {
    const { nramReadBytes, wramReadBytes } = actions(machine);
    return [nramReadBytes / 4, wramReadBytes / 4];
  };

  test('operands, by what stays in the unit', () => {
    // Groups of 16 filters: 3. Inputs 20 · 48 = 960, weights 40 · 48 = 1920.
    expect(words(dot)).toEqual([960 * 3, 1920 * 20]);
    expect(words(systolic)).toEqual([960 * 3, 1920]);
    // Folds of 16 pixels: 2.
    expect(words(held('input-stationary'))).toEqual([960, 1920 * 2]);
    expect(words(held('output-stationary'))).toEqual([960 * 3, 1920 * 2]);
    // Blocks of 8 × 8 pixels: 1. Of one pixel, 40 filters in one block of 64.
    const scalar = presets.get('shidiannao')!;
    expect(words(scalar)).toEqual([960 * 40, 1920]);
    const flags = { ...F32, clear: true, drain: true, useBias: false };
    const { nramReadBytes, wramReadBytes } = mmaActions(scalar, [1], 40, [48], flags);
    expect([nramReadBytes / 4, wramReadBytes / 4]).toEqual([48, 1920]);
  });

  test('sums: results to NRAM, or through the accumulators', () => {
    const sums = 4 * 20 * 40;
    const bias = { clear: true, drain: true, useBias: true };
    expect(actions(dot, bias)).toMatchObject({ nramWriteBytes: sums, wramReadBytes: 4 * (1920 * 20 + 40) });
    const open = { clear: false, drain: false, useBias: false };
    const through = { accumulatorReadBytes: sums, accumulatorWriteBytes: sums, nramWriteBytes: 0 };
    expect(actions(dot, open)).toMatchObject(through);
    expect(actions(held('output-stationary'), open)).toMatchObject(through);
    // 48 ÷ 16 = 3 chunks: two times between them, and once more on each side.
    expect(actions(systolic, open)).toMatchObject({ accumulatorReadBytes: 3 * sums, accumulatorWriteBytes: 3 * sums });
    expect(actions(systolic)).toMatchObject({ accumulatorReadBytes: 2 * sums, accumulatorWriteBytes: 2 * sums });
  });

  test('bytes follow the type, and so does the geometry', () => {
    const quad: Machine = {
      ...dot,
      matrix: { ...dot.matrix, types: { i8: { tn: 32, ti: 32 }, i16: { tn: 16, ti: 16 } } } as Machine['matrix'],
    };
    // Groups of 32 filters: 2. Results of a byte; biases and scales are words, and come once.
    const requantised = { type: 'u8', result: 'i8', useBias: true } as const;
    expect(actions(quad, requantised)).toMatchObject({
      nramReadBytes: 960 * 2,
      wramReadBytes: 1920 * 20 + 40 * 8,
      nramWriteBytes: 800,
      i8Macs: 800 * 48,
      i16Macs: 0,
    });
    expect(actions(quad, { type: 'i8', result: 'i32' })).toMatchObject({
      wramReadBytes: 1920 * 20,
      nramWriteBytes: 3200,
    });
    // Accumulators of eight bytes.
    expect(actions(quad, { type: 'i16', result: 'i64', clear: false, drain: false })).toMatchObject({
      nramReadBytes: 2 * 960 * 3,
      accumulatorReadBytes: 8 * 800,
      accumulatorWriteBytes: 8 * 800,
      i16Macs: 800 * 48,
    });
  });

  test('without elements nothing is done', () => {
    expect(mmaActions(dot, [0, 5], 40, [48], { ...F32, clear: true, drain: true, useBias: true })).toEqual(NO_ACTIONS);
  });
});

describe('vec over 5 × 10', () => {
  const words = (shape: Omit<Parameters<typeof vecActions>[0], 'sizes' | 'name' | 'lanes'>) => {
    const { nramReadBytes, nramWriteBytes } = vecActions({ name: 'add', sizes: [10, 5], lanes: 4, ...shape });
    return [nramReadBytes / 4, nramWriteBytes / 4];
  };

  test('streams in, results out', () => {
    expect(words({ hasB: false, init: false })).toEqual([50, 50]);
    expect(words({ hasB: true, init: false })).toEqual([100, 50]);
  });

  test('accumulating reads C, but for the first of each element', () => {
    expect(words({ hasB: false, init: false, accumulates: [4, 0] })).toEqual([100, 50]);
    expect(words({ hasB: false, init: true, accumulates: [4, 0] })).toEqual([50 + 40, 50]);
    // A run of d0 meets in the lanes: 5 of them, into one element each or into one alone.
    expect(words({ hasB: false, init: true, accumulates: [0, 4] })).toEqual([50, 5]);
    expect(words({ hasB: false, init: true, accumulates: [0, 0] })).toEqual([50 + 4, 5]);
  });

  test('classes of functions', () => {
    const of = (name: 'div' | 'exp') => vecActions({ name, sizes: [10, 5], lanes: 4, hasB: true, init: false });
    expect([of('div').divideOps, of('exp').transcendentalOps, of('exp').divideOps]).toEqual([50, 50, 0]);
    expect(computeActions('sqrt_16', 7)).toMatchObject({ divideOps: 7, transcendentalOps: 0 });
    expect(computeActions('and_32', 7)).toEqual(NO_ACTIONS);
  });

  test('bytes follow the types, lanes what they have for them', () => {
    const bytes = { a: 1, b: 4, c: 2 };
    const shape = { name: 'dequant' as const, sizes: [10, 5], lanes: 16, hasB: true, init: false, bytes };
    expect(vecActions(shape)).toMatchObject({ nramReadBytes: 250, nramWriteBytes: 100, vectorLaneCycles: 50 / 16 });
    // What is selected into is read as well.
    expect(vecActions({ ...shape, name: 'select', keepsC: true })).toMatchObject({ nramReadBytes: 350 });
  });
});

test('transfers fill or empty a scratchpad', () => {
  expect(transferActions('load', 'wram', 100)).toEqual({ ...NO_ACTIONS, wramWriteBytes: 100 });
  expect(transferActions('store', 'nram', 100)).toEqual({ ...NO_ACTIONS, nramReadBytes: 100 });
  // Four cores: read once for all, or once for each; written in each.
  const move = (from: 'dram' | 'shared' | 'nram', to: 'shared' | 'nram', multicast = false) =>
    linearActions(cluster, { from, to, bytes: 64, multicast });
  expect(move('dram', 'shared')).toEqual({ ...NO_ACTIONS, sharedWriteBytes: 64 });
  expect(move('dram', 'nram', true)).toEqual({ ...NO_ACTIONS, nramWriteBytes: 256 });
  expect(move('shared', 'nram')).toEqual({ ...NO_ACTIONS, sharedReadBytes: 256, nramWriteBytes: 256 });
  expect(move('shared', 'nram', true)).toEqual({ ...NO_ACTIONS, sharedReadBytes: 64, nramWriteBytes: 256 });
  expect(move('nram', 'shared')).toEqual({ ...NO_ACTIONS, nramReadBytes: 256, sharedWriteBytes: 256 });
});
