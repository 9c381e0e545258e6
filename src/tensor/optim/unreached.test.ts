/** Parameters that a loss does not reach, as PyTorch's optimisers treat those whose gradient is None. */
import { describe, expect, test } from 'vitest';
import { autocast, compile, nn, optim, sum, type Tensor, tensor, Variable } from '../index.ts';

const variable = async (name: string, values: number[]): Promise<Variable> =>
  new Variable(await tensor(values).value(), { name });

const pair = async (): Promise<[Variable, Variable]> => [await variable('a', [1, 2]), await variable('b', [3, 4])];

const loss = (w: Tensor): Tensor => sum(w.square());

describe.each([
  ['SGD', (p: Variable[]) => new optim.SGD(p, { rate: 0.1, momentum: 0.9, weightDecay: 0.1 })],
  ['RMSProp', (p: Variable[]) => new optim.RMSProp(p, { rate: 0.1 })],
  ['Adam', (p: Variable[]) => new optim.Adam(p, { rate: 0.1 })],
  ['AdamW', (p: Variable[]) => new optim.AdamW(p, { rate: 0.1 })],
  ['Adam, clipped', (p: Variable[]) => new optim.Adam(p, { rate: 0.1, clipNorm: 1 })],
] as const)('%s', (_, make) => {
  test.each([
    ['eager', <F extends (...args: never[]) => Tensor>(f: F): F => f],
    ['compiled', <F extends (...args: never[]) => Tensor>(f: F): F => compile(f as never) as unknown as F],
  ] as const)(
    'a parameter that is not reached stays as it is and begins when it is reached, %s',
    async (_mode, mode) => {
      const [a, b] = await pair();
      const optimizer = make([a, b]);
      const onA = mode(() => {
        const l = loss(a);
        optimizer.minimize(l);
        return l;
      });
      const onB = mode(() => {
        const l = loss(b);
        optimizer.minimize(l);
        return l;
      });
      for (let i = 0; i < 3; i++) await onA().item();
      expect(await b.toArray()).toEqual([3, 4]);
      expect(optimizer.stateOf(b)).toEqual([]);
      for (let i = 0; i < 2; i++) await onB().item();
      await onA().item();
      await onB().item();
      // Each is where an optimiser of its own would have brought it.
      const [alone, other] = await pair();
      const [first, second] = [make([alone]), make([other])];
      for (let i = 0; i < 4; i++) first.minimize(loss(alone));
      for (let i = 0; i < 3; i++) second.minimize(loss(other));
      for (const [found, wanted] of [
        [a, alone],
        [b, other],
      ] as const) {
        const [x, y] = [(await found.toArray()) as number[], (await wanted.toArray()) as number[]];
        x.forEach((v, i) => {
          expect(v).toBeCloseTo(y[i]!, 5);
        });
      }
    },
  );

  test('its state is saved and taken over', async () => {
    const [a, b] = await pair();
    const optimizer = make([a, b]);
    for (let i = 0; i < 3; i++) optimizer.minimize(loss(a));
    const state = await optimizer.state();
    const again = make([a, b]).load(state);
    expect([...(await again.state())]).toEqual([...state]);
    optimizer.minimize(loss(b));
    const [after] = [await b.toArray()];
    b.set(await tensor([3, 4]).value());
    again.minimize(loss(b));
    expect(await b.toArray()).toEqual(after);
    // What an optimiser had gathered since is forgotten.
    b.set(await tensor([3, 4]).value());
    optimizer.load(state).minimize(loss(b));
    expect(await b.toArray()).toEqual(after);
  });
});

test('with a loss scaler, updates that overflowed count for nobody', async () => {
  const [a, b] = await pair();
  const scaler = new optim.LossScaler({ scale: 4 });
  const optimizer = new optim.Adam([a, b], { rate: 0.1, scaler });
  const times = await variable('times', [1]);
  for (const factor of [1, Number.POSITIVE_INFINITY, 1]) {
    times.set(await tensor([factor]).value());
    optimizer.minimize(autocast('f16', () => loss(a).mul(times)));
  }
  optimizer.minimize(loss(b));
  const [alone, other] = await pair();
  const single = new optim.Adam([alone], { rate: 0.1 });
  for (let i = 0; i < 2; i++) single.minimize(loss(alone));
  new optim.Adam([other], { rate: 0.1 }).minimize(loss(other));
  for (const [found, wanted] of [
    [a, alone],
    [b, other],
  ] as const) {
    const [x, y] = [(await found.toArray()) as number[], (await wanted.toArray()) as number[]];
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(y[i]!, 5);
    });
  }
});

test('frozen layers and unused heads train with the rest', async () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1));
  const unused = new nn.Linear(2, 2);
  const frozen = net.parameters()[0]!;
  frozen.trainable = false;
  const before = await frozen.toArray();
  const optimizer = new optim.SGD([...net.parameters(), frozen, ...unused.parameters()], { rate: 0.1 });
  const kept = await unused.weight.toArray();
  optimizer.minimize(sum(net.forward(tensor([[1, 2]])) as Tensor));
  expect([await frozen.toArray(), await unused.weight.toArray()]).toEqual([before, kept]);
});

test('a loss that reaches no parameter is refused, without advice that cannot be followed', async () => {
  const [a, b] = await pair();
  const optimizer = new optim.SGD([a]);
  let message = '';
  try {
    optimizer.minimize(loss(b));
  } catch (error) {
    message = String(error);
    expect(error).toMatchObject({ code: 'SYS-TEN-160' });
  }
  expect(message).toContain("'a'");
  expect(message).not.toContain('allowUnused');
  expect(optimizer.iterations).toBe(0);
  expect(() => optimizer.step([undefined])).toThrow(expect.objectContaining({ code: 'SYS-TEN-160' }));
});
