/** Exercise 3.11: back-propagation that arrives sooner: momentum, Nesterov, RMSProp and Adam against plain descent, each rate tuned. */

import { defineExercise } from 'systole/course';
import { charts } from 'systole/report';
import { optim, type Variable } from 'systole/tensor';
import { OPTIMAL, stepsOnQuadratic } from '../chapter2/9.ts';
import { type Digits, digitsAtHand, mnistAbsent, mnistIsThere, part } from '../mnist.ts';
import { glorot, judge, mlp, train } from '../training.ts';

export const METHODS = {
  SGD: (p, rate) => new optim.SGD(p, { rate }),
  momentum: (p, rate) => new optim.SGD(p, { rate, momentum: 0.9 }),
  Nesterov: (p, rate) => new optim.SGD(p, { rate, momentum: 0.9, nesterov: true }),
  RMSProp: (p, rate) => new optim.RMSProp(p, { rate }),
  Adam: (p, rate) => new optim.Adam(p, { rate }),
} as const satisfies Record<string, (p: readonly Variable[], rate: number) => optim.Optimizer>;

export interface Runner {
  readonly method: keyof typeof METHODS;
  readonly rate: number;
}

/** Rates with the best median of 0.3, 0.5, 0.7 (plain) and 0.002, 0.003, 0.004, 0.006 (Adam) on MNIST. */
const TUNED = { sgd: { method: 'SGD', rate: 0.5 }, adam: { method: 'Adam', rate: 0.003 } } as const;

export interface Race {
  /** Steps until each target was reached; undefined where it was not. */
  readonly steps: readonly (number | undefined)[];
  /** Milliseconds a step, without the judging. */
  readonly perStep: number;
  /** Accuracies along the way, by step. */
  readonly curve: readonly (readonly [step: number, accuracy: number])[];
  /** Accuracy at the end. */
  readonly accuracy: number;
}

export interface RaceOptions {
  readonly seed?: number;
  readonly epochs?: number;
  /** Whether it ends once all targets are reached. */
  readonly stop?: boolean;
  readonly limit?: number;
  /** Steps between two looks at the accuracy. */
  readonly every?: number;
}

/** Trains 784-128-10 in batches of 64. */
export async function race({ method, rate }: Runner, targets: readonly number[], digits: Digits, options: RaceOptions) {
  const { seed = 1, epochs = 3, stop = false, limit = Number.POSITIVE_INFINITY, every = 50 } = options;
  const { train: set, test } = digits;
  const model = glorot(mlp([784, 128, 10], seed), seed);
  const accuracy = judge(model);
  const steps = targets.map((): number | undefined => undefined);
  const curve: [number, number][] = [];
  let judging = 0;
  const start = performance.now();
  const taken = await train({
    model,
    optimizer: METHODS[method](model.parameters(), rate),
    train: set,
    batch: 64,
    epochs,
    seed,
    onStep: async (step) => {
      if (step % every !== 0) return step >= limit;
      const before = performance.now();
      const found = await accuracy(test);
      judging += performance.now() - before;
      curve.push([step, found]);
      targets.forEach((target, i) => {
        if (found >= target) steps[i] ??= step;
      });
      return step >= limit || (stop && steps.every((s) => s !== undefined));
    },
  });
  const perStep = (performance.now() - start - judging) / taken;
  return { steps, perStep, curve, accuracy: await accuracy(test) } satisfies Race;
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const SEEDS = [1, 2, 3];

/** Steps to the target, each seed, and accuracies at the end. */
async function tuned(runner: Runner, target: number, digits: Digits, options: RaceOptions = {}) {
  const races: Race[] = [];
  for (const seed of SEEDS) races.push(await race(runner, [target], digits, { ...options, seed }));
  return { steps: races.map((r) => r.steps[0] ?? Number.POSITIVE_INFINITY), accuracies: races.map((r) => r.accuracy) };
}

const quadratic = async (): Promise<readonly number[]> => {
  const steps: number[] = [];
  for (const { a, rate } of OPTIMAL) steps.push(Number(await stepsOnQuadratic(a, rate)));
  return steps;
};

export const exercise = defineExercise({
  id: '3.11',
  title: { en: 'Faster than plain gradient descent', zh: '改进标准反向传播算法，提高训练速度，给出加速比' },
  asked: {
    en: 'Improve plain back-propagation so that training is faster, and give the speed-up at convergence.',
    zh: '改进标准的反向传播算法以提高训练速度，并给出达到收敛时的加速比。',
  },
  explanation: {
    en: String.raw`Back-propagation gives the gradient $g_t$; what is done with it may be improved:

* **momentum** (heavy ball): $v_t = a\,v_{t-1} + g_t,\; w_t = w_{t-1} - \eta v_t$; **Nesterov** looks at the gradient ahead;
* **RMSProp**: $g_t$ over the root of a running mean of $g_t^2$, so that each weight has a rate of its own;
* **Adam**: both, with the running means corrected for their start at 0, $w_t = w_{t-1} - \eta\,\hat m_t/(\sqrt{\hat v_t} + \varepsilon)$.

**A fair comparison** has the same batches, the same initial weights and the same target, counts steps *and* time a step, repeats over seeds, and **tunes the rate of each**. At one small rate momentum looks four times faster than plain descent; but with $a = 0.9$ its steps are $1/(1-a) = 10$ times longer, and plain descent at a larger rate catches up. Most of the naive gain is a rate that was too small.

Where the count is exact, on a quadratic of condition $\kappa = 100$ at the best rate of each, plain descent shrinks the error by $\frac{\kappa-1}{\kappa+1}$ a step and the heavy ball by $\frac{\sqrt\kappa-1}{\sqrt\kappa+1}$, so that the gain grows with $\sqrt\kappa$. On MNIST tuned Adam needs about 1.3 times fewer steps than tuned plain descent (medians of three seeds, targets looked at every 50 steps; with PyTorch's smaller initial weights both need about the same); both end at the same accuracy.

Sources: B. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964; I. Sutskever et al., *On the importance of initialization and momentum*, 2013; D. Kingma, J. Ba, *Adam*, arXiv:1412.6980, 2015.`,
    zh: String.raw`反向传播给出梯度 $g_t$；可以改进的是如何使用它：

* **动量**（重球法）：$v_t = a\,v_{t-1} + g_t,\; w_t = w_{t-1} - \eta v_t$；**Nesterov** 在前瞻点取梯度；
* **RMSProp**：$g_t$ 除以 $g_t^2$ 滑动平均的平方根，使每个权重有自己的学习率；
* **Adam**：二者结合，并对从 0 开始的滑动平均做修正，$w_t = w_{t-1} - \eta\,\hat m_t/(\sqrt{\hat v_t} + \varepsilon)$。

**公平的比较**要求批次相同、初始权重相同、目标相同，既统计步数*又*统计每步时间，用多个随机种子重复，并且**各自调好学习率**。若都用同一个很小的学习率，动量看起来快四倍；但 $a = 0.9$ 时它的步长是 $1/(1-a) = 10$ 倍，普通下降换用较大的学习率即可追上。这种表面的加速大多来自学习率过小。

次数可以精确给出的情形：条件数 $\kappa = 100$ 的二次函数，各用最佳学习率时，普通下降每步把误差缩小到 $\frac{\kappa-1}{\kappa+1}$ 倍，重球法缩小到 $\frac{\sqrt\kappa-1}{\sqrt\kappa+1}$ 倍，加速比随 $\sqrt\kappa$ 增大。在 MNIST 上，调好的 Adam 所需步数约为调好的普通下降的 1/1.3（三个种子的中位数，每 50 步检查一次；若用 PyTorch 较小的初始权重则二者大致相同），最终精度相同。

来源：B. Polyak，*Some methods of speeding up the convergence of iteration methods*，1964；I. Sutskever 等，*On the importance of initialization and momentum*，2013；D. Kingma、J. Ba，*Adam*，arXiv:1412.6980，2015。`,
  },
  rows: 5,
  answeredBy: 'program',
  mnistRows: [3, 4, 5],
  code: [
    { path: 'src/tensor/optim/rules.ts', words: { en: 'the update rules', zh: '更新规则' } },
    { path: 'course/chapter2/9.ts', words: { en: 'momentum and the quadratic (2.9)', zh: '动量与二次函数（2.9）' } },
    { path: 'course/training.ts', words: { en: 'the training loop', zh: '训练循环' } },
  ],
  parameters: {
    method: {
      kind: 'choice',
      words: { en: 'what is compared with plain descent', zh: '与普通下降比较的方法' },
      ...{ default: 'Adam', among: Object.keys(METHODS) },
    },
    rate: { kind: 'real', words: { en: 'its learning rate', zh: '其学习率' }, default: 0.003, least: 1e-6, most: 10 },
    plain: {
      kind: 'real',
      words: { en: 'learning rate of plain descent', zh: '普通下降的学习率' },
      ...{ default: 0.5, least: 1e-6, most: 10 },
    },
    target: { kind: 'real', words: { en: 'accuracy to reach', zh: '目标精度' }, default: 0.9, least: 0.1, most: 1 },
    limit: { kind: 'whole', words: { en: 'most steps', zh: '最多步数' }, default: 300, least: 25, most: 20000 },
  },
  async show({ print, table, picture, language }, { method, rate, plain, target, limit }) {
    const [descent, ball] = await quadratic();
    print({
      en: `Quadratic of condition 100, steps to 1e-6: plain descent ${descent}, heavy ball ${ball}, speed-up ${(descent! / ball!).toFixed(3)}.`,
      zh: `条件数 100 的二次函数，误差到 1e-6 的步数：普通下降 ${descent}，重球法 ${ball}，加速比 ${(descent! / ball!).toFixed(3)}。`,
    });
    const set = await digitsAtHand();
    if (!set.mnist) print(mnistAbsent());
    print({
      en: `784-128-10 on ${set.name.en}, batches of 64, accuracies of 1000 held-out images every 25 steps:`,
      zh: `784-128-10，${set.name.zh}，批大小 64，每 25 步在留出的 1000 张图像上测精度：`,
    });
    const given = { train: set.train, test: part(set.test, 0, 1000) };
    const runners: readonly Runner[] = [
      { method: 'SGD', rate: plain },
      { method: method as Runner['method'], rate },
    ];
    const races: Race[] = [];
    for (const runner of runners) races.push(await race(runner, [target], given, { epochs: 1000, limit, every: 25 }));
    table(
      [
        { en: 'method', zh: '方法' },
        { en: 'rate', zh: '学习率' },
        { en: `steps to ${100 * target} %`, zh: `达到 ${100 * target} % 的步数` },
        { en: 'ms a step', zh: '每步毫秒' },
        { en: `accuracy after ${limit} steps`, zh: `${limit} 步后的精度` },
      ],
      races.map(({ steps, perStep, accuracy }, i) => [
        runners[i]!.method,
        runners[i]!.rate,
        steps[0] ?? '–',
        perStep.toFixed(2),
        accuracy.toFixed(4),
      ]),
    );
    const zh = language === 'zh';
    picture(
      'race',
      (await charts()).linesPicture(
        races.map(({ curve }, i) => ({ name: `${runners[i]!.method} ${runners[i]!.rate}`, points: curve })),
        {
          title: zh ? '精度随步数的变化' : 'Accuracy, step by step',
          subtitle: set.name[language],
          ...(zh ? { x: '步', y: '精度' } : { x: 'step', y: 'accuracy' }),
        },
      ),
      { en: 'Held-out accuracy by step of the two methods.', zh: '两种方法的留出精度随步数的变化。' },
    );
  },
  async check({ row, atLeast, atMost, holds }) {
    const steps = await quadratic();
    row(1).equal('quadratic: steps of plain descent and of the heavy ball', steps, [691, 95]);
    row(2).close('quadratic: speed-up', steps[0]! / steps[1]!, 7.273684210526315, 1e-9);
    if (mnistIsThere()) return;
    const set = await digitsAtHand();
    const { en: name } = set.name;
    const options = { epochs: 20, stop: true, every: 25 };
    const [ball] = (await race({ method: 'momentum', rate: 0.01 }, [0.8], set, options)).steps;
    const [plain] = (await race({ method: 'SGD', rate: 0.01 }, [0.8], set, options)).steps;
    atLeast(`${name}: both at rate 0.01, to 80 %: plain over momentum`, plain! / ball!, 3);
    const [sgd, adam] = [
      await tuned(TUNED.sgd, 0.85, set, { every: 25 }),
      await tuned(TUNED.adam, 0.85, set, { every: 25 }),
    ];
    const text = [sgd, adam].map((r) => r.steps.join('/')).join(' and ');
    holds(
      `${name}: both tuned reach 85 % with every seed: ${text} steps`,
      [...sgd.steps, ...adam.steps].every(Number.isFinite),
    );
    atMost(
      `${name}: accuracy after three epochs, difference of the medians`,
      Math.abs(median(sgd.accuracies) - median(adam.accuracies)),
      0.05,
    );
  },
  async checkLong({ row }) {
    if (!mnistIsThere()) return;
    const set = await digitsAtHand();
    const { line: name } = set;
    const stop = true;
    const ball = (await race({ method: 'momentum', rate: 0.01 }, [0.95], set, { epochs: 10, stop })).steps[0]!;
    const limit = 4 * ball;
    const plain = (await race({ method: 'SGD', rate: 0.01 }, [0.95], set, { epochs: 20, stop, limit })).steps[0];
    row(3).atLeast(
      `${name}: both at rate 0.01, to 95 %: momentum ${ball} steps, plain descent at least`,
      (plain ?? limit) / ball,
      4,
    );
    const [sgd, adam] = [await tuned(TUNED.sgd, 0.97, set), await tuned(TUNED.adam, 0.97, set)];
    const text = [sgd, adam].map(({ steps }) => steps.join('/')).join(' and ');
    row(5).holds(
      `${name}: both reach 97 % with every seed: ${text} steps`,
      [...sgd.steps, ...adam.steps].every(Number.isFinite),
    );
    row(4).atLeast(
      `${name}: steps to 97 %, tuned descent over tuned Adam, medians`,
      median(sgd.steps) / median(adam.steps),
      1.1,
    );
    row(5).atMost(
      `${name}: accuracy after three epochs, difference of the medians`,
      Math.abs(median(sgd.accuracies) - median(adam.accuracies)),
      0.005,
    );
  },
});
