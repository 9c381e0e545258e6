/** What entries read and write on chip, against counts worked out by hand, in elements of 4 bytes. */
import { describe, expect, test } from 'vitest';
import { type Machine, presets } from '#machine';
import { computeActions, linearActions, mmaActions, NO_ACTIONS, transferActions, vecActions } from './index.ts';

const dot = presets.get('textbook-single')!;
const systolic = presets.get('systolic-16x16')!;
const cluster = presets.get('textbook-cluster')!;
const held = (dataflow: 'input-stationary' | 'output-stationary') =>
  ({ ...systolic, matrix: { ...systolic.matrix, dataflow } }) as Machine;

describe('mma: 20 pixels of 4 × 5, 40 filters, a reduction of 48', () => {
  const actions = (machine: Machine, flags = { clear: true, drain: true, useBias: false }) =>
    mmaActions(machine, [4, 5], 40, [48], flags);
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
    const { nramReadBytes, wramReadBytes } = mmaActions(scalar, [1], 40, [48], {
      clear: true,
      drain: true,
      useBias: false,
    });
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

  test('without elements nothing is done', () => {
    expect(mmaActions(dot, [0, 5], 40, [48], { clear: true, drain: true, useBias: true })).toEqual(NO_ACTIONS);
  });
});

describe('vec over 5 × 10', () => {
  const words = (shape: Omit<Parameters<typeof vecActions>[0], 'sizes' | 'name'>) => {
    const { nramReadBytes, nramWriteBytes } = vecActions({ name: 'add', sizes: [10, 5], ...shape });
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
    const of = (name: 'div' | 'exp') => vecActions({ name, sizes: [10, 5], hasB: true, init: false });
    expect([of('div').divideOps, of('exp').transcendentalOps, of('exp').divideOps]).toEqual([50, 50, 0]);
    expect(computeActions('sqrt_16', 7)).toMatchObject({ divideOps: 7, transcendentalOps: 0 });
    expect(computeActions('and_32', 7)).toEqual(NO_ACTIONS);
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
