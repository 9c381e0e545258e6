/** Element types of modules: states of another type, and conversion. */
import { expect, test } from 'vitest';
import { compile, exportModel, nn, optim, sum, type Tensor, tensor, Variable } from '../index.ts';

const net = (): nn.Sequential => new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm(2));

class Counting extends nn.Module {
  readonly weight: Variable;
  readonly steps = new Variable(
    { dtype: 'int64', dims: [], bytes: new Uint8Array(8).fill(1, 0, 1) },
    { name: 'steps' },
  );
  readonly shared: readonly Variable[];
  constructor(weight: Variable) {
    super();
    this.weight = weight;
    this.shared = [weight];
  }
  override forward(x: Tensor): Tensor {
    return x.mul(this.weight);
  }
}

const vector = async (values: number[], dtype: 'f32' | 'f16' | 'f64' | 'i32' | 'i64' | 'bool' = 'f32') =>
  new Variable(await tensor(values, { dtype }).value(), { name: 'weight' });

test('a state in f16 loads into f32, and the other way round, by value', async () => {
  const [wide, narrow] = [net(), net().to('f16')];
  await wide.load(await narrow.state());
  expect(wide.parameters().map((p) => p.dtype)).toEqual(['f32', 'f32', 'f32', 'f32']);
  for (const [i, p] of wide.parameters().entries()) {
    expect(await p.toArray()).toEqual(await narrow.parameters()[i]!.toArray());
  }
  const other = net();
  narrow.load(await other.state());
  expect(narrow.variables().map(([, v]) => v.dtype)).toEqual(new Array(6).fill('f16'));
  expect(await narrow.parameters()[0]!.toArray()).toEqual(await other.parameters()[0]!.cast('f16').toArray());
});

test.each([
  ['i32', 'f32', 2],
  ['bool', 'f32', 1],
  ['i64', 'i32', 2],
  ['f64', 'f32', 2],
] as const)('%s loads into %s', async (from, into, value) => {
  const module = new Counting(await vector([0], into));
  const saved = new Map(await module.state());
  saved.set('weight', (await new Counting(await vector([value], from)).state()).get('weight')!);
  saved.set('shared.0', saved.get('weight')!);
  module.load(saved);
  expect(Number(await module.weight.item())).toBe(value);
});

test('fractions do not become integers in silence, and shapes stay strict', async () => {
  const module = new Counting(await vector([0], 'i32'));
  const fraction = new Map(await module.state());
  for (const name of ['weight', 'shared.0']) fraction.set(name, (await vector([0.5]).then((v) => v.value())) as never);
  expect(() => module.load(fraction)).toThrow(expect.objectContaining({ code: 'SYS-TEN-032' }));
  for (const name of ['weight', 'shared.0'])
    fraction.set(name, (await vector([1, 2], 'i32').then((v) => v.value())) as never);
  expect(() => module.load(fraction)).toThrow(expect.objectContaining({ code: 'SYS-TEN-032' }));
});

test('to() converts floats, leaves integers, keeps the variables and what was made of them', async () => {
  const module = new Counting(await vector([1.5]));
  const { weight } = module;
  const optimizer = new optim.SGD(module.parameters(), { rate: 0.25 });
  const step = compile((x: Tensor) => {
    const loss = sum(module.forward(x).square());
    optimizer.minimize(loss);
    return loss;
  });
  expect(await step(tensor([1])).item()).toBe(2.25);
  expect(module.to('f16')).toBe(module);
  expect([module.weight === weight, weight.dtype, module.shared[0]!.dtype, module.steps.dtype]).toEqual([
    true,
    'f16',
    'f16',
    'i64',
  ]);
  const loss = step(tensor([1], { dtype: 'f16' }));
  expect([loss.dtype, await loss.item(), step.graphs, await weight.item()]).toEqual(['f16', 0.5625, 2, 0.375]);
  module.to('f64').to('f64');
  expect([weight.dtype, await weight.item()]).toEqual(['f64', 0.375]);
  expect(() => module.to('i32')).toThrow(expect.objectContaining({ code: 'SYS-TEN-161' }));
  const inside = compile((x: Tensor) => module.to('f32').forward(x));
  expect(() => inside(tensor([1]))).toThrow(expect.objectContaining({ code: 'SYS-TEN-162' }));
});

test('a converted network computes, and is exported, in its type', async () => {
  const half = net().to('f16').eval();
  const y = half.forward(tensor([[1, 2, 3]], { dtype: 'f16' })) as Tensor;
  expect([y.dtype, y.shape]).toEqual(['f16', [1, 2]]);
  const { graph } = await exportModel(half, { x: { shape: ['N', 3], dtype: 'f16' } });
  expect(graph.outputs[0]!.type).toMatchObject({ dtype: 'float16' });
  expect([...graph.constants.values()].every((t) => t.dtype === 'float16')).toBe(true);
});

test('state of an optimiser in another type is converted to the parameter', async () => {
  const weight = await vector([1, 2]);
  const first = new optim.Adam([weight]);
  first.minimize(sum(weight.square()));
  const state = await first.state();
  const narrow = await vector([1, 2], 'f16');
  const second = new optim.Adam([narrow]).load(state);
  expect(second.stateOf(narrow).map((v) => v.dtype)).toEqual(['f16', 'f16']);
  second.minimize(sum(narrow.square()));
  expect(await narrow.dtype).toBe('f16');
});
