/** Numbers where formulas lose digits or divide zero by zero, against PyTorch's and NumPy's (figures of theirs, or Math's functions in f64). */
import { describe, expect, test } from 'vitest';
import {
  checkGradients,
  compile,
  expm1,
  grad,
  log1p,
  max,
  maxPool,
  mean,
  mul,
  norm,
  std,
  sum,
  type Tensor,
  tensor,
  tracked,
  Variable,
  variance,
  withReference,
  zeros,
} from './index.ts';

const gradient = async (f: (x: Tensor) => Tensor, x: Tensor): Promise<unknown> => {
  const leaf = tracked(x);
  const eager = await grad(f(leaf), [leaf])[0]!.toArray();
  const compiled = compile((t: Tensor) => {
    const inner = tracked(t);
    return grad(f(inner), [inner])[0]!;
  });
  expect(await compiled(x).toArray()).toEqual(eager);
  return eager;
};

describe('norm', () => {
  test('its gradient at 0 is 0', async () => {
    expect(await gradient((x) => norm(x), tensor([0, 0]))).toEqual([0, 0]);
    expect(await gradient((x) => norm(x), tensor([3, 4]))).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    const rows = tensor([
      [0, 0],
      [0, -2],
    ]);
    expect(await gradient((x) => sum(norm(x, 1)), rows)).toEqual([
      [0, 0],
      [0, -1],
    ]);
  });
  test('the second derivative is that of the root', async () => {
    const x = new Variable(await tensor([1, 2, -2], { dtype: 'f64' }).value(), { name: 'x' });
    const [checked] = checkGradients(() => {
      const [first] = grad(norm(x), [x], { createGraph: true });
      return sum(mul(first!, tensor([1, 3, 5], { dtype: 'f64' })));
    }, [x]);
    expect(checked!.error).toBeLessThan(1e-6);
  });
  test('the deviation of equal elements has gradient 0', async () => {
    expect(await gradient((x) => std(x), tensor([2, 2, 2]))).toEqual([0, 0, 0]);
  });
});

describe.each([
  ['log1p', log1p, Math.log1p, (x: number) => 1 / (1 + x), [-0.9, -0.5, 0.49, 0.5, 3, 1e6]],
  ['expm1', expm1, Math.expm1, Math.exp, [-20, -1, 0.49, 0.5, 3, 20]],
] as const)('%s', (_, f, exact, slope, values) => {
  const small = [0, 1e-40, 1e-20, -1e-20, 1e-10, 1e-8, -1e-8, 1e-6, -1e-4, 1e-3, 0.1, -0.3];
  const all = [...small, ...values];
  test('every digit, for small x too', async () => {
    for (const [dtype, bound] of [
      ['f32', 4e-7],
      ['f64', 1e-15],
    ] as const) {
      const x = tensor(all, { dtype });
      const [given, found] = [await x.data(), await f(x).data()];
      all.forEach((_x, i) => {
        const want = exact(Number(given[i]));
        expect(Math.abs(Number(found[i]) - want)).toBeLessThanOrEqual(bound * Math.abs(want));
      });
    }
  });
  test('gradients too, twice', async () => {
    const x = tensor([1e-8, 0, -0.3, 2], { dtype: 'f64' });
    const found = (await gradient((t) => sum(f(t)), x)) as number[];
    [1e-8, 0, -0.3, 2].forEach((v, i) => {
      expect(found[i]).toBeCloseTo(slope(v), 12);
    });
    const leaf = tracked(x);
    const [first] = grad(sum(f(leaf)), [leaf], { createGraph: true });
    const [second] = grad(sum(first!), [leaf]);
    const h = 1e-6;
    const values = (await second!.toArray()) as number[];
    [1e-8, 0, -0.3, 2].forEach((v, i) => {
      expect(values[i]).toBeCloseTo((slope(v + h) - slope(v - h)) / (2 * h), 6);
    });
  });
  test('at the ends of its range', async () => {
    const ends = [Number.NEGATIVE_INFINITY, -1, Number.POSITIVE_INFINITY, Number.NaN, -2, 1000];
    const found = (await f(tensor(ends)).toArray()) as number[];
    ends.forEach((x, i) => {
      const want = Math.fround(exact(x));
      if (Number.isFinite(want)) expect(found[i]).toBeCloseTo(want, 5);
      else expect(found[i]).toBe(want);
    });
  });
});

test('the mean of nothing is NaN, and so is its variance; the sum is 0', async () => {
  expect(await mean(zeros([0])).item()).toBeNaN();
  expect(await mean(zeros([2, 0]), 1).toArray()).toEqual([Number.NaN, Number.NaN]);
  expect(await mean(zeros([2, 0]), 0).toArray()).toEqual([]);
  expect(await variance(zeros([0])).item()).toBeNaN();
  expect(await sum(zeros([0])).item()).toBe(0);
  expect(await compile((x: Tensor) => mean(x))(zeros([0])).item()).toBeNaN();
});

test('MaxPool takes a number before NaN, wherever it stands, in host and reference', async () => {
  for (const row of [
    [Number.NaN, 1, 2],
    [1, Number.NaN, 2],
    [1, 2, Number.NaN],
  ]) {
    const x = tensor(row, { shape: [1, 1, 3] });
    expect(await maxPool(x, 3).item()).toBe(2);
    expect(await withReference(() => maxPool(x, 3)).item()).toBe(2);
    expect(await withReference(() => max(x)).item()).toBeNaN();
  }
});
