/** Pruning: exact counts, zeros that hold through every optimiser, the patterns, exact resumption; eager and compiled alike. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tensorNumbers } from '#ir';
import { autocast, compile, crossEntropy, nn, optim, random, sparsity, type Tensor, tensor } from '#tensor';
import { magnitudeMask, twoOfFourMask } from './masks.ts';
import { cubicSparsity } from './schedule.ts';

const zerosOf = (mask: Iterable<number>): number => [...mask].filter((v) => v === 0).length;
const weightsOf = (length: number) =>
  fc.array(fc.oneof(fc.constantFrom(0, -0, 1, -1), fc.float({ noNaN: true })), {
    minLength: length,
    maxLength: length,
  });

describe('masks', () => {
  test('have exactly so many zeros, and none that is larger than what is kept', () => {
    const cases = fc.integer({ min: 1, max: 40 }).chain((n) => fc.tuple(weightsOf(n), fc.integer({ min: 0, max: n })));
    fc.assert(
      fc.property(cases, ([weights, zeros]) => {
        const mask = magnitudeMask(weights, zeros);
        expect(zerosOf(mask)).toBe(zeros);
        const [gone, kept] = [0, 1].map((bit) => weights.filter((_, i) => mask[i] === bit).map(Math.abs));
        expect(Math.max(-1, ...gone!)).toBeLessThanOrEqual(Math.min(Number.POSITIVE_INFINITY, ...kept!));
      }),
    );
  });

  test('2:4 takes the two smaller of each four inputs, gradually', () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
    );
    const cases = shape.chain(([outputs, quads, kernel]) => {
      const size = outputs * quads * 4 * kernel;
      return fc.tuple(
        fc.constant([outputs, quads * 4, kernel]),
        weightsOf(size),
        fc.integer({ min: 0, max: size / 2 }),
      );
    });
    fc.assert(
      fc.property(cases, ([dims, weights, zeros]) => {
        const half = twoOfFourMask(weights, dims);
        const some = twoOfFourMask(weights, dims, { zeros });
        expect(zerosOf(half)).toBe(weights.length / 2);
        expect(zerosOf(some)).toBe(zeros);
        const [outputs, inputs, kernel] = dims as [number, number, number];
        for (let o = 0; o < outputs; o++)
          for (let c = 0; c < inputs; c += 4)
            for (let k = 0; k < kernel; k++) {
              const at = [0, 1, 2, 3].map((i) => (o * inputs + c + i) * kernel + k);
              expect(zerosOf(at.map((i) => half[i]!))).toBe(2);
              expect(zerosOf(at.map((i) => some[i]!))).toBeLessThanOrEqual(2);
            }
        // What is gone already stays gone, also where others are zero as well.
        expect(
          zerosOf(twoOfFourMask(weights, dims, { zeros, before: some }).map((v, i) => (some[i] === 0 ? v : 1))),
        ).toBe(zeros);
      }),
    );
  });
});

describe('schedule', () => {
  test('is the cubic ramp, and never falls', () => {
    const { share, due } = cubicSparsity({ final: 0.5, begin: 375, end: 2626, every: 50 });
    expect([0, 375, 450, 2626, 4000].map((t) => Math.round(1e4 * share(t)))).toEqual([0, 0, 483, 5000, 5000]);
    const steps = Array.from({ length: 3000 }, (_, t) => t);
    expect(steps.every((t) => share(t + 1) >= share(t))).toBe(true);
    expect(steps.filter(due).slice(0, 3)).toEqual([375, 425, 475]);
    expect(steps.filter(due).at(-1)).toBe(2626);
  });

  test('has ten masks in a short training, too, and one every 50 updates in a long one', () => {
    const masks = (begin: number, end: number): number => {
      const { due } = cubicSparsity({ begin, end });
      return Array.from({ length: end + 1 }, (_, t) => t).filter(due).length;
    };
    expect([masks(3, 23), masks(0, 5), masks(0, 100), masks(375, 2626)]).toEqual([11, 6, 11, 47]);
  });

  test.each([
    [{ final: 1, begin: 0, end: 1 }],
    [{ final: 0.5, initial: 0.6, begin: 0, end: 1 }],
    [{ begin: 2, end: 1 }],
    [{ begin: 0, end: 1, every: 0 }],
  ])('%j is refused', (options) => {
    expect(() => cubicSparsity(options)).toThrow(expect.objectContaining({ code: 'SYS-TEN-093' }));
  });
});

const generator = () => new random.Generator(5);

const convolutional = () => {
  const own = generator();
  return new nn.Sequential(
    new nn.Conv(1, 4, 3, { generator: own }),
    nn.relu(),
    new nn.Conv(4, 6, 3, { generator: own }),
    nn.flatten(),
    new nn.Linear(24, 4, { generator: own }),
  );
};

const optimizers = {
  momentum: (p: nn.Module) => new optim.SGD(p.parameters(), { rate: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
  adam: (p: nn.Module) => new optim.Adam(p.parameters(), { rate: 0.01, clipNorm: 1 }),
  adamw: (p: nn.Module) => new optim.AdamW(p.parameters(), { rate: 0.01 }),
  rmsprop: (p: nn.Module) => new optim.RMSProp(p.parameters(), { rate: 0.01 }),
};

/** A small network in training, pruned from step 2 to 8 of 12. */
function trainer(make: (p: nn.Module) => optim.Optimizer, pattern: '2:4' | 'magnitude', compiled: boolean) {
  const network = convolutional();
  const optimizer = make(network);
  const schedule = cubicSparsity({ final: 0.5, begin: 2, end: 8, every: 2 });
  const pruner = new sparsity.Pruner(optimizer, { schedule, pattern });
  const update = (x: Tensor, y: Tensor): Tensor => {
    const loss = crossEntropy(network.forward(x), y);
    optimizer.minimize(loss);
    return loss;
  };
  const step = compiled ? compile(update) : update;
  const run = async (from: number, to: number, each?: () => Promise<void>): Promise<void> => {
    for (let t = from; t < to; t++) {
      const x = random.normal([8, 1, 6, 6], { generator: new random.Generator(100 + t) });
      step(x, tensor([0, 1, 2, 3, 0, 1, 2, 3], { dtype: 'i64' }));
      await pruner.update();
      await each?.();
    }
  };
  return { network, optimizer, pruner, run, step };
}

describe.each([false, true])('compiled: %s', (compiled) => {
  test.each(Object.entries(optimizers))('%s: zeros are exact, grow, and hold', async (_, make) => {
    const { network, optimizer, run } = trainer(make, 'magnitude', compiled);
    const history: number[][] = [];
    let last: Uint8Array[] = [];
    await run(0, 12, async () => {
      history.push((await sparsity.zeroCounts(network)).map((c) => c.zeros));
      const masks = [...optimizer.masks.values()].map(async (m) => Uint8Array.from(tensorNumbers(await m.value())));
      last = await Promise.all(masks);
    });
    expect(history.at(-1)).toEqual([18, 108, 48]);
    expect(history[1]).toEqual([0, 0, 0]);
    for (const [i, counts] of history.entries()) {
      for (const [k, n] of counts.entries()) expect(n).toBeGreaterThanOrEqual(history[i - 1]?.[k] ?? 0);
    }
    for (const [i, [parameter]] of [...optimizer.masks].entries()) {
      for (const v of [parameter, ...optimizer.stateOf(parameter)]) {
        const values = tensorNumbers(await v.value());
        // +0, whatever the updates were.
        last[i]!.forEach((bit, k) => {
          if (bit === 0) expect(Object.is(values[k], 0)).toBe(true);
        });
      }
    }
  });

  test('2:4 prunes what it fits', async () => {
    const { network, pruner, run } = trainer(optimizers.adam, '2:4', compiled);
    await run(0, 10);
    expect(pruner.parameters.map((v) => v.name)).toEqual(['2.weight', '4.weight']);
    expect((await sparsity.zeroCounts(network)).map((c) => c.zeros)).toEqual([0, 108, 48]);
    for (const v of pruner.parameters) {
      const weights = await v.data();
      expect(zerosOf(twoOfFourMask(weights as Float32Array, v.shape))).toBe(weights.length / 2);
      expect(Array.from(weights as Float32Array, (w) => (w === 0 ? 0 : 1))).toEqual([
        ...twoOfFourMask(weights as Float32Array, v.shape),
      ]);
    }
  });

  test('2:4 of a transposed convolution runs along its inputs', async () => {
    const layer = new nn.ConvTranspose(4, 3, 2);
    const schedule = cubicSparsity({ begin: 0, end: 0 });
    await new sparsity.Pruner(new optim.SGD(layer.parameters()), { schedule, pattern: '2:4' }).update();
    const weights = (await layer.weight.data()) as Float32Array;
    for (let at = 0; at < 12; at++) expect(zerosOf([0, 1, 2, 3].map((i) => weights[12 * i + at]!))).toBe(2);
  });

  test('a checkpoint resumes exactly, in the middle of the ramp', async () => {
    const whole = trainer(optimizers.momentum, 'magnitude', compiled);
    await whole.run(0, 10);
    const half = trainer(optimizers.momentum, 'magnitude', compiled);
    await half.run(0, 5);
    const [weights, state] = [await half.network.state(), await half.optimizer.state()];
    expect([...state.keys()]).toContain('4.mask');
    const rest = trainer(optimizers.momentum, 'magnitude', compiled);
    rest.network.load(weights);
    rest.optimizer.load(state);
    await rest.run(5, 10);
    expect(await rest.network.state()).toEqual(await whole.network.state());
    expect(await rest.optimizer.state()).toEqual(await whole.optimizer.state());
  });
});

test('a step that was compiled before the masks came is recorded anew', async () => {
  const network = convolutional();
  const optimizer = optimizers.adam(network);
  const step = compile((x: Tensor) => {
    const loss = crossEntropy(network.forward(x), tensor([1], { dtype: 'i64' }));
    optimizer.minimize(loss);
    return loss;
  });
  const x = random.normal([1, 1, 6, 6], { generator: generator() });
  step(x);
  const schedule = cubicSparsity({ begin: 1, end: 1 });
  const pruner = new sparsity.Pruner(optimizer, { schedule, parameters: [optimizer.parameters[0]!] });
  expect(await pruner.update()).toBe(true);
  step(x);
  step(x);
  expect(step.graphs).toBe(2);
  expect((await sparsity.zeroCounts(network))[0]).toEqual({ name: '0.weight', zeros: 18, size: 36 });
});

test('in mixed precision the zeros hold as well', async () => {
  const network = convolutional();
  const optimizer = new optim.Adam(network.parameters(), { scaler: new optim.LossScaler() });
  const pruner = new sparsity.Pruner(optimizer, { schedule: cubicSparsity({ begin: 0, end: 1 }) });
  const x = random.normal([2, 1, 6, 6], { generator: generator() });
  for (let i = 0; i < 4; i++) {
    optimizer.minimize(autocast('f16', () => crossEntropy(network.forward(x), tensor([1, 2], { dtype: 'i64' }))));
    await pruner.update();
  }
  expect((await sparsity.zeroCounts(network)).map((c) => c.zeros)).toEqual([18, 108, 48]);
});

test('what cannot be pruned is refused', () => {
  const network = new nn.Linear(3, 2);
  const optimizer = new optim.SGD(network.parameters());
  const schedule = cubicSparsity({ begin: 0, end: 1 });
  const make = (options: Partial<sparsity.PrunerOptions>) => () =>
    new sparsity.Pruner(optimizer, { schedule, ...options });
  const code = (c: string) => expect.objectContaining({ code: c });
  expect(make({ parameters: [] })).toThrow(code('SYS-TEN-094'));
  expect(make({ pattern: '2:4' })).toThrow(code('SYS-TEN-094'));
  expect(make({ pattern: '2:4', parameters: [network.weight] })).toThrow(code('SYS-TEN-095'));
  expect(make({ pattern: '2:4', schedule: cubicSparsity({ final: 0.6, begin: 0, end: 1 }) })).toThrow(
    code('SYS-TEN-096'),
  );
});
