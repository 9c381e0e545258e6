import { expect, test } from 'vitest';
import { parseModel } from '#ir';
import { inferTypes } from '#ops';
import { fusionReport, fusionSpeedUp } from './fusion.ts';

/** A residual block on 2 channels of 4 × 4, without biases. */
const block = inferTypes(
  parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[1,2,4,4]) -> (y: float32[1,32]) {
      const w: float32[2,2,1,1] = {1.0, 0.0, 0.0, 1.0}
      const s: float32[2] = {1.0, 1.0}
      const b: float32[2] = {0.0, 0.0}
      const m: float32[2] = {0.0, 0.0}
      const v: float32[2] = {1.0, 1.0}
      c = Conv[kernel_shape=[1, 1]](x, w) @conv
      n = BatchNormalization(c, s, b, m, v) @norm
      a = Add(n, x) @add
      r = Relu(a) @relu
      y = Flatten(r) @flatten
    }`),
);

test('words and kernels, fused and not', () => {
  const report = fusionReport(block);
  // Conv 32 + 4 + 32, norm 32 + 4 + 32, add 3 · 32, relu 2 · 32; fused: the convolution's input is also the residual.
  expect(report).toEqual({
    unfused: { words: 296, operations: 4 },
    fused: { words: 32 + 4 + 4 + 32, operations: 1 },
    macs: 64,
    groups: [['conv', 'norm', 'add', 'relu']],
  });
  expect(fusionSpeedUp(report, 40)).toBeCloseTo(296 / 72, 12);
  // So little moved for each operation that computing is what takes the time.
  expect(fusionSpeedUp(report, 0.01)).toBe(1);
});

test('a value that others read stays in memory', () => {
  const { graph } = block;
  const shared = { ...block, graph: { ...graph, outputs: [...graph.outputs, { name: 'n', type: undefined }] } };
  expect(fusionReport(shared).groups).toEqual([['conv', 'norm'], ['add'], ['relu']]);
});
