/** The closed formulae against loops that walk what they count, and layers read from graphs against those written by hand. */
import { describe, expect, test } from 'vitest';
import { type Model, parseModel } from '#ir';
import { inferTypes } from '#ops';
import { PAPER_ALEXNET } from './alexnet.ts';
import { type AnalyticLayer, analyticLayers, type ConvolutionSizes, convolution, product } from './layers.ts';
import { loadBalance, splitLoad } from './loadBalance.ts';
import { type ScalarMac, scalarMacCycles, scalarMacWords } from './scalarMac.ts';
import { arrayOfSize, utilisation } from './utilisation.ts';
import { utilisationText } from './utilisationText.ts';
import { type VectorMac, vectorMacCycles, vectorMacWords } from './vectorMac.ts';

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);

/** Loops of Tn × Ti: each turn is a cycle, streaming reads both operands of each product, outputs are written once. */
function walkVector(l: AnalyticLayer, { tn, ti, mapping }: VectorMac) {
  const taps = l.reduction / l.channels;
  const chunks =
    mapping === 'im2col'
      ? range(0, l.reduction, ti).map((k) => Math.min(ti, l.reduction - k))
      : range(0, taps).flatMap(() => range(0, l.channels, ti).map((c) => Math.min(ti, l.channels - c)));
  let [cycles, words] = [0, 0];
  for (const _group of range(0, l.groups)) {
    for (const first of range(0, l.filters / l.groups, tn)) {
      const filters = Math.min(tn, l.filters / l.groups - first);
      for (const _position of range(0, l.positions)) {
        for (const lanes of chunks) {
          cycles += 1;
          words += lanes + lanes * filters;
        }
        words += filters;
      }
    }
  }
  return { cycles, words };
}

/** Loops of Py × Px: the inputs under a block are those that some element in it reads. */
function walkScalar(l: AnalyticLayer, { py, px }: ScalarMac) {
  const { planes, size, kernel, window, stride } = l.map!;
  const dilation = [0, 1].map((axis) => (kernel[axis]! === 1 ? 1 : (window[axis]! - 1) / (kernel[axis]! - 1)));
  let [cycles, words] = [0, 0];
  for (const y of range(0, size[0], py)) {
    for (const x of range(0, size[1], px)) {
      const rows = [y, Math.min(y + py, size[0])] as const;
      const columns = [x, Math.min(x + px, size[1])] as const;
      // The rectangle from the first input to the last.
      const span = ([from, to]: readonly [number, number], axis: 0 | 1): number =>
        (to - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis]! - from * stride[axis] + 1;
      words += (l.reduction / (kernel[0] * kernel[1])) * span(rows, 0) * span(columns, 1);
      for (const _weight of range(0, l.reduction)) {
        cycles += 1;
        words += 1;
      }
      words += (rows[1] - rows[0]) * (columns[1] - columns[0]);
    }
  }
  return { cycles: planes * l.filters * cycles, words: planes * l.filters * words };
}

const SIZES: readonly ConvolutionSizes[] = [
  { name: 'plain', channels: 3, filters: 5, input: [9, 8], output: [7, 6], kernel: [3, 3] },
  {
    name: 'groups',
    groups: 2,
    channels: 6,
    filters: 10,
    input: [7, 7],
    output: [7, 7],
    kernel: [5, 3],
    stride: [1, 1],
  },
  { name: 'batch', batch: 3, channels: 4, filters: 3, input: [11, 9], output: [4, 4], kernel: [3, 2], stride: [3, 2] },
  { name: 'dilated', channels: 2, filters: 4, input: [9, 9], output: [5, 5], kernel: [3, 3], dilation: [2, 2] },
  { name: 'row', channels: 2, filters: 3, input: [13], output: [11], kernel: [3] },
  { name: 'volume', channels: 2, filters: 3, input: [4, 5, 6], output: [3, 4, 4], kernel: [2, 2, 3] },
  { name: 'depthwise', groups: 4, channels: 4, filters: 4, input: [6, 6], output: [6, 6], kernel: [3, 3] },
];

describe.each(SIZES.map((s) => [s.name, convolution(s)] as const))('a convolution walked: %s', (_, layer) => {
  test.each([
    [4, 2],
    [3, 4],
  ])('vector-mac %d × %d', (tn, ti) => {
    for (const mapping of ['im2col', 'channel'] as const) {
      const array: VectorMac = { kind: 'vector-mac', tn, ti, mapping, traffic: 'streaming' };
      expect({ cycles: vectorMacCycles(layer, array), words: vectorMacWords(layer, array) }).toEqual(
        walkVector(layer, array),
      );
    }
  });

  test.each([
    [4, 2],
    [3, 5],
  ])('scalar-mac %d × %d', (py, px) => {
    const array: ScalarMac = { kind: 'scalar-mac', py, px, traffic: 'shift' };
    expect({ cycles: scalarMacCycles(layer, array), words: scalarMacWords(layer, array) }).toEqual(
      walkScalar(layer, array),
    );
  });
});

test('registers for weights: each once, partial sums back and forth between chunks', () => {
  const layer = convolution(SIZES[0]!);
  const array: VectorMac = { kind: 'vector-mac', tn: 4, ti: 4, mapping: 'im2col', traffic: 'weight-stationary' };
  // 2 passes of 42 positions by 27 inputs; 135 weights; 210 outputs, written 7 times and read 6 times.
  expect(vectorMacWords(layer, array)).toBe(2 * 42 * 27 + 135 + 13 * 210);
});

test('several rows of a product, one after the other on scalar MACs', () => {
  const layer = product({ name: 'fc', rows: 3, inner: 10, columns: 9 });
  const array: ScalarMac = { kind: 'scalar-mac', py: 2, px: 2, traffic: 'shift' };
  expect(scalarMacCycles(layer, array)).toBe(3 * 3 * 10);
  expect(scalarMacWords(layer, array)).toBe(3 * (3 * 10 + 90 + 9));
});

/** AlexNet's convolutions and products with weights as inputs: sizes are all that is needed. */
const ALEXNET = `
  model ir=8 producer="test" opset {"": 13}
  graph alexnet(x: float32[1,3,227,227], w1: float32[96,3,11,11], w2: float32[256,48,5,5], w3: float32[384,256,3,3],
    w4: float32[384,192,3,3], w5: float32[256,192,3,3], w6: float32[4096,9216], w7: float32[4096,4096], w8: float32[4096,1000])
    -> (y: float32[1,1000]) {
    c1 = Conv[strides=[4, 4]](x, w1) @conv1
    p1 = MaxPool[kernel_shape=[3, 3], strides=[2, 2]](c1) @pool1
    c2 = Conv[group=2, pads=[2, 2, 2, 2]](p1, w2) @conv2
    p2 = MaxPool[kernel_shape=[3, 3], strides=[2, 2]](c2) @pool2
    c3 = Conv[pads=[1, 1, 1, 1]](p2, w3) @conv3
    c4 = Conv[group=2, pads=[1, 1, 1, 1]](c3, w4) @conv4
    c5 = Conv[group=2, auto_pad="SAME_UPPER"](c4, w5) @conv5
    p5 = MaxPool[kernel_shape=[3, 3], strides=[2, 2]](c5) @pool5
    f = Flatten(p5) @flatten
    f6 = Gemm[transB=1](f, w6) @fc6
    f7 = Gemm[transB=1](f6, w7) @fc7
    y = MatMul(f7, w8) @fc8
  }`;

const read = (text: string): Model => inferTypes(parseModel(text));

describe('layers of a graph', () => {
  test('AlexNet is the list of its paper', () => {
    const { layers, leftOut } = analyticLayers(read(ALEXNET));
    expect(layers.map((l) => ({ ...l, op: '' }))).toEqual(PAPER_ALEXNET.map((l) => ({ ...l, op: '' })));
    expect(leftOut).toEqual([]);
  });

  test('matrix products of all shapes, and what has no formula', () => {
    const { layers, leftOut } = analyticLayers(
      read(`
      model ir=8 producer="test" opset {"": 13}
      graph net(q: float32[2,3,5,4], k: float32[2,3,4,6], w: float32[4,7], v: float32[4], t: float32[8,5], u: float32[1,8,3,3],
        d: float32[8,2,2,2], z: float32[5,7], n: float32[N,8,3,3])
        -> (a: float32[2,3,5,6], b: float32[2,3,5,7], c: float32[2,3,5], e: float32[5,7], g: float32[2,3,4,6], h: float32[1,2,4,4], o: float32[1,1,1,1]) {
        a = MatMul(q, k) @batched
        b = MatMul(q, w) @weights
        c = MatMul(q, v) @vector
        s = Gemm[transA=1](t, t) @square
        e = MatMul(s, z) @sum
        x0 = Transpose(w) @transpose
        m = MatMul(w, x0) @inner
        g = MatMul(m, k) @shared
        h = ConvTranspose(u, d) @up
        r = ConvTranspose(n, d) @open
        o = ReduceSum(r) @last
      }`),
    );
    const seen = layers.map((l) => [
      l.name,
      l.groups,
      l.positions,
      l.reduction,
      l.filters,
      l.inputWords,
      l.weightWords,
    ]);
    expect(Object.fromEntries(seen.map(([name, ...sizes]) => [name, sizes]))).toEqual({
      batched: [6, 5, 4, 36, 120, 144],
      weights: [1, 30, 4, 7, 120, 28],
      vector: [1, 30, 4, 1, 120, 4],
      square: [1, 5, 8, 5, 40, 40],
      sum: [1, 5, 5, 7, 25, 35],
      inner: [1, 4, 7, 4, 28, 28],
      // The first operand is the same for all six.
      shared: [6, 4, 4, 36, 16, 144],
    });
    expect(leftOut).toEqual([
      { name: 'up', op: 'ConvTranspose', macs: 72 * 8 },
      { name: 'open', op: 'ConvTranspose', macs: null },
    ]);
  });

  test('a network without such layers, and one of open size, are refused', () => {
    const relu = `model ir=8 producer="test" opset {"": 13} graph net(x: float32[4]) -> (y: float32[4]) { y = Relu(x) @relu }`;
    expect(() => analyticLayers(read(relu))).toThrow(expect.objectContaining({ code: 'SYS-REPORT-002' }));
    const open = `model ir=8 producer="test" opset {"": 13}
      graph net(x: float32[N,4], w: float32[4,2]) -> (y: float32[N,2]) { y = MatMul(x, w) @product }`;
    expect(() => analyticLayers(read(open))).toThrow(expect.objectContaining({ code: 'SYS-OPS-006' }));
  });
});

test('arrays are as square as powers of two allow', () => {
  const shape = (n: number) => {
    const { tn, ti } = arrayOfSize(n, { kind: 'vector-mac', mapping: 'im2col', traffic: 'ideal' }) as VectorMac;
    return [tn, ti];
  };
  expect([1, 2, 16, 24, 32, 4096, 2 ** 29].map(shape)).toEqual([
    [1, 1],
    [2, 1],
    [4, 4],
    [6, 4],
    [8, 4],
    [64, 64],
    [2 ** 15, 2 ** 14],
  ]);
  expect(() => shape(18)).toThrow(expect.objectContaining({ code: 'SYS-REPORT-003' }));
});

test('nothing to do is no utilisation, and no crash', () => {
  const array = arrayOfSize(4, { kind: 'scalar-mac', traffic: 'shift' });
  const empty = [product({ name: 'none', rows: 0, inner: 4, columns: 2 })];
  const { total, layers } = utilisation(empty, array, { bits: 32, bytesPerCycle: { bytes: 1, cycles: 1 } });
  expect(total).toMatchObject({ macs: 0, cycles: 0, busy: null, laneUtilisation: null });
  expect(layers[0]).toMatchObject({ busy: null, laneUtilisation: null });
  expect(loadBalance([])).toMatchObject({ maxOverMean: null, maxOverMin: null });
  expect([splitLoad(0, 4), splitLoad(8, 4), splitLoad(9, 4)]).toEqual([[], [4, 4], [4, 4, 1]]);
});

test.each(['en', 'zh'] as const)('text names what the table leaves out (%s)', (language) => {
  const array = arrayOfSize(16, { kind: 'vector-mac', mapping: 'channel', traffic: 'streaming' });
  const rate = { bits: 16, bytesPerCycle: { bytes: 64, cycles: 5 } };
  const sizes = [utilisation(PAPER_ALEXNET, array, rate)];
  const leftOut = [
    { name: 'up', op: 'ConvTranspose', macs: 1234567 },
    { name: 'open', op: 'Einsum', macs: null },
  ];
  const text = utilisationText({ network: 'net', machine: 'mine', sizes, leftOut, ...rate }, { language, width: 70 });
  expect(text).toMatch(/up\s+\(ConvTranspose\).*open \(Einsum\).*1,234,567(，另有未知| and\s+an\s+unknown)/s);
  expect(text.split('\n').every((line) => line.length <= 70)).toBe(true);
});
