/**
 * The layer-wise bound against numbers worked out by hand, on textbook-single: 256 MACs, 64 lanes and 64 bytes of DRAM a
 * cycle. Sizes in comments are in elements of 4 bytes.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { parseModel } from '#ir';
import { type Machine, presets } from '#machine';
import { inferTypes } from '#ops';
import { machineWith } from '../../test/support/processor.ts';
import { ceilOfSum, layerwiseBound } from './layerwiseBound.ts';

const single = presets.get('textbook-single')!;

function boundOf(graph: string, host: readonly string[] = [], machine: Machine = single) {
  const model = inferTypes(parseModel(`model ir=8 producer="test" opset {"": 17, "own": 1}\n${graph}`));
  const { cycles, groups } = layerwiseBound(model, machine, new Set(host));
  const rows = groups.map((g) => [g.nodes.join(' '), g.macs, g.vectorOps, g.bytes, g.cycles, g.bound]);
  return { cycles, rows };
}

const RESIDUAL = `
  graph g(x: float32[1,4,4,4]) -> (y: float32[1,4,4,4]) {
    const wa: float32[4,4,1,1] = splat 1.0
    const ws: float32[4,4,1,1] = splat 2.0
    a = Conv(x, wa) @a
    s = Conv(x, ws) @s
    sum = Add(a, s) @add
    y = Relu(sum) @relu
  }`;

describe('groups', () => {
  test('a convolution takes activation and pooling along, a Reshape is free, a Softmax stands alone', () => {
    const { cycles, rows } = boundOf(`
      graph g(x: float32[1,4,8,8]) -> (y: float32[1,10]) {
        const w: float32[8,4,3,3] = splat 1.0
        const b: float32[8] = splat 1.0
        const fw: float32[128,10] = splat 1.0
        const fb: float32[10] = splat 1.0
        const to: int64[2] = {1, 128}
        c = Conv[pads=[1, 1, 1, 1]](x, w, b) @conv
        r = Relu(c) @relu
        p = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](r) @pool
        f = Reshape(p, to) @reshape
        g = Gemm(f, fw, fb) @gemm
        y = Softmax(g) @softmax
      }`);
    expect(rows).toEqual([
      // 512 outputs × 36 MACs; 512 + 128 × 3 comparisons; x 256 + w 288 + b 8 + out 128 = 680 elements.
      ['conv relu pool', 18432, 896, 2720, 72, 'compute'],
      // 128 × 10 MACs; 128 + 1280 + 10 + 10 = 1428 elements.
      ['gemm', 1280, 0, 5712, 89.25, 'memory'],
      // − and Σ: 10 + 9 additions, 9 comparisons, exp and ÷: 20.
      ['softmax', 0, 48, 80, 1.25, 'memory'],
    ]);
    expect(cycles).toBe(163); // 162.5
  });

  test('a residual addition belongs to the last of two convolutions', () => {
    const { cycles, rows } = boundOf(RESIDUAL);
    expect(rows).toEqual([
      ['a', 256, 0, 4 * (64 + 16 + 64), 9, 'memory'],
      // Reads x and a.
      ['s add relu', 256, 128, 4 * (64 + 64 + 16 + 64), 13, 'memory'],
    ]);
    expect(cycles).toBe(22);
  });

  test('a value with a second reader, or that is an output, ends the chain', () => {
    const read = RESIDUAL.replace('-> (y', '-> (a: float32[1,4,4,4], sum: float32[1,4,4,4], y');
    expect(boundOf(read).rows.map(([nodes]) => nodes)).toEqual(['a', 's add', 'relu']);
    const twice = RESIDUAL.replace('Add(a, s)', 'Mul(a, s)').replace('Relu(sum)', 'Add(sum, s)');
    expect(boundOf(twice).rows.map(([nodes]) => nodes)).toEqual(['a', 's', 'add', 'relu']);
  });

  test('a bias is an addition that keeps the shape; another shape or another operation is none', () => {
    const behind = (node: string, shape = '4,4') =>
      boundOf(`
        graph g(x: float32[4,4]) -> (y: float32[${shape}]) {
          const w: float32[4,4] = splat 1.0
          const row: float32[4] = splat 1.0
          const plane: float32[2,4,4] = splat 1.0
          m = MatMul(x, w) @matmul
          y = ${node} @next
        }`).rows.map(([nodes]) => nodes);
    expect(behind('Add(row, m)')).toEqual(['matmul next']);
    expect(behind('Sub(m, row)')).toEqual(['matmul next']);
    expect(behind('Sub(m, x)')).toEqual(['matmul', 'next']);
    expect(behind('Mul(m, row)')).toEqual(['matmul', 'next']);
    expect(behind('Add(m, plane)', '2,4,4')).toEqual(['matmul', 'next']);
    expect(behind('Add(m, m)')).toEqual(['matmul', 'next']);
  });

  test('a chain passes through a node that only renames memory', () => {
    const { rows } = boundOf(`
      graph g(x: float32[4,4]) -> (y: float32[16]) {
        const w: float32[4,4] = splat 1.0
        const to: int64[1] = {16}
        m = MatMul(x, w) @matmul
        f = Reshape(m, to) @reshape
        y = Relu(f) @relu
      }`);
    expect(rows).toEqual([['matmul relu', 64, 16, 192, 3, 'memory']]);
  });

  test('quantisers stand with what they are beside: between groups go integers', () => {
    const { rows } = boundOf(
      `graph g(x: int8[1,4,4,4], s: int8[1,4,4,4]) -> (y: int8[1,4,4,4]) {
        const w: int8[4,4,1,1] = splat 1
        const k: float32[] = {0.5}
        const z: int8[] = {0}
        c = QLinearConv(x, k, z, w, k, z, k, z) @conv
        a = DequantizeLinear(c, k, z) @a
        b = DequantizeLinear(s, k, z) @b
        f = Add(a, b) @add
        y = QuantizeLinear(f, k, z) @quantise
      }`,
      [],
      presets.get('textbook-single-i8x4')!,
    );
    // 64 outputs × 4 MACs at 1024; 64 additions and 64 × 4 of the quantiser at 256 lanes; x, s and y 64 B each, w 16, k 4, z 1.
    expect(rows).toEqual([['conv add quantise', 256, 320, 213, 213 / 64, 'memory']]);
  });

  test('indices of a pooling that are read end the chain', () => {
    const { rows } = boundOf(`
      graph g(x: float32[1,1,2,2]) -> (y: float32[1,1,1,1], i: int64[1,1,1,1]) {
        const w: float32[1,1,1,1] = splat 1.0
        c = Conv(x, w) @conv
        p, i = MaxPool[kernel_shape=[2, 2]](c) @pool
        y = Relu(p) @relu
      }`);
    // x 16 + w 4 + p 4 + i 8 bytes.
    expect(rows.map(([nodes, , , bytes]) => [nodes, bytes])).toEqual([
      ['conv pool', 32],
      ['relu', 8],
    ]);
  });
});

test('peak and lanes are those of the type', () => {
  const machine = machineWith('textbook-single-i8x4', {
    vector: { ...presets.get('textbook-single-i8x4')!.vector, types: { i8: { lanes: 512 }, i32: { lanes: 128 } } },
  });
  const ofType = (type: string) =>
    boundOf(
      `graph g(x: ${type}[64,64,16,16]) -> (y: ${type}[64,64,8,8]) {
        y = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](x) @pool
      }`,
      [],
      { ...machine, dram: { ...machine.dram, bandwidth: { bytes: 1024, cycles: 1 } } },
    ).rows[0]![4];
  // 1,310,720 elements in and out; three comparisons for each of 262,144 results at 512 lanes.
  expect([ofType('float32'), ofType('int8')]).toEqual([(4 * 1310720) / 1024, (3 * 262144) / 512]);
});

describe('work', () => {
  const depthwise = (filters: number) => `
    graph g(x: float32[1,8,4,4]) -> (y: float32[1,${filters},4,4]) {
      const w: float32[${filters},1,5,5] = splat 1.0
      y = Conv[group=8, pads=[2, 2, 2, 2]](x, w) @conv
    }`;

  test('a depthwise convolution is vector work: one multiply-add a lane a cycle', () => {
    // 128 outputs × 25; 128 + 200 + 128 elements are 28.5 cycles.
    expect(boundOf(depthwise(8)).rows).toEqual([['conv', 0, 3200, 1824, 50, 'vector']]);
    // Two filters a channel: the matrix unit's.
    expect(boundOf(depthwise(16)).rows).toEqual([['conv', 6400, 0, 3136, 49, 'memory']]);
  });

  test('a Gather reads the rows that it takes', () => {
    const { rows } = boundOf(`
      graph g(i: int64[2]) -> (y: float32[2,4]) {
        const table: float32[1000,4] = splat 1.0
        y = Gather(table, i) @gather
      }`);
    expect(rows).toEqual([['gather', 0, 0, 64, 1, 'memory']]);
  });

  test('a fractional bandwidth counts exactly', () => {
    const slow = machineWith('textbook-single', { dram: { bandwidth: { bytes: 64, cycles: 5 } } });
    // 576 and 832 bytes at 12.8 a cycle.
    expect(boundOf(RESIDUAL, [], slow).cycles).toBe(45 + 65);
  });

  test('the bound is the least whole number that is not below the exact sum', () => {
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const peaks = [256, 64, 3, 10, 1000, 7].slice(0, 1 + (round % 6));
      const terms = Array.from({ length: 1 + (round % 30) }, (_, i) => ({
        work: random.integer(0, 2 ** 31) * (round % 2 === 0 ? 1 : 2 ** 15),
        peak: peaks[i % peaks.length]!,
      }));
      const unit = 2688000n; // of all peaks
      const sum = terms.reduce((n, t) => n + (BigInt(t.work) * unit) / BigInt(t.peak), 0n);
      const bound = BigInt(ceilOfSum(terms)) * unit;
      expect(bound >= sum && bound - sum < unit).toBe(true);
    }
    // A billion cycles and one lane's work more: a bound below its own sum, once.
    expect(ceilOfSum([{ work: 64e9 + 1, peak: 64 }])).toBe(1e9 + 1);
    expect(ceilOfSum(Array.from({ length: 10 }, () => ({ work: 1, peak: 10 })))).toBe(1);
    expect(ceilOfSum([])).toBe(0);
  });

  test('a large window counts its axes one after the other, a small one as a whole', () => {
    const pool = (op: string, kernel: number, strides: number) =>
      boundOf(`
        graph g(x: float32[1,2,40,40]) -> (y: float32[?,?,?,?]) {
          y = ${op}[kernel_shape=[${kernel}, ${kernel}], strides=[${strides}, ${strides}]](x) @pool
        }`).rows.map(([, , vectorOps]) => vectorOps);
    // 21 × 21 outputs of 20 × 20: 19 steps for 40 × 21 sums of rows, 19 for each output, of two channels.
    expect(pool('AveragePool', 20, 1)).toEqual([2 * (40 * 21 + 21 * 21) * 19]);
    expect(pool('MaxPool', 20, 1)).toEqual([2 * (40 * 21 + 21 * 21) * 19]);
    // As a whole 3 an output; rows first would take 40 × 20 and 20 × 20.
    expect(pool('MaxPool', 2, 2)).toEqual([2 * 20 * 20 * 3]);
    expect(pool('AveragePool', 1, 1)).toEqual([2 * 40 * 40]);
  });

  test('host nodes count with the time of their call, and end chains', () => {
    const graph = `
      graph g(x: float32[4,4]) -> (y: float32[4,4]) {
        const w: float32[4,4] = splat 1.0
        m = MatMul(x, w) @matmul
        h: float32[4,4] = own::Thing(m) @thing
        y = Relu(h) @relu
      }`;
    const { cycles, rows } = boundOf(graph, ['thing']);
    expect(rows).toEqual([
      ['matmul', 64, 0, 192, 3, 'memory'],
      ['relu', 0, 16, 128, 2, 'memory'],
      // The call 1000; m and h, 128 bytes at 16 a cycle; 16 elements at 8 a cycle.
      ['thing', 0, 0, 0, 1010, 'host'],
    ]);
    expect(cycles).toBe(1015);
    expect(() => boundOf(graph)).toThrow(expect.objectContaining({ code: 'SYS-OPS-005' }));
  });

  test('host nodes share a call unless the processor works between them', () => {
    const graph = `
      graph g(x: float32[4,4]) -> (y: float32[4,4], z: float32[16]) {
        const to: int64[1] = {16}
        a: float32[4,4] = own::A(x) @a
        b: float32[4,4] = own::B(a) @b
        r = Relu(b) @relu
        c: float32[4,4] = own::C(x) @c
        f = Reshape(c, to) @reshape
        z: float32[16] = own::D(f) @d
        y: float32[4,4] = own::E(r, a) @e
      }`;
    // A renaming is nothing between c and d; e needs what the processor makes of b.
    const calls = boundOf(graph, ['a', 'b', 'c', 'd', 'e']).rows.filter((row) => row[5] === 'host');
    expect(calls.map(([nodes]) => nodes)).toEqual(['a b c d', 'e']);
  });
});
