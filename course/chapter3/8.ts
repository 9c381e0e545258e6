/** Exercise 3.8: how a GAN is trained: the discrete game solved, and a generator of normal numbers. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { charts } from 'systole/report';
import { compile, losses, nn, ones, optim, random, type Tensor, zeros } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

/** The best discriminator of two discrete densities, the value of the game with it, and their Jensen–Shannon divergence. */
export function solveGame(p: readonly number[], q: readonly number[]) {
  const divergence = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, v, i) => (v === 0 ? sum : sum + v * Math.log(v / b[i]!)), 0);
  const middle = p.map((v, i) => (v + q[i]!) / 2);
  const best = p.map((v, i) => v / (v + q[i]!));
  const value = p.reduce((sum, v, i) => sum + v * Math.log(best[i]!) + q[i]! * Math.log(1 - best[i]!), 0);
  return { best, value, jsd: (divergence(p, middle) + divergence(q, middle)) / 2 };
}

export interface GanRun {
  readonly mean: number;
  readonly deviation: number;
  /** Of the batches along the way, by step. */
  readonly means: readonly (readonly [step: number, mean: number])[];
}

/** Trains a generator of numbers N(3, 1) out of noise N(0, 1). */
export async function trainGan(seed: number, steps = 1500, batch = 128): Promise<GanRun> {
  const generator = new random.Generator(seed);
  const linear = (inputs: number, outputs: number): nn.Linear => new nn.Linear(inputs, outputs, { generator });
  const G = new nn.Sequential(linear(1, 16), nn.tanh(), linear(16, 1));
  const D = new nn.Sequential(linear(1, 16), nn.leakyRelu(0.2), linear(16, 16), nn.leakyRelu(0.2), linear(16, 1));
  const [optG, optD] = [G, D].map((net) => new optim.Adam(net.parameters(), { rate: 2e-3, betas: [0.5, 0.99] }));
  const noise = (): Tensor => random.normal([batch, 1], { generator });
  const [real, fake] = [ones([batch, 1]), zeros([batch, 1])];

  const discriminate = compile(() => {
    const truth = losses.binaryCrossEntropyWithLogits(
      D.forward(random.normal([batch, 1], { mean: 3, generator })),
      real,
    );
    const lies = losses.binaryCrossEntropyWithLogits(D.forward(G.forward(noise())), fake);
    const loss = truth.add(lies);
    optD!.minimize(loss);
    return loss;
  });
  const generate = compile(() => {
    const made = G.forward(noise());
    optG!.minimize(losses.binaryCrossEntropyWithLogits(D.forward(made), real));
    return made.mean();
  });
  const means: [number, number][] = [];
  for (let step = 0; step < steps; step++) {
    discriminate();
    const mean = generate();
    if (step % 20 === 0) means.push([step, await mean.item()]);
  }
  const made = G.forward(random.normal([10000, 1], { generator }));
  return { mean: await made.mean().item(), deviation: await made.std().item(), means };
}

const P = [0.5, 0.3, 0.2];
const Q = [0.2, 0.3, 0.5];

export const exercise = defineExercise({
  id: '3.8',
  title: { en: 'How a GAN is trained', zh: '简述 GAN 的训练过程' },
  asked: {
    en: 'How are the two networks of a generative adversarial network trained, and where does the training lead? For $p=(0.5,0.3,0.2)$ of the data and $q=(0.2,0.3,0.5)$ of the generator, hand in the numbers `d1`, `d2`, `d3` of the best discriminator, `value` of the game with it, `jsd`, the Jensen–Shannon divergence (natural logarithms), and `even`, the value where $q=p$. Real numbers to three digits.',
    zh: '生成对抗网络的两个网络如何训练？训练会走向哪里？设数据密度 $p=(0.5,0.3,0.2)$、生成密度 $q=(0.2,0.3,0.5)$，请提交数值：最优判别器的 `d1`、`d2`、`d3`，此时博弈的值 `value`，Jensen–Shannon 散度 `jsd`（自然对数），以及 $q=p$ 时的值 `even`。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`A generator $G$ makes samples out of noise $z$, a discriminator $D$ says with what probability a sample is real. They play
$$\min_G \max_D V = \mathbb E_{x \sim p}[\log D(x)] + \mathbb E_{z}[\log(1 - D(G(z)))].$$
**In turn**, until neither gains:

1. $G$ fixed: a batch of real samples and a batch of $G$'s; some ($k \ge 1$) steps of $D$ up $V$, i.e. down the cross-entropy of labels 1 and 0;
2. $D$ fixed: a new batch of noise; a step of $G$ through $D$. In practice $G$ goes up $\log D(G(z))$ instead of down $\log(1 - D(G(z)))$: it has the same fixed point, and its gradient does not vanish while $D$ wins.

For given densities $p$ of the data and $q$ of the generator the best discriminator is $D^* = p/(p+q)$, and with it
$$V(D^*) = -\log 4 + 2\,\text{JSD}(p, q),$$
twice the Jensen–Shannon divergence above $-\log 4$. It is least where $q = p$; there $D^* = \tfrac12$ everywhere: the discriminator can only guess. The game here is solved by that formula; then a small GAN learns to draw from $N(3, 1)$.

Source: I. Goodfellow et al., *Generative adversarial nets*, arXiv:1406.2661, 2014.`,
    zh: String.raw`生成器 $G$ 由噪声 $z$ 产生样本，判别器 $D$ 给出样本为真的概率。二者进行博弈
$$\min_G \max_D V = \mathbb E_{x \sim p}[\log D(x)] + \mathbb E_{z}[\log(1 - D(G(z)))].$$
**交替**进行，直到双方都不能再改进：

1. 固定 $G$：取一批真实样本和一批生成样本，训练 $D$ 若干步（$k \ge 1$）使 $V$ 增大，即降低标签 1 与 0 的交叉熵；
2. 固定 $D$：取一批新的噪声，让梯度穿过 $D$ 训练 $G$ 一步。实践中让 $G$ 增大 $\log D(G(z))$，而不是减小 $\log(1 - D(G(z)))$：不动点相同，而在 $D$ 占优时梯度不会消失。

给定数据密度 $p$ 与生成密度 $q$，最优判别器为 $D^* = p/(p+q)$，此时
$$V(D^*) = -\log 4 + 2\,\text{JSD}(p, q),$$
即比 $-\log 4$ 高出两倍的 Jensen–Shannon 散度。$q = p$ 时最小，这时处处 $D^* = \tfrac12$：判别器只能猜测。这里先按公式求解离散博弈，再训练一个小 GAN 学会按 $N(3, 1)$ 采样。

来源：I. Goodfellow 等，*Generative adversarial nets*，arXiv:1406.2661，2014。`,
  },
  rows: 5,
  code: [
    { path: 'src/models/dcgan.ts', words: { en: 'a GAN of pictures', zh: '图像的 GAN' } },
    { path: 'src/tensor/losses.ts', words: { en: 'losses', zh: '损失函数' } },
    { path: 'src/tensor/compile.ts', words: { en: 'steps as compiled functions', zh: '编译后的训练步' } },
  ],
  parameters: {
    seed: { kind: 'whole', words: { en: 'seed', zh: '随机种子' }, default: 1, least: 1, most: 1e6 },
    steps: {
      kind: 'whole',
      words: { en: 'steps of each network', zh: '每个网络的步数' },
      ...{ default: 1500, least: 100, most: 20000 },
    },
  },
  async show({ print, table, picture, language }, { seed, steps }) {
    const { best, value, jsd } = solveGame(P, Q);
    print({ en: 'The discrete game, solved:', zh: '离散博弈的解：' });
    table(
      ['p', 'q', 'D*'],
      P.map((p, i) => [p, Q[i]!, best[i]!.toFixed(4)]),
    );
    print(`V(D*) = ${value.toFixed(6)}`);
    print(`JSD = ${jsd.toFixed(6)}`);
    const { mean, deviation, means } = await trainGan(seed, steps);
    print({
      en: `A generator of N(3, 1) after ${steps} steps: mean ${mean.toFixed(3)}, standard deviation ${deviation.toFixed(3)}.`,
      zh: `学习 N(3, 1) 的生成器，${steps} 步之后：均值 ${mean.toFixed(3)}，标准差 ${deviation.toFixed(3)}。`,
    });
    const zh = language === 'zh';
    const line = [0, steps].map((x) => [x, 3] as const);
    picture(
      'means',
      (await charts()).linesPicture(
        [
          { name: zh ? '生成样本的均值' : 'mean of a generated batch', points: means },
          { name: zh ? '数据的均值' : 'mean of the data', points: line, dashed: true },
        ],
        {
          title: zh ? '生成器逐步接近数据' : 'The generator comes to the data',
          ...(zh ? { x: '步', y: '均值' } : { x: 'step', y: 'mean' }),
        },
      ),
      {
        en: 'The mean of what the generator makes, step by step: it swings around 3, the mean of the data, and comes near it.',
        zh: '生成样本均值随步数的变化：在数据均值 3 附近摆动并逐渐接近。',
      },
    );
  },
  async check({ row, close }) {
    const { best, value, jsd } = solveGame(P, Q);
    row(1).close('the best discriminator', best, [0.7142857142857143, 0.5, 0.2857142857142857], 1e-12);
    row(2).close('V', value, -1.2534657323553273, 1e-12);
    row(2).close('V = −log 4 + 2·JSD', value, 2 * jsd - Math.log(4), 1e-12);
    row(3).close('JSD', jsd, 0.06641431438228168, 1e-12);
    const even = solveGame(P, P);
    row(4).close('V where p = q', even.value, -1.3862943611198906, 1e-12);
    close('the best discriminator there', even.best, [0.5, 0.5, 0.5], 1e-12);
    const errors: number[] = [];
    for (const seed of [1, 2, 3]) errors.push(Math.abs((await trainGan(seed)).mean - 3));
    const [, median] = [...errors].sort((a, b) => a - b);
    row(5).atMost(
      `error of the mean, the median of three seeds (${errors.map((e) => e.toFixed(3)).join(', ')})`,
      median!,
      0.1,
    );
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (() => {
        const { best, value, jsd } = solveGame(P, Q);
        return [
          ...best.map((d, i) =>
            real(`d${i + 1}`, `best discriminator at ${i + 1}`, `最优判别器在第 ${i + 1} 处的值`, d, [
              ...(P[i] === Q[i] ? [] : [slip(1 - d, 'p and q are swapped', 'p 与 q 颠倒了')]),
            ]),
          ),
          real('value', 'value of the game', '博弈的值', value, [
            slip(jsd - Math.log(4), 'the divergence is counted once, not twice', '散度只加了一次，应为两次'),
            slip(value / Math.LN2, 'logarithms have the base 2', '用了以 2 为底的对数'),
          ]),
          real('jsd', 'Jensen–Shannon divergence', 'Jensen–Shannon 散度', jsd, [
            slip(jsd / Math.LN2, 'logarithms have the base 2', '用了以 2 为底的对数'),
          ]),
          real('even', 'value where q = p', 'q = p 时的值', solveGame(P, P).value, [
            slip(-Math.LN2, 'one of the two terms is left out', '漏掉了两项之一'),
          ]),
        ];
      })(),
    ),
});
