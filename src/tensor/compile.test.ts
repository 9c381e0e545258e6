/** What compiled functions promise beyond running: the same as eager mode, and nothing lost where they fail. */
import { describe, expect, test, vi } from 'vitest';
import type { Notice } from '#base';
import { sharedEngine } from '#engine';
import { tensorNumbers } from '#ir';
import { compile, exportModel, grad, nn, optim, type Tensor, tensor, tracked, Variable } from './index.ts';

const variable = async (values: number[], name = 'w'): Promise<Variable> =>
  new Variable(await tensor(values).value(), { name });
const numbers = async (t: Tensor): Promise<number[]> => [...tensorNumbers(await t.value())];
const code = (expected: string) => expect.objectContaining({ code: expected });

test('gradients through a call are refused, not dropped', async () => {
  const w = tracked(tensor([1, 2]));
  const f = compile((x: Tensor) => x.square().sum());
  expect(() => grad(f(w).add(w.sum()), [w])).toThrow(code('SYS-TEN-029'));
  const v = await variable([3]);
  const g = compile((x: Tensor) => x.mul(v).sum());
  expect(() => grad(g(tensor([1])).add(v.sum()), [v])).toThrow(code('SYS-TEN-029'));
  // What does not come from it is as before.
  expect(await numbers(grad(v.square().sum(), [v])[0]!)).toEqual([6]);
  expect(await g(tensor([2])).item()).toBe(6);
});

test('a step that fails leaves the variables as they were, and the next one runs', async () => {
  const table = new nn.Embedding(4, 2);
  const optimizer = new optim.SGD(table.parameters(), { rate: 0.1 });
  const step = compile((i: Tensor) => {
    const loss = table.forward(i).square().sum();
    optimizer.minimize(loss);
    return loss;
  });
  await step(tensor([0n, 1n])).item();
  const before = await numbers(table.weight);
  const failing = [step(tensor([9n, 1n])), step(tensor([0n, 1n]))];
  await expect(failing[0]!.item()).rejects.toMatchObject({ code: 'SYS-ENG-008' });
  await failing[1]!.item().catch(() => 0);
  expect(await numbers(table.weight)).toEqual(before);
  await step(tensor([0n, 1n])).item();
  expect(await numbers(table.weight)).not.toEqual(before);
});

test('a variable that an eager operation failed to give tells that error, and a step over it too', async () => {
  const w = await variable([1, 2]);
  // An index that is computed is judged only when it runs.
  w.assign(tensor([3, 4]).at(tensor([0n, 9n]).add(0)));
  const step = compile(() => {
    w.assign(w.mul(2));
    return w.sum();
  });
  await expect(step().item()).rejects.toMatchObject({ code: 'SYS-ENG-008' });
  await expect(w.data()).rejects.toMatchObject({ code: 'SYS-ENG-008' });
  w.assign(tensor([1, 1]));
  expect(await step().item()).toBe(4);
});

describe('a recording serves the calls that it fits', () => {
  test('trainable or not', async () => {
    const w = await variable([1]);
    const f = compile(() => grad(w.square().sum(), [w], { allowUnused: true })[0]!);
    expect(await f().toArray()).toEqual([2]);
    w.trainable = false;
    expect(await f().toArray()).toEqual([0]);
  });
  test('tracked arguments or not', async () => {
    const f = compile((x: Tensor) => grad(x.square().sum(), [x])[0]!);
    expect(() => f(tensor([1]))).toThrow(code('SYS-TEN-013'));
    expect(await f(tracked(tensor([3]))).toArray()).toEqual([6]);
    expect(() => f(tensor([1]))).toThrow(code('SYS-TEN-013'));
  });
  test('plain arguments by type and sign', async () => {
    const f = compile((x: Tensor, k: number | string) => x.mul(k === 2 ? 2 : Object.is(k, -0) ? -1 : 5));
    const x = tensor([1]);
    expect(await Promise.all([f(x, 2), f(x, '2'), f(x, 0), f(x, -0)].map((t) => t.item()))).toEqual([2, 5, 5, -1]);
  });
});

test('two updates in one graph have a step each, as in eager mode', async () => {
  const run = async (wrap: (f: () => Tensor) => () => Tensor): Promise<number[]> => {
    const w = await variable([10]);
    const optimizer = new optim.SGD([w], { rate: (step) => step + 1 });
    const twice = wrap(() => {
      optimizer.minimize(w.sum());
      optimizer.minimize(w.sum());
      return w.sum();
    });
    await twice().item();
    await twice().item();
    return numbers(w);
  };
  expect(await run((f) => f)).toEqual([0]);
  expect(await run((f) => compile(f))).toEqual([0]);
});

test('a traced tensor that leaks out is named when it is used', () => {
  let leaked: Tensor | undefined;
  compile((x: Tensor) => {
    leaked = x.add(1);
    return leaked;
  })(tensor([1]));
  expect(() => leaked!.add(1)).toThrow(code('SYS-TEN-008'));
});

test('recording many nodes takes time in their number', () => {
  // Of the processor, since others may be at work on the machine.
  const time = (n: number): number => {
    const start = process.cpuUsage();
    compile((x: Tensor) => {
      let y = x;
      for (let i = 0; i < n; i++) y = y.mul(1.01).tanh();
      return y;
    }).model(tensor([1]));
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  time(200);
  // Ten times the nodes: quadratic time would be a hundred times as long.
  expect(time(4000) / time(400)).toBeLessThan(50);
});

test('an asynchronous function is refused, and what goes on in it ends nothing', async () => {
  const unhandled: unknown[] = [];
  const listen = (error: unknown): number => unhandled.push(error);
  process.on('unhandledRejection', listen);
  try {
    const later = async (x: Tensor) => {
      await undefined;
      return x.add(1);
    };
    const f = compile(later as never) as (x: Tensor) => unknown;
    expect(() => f(tensor([1]))).toThrow(code('SYS-TEN-010'));
    await expect(exportModel(later as never, { x: [1] })).rejects.toMatchObject({ code: 'SYS-TEN-050' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', listen);
  }
});

describe('recordings', () => {
  test('beyond the limit the one used longest ago goes, with its session; runs in progress end first', async () => {
    const engine = await sharedEngine();
    const kernel = engine.kernel.bind(engine);
    const open = new Set<string>();
    const spy = vi.spyOn(engine, 'kernel').mockImplementation(async (model, options) => {
      const made = await kernel(model, options);
      const name = `${model.graph.inputs[0]!.type!.kind === 'tensor' ? model.graph.inputs[0]!.type!.shape : ''}`;
      open.add(name);
      const release = made.release.bind(made);
      return {
        ...made,
        release: () => {
          open.delete(name);
          return release();
        },
      };
    });
    try {
      const f = compile((x: Tensor) => x.mul(2).sum(), { cacheLimit: 2 });
      const of = (size: number): Tensor => f(tensor(new Float32Array(size).fill(1)));
      // Launched at once, so that what goes is still running.
      expect(await Promise.all([1, 2, 1, 3].map((size) => of(size).item()))).toEqual([2, 4, 2, 6]);
      await vi.waitFor(() => expect([...open].sort()).toEqual(['1', '3']));
      expect([await of(1).item(), f.graphs]).toEqual([2, 3]);
      expect([await of(2).item(), f.graphs]).toEqual([4, 4]);
      await vi.waitFor(() => expect([...open].sort()).toEqual(['1', '2']));
    } finally {
      spy.mockRestore();
    }
    expect(() => compile((x: Tensor) => x, { cacheLimit: 0 })).toThrow(code('SYS-TEN-191'));
  });

  test('a function that is recorded again and again is told once, with the argument that differs', async () => {
    const notices: Notice[] = [];
    const f = compile((x: Tensor, { rate }: { rate: number }) => x.mul(rate), {
      name: 'scaled',
      onNotice: (notice) => notices.push(notice),
    });
    for (let i = 0; i < 40; i++) f(tensor([1]), { rate: i / 10 });
    expect(notices).toEqual([
      expect.objectContaining({
        code: 'SYS-TEN-190',
        en: expect.stringMatching(
          /'scaled' has been recorded 16 times: argument 2\.rate differs \(number 0; number 0\.1/,
        ),
        zh: expect.stringContaining('第 2.rate 个参数不同'),
      }),
    ]);
  });

  test('what is captured stays as it was; a variable is read anew', async () => {
    let [factor, offset] = [2, tensor([1])];
    const v = await variable([10]);
    const f = compile((x: Tensor) => x.mul(factor).add(offset).add(v));
    expect(await f(tensor([1])).toArray()).toEqual([13]);
    [factor, offset] = [3, tensor([2])];
    v.assign(tensor([20]));
    expect(await f(tensor([1])).toArray()).toEqual([23]);
  });
});
