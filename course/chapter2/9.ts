/**
 * Exercise 2.9: what momentum a does to an update. v(n) = a·v(n − 1) + g(n), w ← w − η·v: the framework's SGD. Unrolled, the update is −η·Σ aⁿ⁻ᵗ·g(t).
 * For 0 ≤ a < 1 gradients that agree add up to 1 ÷ (1 − a) of one, gradients that alternate cancel down to 1 ÷ (1 + a): faster along a ravine, calmer
 * across it. For a < 0 it is the other way round: slower where gradients agree, larger swings where they alternate. It is neither a penalty
 * nor a reward; at |a| = 1 nothing is forgotten and nothing converges.
 * The sum as some texts print it, Δw(n) = −g(n) + a·Δw(n − 1) + a²·Δw(n − 2) + …, is another recursion: it diverges for a ≥ 1/2.
 */

import type { Exercise } from 'systole/course';
import { tensorOf } from 'systole/ir';
import { compile, mul, optim, sum, type Tensor, tensor, Variable } from 'systole/tensor';

const variable = (values: readonly number[]): Variable => new Variable(tensorOf('float64', [values.length], values));

/** The size of an update after many steps, over that of the gradient, for gradients 1, 1, 1, … or 1, −1, 1, … */
export async function gain(a: number, gradients: 'constant' | 'alternating', steps = 400): Promise<number> {
  const w = variable([0]);
  const sgd = new optim.SGD([w], { rate: 1, momentum: a });
  const step = compile((g: Tensor) => {
    sgd.step([g]);
    return w;
  });
  let before = 0;
  for (let n = 0; n < steps; n++) {
    if (n === steps - 1) before = await w.item();
    step(tensor([gradients === 'constant' || n % 2 === 0 ? 1 : -1], { dtype: 'f64' }));
  }
  return Math.abs((await w.item()) - before);
}

/** Δw(n) = −g + Σ aᵏ·Δw(n − k), taken literally, for g = 1, after `steps` steps. */
export function literalSum(a: number, steps: number): number {
  const updates: number[] = [];
  for (let n = 0; n < steps; n++) {
    updates.push(updates.reduceRight((total, update, i) => total + a ** (n - i) * update, -1));
  }
  return updates.at(-1)!;
}

/** Steps from (1, 1) until both coordinates are below 1e-6 on f = (x² + 100·y²) ÷ 2; 'diverges' where they grow beyond 1e6. */
export async function stepsOnQuadratic(a: number, rate: number, limit = 20000): Promise<number | 'diverges'> {
  const w = variable([1, 1]);
  const curvature = tensor([1, 100], { dtype: 'f64' });
  const sgd = new optim.SGD([w], { rate, momentum: a });
  const step = compile(() => {
    sgd.minimize(sum(mul(mul(w, w), curvature)).mul(0.5));
    return w.abs().max();
  });
  for (let n = 1; n <= limit; n++) {
    const largest = await step().item();
    if (largest < 1e-6) return n;
    if (largest > 1e6) return 'diverges';
  }
  return 'diverges';
}

/** The best rate of plain descent is 2 ÷ (1 + κ); of the heavy ball a = ((√κ − 1) ÷ (√κ + 1))², η = 4 ÷ (√κ + 1)² (Polyak 1964). κ = 100. */
export const OPTIMAL = [
  { a: 0, rate: 2 / 101 },
  { a: (9 / 11) ** 2, rate: 4 / 121 },
] as const;

const MOMENTA = [0.9, 0.5, -0.5, -0.9];

export const exercise: Exercise = {
  id: '2.9',
  title: { en: 'Momentum between −1 and 1', zh: '动量 a 取 [0,1] 与 [-1,0] 时对权重更新的影响' },
  rows: 6,
  async show({ print }) {
    for (const a of MOMENTA) {
      const [same, alternating] = [await gain(a, 'constant'), await gain(a, 'alternating')];
      print(`a = ${a}: gradients that agree × ${same.toFixed(4)}, that alternate × ${alternating.toFixed(4)}`);
    }
    for (const { a, rate } of OPTIMAL) {
      print(
        `quadratic, condition 100, a = ${a.toFixed(4)}, η = ${rate.toFixed(4)}: ${await stepsOnQuadratic(a, rate)} steps`,
      );
    }
  },
  async check({ close, equal }) {
    const gains = (kind: 'constant' | 'alternating') => Promise.all(MOMENTA.map((a) => gain(a, kind)));
    close('gain of a constant gradient', await gains('constant'), [10, 2, 2 / 3, 1 / 1.9], 1e-9);
    close('gain of an alternating gradient', await gains('alternating'), [1 / 1.9, 2 / 3, 2, 10], 1e-9);
    close('the sum as printed, a = 0.3', literalSum(0.3, 200), -1.75, 1e-9);
    equal('the sum as printed, a = 0.5, grows', literalSum(0.5, 4000) < -1000, true);
    const settings = [
      [0, 0.019],
      [0.5, 0.019],
      [0.9, 0.019],
      [-0.5, 0.009],
      [-0.5, 0.019],
    ] as const;
    const steps: (number | string)[] = [];
    for (const [a, rate] of settings) steps.push(await stepsOnQuadratic(a, rate));
    equal('steps on the quadratic', steps, [721, 343, 263, 2300, 'diverges']);
    const best: (number | string)[] = [];
    for (const { a, rate } of OPTIMAL) best.push(await stepsOnQuadratic(a, rate));
    equal('plain descent and heavy ball at their best', best, [691, 95]);
  },
};
