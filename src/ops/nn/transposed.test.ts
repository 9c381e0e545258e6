/** Transposed convolution and unpooling: that the one is the adjoint of convolution, sizes that are symbolic, refusals. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementCount, type GraphNode, int, ints, parseModel, tensorNumbers, tensorOf, typeText } from '#ir';
import { evaluateNode } from '../evaluate.ts';
import { inferTypes } from '../infer.ts';

const node = (op: string, inputs: number, attributes: GraphNode['attributes']): GraphNode => ({
  name: op,
  op,
  domain: '',
  inputs: Array.from({ length: inputs }, (_, i) => `x${i}`),
  outputs: ['y'],
  attributes,
});

/** Whole numbers, so that sums are exact. */
const counting = (dims: readonly number[], seed: number) =>
  tensorOf(
    'float64',
    dims,
    Array.from({ length: elementCount(dims) }, (_, i) => ((i * 7 + seed) % 11) - 5),
  );

const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

test('⟨Conv(x), y⟩ = ⟨x, ConvTranspose(y)⟩ for every window', () => {
  const axis = fc.record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    begin: fc.integer({ min: 0, max: 2 }),
    end: fc.integer({ min: 0, max: 2 }),
    more: fc.integer({ min: 0, max: 4 }),
  });
  const shape = fc.record({
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
    group: fc.integer({ min: 1, max: 2 }),
    perGroup: fc.integer({ min: 1, max: 2 }),
    maps: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(
    fc.property(shape, ({ axes, group, perGroup, maps }) => {
      const attributes = new Map([
        ['strides', ints(axes.map((a) => a.stride))],
        ['dilations', ints(axes.map((a) => a.dilation))],
        ['pads', ints([...axes.map((a) => a.begin), ...axes.map((a) => a.end)])],
        ['group', int(group)],
      ]);
      const extent = (a: (typeof axes)[0]) => (a.kernel - 1) * a.dilation + 1;
      const input = axes.map((a) => Math.max(1, extent(a) - a.begin - a.end) + a.more);
      const x = counting([2, group * perGroup, ...input], 1);
      const w = counting([group * maps, perGroup, ...axes.map((a) => a.kernel)], 3);
      const forward = evaluateNode(node('Conv', 2, attributes), 22, [x, w])[0]!;
      const y = counting(forward.dims, 2);
      // What a stride left over at the end of the input comes back as output padding.
      const span = (a: (typeof axes)[0], k: number) => input[k]! + a.begin + a.end - extent(a);
      const transposed = new Map([...attributes, ['output_padding', ints(axes.map((a, k) => span(a, k) % a.stride))]]);
      const back = evaluateNode(node('ConvTranspose', 2, transposed), 22, [y, w])[0]!;
      expect(back.dims).toEqual(x.dims);
      expect(inner(tensorNumbers(forward), tensorNumbers(y))).toBe(inner(tensorNumbers(x), tensorNumbers(back)));
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('MaxUnpool: indices count through the derived shape (the case of ONNX’s own suite)', () => {
  const attributes = new Map([
    ['kernel_shape', ints([2, 2])],
    ['strides', ints([2, 2])],
  ]);
  const [y] = evaluateNode(node('MaxUnpool', 3, attributes), 11, [
    tensorOf('float32', [1, 1, 2, 2], [5, 6, 7, 8]),
    tensorOf('int64', [1, 1, 2, 2], [5, 7, 13, 15]),
    tensorOf('int64', [4], [1, 1, 5, 5]),
  ]);
  const found = [...tensorNumbers(y!)].flatMap((value, i) => (value === 0 ? [] : [[Math.floor(i / 5), i % 5, value]]));
  expect(found).toEqual([
    [1, 1, 5],
    [1, 3, 6],
    [3, 1, 7],
    [3, 3, 8],
  ]);
});

const typeOfOutput = (graph: string): string => {
  const model = inferTypes(parseModel(`model ir=8 producer="test" opset {"": 22}\ngraph g${graph}`));
  return typeText(model.graph.outputs[0]!.type!);
};

describe('sizes', () => {
  test.each([
    [
      '(x: float32[N,2,H,W], w: float32[2,3,3,3]) -> (y) { y = ConvTranspose[pads=[1,1,1,1]](x, w) }',
      'float32[N,3,H,W]',
    ],
    [
      '(x: float32[N,2,H,5], w: float32[2,3,2,2]) -> (y) { y = ConvTranspose[strides=[2,2]](x, w) }',
      'float32[N,3,?,10]',
    ],
    [
      '(x: float32[N,2,H,W], w: float32[2,3,2,2]) -> (y) { y = ConvTranspose[output_shape=[9,8]](x, w) }',
      'float32[N,3,9,8]',
    ],
    ['(x: float32[*], w: float32[2,3,2,2]) -> (y) { y = ConvTranspose[group=2](x, w) }', 'float32[?,6,?,?]'],
    [
      '(x: float32[N,2,3], i: int64[N,2,3]) -> (y) { y = MaxUnpool[kernel_shape=[2], strides=[2]](x, i) }',
      'float32[N,2,6]',
    ],
    [
      '(x: float32[N,2,3], i: int64[N,2,3], s: int64[3]) -> (y) { y = MaxUnpool[kernel_shape=[2]](x, i, s) }',
      'float32[?,?,?]',
    ],
  ])('%s', (graph, type) => {
    expect(typeOfOutput(graph)).toBe(type);
  });
});

describe('refusals', () => {
  test.each([
    ['(x: float32[1,3,4,4], w: float32[2,3,3,3]) -> (y) { y = ConvTranspose(x, w) }', 'X[1] = W[0]'],
    [
      '(x: float32[1,2,1,1], w: float32[2,3,1,1]) -> (y) { y = ConvTranspose[pads=[1,0,0,0]](x, w) }',
      'less than the 1',
    ],
    [
      '(x: float32[1,2,4,4], w: float32[2,3,3,3]) -> (y) { y = ConvTranspose[output_padding=[1]](x, w) }',
      '2 numbers from 0',
    ],
    ['(x: float32[1,2,4,4], w: float32[2,3,3,3], b: float32[2]) -> (y) { y = ConvTranspose(x, w, b) }', '[M] = [3]'],
    ['(x: float32[1,2,3], i: int64[1,2,4]) -> (y) { y = MaxUnpool[kernel_shape=[2]](x, i) }', 'of one shape with 3'],
    ['(x: float32[2,3], t: int64[2], w: float32[2]) -> (y) { y = SoftmaxCrossEntropyLoss(x, t, w) }', 'weights [C]'],
    [
      '(x: float32[2,3], t: int64[2]) -> (y) { y = SoftmaxCrossEntropyLoss[reduction="max"](x, t) }',
      'none | sum | mean',
    ],
  ])('%s', (graph, text) => {
    expect(() => typeOfOutput(graph)).toThrow(text);
  });
});

test('a target outside the classes is refused, but for the one that is ignored', () => {
  const x = tensorOf('float32', [2, 2], [0, 0, 0, 0]);
  const loss = (attributes: GraphNode['attributes'], ...targets: number[]) =>
    tensorNumbers(
      evaluateNode(node('SoftmaxCrossEntropyLoss', 2, attributes), 13, [x, tensorOf('int64', [2], targets)])[0]!,
    )[0];
  expect(() => loss(new Map(), 0, 2)).toThrow('target 2');
  expect(loss(new Map([['ignore_index', int(2)]]), 0, 2)).toBeCloseTo(Math.LN2);
});
