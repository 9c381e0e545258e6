/**
 * Exercise 3.12: the optimisers of 3.11 on ImageNet: run where its pictures are given, said to be not run where they are not, and the same
 * protocol on handwritten digits in its place.
 */

import { defineExercise, type Output, type PictureSettings } from 'systole/course';
import { classifier, type Task, tasks } from 'systole/flow';
import { models } from 'systole/models';
import { optim, type Variable } from 'systole/tensor';
import { type Digits, digitsAtHand, mnistAbsent, mnistIsThere, part } from '../mnist.ts';
import { pictures, trainOnPictures } from '../pictures.ts';
import { judge, mlp, train } from '../training.ts';
import { ALEXNET_MACS, IMAGENET, trainingMacs } from './5.ts';

/** What an answer is about. */
export const scopeOf = (folder: string | undefined): { readonly scope: string; readonly imagenet: string } =>
  folder === undefined
    ? { scope: 'proxy (handwritten digits), not ImageNet', imagenet: 'not run' }
    : { scope: `the pictures in ${folder}`, imagenet: 'run' };

type Build = (p: readonly Variable[], steps: number) => optim.Optimizer;

export const OPTIMIZERS = {
  SGD: (p) => new optim.SGD(p, { rate: 0.3 }),
  Adam: (p) => new optim.Adam(p, { rate: 0.001 }),
  'Adam, decayed': (p, steps) => new optim.Adam(p, { rate: optim.cosine(0.001, steps) }),
} as const satisfies Record<string, Build>;

const [EPOCHS, BATCH] = [10, 64];

/** Held-out accuracies at the end, one for each seed. */
export async function runProxy(
  name: keyof typeof OPTIMIZERS,
  seeds: readonly number[],
  { train: set, test }: Digits,
  epochs: number,
): Promise<readonly number[]> {
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const model = mlp([784, 128, 10], seed);
    const build: Build = OPTIMIZERS[name];
    const optimizer = build(model.parameters(), epochs * Math.floor(set.count / BATCH));
    await train({ model, optimizer, train: set, batch: BATCH, epochs, seed });
    accuracies.push(await judge(model)(test));
  }
  return accuracies;
}

/** The same on a network for pictures: tuned rates of AlexNet's, momentum as in its paper. */
export const PICTURE_OPTIMIZERS = {
  'SGD with momentum': (p) => new optim.SGD(p, { rate: 0.01, momentum: 0.9, weightDecay: 5e-4 }),
  Adam: (p) => new optim.Adam(p, { rate: 1e-4 }),
  'Adam, decayed': (p, steps) => new optim.Adam(p, { rate: optim.cosine(1e-4, steps) }),
} as const satisfies Record<string, Build>;

/** Accuracies on the pictures to check on, one for each seed. */
export async function runPictures(
  name: keyof typeof PICTURE_OPTIMIZERS,
  seeds: readonly number[],
  settings: PictureSettings,
  network = 'alexnet',
): Promise<readonly number[]> {
  const task: Task = {
    ...tasks.get(network)!,
    build({ generator, hyperparameters: { epochs }, stepsPerEpoch, classes = 1000 }) {
      const built = models.get(network)!.pictures!.build({ classes, generator });
      const build: Build = PICTURE_OPTIMIZERS[name];
      return classifier(built, build(built.parameters(), stepsPerEpoch * epochs), classes);
    },
  };
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const { validation } = await trainOnPictures(task, settings, { seed });
    if (validation === undefined) throw new Error(`${settings.folder} has no pictures to check on`);
    accuracies.push(validation.accuracy!);
  }
  return accuracies;
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** The difference of two means and half the width of its 95 % interval (Welch; t of 4 degrees of freedom, three seeds each). */
export function difference(
  a: readonly number[],
  b: readonly number[],
): { readonly difference: number; readonly halfWidth: number } {
  const error = (v: readonly number[]): number =>
    v.reduce((sum, x) => sum + (x - mean(v)) ** 2, 0) / (v.length - 1) / v.length;
  return { difference: mean(a) - mean(b), halfWidth: 2.776 * Math.sqrt(error(a) + error(b)) };
}

const SEEDS = [1, 2, 3];

const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - 1));

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const points = (share: number): string => (100 * share).toFixed(2);

/** A table of what each optimiser reached, and the difference of Adam and SGD. */
function report({ print, table }: Output, found: Readonly<Record<string, readonly number[]>>): void {
  table(
    [
      { en: 'optimiser', zh: '优化器' },
      { en: 'accuracies, by seed', zh: '各种子的精度' },
      { en: 'mean', zh: '均值' },
      { en: 'standard deviation', zh: '标准差' },
    ],
    Object.entries(found).map(([name, a]) => [
      name,
      a.map(percent).join(', '),
      percent(mean(a)),
      percent(deviation(a)),
    ]),
  );
  const [sgd, adam] = Object.values(found) as [readonly number[], readonly number[]];
  const { difference: d, halfWidth } = difference(adam, sgd);
  print({
    en: `Adam less SGD: ${points(d)} ± ${points(halfWidth)} points (95 % confidence).`,
    zh: `Adam 减 SGD：${points(d)} ± ${points(halfWidth)} 个百分点（95 % 置信）。`,
  });
}

export const exercise = defineExercise({
  id: '3.12',
  title: { en: 'The same on ImageNet?', zh: '将 3.11 的算法用于 ImageNet，精度有无影响？' },
  asked: {
    en: 'Use the algorithm of 3.11 on ImageNet. Does the accuracy suffer, and how is it tuned so that it does not?',
    zh: '把 3.11 的算法用于 ImageNet，精度是否受影响？如何调整使其不受影响？',
  },
  explanation: {
    en: String.raw`**What is run here, and what is not.** Training AlexNet on the 1,281,167 images of ImageNet for 90 epochs takes $3 M n \cdot 90 \approx 2.5 \cdot 10^{17}$ MACs (3.5). Without the pictures that is *not run*, and no figure is given for it. With a folder of pictures (--pictures FOLDER: ImageNet, or any other in folders by class, or CIFAR-10) AlexNet is trained on it with three optimisers and three seeds each.

**A proxy.** The same protocol is run on handwritten digits: 784-128-10, equal batches and initial weights, $s = 3$ seeds for each optimiser, to convergence. What is reported is the difference of the means with its interval
$$\bar a - \bar b \;\pm\; t_{0.975}\sqrt{\frac{s_a^2}{s} + \frac{s_b^2}{s}}$$
(Welch; $t = 2.776$ for four degrees of freedom). An interval that holds 0 says that no difference was found, not that there is none, and a proxy says little of another problem.

**From the literature, not from here.** On large sets of pictures adaptive methods can end slightly below tuned momentum (A. Wilson et al., *The marginal value of adaptive gradient methods in machine learning*, 2017). What helps: weight decay apart from the gradient (I. Loshchilov, F. Hutter, *Decoupled weight decay regularization*, 2019), a warm-up and a decay of the rate (P. Goyal et al., *Accurate, large minibatch SGD*, 2017), or going over to momentum for the last epochs.`,
    zh: String.raw`**这里运行什么、不运行什么。**用 ImageNet 的 1,281,167 张图像训练 AlexNet 90 轮约需 $3 M n \cdot 90 \approx 2.5 \cdot 10^{17}$ 次 MAC（见 3.5）。没有图像时*不运行*，也不给出任何数值。给出图像文件夹时（--pictures FOLDER：ImageNet、其他按类别分文件夹的图像，或 CIFAR-10），用三种优化器、各三个随机种子训练 AlexNet。

**替代实验。**按同样的方法在手写数字上运行：784-128-10，批次与初始权重相同，每种优化器 $s = 3$ 个种子，训练到收敛。报告均值之差及其置信区间
$$\bar a - \bar b \;\pm\; t_{0.975}\sqrt{\frac{s_a^2}{s} + \frac{s_b^2}{s}}$$
（Welch；4 个自由度 $t = 2.776$）。区间包含 0 只说明没有发现差别，不说明没有差别；替代实验对另一个问题也说明不了多少。

**以下来自文献，不是这里的结果。**在大型图像集上，自适应方法的最终精度可能略低于调好的动量法（A. Wilson 等，*The marginal value of adaptive gradient methods in machine learning*，2017）。补救办法：与梯度分离的权重衰减（I. Loshchilov、F. Hutter，*Decoupled weight decay regularization*，2019）、学习率预热与衰减（P. Goyal 等，*Accurate, large minibatch SGD*，2017），或最后几轮改用动量法。`,
  },
  rows: 4,
  answeredBy: 'survey',
  mnistRows: [2, 4],
  code: [
    { path: 'src/tensor/optim/schedules.ts', words: { en: 'schedules of the rate', zh: '学习率调度' } },
    { path: 'src/flow/training/index.ts', words: { en: 'training on folders of pictures', zh: '在图像文件夹上训练' } },
    { path: 'course/chapter3/5.ts', words: { en: 'the cost of ImageNet (3.5)', zh: 'ImageNet 的计算量（3.5）' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'images of the proxy', zh: '替代实验的图像数' },
      default: 2000,
      least: 64,
      most: 50000,
    },
    epochs: {
      kind: 'whole',
      words: { en: 'epochs of the proxy', zh: '替代实验的轮数' },
      default: 6,
      least: 1,
      most: 100,
    },
  },
  async show(output, { images, epochs }) {
    const { print } = output;
    const settings = pictures();
    if (settings !== undefined) {
      print(scopeOf(settings.folder).scope);
      const found: Record<string, readonly number[]> = {};
      for (const name of Object.keys(PICTURE_OPTIMIZERS) as (keyof typeof PICTURE_OPTIMIZERS)[])
        found[name] = await runPictures(name, SEEDS, settings);
      report(output, found);
      return;
    }
    const cost = trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n);
    print({
      en: `ImageNet: ${scopeOf(undefined).imagenet} here, no pictures (--pictures FOLDER). Training AlexNet for 90 epochs takes ${cost} MACs.`,
      zh: `ImageNet：未运行，没有图像（--pictures FOLDER）。训练 AlexNet 90 轮需 ${cost} 次 MAC。`,
    });
    const set = await digitsAtHand();
    if (!set.mnist) print(mnistAbsent());
    const few = { train: part(set.train, 0, Math.min(images, set.train.count)), test: part(set.test, 0, 1000) };
    print({
      en: `Proxy, not ImageNet: ${set.name.en}, ${few.train.count} images, ${epochs} epochs, three seeds for each optimiser:`,
      zh: `替代实验（非 ImageNet）：${set.name.zh}，${few.train.count} 张图像，${epochs} 轮，每种优化器三个种子：`,
    });
    const found: Record<string, readonly number[]> = {};
    for (const name of Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[])
      found[name] = await runProxy(name, SEEDS, few, epochs);
    report(output, found);
  },
  async check({ row, atMost }) {
    const { scope, imagenet } = scopeOf(undefined);
    row(1).equal(
      'scope where there are no pictures',
      [scope, imagenet],
      ['proxy (handwritten digits), not ImageNet', 'not run'],
    );
    row(3).equal(
      'MACs of AlexNet on ImageNet, 90 epochs',
      trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n),
      250583248953253440n,
    );
    if (mnistIsThere()) return;
    const set = await digitsAtHand();
    const few = { train: part(set.train, 0, 2000), test: set.test };
    const { d, interval, worse } = await compare(few, 6);
    atMost(`${set.name.en}: Adam less SGD, ${interval} (95 %)`, Math.abs(d), 0.04);
    atMost(`${set.name.en}: constant rate less decayed rate`, worse, 0.04);
  },
  async checkLong({ row }) {
    if (!mnistIsThere()) return;
    const set = await digitsAtHand();
    const { line: name } = set;
    const { d, interval, worse } = await compare(set, EPOCHS);
    row(2).atMost(`${name}: Adam less SGD, ${interval} (95 %)`, Math.abs(d), 0.005);
    row(4).atMost(`${name}: constant rate less decayed rate`, worse, 0.003);
  },
});

/** The three optimisers on digits: Adam less SGD, and by how much the decayed rate is worse than the constant one. */
async function compare(digits: Digits, epochs: number) {
  const sgd = await runProxy('SGD', SEEDS, digits, epochs);
  const adam = await runProxy('Adam', SEEDS, digits, epochs);
  const decayed = await runProxy('Adam, decayed', SEEDS, digits, epochs);
  const { difference: d, halfWidth } = difference(adam, sgd);
  return { d, interval: `${points(d)} ± ${points(halfWidth)} points`, worse: mean(adam) - mean(decayed) };
}
