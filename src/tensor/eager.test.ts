/** Eager dispatch: chains that nobody waits for, failures that travel along them, and what is kept from call to call. */
import { describe, expect, test } from 'vitest';
import { tensorOf } from '#ir';
import { add, gather, matMul, noGrad, reshape, sum, tensor, where } from '#tensor';
import { apply } from './apply.ts';
import { attributeText } from './attributeText.ts';
import { Cell } from './cell.ts';
import { Tensor } from './tensor.ts';
import { Variable } from './variable.ts';

describe('chains', () => {
  test('thousands of operations are launched before the first has run', async () => {
    const one = tensor([1, 2]);
    let x = tensor([0, 0]);
    for (let i = 0; i < 20_000; i++) x = add(x, one);
    expect(await x.data()).toEqual(Float32Array.of(20_000, 40_000));
  });

  test('a failure reaches every reader of the chain, and nobody else', async () => {
    // The index is computed, so that nobody knows it before it is used.
    const bad = gather(tensor([1, 2, 3]), add(tensor([3n]), tensor([4n])));
    let x = bad;
    for (let i = 0; i < 20_000; i++) x = add(x, 1);
    const other = add(tensor([1]), 1);
    const failure = await x.value().catch((error) => error);
    expect(failure.code).toBe('SYS-ENG-008');
    await expect(bad.value()).rejects.toBe(failure);
    // What is launched after the failure is known has it, too.
    await expect(add(bad, 1).value()).rejects.toBe(failure);
    expect(await other.item()).toBe(2);
  });

  test('readers of a pending tensor all get it', async () => {
    const x = matMul(tensor([[2]]), tensor([[3]]));
    const y = add(x, 1);
    expect(await Promise.all([x.item(), x.item(), y.item()])).toEqual([6, 6, 7]);
  });

  test('data that cannot be uploaded fails its readers', async () => {
    const type = { kind: 'tensor', dtype: 'float32', shape: [2] } as const;
    const broken = new Tensor({ type, source: Cell.of({ dtype: 'float32', dims: [2], bytes: new Uint8Array(3) }) });
    await expect(add(broken, 1).value()).rejects.toMatchObject({ code: 'SYS-ENG-010' });
  });

  test('a variable is read when the operation is called', async () => {
    const v = new Variable(tensorOf('float32', [1], [1]));
    const before = noGrad(() => add(v, 1));
    v.set(tensorOf('float32', [1], [10]));
    expect([await before.item(), await noGrad(() => add(v, 1)).item()]).toEqual([2, 11]);
  });
});

describe('what is kept of a call', () => {
  test('types follow each call’s own operands', () => {
    const row = ones([3]);
    const shapes = [[2, 3], [3], [2, 3], [1, 3], [4, 3], [2, 3]];
    expect(shapes.map((shape) => add(row, ones(shape)).shape)).toEqual(shapes);
    expect(add(tensor([1n]), tensor([2n])).dtype).toBe('i64');
    expect(add(tensor([1]), tensor([2])).dtype).toBe('f32');
  });

  test('shapes that constants decide are inferred at every call', () => {
    const x = ones([2, 6]);
    expect([reshape(x, [3, 4]).shape, reshape(x, [4, 3]).shape, reshape(x, [12]).shape]).toEqual([
      [3, 4],
      [4, 3],
      [12],
    ]);
    expect([sum(x, 0).shape, sum(x, 1).shape, sum(x).shape]).toEqual([[6], [2], []]);
  });

  test('an error is thrown at every call, before and after one that fits', () => {
    const wrong = (): unknown => matMul(ones([2, 3]), ones([2, 3]));
    expect(wrong).toThrow(expect.objectContaining({ code: 'SYS-TEN-004' }));
    expect(matMul(ones([2, 3]), ones([3, 2])).shape).toEqual([2, 2]);
    expect(wrong).toThrow(expect.objectContaining({ code: 'SYS-TEN-004' }));
  });

  test('attributes and absent operands tell nodes apart', async () => {
    const x = tensor([-2, 2]);
    const leaky = (alpha: number) => apply('LeakyRelu', [x], { alpha: { kind: 'float', value: alpha } }).toArray();
    expect([await leaky(0.5), await leaky(0.25), await leaky(0.5)]).toEqual([
      [-1, 2],
      [-0.5, 2],
      [-1, 2],
    ]);
    const [low, high] = [tensor(-1), tensor(1)];
    expect(await apply('Clip', [x, low, undefined]).toArray()).toEqual([-1, 2]);
    expect(await apply('Clip', [x, undefined, high]).toArray()).toEqual([-2, 1]);
    expect(await where(tensor([true, false]), x, 0).toArray()).toEqual([-2, 0]);
  });

  test('−0 is an attribute of its own', () => {
    expect(attributeText({ kind: 'float', value: -0 })).not.toBe(attributeText({ kind: 'float', value: 0 }));
    expect(attributeText({ kind: 'floats', value: [0, -0] })).not.toBe(
      attributeText({ kind: 'floats', value: [0, 0] }),
    );
  });
});

const ones = (shape: readonly number[]): Tensor =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), { shape });
