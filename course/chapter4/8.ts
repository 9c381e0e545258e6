/** Exercise 4.8: a learning rate of 0.1 that is multiplied by 0.9 every 10,000 steps, asked by an optimiser that counts its updates. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { tensorOf } from 'systole/ir';
import { charts } from 'systole/report';
import { optim, square, Variable } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

/** 0.1 · 0.9^⌊step ÷ 10000⌋. */
export const staircase = optim.exponential(0.1, 10000, 0.9);
/** The same without the stairs. */
export const smooth = optim.exponential(0.1, 10000, 0.9, false);

const STEPS = [0, 9999, 10000, 19999, 20000, 100000];

export const exercise = defineExercise({
  id: '4.8',
  title: { en: 'A learning rate that decays', zh: '动态学习率：0.1，每 10000 次迭代乘 0.9' },
  asked: {
    en: 'Train with a learning rate of 0.1 that is multiplied by 0.9 every 10,000 iterations. Hand in the numbers `rate9999`, `rate10000`, `rate100000`, the learning rate in stairs at these steps, and `smooth5000`, the smooth one at step 5000. Real numbers to three digits.',
    zh: '用动态学习率训练：初值 0.1，每 10000 次迭代乘以 0.9。请提交数值 `rate9999`、`rate10000`、`rate100000`（阶梯形式在这些步数处的学习率）与 `smooth5000`（连续形式在第 5000 步处的学习率）。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`The schedule is a function of the step $s$, in stairs
$$\eta(s) = 0.1 \cdot 0.9^{\lfloor s / 10000 \rfloor}$$
or smooth, $0.1 \cdot 0.9^{s/10000}$. It is half of the answer: **somebody has to count the steps**. In TensorFlow 1 exponential_decay(0.1, global_step, 10000, 0.9, staircase=True) gives a node that reads global_step, and that variable is advanced by optimizer.minimize(loss, global_step=global_step) alone; without it the step stays 0 and the rate 0.1 for ever. Here the optimiser counts its own updates and asks the schedule with them, so that they cannot come apart.

A large rate at first brings the weights near, a small one later lets them settle: with noisy gradients the distance at which plain descent wavers is proportional to the rate. Stairs and the smooth curve end alike.

Source: H. Robbins, S. Monro, *A stochastic approximation method*, 1951 (why the rate must fall).`,
    zh: String.raw`学习率是步数 $s$ 的函数，阶梯形式为
$$\eta(s) = 0.1 \cdot 0.9^{\lfloor s / 10000 \rfloor},$$
连续形式为 $0.1 \cdot 0.9^{s/10000}$。但这只是答案的一半：**还要有人计步**。在 TensorFlow 1 中，exponential_decay(0.1, global_step, 10000, 0.9, staircase=True) 给出读取 global_step 的节点，而这个变量只由 optimizer.minimize(loss, global_step=global_step) 推进；没有它步数恒为 0，学习率永远是 0.1。这里由优化器自己统计更新次数并据此查询学习率，二者不会脱节。

开始时较大的学习率使权重快速接近，之后较小的学习率使其稳定下来：梯度有噪声时，普通下降徘徊的距离与学习率成正比。阶梯形式与连续形式最终效果相同。

来源：H. Robbins、S. Monro，*A stochastic approximation method*，1951（学习率为何必须下降）。`,
  },
  rows: 3,
  code: [
    { path: 'src/tensor/optim/schedules.ts', words: { en: 'schedules of the rate', zh: '学习率调度' } },
    {
      path: 'src/tensor/optim/optimizer.ts',
      words: { en: 'the optimiser that counts its steps', zh: '自行计步的优化器' },
    },
  ],
  parameters: {
    rate: {
      kind: 'real',
      words: { en: 'first learning rate', zh: '初始学习率' },
      default: 0.1,
      least: 1e-9,
      most: 100,
    },
    factor: { kind: 'real', words: { en: 'factor', zh: '倍率' }, default: 0.9, least: 0.01, most: 1 },
    every: {
      kind: 'whole',
      words: { en: 'iterations for each factor', zh: '每次乘倍率的迭代数' },
      default: 10000,
      least: 1,
      most: 1e6,
    },
  },
  async show({ print, table, picture, language }, { rate, factor, every }) {
    const [stairs, curve] = [optim.exponential(rate, every, factor), optim.exponential(rate, every, factor, false)];
    const steps = [0, every - 1, every, 2 * every - 1, 2 * every, 10 * every];
    table(
      [
        { en: 'step', zh: '步' },
        { en: 'rate in stairs', zh: '阶梯学习率' },
        { en: 'smooth', zh: '连续学习率' },
      ],
      steps.map((step) => [step, stairs(step).toPrecision(8), curve(step).toPrecision(8)]),
    );
    const w = new Variable(tensorOf('float32', [], [1]), { name: 'w' });
    const sgd = new optim.SGD([w], { rate: stairs });
    for (let i = 0; i < 3; i++) sgd.minimize(square(w));
    print({
      en: `After three updates the optimiser is at step ${sgd.iterations}.`,
      zh: `三次更新之后，优化器的步数为 ${sgd.iterations}。`,
    });
    const zh = language === 'zh';
    const xs = Array.from({ length: 501 }, (_, i) => Math.round((i * 10 * every) / 500));
    picture(
      'rate',
      (await charts()).linesPicture(
        [
          { name: zh ? '阶梯' : 'in stairs', points: xs.map((x) => [x, stairs(x)] as const) },
          { name: zh ? '连续' : 'smooth', points: xs.map((x) => [x, curve(x)] as const), dashed: true },
        ],
        {
          title: zh ? '学习率随步数的变化' : 'The learning rate, step by step',
          ...(zh ? { x: '步', y: '学习率' } : { x: 'step', y: 'rate' }),
        },
      ),
      {
        en: 'The rate over ten decays: stairs, and the smooth curve through their left ends.',
        zh: '十次衰减中的学习率：阶梯，以及经过各级左端的连续曲线。',
      },
    );
  },
  async check({ row, close }) {
    row(1).close('rates', STEPS.map(staircase), [0.1, 0.1, 0.09, 0.09, 0.081, 0.03486784401], 1e-12);
    row(2).close('without stairs, step 5000', smooth(5000), 0.09486832980505139, 1e-12);
    const w = new Variable(tensorOf('float32', [], [1]), { name: 'w' });
    const sgd = new optim.SGD([w], { rate: staircase });
    for (let i = 0; i < 3; i++) sgd.minimize(square(w));
    row(3).equal('steps after three updates', sgd.iterations, 3);
    close('the weight after them, w ← w − 0.1·2w', await w.item(), 0.8 ** 3, 1e-6);
    const stairs = new optim.SGD([w], { rate: optim.exponential(0.1, 2, 0.9) });
    const before = await w.item();
    for (let i = 0; i < 3; i++) stairs.minimize(square(w));
    close('with stairs of two updates', (await w.item()) / before, 0.8 * 0.8 * (1 - 2 * 0.09), 1e-6);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      real('rate9999', 'rate at step 9999', '第 9999 步的学习率', staircase(9999), [
        slip(staircase(10000), 'it decays a step too early', '提前一步衰减了'),
      ]),
      real('rate10000', 'rate at step 10000', '第 10000 步的学习率', staircase(10000), [
        slip(staircase(0), 'it decays a step too late, or nobody counts the steps', '晚一步才衰减，或没有计步'),
      ]),
      real('rate100000', 'rate at step 100000', '第 100000 步的学习率', staircase(100000), [
        slip(staircase(0), 'nobody counts the steps', '没有计步'),
        slip(staircase(90000), 'it has decayed nine times, not ten', '只衰减了九次，应为十次'),
      ]),
      real('smooth5000', 'smooth rate at step 5000', '第 5000 步的连续学习率', smooth(5000), [
        slip(staircase(5000), 'that is the rate in stairs', '那是阶梯形式的学习率'),
        slip(
          (staircase(0) + staircase(10000)) / 2,
          'it is halfway between two stairs, and the decay is no straight line',
          '取了两级阶梯的中点，而衰减不是直线',
        ),
      ]),
    ]),
});
