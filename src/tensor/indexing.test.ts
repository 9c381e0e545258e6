/** `at`: ranges, several index tensors and masks, against what NumPy gives for the same; eager, compiled, and their gradients. */
import { describe, expect, test } from 'vitest';
import {
  arange,
  checkGradients,
  compile,
  exportModel,
  grad,
  type Index,
  ones,
  Tensor,
  tensor,
  tracked,
  Variable,
  zeros,
} from './index.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const bad = (value: unknown): Index => value as Index;

const m = tensor([
  [0, 1, 2, 3],
  [4, 5, 6, 7],
  [8, 9, 10, 11],
]);
/** 0 … 23 as [2, 3, 4]. */
const c = arange(24).cast('f32').reshape([2, 3, 4]);

/** Each with the result of NumPy, and of `compile`. */
const CASES: readonly (readonly [string, Tensor, readonly Index[], readonly number[], readonly number[]])[] = [
  ['pairs', m, [tensor([0n, 2n]), tensor([1n, -1n])], [2], [1, 11]],
  ['a grid', m, [tensor([[0n], [2n]]), tensor([1n, 3n])], [2, 2], [1, 3, 9, 11]],
  ['a scalar beside a vector', m, [tensor(1n), tensor([0n, 2n])], [2], [4, 6]],
  ['neighbours behind an axis', c, [[], tensor([0n, 2n]), tensor([1n, 3n])], [2, 2], [1, 11, 13, 23]],
  ['apart: in front', c, [tensor([0n, 1n, 1n]), [], tensor([0n, 2n, 3n])], [3, 3], [0, 4, 8, 14, 18, 22, 15, 19, 23]],
  ['parted by a new axis', c, [tensor([0n, 1n]), null, tensor([1n, 2n]), 0], [2, 1], [4, 20]],
  ['behind a number', c, [1, tensor([0n, 2n]), tensor([1n, 3n])], [2], [13, 23]],
  ['beside a range', c, [tensor([1n]), tensor([2n]), [1, 3]], [1, 2], [21, 22]],
  ['i32 and u8', m, [tensor([2], { dtype: 'i32' }), tensor([3], { dtype: 'u8' })], [1], [11]],
  ['whole numbers of f32', m, [tensor([2, 0])], [2, 4], [8, 9, 10, 11, 0, 1, 2, 3]],
  ['a mask of rows', m, [tensor([true, false, true])], [2, 4], [0, 1, 2, 3, 8, 9, 10, 11]],
  ['a mask of columns', m, [[], tensor([true, false, false, true])], [3, 2], [0, 3, 4, 7, 8, 11]],
  ['a mask and indices', m, [tensor([true, false, true]), tensor([0n, 3n])], [2], [0, 11]],
  [
    'a mask of two axes',
    c,
    [
      tensor([
        [true, false, false],
        [false, false, true],
      ]),
    ],
    [2, 4],
    [0, 1, 2, 3, 20, 21, 22, 23],
  ],
  ['a mask behind an axis', c, [[], c.at(0).gt(9)], [2, 2], [10, 11, 22, 23]],
  ['a mask of nothing', m, [m.gt(99)], [0], []],
];

describe('index tensors and masks', () => {
  test.each(CASES)('%s', async (_, x, indices, dims, values) => {
    for (const result of [x.at(...indices), compile((t: Tensor) => t.at(...indices))(x)]) {
      const value = await result.value();
      expect(value.dims).toEqual(dims);
      expect([...(await result.data())]).toEqual(values);
    }
  });

  test('a mask whose data is there has a size, another leaves it open', async () => {
    expect(m.at(tensor([true, false, true])).shape).toEqual([2, 4]);
    const mask = m.gt(5);
    expect(() => m.at(mask).shape).toThrow(code('SYS-TEN-002'));
    await mask.data();
    expect(m.at(mask).shape).toEqual([6]);
    expect(await m.at(m.gt(10)).item()).toBe(11);
    await expect(m.at(m.gt(9)).item()).rejects.toThrow(code('SYS-TEN-003'));
    expect(await m.at(m.gt(5)).mean().item()).toBe(8.5);
  });

  test('masks within a compiled function and as its arguments take one graph', async () => {
    const above = compile((x: Tensor, limit: Tensor) => x.at(x.gt(limit)).sum());
    expect(await above(m, tensor(5)).item()).toBe(51);
    expect(await above(m, tensor(9)).item()).toBe(21);
    const total = compile((x: Tensor) => x.sum());
    for (const limit of [1, 5, 9]) await total(m.at(m.gt(limit))).item();
    expect([above.graphs, total.graphs]).toEqual([1, 1]);
  });

  test('a mask is exported', async () => {
    const model = await exportModel((x: Tensor) => x.at(x.gt(0)), { x: ['N', 4] });
    expect(model.graph.nodes.map((n) => n.op)).toContain('NonZero');
  });
});

describe('gradients', () => {
  test('places that are taken twice get both', async () => {
    const x = tracked(m);
    const [dx] = grad(
      x
        .at(tensor([0n, 0n]), tensor([1n, 1n]))
        .square()
        .sum(),
      [x],
    );
    expect(await dx!.toArray()).toEqual([
      [0, 4, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test('through open sizes of two masks', async () => {
    const step = (x: Tensor): Tensor =>
      grad(
        x
          .at(x.gt(5))
          .sub(x.at(x.gt(5)).mul(2))
          .square()
          .sum(),
        [x],
      )[0]!;
    const expected = m.mul(m.gt(5).cast('f32')).mul(2);
    for (const result of [step(tracked(m)), compile(step)(tracked(m))]) {
      expect(await result.toArray()).toEqual(await expected.toArray());
    }
  });

  test('against differences', async () => {
    const x = new Variable(await c.cast('f64').value());
    const losses = {
      apart: () =>
        x
          .at(tensor([0n, 1n]), [], tensor([[3n], [0n]]))
          .square()
          .sum(),
      neighbours: () =>
        x
          .at([], tensor([0n, 2n]), tensor([1n, 1n]))
          .square()
          .sum(),
      mask: () =>
        x
          .at([], tensor([true, false, true]))
          .square()
          .sum(),
    };
    for (const [name, loss] of Object.entries(losses)) {
      const [found] = checkGradients(loss, [x]);
      expect(found!.error, name).toBeLessThan(1e-6);
    }
  });
});

test('what is no index is told', () => {
  for (const index of [0.5, Number.NaN, true, 'x', undefined, [0, 1, 0], [0.5], [0, 1, 1, 1], {}]) {
    expect(() => m.at(bad(index))).toThrow(code('SYS-TEN-135'));
  }
  expect(() => m.at(tensor([true, false]))).toThrow(code('SYS-TEN-136'));
  expect(() => m.at(tensor(true))).toThrow(code('SYS-TEN-136'));
  expect(() => m.at(tensor([0n, 1n]), tensor([0n, 1n, 2n]))).toThrow(code('SYS-TEN-137'));
  expect(() => m.at(tensor([0, 1]).add(0))).toThrow(code('SYS-TEN-138'));
  expect(() => m.at(tensor([0.5]))).toThrow(code('SYS-TEN-138'));
  expect(() => m.at(zeros([3, 4], 'bool'), 0)).toThrow(code('SYS-TEN-024'));
  expect(() => ones([2]).at(2)).toThrow(code('SYS-TEN-025'));
  expect(m.at(0)).toBeInstanceOf(Tensor);
});
