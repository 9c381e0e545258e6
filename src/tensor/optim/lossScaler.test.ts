/** Loss scaling: gradients of the loss itself, updates skipped on overflow, a scale that follows; eager and compiled alike. */
import { describe, expect, test } from 'vitest';
import { tensorOf } from '#ir';
import { autocast, compile, matMul, mul, optim, sum, type Tensor, tensor } from '#tensor';
import { Variable } from '../variable.ts';

const weights = (): Variable => new Variable(tensorOf('float32', [2], [1, -2]), { name: 'w' });

/** Runs updates with factors of the loss, of which ∞ makes gradients overflow. */
async function train(
  make: (w: Variable) => optim.Optimizer,
  factors: readonly number[],
  compiled: boolean,
): Promise<{ readonly w: readonly number[]; readonly optimizer: optim.Optimizer }> {
  const w = weights();
  const optimizer = make(w);
  const update = (factor: Tensor): Tensor => {
    const loss = sum(mul(mul(w, w), factor));
    optimizer.minimize(loss);
    return loss;
  };
  const step = compiled ? compile(update) : update;
  for (const factor of factors) step(tensor(factor));
  return { w: [...((await w.data()) as Float32Array)], optimizer };
}

const makers = {
  sgd: (options: optim.OptimizerOptions) => (w: Variable) => new optim.SGD([w], { momentum: 0.9, ...options }),
  adam: (options: optim.OptimizerOptions) => (w: Variable) => new optim.Adam([w], { rate: 0.1, ...options }),
  rmsprop: (options: optim.OptimizerOptions) => (w: Variable) => new optim.RMSProp([w], options),
};

describe.each([false, true])('compiled: %s', (compiled) => {
  test.each(Object.entries(makers))('%s: skipped updates leave no trace', async (_, make) => {
    const plain = await train(make({ clipNorm: 1 }), [1, 2, 0.5], compiled);
    const scaler = new optim.LossScaler({ scale: 1024, interval: 2 });
    const scaled = await train(
      make({ clipNorm: 1, scaler }),
      [1, Number.POSITIVE_INFINITY, 2, Number.NaN, 0.5],
      compiled,
    );
    scaled.w.forEach((v, i) => {
      expect(v).toBeCloseTo(plain.w[i]!, 6);
    });
    expect(await scaler.updates.item()).toBe(3);
    expect(await scaler.skipped.item()).toBe(2);
    expect(scaled.optimizer.iterations).toBe(5);
  });

  test('the scale halves on overflow, doubles after good updates, and stays within its limits', async () => {
    const scaleAfter = async (factors: readonly number[], options: optim.LossScalerOptions): Promise<number> => {
      const scaler = new optim.LossScaler(options);
      await train(makers.sgd({ rate: 1e-3, scaler }), factors, compiled);
      return scaler.scale.item();
    };
    const inf = Number.POSITIVE_INFINITY;
    expect(await scaleAfter([inf, inf], { scale: 16 })).toBe(4);
    expect(await scaleAfter([inf, inf], { scale: 1 })).toBe(1);
    expect(await scaleAfter([1, 1, 1, 1, 1], { scale: 16, interval: 2 })).toBe(64);
    expect(await scaleAfter([1, inf, 1, 1], { scale: 16, interval: 2 })).toBe(16);
    expect(await scaleAfter([1, 1], { scale: 16, interval: 1, most: 32 })).toBe(32);
    expect(await scaleAfter([1, inf, 1], { scale: 16, interval: 1, dynamic: false })).toBe(16);
  });

  test('a checkpoint resumes exactly', async () => {
    const factors = [1, Number.NaN, 2, 0.5, 3, 1];
    const make = () => new optim.LossScaler({ scale: 64, interval: 2 });
    const whole = await train(makers.adam({ scaler: make() }), factors, compiled);
    const half = await train(makers.adam({ scaler: make() }), factors.slice(0, 3), compiled);
    const state = await half.optimizer.state();
    const rest = await train(
      (w) => {
        w.set(tensorOf('float32', [2], half.w));
        return makers.adam({ scaler: make() })(w).load(state);
      },
      factors.slice(3),
      compiled,
    );
    expect(rest.w).toEqual(whole.w);
    expect(await rest.optimizer.state()).toEqual(await whole.optimizer.state());
  });
});

test('small gradients in f16 are kept by scaling, and lost without', async () => {
  const x = tensor([[1e-4, 1e-4]]);
  const moved = async (scaler?: optim.LossScaler): Promise<boolean> => {
    const w = new Variable(tensorOf('float32', [2, 1], [1, 1]));
    const optimizer = new optim.SGD([w], { rate: 1e6, ...(scaler && { scaler }) });
    optimizer.minimize(autocast('f16', () => mul(sum(matMul(x, w)), 1e-5)));
    return (await w.data())[0] !== 1;
  };
  expect(await moved()).toBe(false);
  expect(await moved(new optim.LossScaler())).toBe(true);
});

test.each([
  [{ scale: 0 }, 'scale'],
  [{ growth: 0.5 }, 'growth'],
  [{ interval: 0 }, 'interval'],
  [{ backoff: 2 }, 'backoff'],
])('%j is refused', (options, name) => {
  expect(() => new optim.LossScaler(options)).toThrow(expect.objectContaining({ code: 'SYS-TEN-092' }));
  expect(() => new optim.LossScaler(options)).toThrow(name);
});
