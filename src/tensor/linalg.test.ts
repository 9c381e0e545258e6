/** Linear algebra against its defining equations, and the gradients against differences. */
import { describe, expect, test } from 'vitest';
import { tensorNumbers } from '#ir';
import {
  checkGradients,
  random as draw,
  eye,
  grad,
  linalg,
  matMul,
  type Tensor,
  tensor,
  tracked,
  Variable,
} from './index.ts';

const close = async (a: Tensor, b: Tensor, limit = 1e-10): Promise<void> => {
  const [x, y] = [tensorNumbers(await a.value()), tensorNumbers(await b.value())];
  expect(a.shape).toEqual(b.shape);
  x.forEach((v, i) => {
    expect(Math.abs(v - y[i]!)).toBeLessThan(limit);
  });
};

const random = (...shape: number[]): Tensor => draw.normal(shape, { dtype: 'f64', generator: new draw.Generator(5) });
const a = random(4, 4);
const definite = matMul(a, a.transpose()).add(eye(4, 4, 'f64'));

describe('what is solved holds', () => {
  test('solve and inverse', async () => {
    const b = random(4, 3);
    await close(matMul(a, linalg.solve(a, b)), b);
    await close(matMul(a, linalg.solve(a, random(4))), random(4));
    await close(matMul(a, linalg.inverse(a)), eye(4, 4, 'f64'));
  });
  test('determinant', async () => {
    expect(
      await linalg
        .determinant(
          tensor(
            [
              [2, 1],
              [7, 5],
            ],
            { dtype: 'f64' },
          ),
        )
        .item(),
    ).toBeCloseTo(3, 12);
    expect(
      await linalg
        .determinant(
          tensor(
            [
              [2, 1],
              [4, 2],
            ],
            { dtype: 'f32' },
          ),
        )
        .item(),
    ).toBeCloseTo(0, 6);
  });
  test('decompositions', async () => {
    const l = linalg.cholesky(definite);
    await close(matMul(l, l.transpose()), definite);
    for (const shape of [
      [6, 4],
      [4, 4],
    ]) {
      const m = random(...shape);
      const [q, r] = linalg.qr(m);
      await close(matMul(q, r), m);
    }
    for (const shape of [
      [6, 4],
      [4, 6],
    ]) {
      const m = random(...shape);
      const [u, s, v] = linalg.svd(m);
      await close(matMul(u.mul(s), v.transpose()), m);
    }
    const [values, vectors] = linalg.eigenSymmetric(definite);
    await close(matMul(definite, vectors), vectors.mul(values));
  });
  test('least squares: normal equations, and the least norm where there are many solutions', async () => {
    const [m, b] = [random(6, 3), random(6, 2)];
    await close(matMul(m.transpose(), matMul(m, linalg.leastSquares(m, b))), matMul(m.transpose(), b));
    await close(
      linalg.leastSquares(tensor([[1, 1]], { dtype: 'f64' }), tensor([2], { dtype: 'f64' })),
      tensor([1, 1], { dtype: 'f64' }),
    );
  });
});

test.each([
  ['solve', (x: Tensor) => linalg.solve(x, random(4, 2)).square().sum()],
  ['inverse', (x: Tensor) => linalg.inverse(x).square().sum()],
  ['determinant', (x: Tensor) => linalg.determinant(x)],
])('the gradient of %s', async (_, f) => {
  const leaf = tracked(a);
  const g = tensorNumbers(await grad(f(leaf), [leaf])[0]!.value());
  const base = tensorNumbers(await a.value());
  for (const i of [0, 5, 14]) {
    const at = async (h: number): Promise<number> =>
      f(
        tensor(
          base.map((v, k) => (k === i ? v + h : v)),
          { shape: [4, 4] },
        ),
      ).item();
    const slope = ((await at(1e-5)) - (await at(-1e-5))) / 2e-5;
    expect(Math.abs(g[i]! - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  }
});

describe('the gradient of cholesky', () => {
  // Of a matrix of any values, made symmetric and positive: so differences may move each of them.
  const positive = (m: Tensor): Tensor => matMul(m, m.transpose()).add(eye(4, 4, 'f64'));
  const losses: readonly (readonly [string, (l: Tensor) => Tensor])[] = [
    ['of all elements', (l) => l.mul(random(4, 4)).sum()],
    [
      'of the log-determinant',
      (l) =>
        l
          .mul(eye(4, 4, 'f64'))
          .sum(1)
          .log()
          .sum(),
    ],
    ['of a solution', (l) => linalg.solve(l, random(4, 2)).square().sum()],
  ];
  test.each(losses)('%s', (_, loss) => {
    const m = new Variable(a.known!, { name: 'm' });
    const [first] = checkGradients(() => loss(linalg.cholesky(positive(m))), [m]);
    expect(first!.error).toBeLessThan(1e-6);
  });
  test('is symmetric, and has a gradient itself', async () => {
    const leaf = tracked(definite);
    const [g] = grad(linalg.cholesky(leaf).mul(random(4, 4)).sum(), [leaf]);
    await close(g!, g!.transpose());
    const m = new Variable(a.known!, { name: 'm' });
    const [second] = checkGradients(() => {
      const x = positive(m);
      return grad(linalg.cholesky(x).square().mul(random(4, 4)).sum(), [x], { createGraph: true })[0]!
        .square()
        .sum();
    }, [m]);
    expect(second!.error).toBeLessThan(1e-5);
  });
});

test.each([
  ['qr', (x: Tensor) => linalg.qr(x)[1]],
  ['svd', (x: Tensor) => linalg.svd(x)[1]],
  ['eigenSymmetric', (x: Tensor) => linalg.eigenSymmetric(x)[0]],
  ['leastSquares', (x: Tensor) => linalg.leastSquares(x, random(4))],
])('%s has no gradient, and says so', (name, f) => {
  const leaf = tracked(definite);
  const found = expect.objectContaining({ code: 'SYS-TEN-014', message: expect.stringContaining(`linalg.${name}`) });
  expect(() => grad(f(leaf).sum(), [leaf])).toThrow(found);
});

test('what cannot be done has a code', async () => {
  expect(() => linalg.solve(random(3, 4), random(3))).toThrow(expect.objectContaining({ code: 'SYS-TEN-026' }));
  const flat = tensor(
    [
      [1, 2],
      [2, 4],
    ],
    { dtype: 'f64' },
  );
  expect(() => linalg.inverse(flat)).toThrow(expect.objectContaining({ code: 'SYS-TEN-027' }));
  // Of data that is still being computed it is told when it is read.
  await expect(linalg.cholesky(matMul(flat, eye(2, 2, 'f64'))).data()).rejects.toMatchObject({ code: 'SYS-TEN-028' });
});
