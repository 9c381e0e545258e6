/** Exercise 3.4: convergence, training accuracy and test accuracy: an under-fit, an over-fit and a good run, each told by its curves. */

import { defineExercise } from 'systole/course';
import { charts } from 'systole/report';
import { optim } from 'systole/tensor';
import { type Digits, type DigitsAtHand, digitsAtHand, mnistAbsent, part } from '../mnist.ts';
import { judge, mlp, train } from '../training.ts';

export interface Curve {
  /** Accuracies after each epoch. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Trains 784-100-10 on the first `count` images and follows both accuracies. */
export async function follow(
  { train: all, test }: Digits,
  count: number,
  { epochs = 5, rate = 0.5, seed = 1 } = {},
): Promise<Curve> {
  const set = part(all, 0, count);
  const model = mlp([784, 100, 10], seed);
  const accuracy = judge(model);
  const curve = { train: [] as number[], test: [] as number[] };
  await train({
    model,
    optimizer: new optim.SGD(model.parameters(), { rate }),
    train: set,
    batch: Math.min(64, count),
    epochs,
    seed,
    onEpoch: async () => {
      curve.train.push(await accuracy(set));
      curve.test.push(await accuracy(test));
    },
  });
  return curve;
}

export type Fit = 'under-fit' | 'over-fit' | 'good';

/** By the last accuracies: a wide gap is over-fitting, low ones without a gap are under-fitting. */
export function diagnose({ train: onTrain, test: onTest }: Curve): Fit {
  const [a, b] = [onTrain.at(-1)!, onTest.at(-1)!];
  if (a - b >= 0.1) return 'over-fit';
  return a < 0.9 ? 'under-fit' : 'good';
}

/** The epoch (from 0) at which to stop: the best so far, once `patience` epochs have brought nothing better. */
export function earlyStop(validation: readonly number[], patience = Number.POSITIVE_INFINITY): number {
  let best = 0;
  for (let epoch = 1; epoch < validation.length && epoch - best <= patience; epoch++) {
    if (validation[epoch]! > validation[best]!) best = epoch;
  }
  return best;
}

/** One run of each kind; of the smaller set of drawn digits more epochs are as many steps. */
const RUNS = {
  'under-fit': (digits: DigitsAtHand) => follow(digits, digits.train.count, { epochs: 1, rate: 0.0005 }),
  'over-fit': (digits: DigitsAtHand) => follow(digits, 100, { epochs: 60 }),
  good: (digits: DigitsAtHand) => follow(digits, digits.train.count, { epochs: digits.mnist ? 5 : 10 }),
} as const satisfies Record<Fit, (digits: DigitsAtHand) => Promise<Curve>>;

const gap = ({ train: a, test: b }: Curve): number => a.at(-1)! - b.at(-1)!;

export const exercise = defineExercise({
  id: '3.4',
  title: {
    en: 'Convergence, training accuracy and test accuracy',
    zh: '简述训练过程中收敛、训练精度和测试精度之间的关系',
  },
  asked: {
    en: 'How do convergence, accuracy on the training set and accuracy on the test set relate while a network is trained?',
    zh: '训练过程中的收敛、训练精度与测试精度之间有什么关系？',
  },
  explanation: {
    en: String.raw`Training **converges** when its loss no longer falls: the gradient of the mean loss over the training set is about zero, $\nabla_w \frac1n\sum_i L(w; x_i, y_i) \approx 0$. That says nothing of where it stands. Three ends are possible:

* **under-fitting**: both accuracies are low and close, since the training was stopped early, the rate is wrong or the network too small;
* **over-fitting**: the training accuracy goes to 1 and the test accuracy stays behind; the network has learned the samples, not the classes. Few samples and many parameters do this;
* **good**: both are high and close.

Usually training accuracy is above test accuracy, but no law says so: dropout and augmentation act in training alone and lower the first, and the accuracy on $n$ test samples wavers by about $\sqrt{p(1-p)/n}$. The test accuracy may fall again while the training loss still does, so the best epoch is chosen on images held out for it (**early stopping**), and the test set is looked at once, at the end.

Sources: I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, chapters 5 and 7, 2016; L. Prechelt, *Early stopping – but when?*, 1998.`,
    zh: String.raw`当损失不再下降时训练**收敛**，即训练集平均损失的梯度接近零：$\nabla_w \frac1n\sum_i L(w; x_i, y_i) \approx 0$。但这并不说明收敛到了哪里。可能有三种结果：

* **欠拟合**：两个精度都低且接近，因为训练停得太早、学习率不当或网络太小；
* **过拟合**：训练精度趋于 1，测试精度落后；网络记住了样本而没有学会类别。样本少、参数多时就会这样；
* **良好**：两个精度都高且接近。

训练精度通常高于测试精度，但这不是定律：dropout 与数据增强只在训练时起作用，会降低前者；而 $n$ 个测试样本上的精度本身有约 $\sqrt{p(1-p)/n}$ 的波动。训练损失还在下降时测试精度可能已经回落，所以用另外留出的图像选择最佳轮次（**早停**），测试集只在最后使用一次。

来源：I. Goodfellow、Y. Bengio、A. Courville，*Deep Learning*，第 5、7 章，2016；L. Prechelt，*Early stopping – but when?*，1998。`,
  },
  rows: 3,
  answeredBy: 'explanation',
  mnistRows: [1, 2],
  code: [
    { path: 'course/training.ts', words: { en: 'the training loop', zh: '训练循环' } },
    { path: 'src/data/digits/drawDigits.ts', words: { en: 'digits drawn by rule', zh: '按规则绘制的数字' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'images to train on', zh: '训练图像数' },
      ...{ default: 100, least: 10, most: 50000 },
    },
    epochs: { kind: 'whole', words: { en: 'epochs', zh: '轮数' }, default: 60, least: 1, most: 1000 },
    rate: { kind: 'real', words: { en: 'learning rate', zh: '学习率' }, default: 0.5, least: 1e-6, most: 10 },
  },
  async show({ print, table, picture, language }, { images, epochs, rate }) {
    const set = await digitsAtHand();
    if (!set.mnist) print(mnistAbsent());
    const few = Math.min(images, set.train.count);
    const curve = await follow(set, few, { epochs, rate });
    const zh = language === 'zh';
    print({ en: `784-100-10 on ${few} images, ${set.name.en}:`, zh: `784-100-10，${few} 张图像，${set.name.zh}：` });
    const epochNumbers = [...new Set([1, 2, 5, 10, 20, epochs])].filter((e) => e <= epochs).sort((a, b) => a - b);
    table(
      [
        { en: 'epoch', zh: '轮次' },
        { en: 'training accuracy', zh: '训练精度' },
        { en: 'test accuracy', zh: '测试精度' },
      ],
      epochNumbers.map((e) => [e, curve.train[e - 1]!.toFixed(4), curve.test[e - 1]!.toFixed(4)]),
    );
    const names: Record<Fit, string> = zh
      ? { 'under-fit': '欠拟合', 'over-fit': '过拟合', good: '良好' }
      : { 'under-fit': 'under-fit', 'over-fit': 'over-fit', good: 'good' };
    const stop = earlyStop(curve.test) + 1;
    print({
      en: `This is: ${names[diagnose(curve)]}. Early stopping would take epoch ${stop}.`,
      zh: `诊断：${names[diagnose(curve)]}。早停会选第 ${stop} 轮。`,
    });
    const points = (values: readonly number[]) => values.map((v, i) => [i + 1, v] as const);
    picture(
      'curves',
      (await charts()).linesPicture(
        [
          { name: zh ? '训练' : 'training', points: points(curve.train) },
          { name: zh ? '测试' : 'test', points: points(curve.test) },
        ],
        {
          title: zh ? '训练精度与测试精度' : 'Training and test accuracy',
          subtitle: `784-100-10, ${few}, ${set.name[language]}`,
          ...(zh ? { x: '轮次', y: '精度' } : { x: 'epoch', y: 'accuracy' }),
          domain: [0, 1],
        },
      ),
      { en: 'Both accuracies by epoch.', zh: '两个精度随轮次的变化。' },
    );
  },
  async check({ row, equal, atMost, atLeast }) {
    const set = await digitsAtHand();
    const name = set.name.en;
    const curves = {
      'under-fit': await RUNS['under-fit'](set),
      'over-fit': await RUNS['over-fit'](set),
      good: await RUNS.good(set),
    };
    for (const [fit, curve] of Object.entries(curves)) {
      const last = [curve.train.at(-1), curve.test.at(-1)].map((v) => v!.toFixed(4)).join(' and ');
      equal(`${name}: diagnosis of the run that ends at ${last}`, diagnose(curve), fit);
    }
    const few = curves['over-fit'];
    equal(`${name}: training accuracy on 100 images`, few.train.at(-1), 1);
    if (set.mnist) {
      row(1).atLeast(`${set.line}: gap on 100 images`, gap(few), 0.1);
      row(2).atMost(`${set.line}: gap on ${set.train.count} images`, gap(curves.good), 0.02);
    } else {
      atLeast(`${name}: gap on 100 images`, gap(few), 0.2);
      atMost(`${name}: gap on ${set.train.count} images`, gap(curves.good), 0.1);
    }
    row(3).equal('early stopping takes the best epoch', few.test[earlyStop(few.test)], Math.max(...few.test));
    // With patience it may stop at an earlier hill, but never on a slope.
    const early = earlyStop(few.test, 3);
    atLeast(
      'with a patience of 3: as good as any epoch before',
      few.test[early]!,
      Math.max(...few.test.slice(0, early + 1)),
    );
  },
});
