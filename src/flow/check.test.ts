/** The check can fail: each way in which outputs may differ from the host's is noticed, and rounding is not. */
import { expect, test } from 'vitest';
import { type DataType, type Graph, parseModel, type Tensor, tensorOf } from '#ir';
import { inferTypes } from '#ops';
import { compareOutputs, limitOf } from './check.ts';

const graph = (text = '(x: float32[8]) -> (y) { y = Relu(x) }'): Graph =>
  inferTypes(parseModel(`model ir=8 producer="test" opset {"": 18}\ngraph g${text}`)).graph;

const check = (found: Tensor | undefined, expected: Tensor) =>
  compareOutputs(new Map(found === undefined ? [] : [['y', found]]), new Map([['y', expected]]), 'native', graph());
const f32 = (...values: number[]): Tensor => tensorOf('float32', [values.length], values);
const ints = (dtype: DataType, ...values: number[]): Tensor => tensorOf(dtype, [values.length], values);

test('equal and rounded values pass', () => {
  expect(check(f32(1, 2, -3), f32(1, 2, -3))).toMatchObject({ ok: true, maxAbs: 0, maxRel: 0 });
  expect(check(f32(1.00005, 2), f32(1, 2))).toMatchObject({ ok: true });
  // A value that cancels is judged by the scale it came from.
  expect(check(f32(1000, 0.009), f32(1000, 0.001)).ok).toBe(true);
});

test('values beyond the tolerance fail and are counted', () => {
  const result = check(f32(1, 2.001, 3, 5), f32(1, 2, 3, 4));
  expect(result).toMatchObject({ ok: false, outputs: [{ wrong: 2, elements: 4 }] });
  expect(result.maxAbs).toBe(1);
  expect(check(f32(1000, 0.2), f32(1000, 0.001)).ok).toBe(false);
});

test('integers must be equal', () => {
  expect(check(ints('int64', 1_000_000), ints('int64', 1_000_001)).ok).toBe(false);
  expect(check(ints('bool', 1), ints('bool', 0)).ok).toBe(false);
  expect(check(ints('uint8', 7), ints('uint8', 7)).ok).toBe(true);
});

test('NaN equals NaN, and infinities equal themselves; anything else about them fails', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  expect(check(f32(nan, inf, -inf), f32(nan, inf, -inf)).ok).toBe(true);
  for (const [found, expected] of [
    [nan, 1],
    [1, nan],
    [inf, 1],
    [1, inf],
    [inf, -inf],
  ] as const) {
    expect(check(f32(found, 0), f32(expected, 0)), `${found} for ${expected}`).toMatchObject({ ok: false });
  }
});

test('a missing output, another shape and another type fail', () => {
  const reference = f32(1, 2);
  expect(check(undefined, reference)).toMatchObject({ ok: false, maxAbs: Number.POSITIVE_INFINITY });
  expect(check(tensorOf('float32', [2, 1], [1, 2]), reference).ok).toBe(false);
  expect(check(tensorOf('float64', [2], [1, 2]), reference).ok).toBe(false);
});

test('the limit follows the coarsest half precision on the way to an output', () => {
  const mixed = graph(`(x: float32[8], c: bool[]) -> (h, b, y) {
    h = Cast[to=10](x) n = Relu(h) o = Relu(n) p = Relu(o) f = Cast[to=1](p) q = Cast[to=16](f) b = Cast[to=1](q) y = Exp(x)
  }`);
  expect(limitOf(mixed, 'h')).toEqual({ tolerance: 8 * 2 ** -11, rounding: 'float16' });
  expect(limitOf(mixed, 'p')).toEqual({ tolerance: 16 * 2 ** -11, rounding: 'float16' });
  expect(limitOf(mixed, 'b')).toEqual({ tolerance: 8 * 2 ** -8, rounding: 'bfloat16' });
  expect(limitOf(mixed, 'y')).toEqual({ tolerance: 1e-4 });
  const branches = graph(`(x: float32[8], c: bool[]) -> (y) {
    y = If[then_branch=graph t() -> (a: float32[8]) { h: float16[8] = Cast[to=10](x) a = Cast[to=1](h) }, else_branch=graph e() -> (d: float32[8]) { d = Relu(x) }](c)
  }`);
  expect(limitOf(branches, 'y')).toMatchObject({ rounding: 'float16' });
});

test('codes of floats that were summed may lie a step beside; what only integers lead to may not', () => {
  const quantised = graph(`(x: float32[2,4]) -> (y, z, c) {
    const s: float32[] = {0.1}
    const w: float32[4,3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    const b: int8[4,3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    const n: int8[] = {0}
    const k: uint8[] = {0}
    m = MatMul(x, w) q = QuantizeLinear(m, s, n) d = DequantizeLinear(q, s, n) y = Relu(d)
    e = Mul(x, s) a = QuantizeLinear(e, s, n) i = QLinearMatMul(a, s, n, b, s, n, s, n) z = DequantizeLinear(i, s, n)
    t = Tanh(m) c = QuantizeLinear(t, s, k)
  }`);
  expect(limitOf(quantised, 'y')).toEqual({ tolerance: 2 / 127, rounding: 'int8' });
  expect(limitOf(quantised, 'z')).toEqual({ tolerance: 1e-4 });
  const compared = (a: number, b: number, output: 'c' | 'i') =>
    compareOutputs(
      new Map([[output, ints('uint8', a, 255)]]),
      new Map([[output, ints('uint8', b, 255)]]),
      'native',
      quantised,
    );
  expect(compared(200, 201, 'c').ok).toBe(true);
  expect(compared(200, 240, 'c').ok).toBe(false);
  expect(compared(200, 201, 'i').ok).toBe(false);
});
