/** Work of nodes that the host runs: contractions without a file of their own, bodies, and what is only estimated. */
import { expect, test } from 'vitest';
import { parseModel } from '#ir';
import { inferTypes } from './infer.ts';
import { nodeWork } from './work.ts';

/** Work of the last node of a graph. */
function workOf(graph: string, functions = '') {
  const header = 'model ir=8 producer="test" opset {"": 17, "my": 1}';
  const model = inferTypes(parseModel(`${header}\n${functions}\ngraph g${graph}`));
  return nodeWork(model, model.graph.nodes.at(-1)!);
}

const CASES: readonly (readonly [name: string, graph: string, macs: number, elements: number])[] = [
  ['a known operator', '(x: float32[4,6], w: float32[6,5]) -> (y) { y = MatMul(x, w) }', 120, 20],
  ['a reduction reads more than it writes', '(x: float32[4,6]) -> (y) { y = ReduceSum[keepdims=1](x) }', 0, 23],
  ['moving data', '(x: float32[4,6]) -> (y) { y = Transpose(x) }', 0, 24],
  [
    'ConvTranspose: each input element meets the weights of its channel',
    '(x: float32[1,3,4,5], w: float32[3,2,3,3]) -> (y: float32[1,2,6,7]) { y = ConvTranspose(x, w) }',
    60 * 18,
    84,
  ],
  [
    'ConvInteger',
    '(x: uint8[1,3,4,5], w: uint8[2,3,3,3]) -> (y: int32[1,2,2,3]) { y = ConvInteger(x, w) }',
    12 * 27,
    12,
  ],
  [
    'QLinearMatMul',
    '(a: uint8[4,6], s: float32[], z: uint8[], b: uint8[6,5]) -> (y: uint8[4,5]) { y = QLinearMatMul(a, s, z, b, s, z, s, z) }',
    120,
    20,
  ],
  [
    'Einsum with an ellipsis',
    '(a: float32[2,4,6], b: float32[6,5]) -> (y: float32[2,4,5]) { y = Einsum[equation="...ij,jk->...ik"](a, b) }',
    240,
    40,
  ],
  [
    'GRU: three gates',
    '(x: float32[7,2,5], w: float32[1,12,5], r: float32[1,12,4]) -> (y: float32[7,1,2,4]) { y = GRU[hidden_size=4](x, w, r) }',
    14 * (60 + 48),
    56,
  ],
  [
    'Attention of unequal lengths, heads packed',
    '(q: float32[1,3,8], k: float32[1,5,8], v: float32[1,5,8]) -> (y: float32[1,3,8]) { y = Attention[q_num_heads=2, kv_num_heads=2](q, k, v) }',
    2 * 24 * 5,
    24,
  ],
  [
    'Loop: its body as often as it says',
    `(x: float32[4,4], w: float32[4,4]) -> (y: float32[4,4]) {
      const m: int64[] = {5} const c: bool[] = {1}
      y = Loop[body=graph b(i: int64[], on: bool[], h: float32[4,4]) -> (on2, z) {
        on2 = Identity(on) z = MatMul(h, w)
      }](m, c, x)
    }`,
    5 * 64,
    5 * 17,
  ],
  [
    'Loop: as often as it collects',
    `(x: float32[4,4], w: float32[4,4], m: int64[]) -> (y: float32[4,4], r: float32[6,4,4]) {
      const c: bool[] = {1}
      y, r = Loop[body=graph b(i: int64[], on: bool[], h: float32[4,4]) -> (on, z, z2) {
        z = MatMul(h, w) z2 = Identity(z)
      }](m, c, x)
    }`,
    6 * 64,
    6 * 32,
  ],
  [
    'Scan: once a slice, along any axis',
    `(x: float32[4,9], s: float32[4]) -> (y: float32[4], r: float32[9,4]) {
      y, r = Scan[num_scan_inputs=1, scan_input_axes=[1], body=graph b(h, v) -> (z, z2) {
        z = Add(h, v) z2 = Identity(z)
      }](s, x)
    }`,
    0,
    9 * 8,
  ],
  [
    'If of equal branches',
    `(x: float32[4,4], c: bool[]) -> (y: float32[4,4]) {
      y = If[then_branch=graph t() -> (a) { a = MatMul(x, x) }, else_branch=graph e() -> (b) { b = MatMul(x, x) }](c)
    }`,
    64,
    16,
  ],
];

test.each(CASES)('%s', (_, graph, macs, elements) => {
  expect(workOf(graph)).toEqual({ macs, elements });
});

test('a local function costs what its nodes cost, with the attributes of the call', () => {
  const fn = `function my::Twice[k](a, b) -> (y) opset {"": 17} {
    t = Gemm[transB=ref(k: int)](a, b) @t
    y = Relu(t) @r
  }`;
  expect(workOf('(x: float32[4,6], w: float32[5,6]) -> (y: float32[4,5]) { y = my::Twice[k=1](x, w) }', fn)).toEqual({
    macs: 120,
    elements: 40,
  });
});

const LOOP = (m: string, cond: string) => `(x: float32[4,4], m: int64[]) -> (y: float32[4,4]) {
  const five: int64[] = {5} const c: bool[] = {1}
  y = Loop[body=graph b(i: int64[], on: bool[], h: float32[4,4]) -> (on2, z) { on2 = ${cond} z = MatMul(h, h) }](${m}, c, x)
}`;

const ESTIMATES: readonly (readonly [name: string, graph: string, macs: number, elements: number, why: string])[] = [
  [
    'no rule: what it reads counts',
    '(x: float32[100]) -> (y: float32[1]) { y = my::Odd(x) }',
    0,
    100,
    'Odd has no cost',
  ],
  ['a shape not known', '(x: float32[N,4]) -> (y) { y = Relu(x) }', 0, 1, 'shape'],
  ['a trip count not known', LOOP('m', 'Identity(on)'), 64, 17, 'as one pass'],
  ['a condition computed', LOOP('five', 'Not(on)'), 320, 85, 'all its passes'],
  [
    'unequal branches',
    `(x: float32[4,4], c: bool[]) -> (y: float32[4,4]) {
      y = If[then_branch=graph t() -> (a) { a = MatMul(x, x) }, else_branch=graph e() -> (b) { b = Relu(x) }](c)
    }`,
    64,
    16,
    'larger branch',
  ],
  [
    'something unknown inside a body',
    `(x: float32[4,4], c: bool[]) -> (y: float32[4,4]) {
      y = If[then_branch=graph t() -> (a) { a = my::Odd(x) }, else_branch=graph e() -> (b) { b = my::Odd(x) }](c)
    }`,
    0,
    16,
    'Odd has no cost',
  ],
];

test.each(ESTIMATES)('estimated, and says so: %s', (_, graph, macs, elements, why) => {
  const work = workOf(graph);
  expect(work).toMatchObject({ macs, elements });
  expect(work.estimate?.en).toContain(why);
});
