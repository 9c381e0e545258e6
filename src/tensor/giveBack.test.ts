/** Memory of values that a compiled step replaces: given back once nobody holds them, and never while somebody does. */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import type { Cell } from './cell.ts';
import { compile, nn, noGrad, optim, registerOperator, sum, type Tensor, tensor, Variable } from './index.ts';

const SIZE = 1000;
const variable = async (): Promise<Variable> => new Variable(await tensor(new Float32Array(SIZE).fill(1)).value());
const double = (v: Variable) =>
  compile(() => {
    v.assign(v.mul(2));
    return v.sum();
  });
const first = async (t: Tensor): Promise<number> => ((await t.data())[0] as number) ?? Number.NaN;

test('what a step replaces is given back, what it gives is not', async () => {
  const engine = await sharedEngine();
  const v = await variable();
  const step = double(v);
  await step().item();
  const cell = v.source as Cell;
  const held = cell.device(engine)!.held.data as Float32Array;
  expect(held.length).toBe(SIZE);
  await step().item();
  expect([held.length, await first(v)]).toEqual([0, 4]);
  expect(cell.failure).toBeDefined();
});

test('a reading, data that was read and a state stay, whenever they were asked for', async () => {
  const v = await variable();
  const step = double(v);
  await step().item();
  const [reading, state, data] = [v.read(), v.value(), v.data()];
  for (let i = 0; i < 3; i++) step();
  const early = v.data();
  for (let i = 0; i < 3; i++) await step().item();
  expect(await first(reading)).toBe(2);
  expect(await first(reading.add(1))).toBe(3);
  expect([(await data)[0], new Float32Array(((await state) as { bytes: Uint8Array }).bytes.slice().buffer)[0]]).toEqual(
    [2, 2],
  );
  expect([(await early)[0], await first(v)]).toEqual([16, 128]);
});

test('a run that was launched with a value has it, however late it starts', async () => {
  const v = await variable();
  const step = double(v);
  await step().item();
  const results: Tensor[] = [];
  for (let i = 0; i < 4; i++) {
    // Recorded anew each time: it loads while the steps go on.
    results.push(compile(() => noGrad(() => v.mul(i + 1)))());
    step();
    await step().item();
  }
  const found = await Promise.all(results.map(first));
  expect(found).toEqual([2, 2 * 8, 3 * 32, 4 * 128]);
});

test('two functions that change the same variable, launched by turns', async () => {
  const v = await variable();
  const [twice, more] = [
    double(v),
    compile(() => {
      v.assign(v.add(1));
      return v.max();
    }),
  ];
  const seen: Tensor[] = [];
  for (let i = 0; i < 3; i++) seen.push(twice(), more());
  expect(await Promise.all(seen.map((t) => t.item()))).toEqual(
    [2, 3, 6, 7, 14, 15].map((x, i) => (i % 2 ? x : x * SIZE)),
  );
});

test('a step that fails changes nothing, though the one before it gave its value back', async () => {
  const refuse = registerOperator({
    name: 'TestRefuseLarge',
    inputs: ['x'],
    kernels: {
      f32: ([x], [y]) => {
        if ((x!.data[0] as number) > 4) throw new Error('too large');
        (y!.data as Float32Array).set(x!.data as Float32Array);
      },
    },
  });
  const v = await variable();
  const step = compile(() => {
    v.assign(refuse([v.mul(2)])[0]!);
    return v.max();
  });
  const launched = [step(), step(), step(), step()];
  expect(await Promise.allSettled(launched.map((t) => t.item()))).toMatchObject([
    { value: 2 },
    { value: 4 },
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  expect([await first(v), await first(v.mul(1))]).toEqual([4, 4]);
});

test('training beside evaluation and checkpoints goes as without them', async () => {
  const make = () => {
    const net = new nn.Linear(8, 1);
    net.weight.set({ dtype: 'float32', dims: [1, 8], bytes: new Uint8Array(new Float32Array(8).fill(0.5).buffer) });
    net.bias!.set({ dtype: 'float32', dims: [1], bytes: new Uint8Array(4) });
    const adam = new optim.Adam(net.parameters(), { rate: 0.1 });
    const x = tensor([[1, 2, 3, 4, 5, 6, 7, 8]]);
    const step = compile(() => {
      const loss = sum(net.forward(x).square());
      adam.minimize(loss);
      return loss;
    });
    return { net, adam, step, check: compile(() => noGrad(() => sum(net.forward(x)))) };
  };
  const [alone, watched] = [make(), make()];
  const losses: unknown[] = [];
  for (let i = 0; i < 12; i++) {
    losses.push(await alone.step().item());
    const pending = watched.step();
    if (i % 2 === 0) watched.check();
    const saved = i % 3 === 0 ? Promise.all([watched.net.state(), watched.adam.state()]) : undefined;
    if (i % 4 === 0) watched.net.weight.mul(1);
    expect(await pending.item()).toBe(losses[i]);
    await saved;
  }
  expect(await watched.net.weight.toArray()).toEqual(await alone.net.weight.toArray());
});
