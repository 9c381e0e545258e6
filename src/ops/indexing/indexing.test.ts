/** Indexing operators where sizes are symbolic, and what they refuse. (Values: the samples, against the host.) */
import { describe, expect, test } from 'vitest';
import { parseModel, type TensorType, typeText } from '#ir';
import { inferTypes } from '../infer.ts';

/** The type of the first output of a graph at opset 18. */
const typeOfOutput = (graph: string): string => {
  const model = inferTypes(parseModel(`model ir=8 producer="test" opset {"": 18}\ngraph g${graph}`));
  return typeText(model.graph.outputs[0]!.type as TensorType);
};

describe('shapes', () => {
  test.each([
    ['(x: float32[N,8]) -> (y) { const k: int64[1] = {3} y, i = TopK(x, k) }', 'float32[N,3]'],
    ['(x: float32[N,8], k: int64[1]) -> (y) { y, i = TopK(x, k) }', 'float32[N,?]'],
    ['(x: float32[*], k: int64[1]) -> (y) { y, i = TopK(x, k) }', 'float32[*]'],
    [
      // k as a computed size: the number of rows.
      '(x: float32[N,8], z: float32[M,8]) -> (y) { k = Shape[start=0,end=1](z) y, i = TopK(x, k) }',
      'float32[N,M]',
    ],
    ['(x: float32[N,8], i: int64[M,2,1]) -> (y) { y = GatherND(x, i) }', 'float32[M,2,8]'],
    ['(x: float32[N,8], i: int64[M,K]) -> (y) { y = GatherND(x, i) }', 'float32[*]'],
    ['(x: float32[N,8], i: int64[M,8]) -> (y) { y = GatherElements(x, i) }', 'float32[M,8]'],
    ['(i: int64[N,2], v: float32[2]) -> (y) { const d: int64[] = {5} y = OneHot[axis=1](i, d, v) }', 'float32[N,5,2]'],
    ['(i: int64[N], d: int64[], v: float32[2]) -> (y) { y = OneHot(i, d, v) }', 'float32[N,?]'],
    ['(x: float32[N,3]) -> (y) { y = NonZero(x) }', 'int64[2,?]'],
    ['(x: float32[N,C,H,6]) -> (y) { y = SpaceToDepth[blocksize=2](x) }', 'float32[N,?,?,3]'],
    ['(x: float32[N,C,H,6]) -> (y) { y = DepthToSpace[blocksize=1](x) }', 'float32[N,C,H,6]'],
  ])('%s', (graph, type) => {
    expect(typeOfOutput(graph)).toBe(type);
  });
});

describe('refusals', () => {
  test.each([
    ['(x: float32[4]) -> (y) { const k: int64[1] = {5} y, i = TopK(x, k) }', 'k = 5 along an axis of size 4'],
    ['(x: float32[4]) -> (y) { const i: int64[1] = {4} y = Gather(x, i) }', 'indices from -4 to 3'],
    ['(x: float32[4]) -> (y) { const i: int64[1] = {-5} y = GatherElements(x, i) }', 'index -5'],
    ['(x: float32[4,2], i: int64[2,3]) -> (y) { y = GatherElements(x, i) }', 'no larger than the data'],
    ['(x: float32[4,2], i: int64[5,3]) -> (y) { y = GatherND(x, i) }', 'k no more than the data has axes'],
    ['(x: float32[4], i: int64[2], u: float32[3]) -> (y) { y = ScatterElements(x, i, u) }', 'shape of the indices'],
    ['(x: float32[4,3], i: int64[2,1], u: float32[2,2]) -> (y) { y = ScatterND(x, i, u) }', 'updates [2,3]'],
    [
      '(x: float32[4], i: int64[2], u: float32[2]) -> (y) { y = ScatterElements[reduction="mean"](x, i, u) }',
      'none | add | mul | max | min',
    ],
    ['(x: string[4], i: int64[2], u: string[2]) -> (y) { y = ScatterElements[reduction="add"](x, i, u) }', 'none'],
    ['(x: float32[1,3,2,2]) -> (y) { y = DepthToSpace[blocksize=2](x) }', 'C = 3; expected a multiple of 4'],
    ['(x: float32[0]) -> (y) { y = ArgMax(x) }', 'axis 0 of size 0'],
  ])('%s', (graph, text) => {
    expect(() => typeOfOutput(graph)).toThrow(text);
  });
});
