/**
 * Exercise 4.8: a learning rate of 0.1 that is multiplied by 0.9 every 10,000 steps. The schedule is a function of the step, and the step is
 * the optimiser's: it counts its updates. A schedule that nobody's step drives never decays.
 */

import type { Exercise } from 'systole/course';
import { tensorOf } from 'systole/ir';
import { optim, square, Variable } from 'systole/tensor';

/** 0.1 · 0.9^⌊step ÷ 10000⌋. */
export const staircase = optim.exponential(0.1, 10000, 0.9);
/** The same without the stairs. */
export const smooth = optim.exponential(0.1, 10000, 0.9, false);

const STEPS = [0, 9999, 10000, 19999, 20000, 100000];

export const exercise: Exercise = {
  id: '4.8',
  title: { en: 'A learning rate that decays', zh: '动态学习率：0.1，每 10000 次迭代乘 0.9' },
  rows: 3,
  show({ print }) {
    for (const step of STEPS) print(`step ${step}: ${staircase(step)}`);
  },
  async check({ close, equal }) {
    close('rates', STEPS.map(staircase), [0.1, 0.1, 0.09, 0.09, 0.081, 0.03486784401], 1e-12);
    close('without stairs, step 5000', smooth(5000), 0.09486832980505139, 1e-12);
    const w = new Variable(tensorOf('float32', [], [1]), { name: 'w' });
    const sgd = new optim.SGD([w], { rate: staircase });
    for (let i = 0; i < 3; i++) sgd.minimize(square(w));
    equal('steps after three updates', sgd.iterations, 3);
    close('the weight after them, w ← w − 0.1·2w', await w.item(), 0.8 ** 3, 1e-6);
    const stairs = new optim.SGD([w], { rate: optim.exponential(0.1, 2, 0.9) });
    const before = await w.item();
    for (let i = 0; i < 3; i++) stairs.minimize(square(w));
    close('with stairs of two updates', (await w.item()) / before, 0.8 * 0.8 * (1 - 2 * 0.09), 1e-6);
  },
};
