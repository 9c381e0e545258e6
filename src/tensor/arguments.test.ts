/** Wrong arguments: each ends with the code of its kind, in the terms of the call, before anything runs. */
import { describe, expect, test, vi } from 'vitest';
import { SystoleError } from '#base';
import { sharedEngine } from '#engine';
import type { Tensor as Data } from '#ir';
import * as T from './index.ts';
import { arange, compile, full, grad, nn, noGrad, ones, optim, random, tensor, tracked, zeros } from './index.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
/** Calls as untyped programs make them. */
// biome-ignore lint/suspicious/noExplicitAny: what the types forbid is what is tested
const untyped = T as any;
const x = ones([3, 4]);
// biome-ignore lint/suspicious/noExplicitAny: as above
const u = x as any;
const parameters = () => new nn.Linear(1, 1).parameters();

const REFUSED: readonly (readonly [string, string, () => unknown])[] = [
  ['SYS-TEN-120', 'zeros([1.5])', () => zeros([1.5])],
  ['SYS-TEN-120', 'zeros([-1])', () => zeros([-1])],
  ['SYS-TEN-120', 'a NaN in a shape', () => x.reshape([Number.NaN])],
  ['SYS-TEN-120', 'random shapes', () => random.uniform([2.5])],
  ['SYS-TEN-120', 'eye(-1)', () => T.eye(-1)],
  ['SYS-TEN-120', 'a layer of half a feature', () => new nn.Linear(0.5, 2)],
  ['SYS-TEN-121', 'zeros(2, 3)', () => untyped.zeros(2, 3)],
  ['SYS-TEN-121', 'transpose(0, 1)', () => u.transpose(0, 1)],
  ['SYS-TEN-121', 'reshape(3, 2)', () => u.reshape(3, 2)],
  ['SYS-TEN-121', 'permute(1, 0)', () => u.permute(1, 0)],
  ['SYS-TEN-122', 'sum(NaN)', () => x.sum(Number.NaN)],
  ['SYS-TEN-122', 'softmax(0.5)', () => x.softmax(0.5)],
  ['SYS-TEN-122', 'unsqueeze(0.5)', () => x.unsqueeze(0.5)],
  ['SYS-TEN-122', 'pad by half an element', () => x.pad([[0.5, 0]])],
  ['SYS-TEN-122', 'windows of half an element', () => T.maxPool(ones([1, 1, 4, 4]), 0.5)],
  ['SYS-TEN-139', 'an axis twice', () => x.transpose([0, 0])],
  ['SYS-TEN-139', 'an axis alone', () => x.transpose([0])],
  ['SYS-TEN-127', 'stack([])', () => T.stack([])],
  ['SYS-TEN-127', 'concat([])', () => T.concat([])],
  ['SYS-TEN-128', 'arange with step 0', () => arange(0, 5, 0)],
  ['SYS-TEN-123', 'arange(NaN)', () => arange(Number.NaN)],
  ['SYS-TEN-123', 'linspace with −1 values', () => T.linspace(0, 1, -1)],
  ['SYS-TEN-123', 'split into 0', () => x.split(0)],
  ['SYS-TEN-123', 'integers from 3 to 2', () => random.integers([5], 3, 2)],
  ['SYS-TEN-123', 'a negative deviation', () => random.normal([2], { std: -1 })],
  ['SYS-TEN-123', 'a rate of NaN', () => new optim.SGD(parameters(), { rate: Number.NaN })],
  ['SYS-TEN-123', 'a negative rate', () => new optim.Adam(parameters(), { rate: -1 })],
  ['SYS-TEN-123', "a group's rate", () => new optim.SGD([{ parameters: parameters(), rate: Number.NaN }])],
  ['SYS-TEN-123', 'a beta of 1', () => new optim.Adam(parameters(), { betas: [0.9, 1] })],
  ['SYS-TEN-123', 'one beta', () => new untyped.optim.AdamW(parameters(), { betas: [0.9] })],
  ['SYS-TEN-123', 'alpha of 1', () => new optim.RMSProp(parameters(), { alpha: 1 })],
  ['SYS-TEN-123', 'a limit of 0', () => new optim.SGD(parameters(), { clipNorm: 0 })],
  ['SYS-TEN-123', 'a negative decay', () => new optim.SGD(parameters(), { weightDecay: -1 })],
  ['SYS-TEN-123', 'a cosine over no steps', () => optim.cosine(1, 0)],
  ['SYS-TEN-123', 'an exponential every 0', () => optim.exponential(1, 0, 0.5)],
  ['SYS-TEN-123', 'warm-up over NaN', () => optim.warmUp(Number.NaN, optim.constantRate(1))],
  ['SYS-TEN-123', 'a schedule that gives NaN', () => new optim.SGD(parameters(), { rate: () => Number.NaN }).rate()],
  ['SYS-TEN-140', 'bounds that descend', () => optim.piecewise([3, 2], [1, 2, 3])],
  ['SYS-TEN-140', 'a rate too few', () => optim.piecewise([2], [1])],
  ['SYS-TEN-124', '1e20 as i64', () => tensor([1e20], { dtype: 'i64' })],
  ['SYS-TEN-124', 'NaN as i64', () => tensor([1, Number.NaN], { dtype: 'i64' })],
  ['SYS-TEN-124', 'a fraction as i32', () => tensor([1.5], { dtype: 'i32' })],
  ['SYS-TEN-124', '256 as u8', () => tensor([256], { dtype: 'u8' })],
  ['SYS-TEN-124', '2⁶³ as i64', () => tensor([2n ** 63n])],
  ['SYS-TEN-124', 'all of −1 as u8', () => full([2], -1, 'u8')],
  ['SYS-TEN-124', 'a typed array', () => tensor(new Uint16Array([1, 65_535]), { dtype: 'i16' })],
  ['SYS-TEN-124', 'random numbers', () => random.integers([2], 0, 300, { dtype: 'u8' })],
  ['SYS-TEN-125', 'numbers as strings', () => zeros([1], 'string')],
  ['SYS-TEN-125', 'strings as numbers', () => tensor(['a'], { dtype: 'f32' })],
  ['SYS-TEN-126', 'a Uint16Array', () => tensor(new Uint16Array(2))],
  ['SYS-TEN-126', 'a DataView', () => untyped.tensor(new DataView(new ArrayBuffer(4)))],
  ['SYS-TEN-022', 'nothing', () => untyped.tensor(undefined)],
  ['SYS-TEN-022', 'tensors', () => untyped.tensor([tensor(1)])],
  ['SYS-TEN-133', 'mse of [4, 1] and [4]', () => T.mse(ones([4, 1]), ones([4]))],
  ['SYS-TEN-133', 'l1', () => T.l1(ones([4]), ones([1]))],
  ['SYS-TEN-133', 'binary cross-entropy', () => T.binaryCrossEntropyWithLogits(ones([4, 1]), ones([4]))],
  ['SYS-TEN-141', 'features that heads do not share', () => new nn.MultiHeadAttention(6, 4)],
];

test.each(REFUSED)('%s: %s', (expected, _, call) => {
  expect(call).toThrow(code(expected));
});

test.each([
  ['float32', 'f32'],
  ['int', 'i32'],
  ['long', 'i64'],
  ['torch.float64', 'f64'],
  ['F32', 'f32'],
])('the element type %s is called %s', (said, meant) => {
  for (const call of [() => tensor([1], { dtype: said as 'f32' }), () => zeros([1], said as 'f32')]) {
    expect(call).toThrow(
      expect.objectContaining({ code: 'SYS-TEN-019', message: expect.stringContaining(`'${meant}'`) }),
    );
  }
});

test('what can be meant works', async () => {
  expect(zeros(3).shape).toEqual([3]);
  expect(x.reshape(-1).shape).toEqual([12]);
  expect(x.permute([1, 0]).shape).toEqual([4, 3]);
  expect(await tensor(new Uint16Array([1, 65_535]), { dtype: 'i32' }).toArray()).toEqual([1, 65_535]);
  expect(await tensor(new BigUint64Array([7n]), { dtype: 'i64' }).toArray()).toEqual([7n]);
  expect(tensor([1n]).add(1e20).dtype).toBe('f32');
  expect(await T.mse(ones([4]), 3).item()).toBe(4);
  expect(await random.integers([2], 3, 3).toArray()).toEqual([3n, 3n]);
  expect(await tensor([-(2n ** 63n), 2n ** 63n - 1n]).toArray()).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
});

test.runIf('Float16Array' in globalThis)('a Float16Array is of f16', async () => {
  const Float16Array = (globalThis as unknown as { Float16Array: new (v: number[]) => Float32Array }).Float16Array;
  const t = tensor(new Float16Array([1.5, -2]));
  expect([t.dtype, await t.toArray()]).toEqual(['f16', [1.5, -2]]);
});

describe('modules', () => {
  const message = (call: () => unknown): string => {
    try {
      call();
    } catch (error) {
      if (error instanceof SystoleError) return `${error.code} ${error.message}`;
      throw error;
    }
    return 'nothing thrown';
  };
  test('an error within one names it, what it takes and what it was given', () => {
    const net = new nn.Sequential({
      features: new nn.Sequential(new nn.Conv(3, 8, 3), nn.relu()),
      head: new nn.Linear(4, 2),
    });
    expect(message(() => net.forward(ones([1, 1, 8, 8])))).toBe(
      'SYS-TEN-132 in module features.0 (Conv): Conv(3, 8, [3, 3]) takes [N, 3, H, W]; found f32[1, 1, 8, 8].',
    );
    expect(message(() => net.forward(ones([1, 3, 8, 8])))).toBe(
      'SYS-TEN-132 in module head (Linear): Linear(4, 2) takes […, 4]; found f32[1, 8, 6, 6].',
    );
    const own = new nn.Sequential(new nn.Lambda((t) => t.add(ones([7]))));
    expect(message(() => own.forward(x))).toMatch(/^SYS-TEN-004 in module 0 \(Lambda\): Add of/);
    expect(message(() => compile((t: T.Tensor) => net.forward(t))(ones([1, 1, 8, 8])))).toMatch(/features\.0/);
  });
  test('the error keeps the place where it was thrown, and is told in Chinese too', () => {
    try {
      new nn.Lambda((t) => t.reshape([5])).forward(x);
      expect.unreachable();
    } catch (error) {
      // Node keeps ten frames: the first are those of the rule that threw.
      expect((error as SystoleError).stack).toContain('reshape.ts');
      expect((error as SystoleError).text('zh')).toMatch(/^模块 Lambda 中：/);
    }
  });
  test.each([
    ['Linear', () => new nn.Linear(4, 2).forward(undefined as never)],
    ['ConvTranspose', () => new nn.ConvTranspose(2, 3, 3).forward(ones([1, 3, 4, 4]))],
    ['BatchNorm', () => new nn.BatchNorm(2).forward(ones([4, 3]))],
    ['LayerNorm', () => new nn.LayerNorm([3]).forward(ones([2, 2]))],
    ['Embedding', () => new nn.Embedding(4, 2).forward(ones([2]))],
    ['LSTM', () => new nn.LSTM(3, 2).forward(ones([2, 2, 4]))],
    ['MultiHeadAttention', () => new nn.MultiHeadAttention(4, 2).forward(ones([1, 2, 5]))],
  ])('%s says what it takes', (_, call) => {
    expect(call).toThrow(code('SYS-TEN-132'));
  });
  test('one value for each channel has no statistics', () => {
    const norm = new nn.BatchNorm(2);
    expect(() => norm.forward(ones([1, 2]))).toThrow(code('SYS-TEN-129'));
    expect(() => norm.forward(ones([1, 2, 1, 1]))).toThrow(code('SYS-TEN-129'));
    expect(norm.forward(ones([1, 2, 2, 1])).shape).toEqual([1, 2, 2, 1]);
    expect(norm.eval().forward(ones([1, 2])).shape).toEqual([1, 2]);
  });
});

test('noGrad refuses an asynchronous function, whose failure stays with it', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  expect(() => noGrad(async () => 1)).toThrow(code('SYS-TEN-130'));
  expect(() => noGrad(() => Promise.reject(new Error('late')))).toThrow(code('SYS-TEN-130'));
  await new Promise((resolve) => setTimeout(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test("a registered gradient of another shape is the operator's mistake", () => {
  const kernels = { f32: () => {} };
  const w = tracked(tensor([1, 2]));
  const wide = T.registerOperator({ name: 'Wide', inputs: ['x'], kernels, gradient: ({ dy }) => [dy[0]!.sum()] });
  expect(() => grad(wide([w])[0]!.sum(), [w])).toThrow(
    expect.objectContaining({
      code: 'SYS-TEN-131',
      message: expect.stringMatching(/Wide gives Tensor f32\[\].*f32\[2\]/),
    }),
  );
  const bare = T.registerOperator({
    name: 'Bare',
    inputs: ['x'],
    kernels,
    gradient: (({ dy }: T.OperatorGradientContext) => dy[0]) as never,
  });
  expect(() => grad(bare([w])[0]!.sum(), [w])).toThrow(code('SYS-TEN-142'));
});

test('arguments of a compiled function are tensors and plain values, told by their path', async () => {
  const f = compile((tree: unknown) => (tree as { x: readonly T.Tensor[] }).x[0]) as (tree: unknown) => T.Tensor;
  for (const [value, path] of [
    [new Map(), '1'],
    [new nn.Linear(1, 1), '1'],
    [() => 1, '1'],
    [{ x: [tensor(1), new Float32Array(3)] }, '1.x[1]'],
  ] as const) {
    const told = expect.objectContaining({ code: 'SYS-TEN-134', params: expect.objectContaining({ path }) });
    expect(() => f(value)).toThrow(told);
  }
  expect(await f({ x: [tensor(1)], scale: 2, name: 'a', more: undefined }).item()).toBe(1);
});

test('feeds are told by the names of inputs', async () => {
  const add = compile((b: T.Tensor) => tensor(2).add(b));
  const session = await (await sharedEngine()).load(await add.model(tensor([0])));
  const name = session.inputs[0]!.name;
  const one = await tensor([1]).value();
  // biome-ignore lint/suspicious/noExplicitAny: untyped callers
  const run = (feeds: any) => session.run(feeds);
  const [sum] = (await run({ [name]: one })).values();
  expect(await T.fromData(sum as Data).item()).toBe(3);
  const wrong = (found: RegExp) => ({ code: 'SYS-ENG-007', params: { name, found: expect.stringMatching(found) } });
  for (const none of [new Map(), {}, undefined]) await expect(run(none)).rejects.toMatchObject({ code: 'SYS-ENG-005' });
  await expect(run({ inputt: one })).rejects.toMatchObject({ code: 'SYS-ENG-006' });
  await expect(run({ [name]: await tensor([1, 2]).value() })).rejects.toMatchObject(wrong(/float32\[2\]/));
  await expect(run({ [name]: await tensor([1n]).value() })).rejects.toMatchObject(wrong(/int64/));
  await expect(run({ [name]: 1 })).rejects.toMatchObject(wrong(/a number/));
  await expect(run({ [name]: new Float32Array(1) })).rejects.toMatchObject(wrong(/class Float32Array/));
  await expect(run({ [name]: tensor([1]) })).rejects.toMatchObject(wrong(/value\(\)/));
  await session.release();
});
