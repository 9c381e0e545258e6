/** Values at the edges of operations: numbers that do not fit, labels that are none, shared parameters, indices. */
import { describe, expect, test } from 'vitest';
import { writeSafetensors } from '#data';
import { crossEntropy, eq, lt, maximum, nn, ones, optim, type Tensor, tensor, Variable } from './index.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

test('a number that an integer type does not hold widens it', async () => {
  const bytes = tensor([200], { dtype: 'u8' });
  expect(await eq(bytes, 456).toArray()).toEqual([false]);
  expect(await lt(bytes, 300).toArray()).toEqual([true]);
  expect(await maximum(bytes, -1).toArray()).toEqual([200n]);
  expect(bytes.add(1).dtype).toBe('u8');
  expect(await tensor([5], { dtype: 'i8' }).add(300).toArray()).toEqual([305n]);
});

test('a tensor without axes widens another only to another kind', () => {
  expect(tensor([1], { dtype: 'f16' }).mul(tensor(2)).dtype).toBe('f16');
  expect(tensor([1]).mul(tensor(2, { dtype: 'f64' })).dtype).toBe('f32');
  expect(tensor([1n]).mul(tensor(2)).dtype).toBe('f32');
  expect(tensor([1], { dtype: 'f16' }).mul(tensor([2])).dtype).toBe('f32');
});

test('a missing operand is told', () => {
  expect(() => tensor([1]).add(undefined as unknown as Tensor)).toThrow(code('SYS-TEN-044'));
  expect(() => tensor([1]).add('1' as unknown as Tensor)).toThrow(code('SYS-TEN-044'));
});

describe('crossEntropy', () => {
  test('the logarithm of the label alone counts', async () => {
    expect(await crossEntropy(tensor([[1, Number.NEGATIVE_INFINITY, 2]]), tensor([0n])).item()).toBeCloseTo(1.3133, 4);
    expect(await crossEntropy(ones([3, 3]), tensor([0n, 1n, 2n])).item()).toBeCloseTo(Math.log(3), 6);
  });
  test('labels of another shape or kind are refused, labels outside are told', async () => {
    expect(() => crossEntropy(ones([3, 3]), tensor([0, 1, 2]))).toThrow(code('SYS-TEN-045'));
    expect(() => crossEntropy(ones([3, 3]), tensor([0n]))).toThrow(code('SYS-TEN-045'));
    for (const label of [3n, -1n]) {
      await expect(crossEntropy(ones([1, 3]), tensor([label])).item()).rejects.toMatchObject({ code: 'SYS-ENG-008' });
    }
  });
});

test('f16 parameters train', async () => {
  const w = new Variable(await tensor([1], { dtype: 'f16' }).value());
  new optim.SGD([w], { rate: 0.25 }).minimize(w.square().sum());
  new optim.Adam([w], { rate: 0.25 }).minimize(w.square().sum());
  expect([w.dtype, await w.item()]).toEqual(['f16', 0.25]);
});

test('a shared parameter is one', async () => {
  class Tied extends nn.Module {
    readonly a = new nn.Linear(1, 1, { bias: false });
    readonly b = this.a;
    readonly more = { c: this.a, list: [[new nn.Linear(1, 1)]] };
    override forward(x: Tensor): Tensor {
      return this.b.forward(this.a.forward(x));
    }
  }
  const net = new Tied();
  expect(net.parameters()).toHaveLength(3);
  net.a.weight.set(await tensor([[1]]).value());
  new optim.SGD([net.a.weight], { rate: 0.1 }).minimize(net.forward(ones([1, 1])).sum());
  expect(await net.a.weight.item()).toBeCloseTo(0.8, 6);
  expect(() => new optim.SGD([net.a.weight, net.b.weight])).toThrow(code('SYS-TEN-042'));
});

test('fresh state can be written', async () => {
  expect(writeSafetensors(await new nn.BatchNorm(3).state()).length).toBeGreaterThan(0);
});

test('the state of an optimiser goes by place, so that names may be alike', async () => {
  const [g, d] = [new nn.Linear(1, 1, { bias: false }), new nn.Linear(1, 1, { bias: false })];
  const make = (): optim.Adam => new optim.Adam([...g.parameters(), ...d.parameters()]);
  const first = make();
  first.minimize(g.weight.mul(3).add(d.weight.mul(5)).sum());
  const state = await first.state();
  expect([...state.keys()]).toEqual(['iterations', '0.mean', '0.square', '1.mean', '1.square']);
  const second = make().load(state);
  expect([...(await second.state()).values()]).toEqual([...state.values()]);
});

test('indices by tensors of any rank, beside numbers and new axes', async () => {
  const m = tensor([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ]);
  expect(m.at(tensor([[0n, 1n]]), null).shape).toEqual([1, 2, 1, 4]);
  expect(await m.at(tensor(1n), 2).item()).toBe(6);
  expect(await m.at(tensor([[0n, 2n]]), 2, null).toArray()).toEqual([[[2], [10]]]);
  expect(await m.at(1, tensor([3n, 0n])).toArray()).toEqual([7, 4]);
});
