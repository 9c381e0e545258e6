/**
 * Exercise 5.12: a three-layer perceptron on MNIST without a framework, 784-256-128-10, whose weights become half zero while it trains. All of the
 * network stands in ../plainNetwork.ts; here is the pruning.
 */
import { Random } from 'systole/base';
import { type Check, defineExercise } from 'systole/course';
import type { SampleSet } from 'systole/data';
import { charts } from 'systole/report';
import { shuffled } from '../chapter2/truthTable.ts';
import { type DigitsAtHand, digitsAtHand, mnistAbsent, part } from '../mnist.ts';
import { type Floats, momentum, PlainNetwork } from '../plainNetwork.ts';

const SIZES = [784, 256, 128, 10];
const [BATCH, RATE, MOMENTUM] = [64, 0.05, 0.9];
/** Steps between two masks, at most. */
const MOST_BETWEEN = 50;

/** The share of zeros after so many steps of a training: 0 until a tenth, `final` from seven tenths on. */
export function sparsityAt(step: number, steps: number, final = 0.5): number {
  const [begin, end] = [0.1 * steps, 0.7 * steps];
  const done = Math.min(1, Math.max(0, (step - begin) / (end - begin)));
  return final * (1 - (1 - done) ** 3);
}

/**
 * The mask with exactly `zeros` zeros at the smallest weights. What is zero by the mask before has weight 0, so it goes first; of equal
 * weights the first go.
 */
export function magnitudeMask(weights: Floats, zeros: number): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(weights.length).fill(1);
  const order = Float64Array.from(weights, Math.abs).sort();
  const limit = zeros === 0 ? -1 : order[zeros - 1]!;
  let left = zeros;
  for (let i = 0; i < mask.length; i++) {
    if (Math.abs(weights[i]!) >= limit) continue;
    mask[i] = 0;
    left--;
  }
  for (let i = 0; left > 0; i++) {
    if (Math.abs(weights[i]!) !== limit || mask[i] === 0) continue;
    mask[i] = 0;
    left--;
  }
  return mask;
}

const zerosOf = (values: ArrayLike<number>): number => {
  let zeros = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  return zeros;
};

export interface SparseRun {
  readonly accuracy: number;
  /** Zeros of each layer at the end. */
  readonly zeros: readonly number[];
  /** The share of zeros of all weights after each mask, and the step at which it was made. */
  readonly shares: readonly number[];
  readonly steps: readonly number[];
  /** Whether every weight that the last mask took was exactly 0 after every step since. */
  readonly held: boolean;
}

/** Trains on the set; with `final` 0 nothing is pruned. */
export function trainSparse(set: SampleSet, test: SampleSet, { epochs = 8, final = 0.5, seed = 1 } = {}): SparseRun {
  const net = new PlainNetwork(SIZES, { hidden: 'relu', loss: 'softmax', random: new Random(seed) });
  const { update, velocities } = momentum(net, RATE, MOMENTUM);
  const masks = net.layers.map((layer) => new Uint8Array(layer.weights.length).fill(1));
  const random = new Random(seed + 1000);
  const steps = epochs * Math.floor(set.count / BATCH);
  // In a short training there are ten masks, too.
  const every = Math.max(1, Math.min(MOST_BETWEEN, Math.floor(0.06 * steps)));
  const shares: number[] = [];
  const maskSteps: number[] = [];
  let step = 0;
  let held = true;
  /** Weights and velocities under the masks: parameters are weights and biases in turn. */
  const apply = (): void => {
    net.layers.forEach(({ weights }, l) => {
      const [mask, velocity] = [masks[l]!, velocities[2 * l]!];
      for (let i = 0; i < mask.length; i++) {
        if (mask[i] === 1) continue;
        weights[i] = 0;
        velocity[i] = 0;
      }
    });
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(set.count, random);
    for (let from = 0; from + BATCH <= order.length; from += BATCH) {
      const { x, t } = take(set, order.slice(from, from + BATCH));
      net.backward(x, t, BATCH);
      update();
      apply();
      step++;
      const share = sparsityAt(step, steps, final);
      const due = final > 0 && share > 0 && (step % every === 0 || step === steps) && (shares.at(-1) ?? 0) < final;
      if (due) {
        net.layers.forEach(({ weights }, l) => {
          masks[l] = magnitudeMask(weights, Math.round(share * weights.length));
        });
        apply();
        maskSteps.push(step);
        shares.push(masks.reduce((sum, m) => sum + zerosOf(m), 0) / masks.reduce((sum, m) => sum + m.length, 0));
      }
      held &&= net.layers.every(({ weights }, l) => zerosOf(weights) >= zerosOf(masks[l]!));
    }
  }
  return {
    accuracy: accuracyOf(net, test),
    zeros: net.layers.map(({ weights }) => zerosOf(weights)),
    shares,
    steps: maskSteps,
    held,
  };
}

/** Samples and one-hot targets by their numbers. */
function take(set: SampleSet, rows: readonly number[]): { x: Float32Array<ArrayBuffer>; t: Float32Array<ArrayBuffer> } {
  const [x, t] = [new Float32Array(rows.length * 784), new Float32Array(rows.length * 10)];
  rows.forEach((row, i) => {
    x.set((set.inputs as Float32Array).subarray(row * 784, (row + 1) * 784), i * 784);
    t[i * 10 + Number(set.targets[row])] = 1;
  });
  return { x, t };
}

function accuracyOf(net: PlainNetwork, set: SampleSet): number {
  const y = net.forward(set.inputs as Float32Array<ArrayBuffer>, set.count);
  let right = 0;
  for (let i = 0; i < set.count; i++) {
    const scores = y.subarray(10 * i, 10 * i + 10);
    if (scores.indexOf(Math.max(...scores)) === Number(set.targets[i])) right++;
  }
  return right / set.count;
}

const HALVES = [100352, 16384, 640];

/** What holds whatever the digits are: zeros by count, growing, and kept. */
function checkZeros(check: Check, digits: string, { zeros, shares, held }: SparseRun): void {
  check.row(1).equal(`${digits}: zeros of each layer at the end`, zeros, HALVES);
  check
    .row(4)
    .holds(
      `${digits}: the share of zeros begins at nearly 0 and never falls`,
      shares[0]! < 0.2 && shares.every((share, i) => i === 0 || share >= shares[i - 1]!),
    );
  check.row(4).equal(`${digits}: the last share`, shares.at(-1), 0.5);
  check.row(5).holds(`${digits}: what a mask took stays exactly 0`, held);
}

/** The whole training, dense and sparse. Only accuracies of MNIST stand for the rows that name it. */
async function checkAccuracy(check: Check): Promise<void> {
  const { train, test, mnist, name }: DigitsAtHand = await digitsAtHand();
  const dense = trainSparse(train, test, { final: 0 });
  const sparse = trainSparse(train, test);
  const of = (row: number): Check => (mnist ? check.row(row) : check);
  const judged = mnist ? 'MNIST, last 10,000 training images as test set' : name.en;
  checkZeros(check, name.en, sparse);
  of(2).atLeast(`${judged}: accuracy with half of the weights zero`, sparse.accuracy, mnist ? 0.97 : 0.9);
  const loss = dense.accuracy - sparse.accuracy;
  of(3).atMost(`${judged}: accuracy of the dense network (${dense.accuracy}) less that`, loss, mnist ? 0.005 : 0.01);
}

export const exercise = defineExercise({
  id: '5.12',
  title: {
    en: 'A three-layer perceptron that becomes half zero, without a framework',
    zh: 'MNIST 三层全连接网络（不用框架），稀疏度 0->50%',
  },
  asked: {
    en: 'Write a three-layer fully connected network for MNIST without a framework, and make its weights sparse gradually while it trains, from 0 to 50 %, without a loss of accuracy.',
    zh: '不使用框架，为 MNIST 编写一个三层全连接网络，并在训练过程中把权重从 0 逐渐稀疏到 50 %，且不损失精度。',
  },
  explanation: {
    en: `The network is 784-256-128-10 with ReLU and softmax: forward, backward and momentum SGD are loops over typed arrays (\`course/plainNetwork.ts\`). Weights are $200704 + 32768 + 1280$; rate 0.05, momentum 0.9, batches of 64.

Every 50 steps (in a short training ten times), from a tenth of the training to seven tenths, the smallest weights *of each layer* become zero, as many as the ramp of exercise 5.9 says,
$$s(t) = 0.5\\left(1 - \\left(1 - \\frac{t - 0.1\\,n}{0.6\\,n}\\right)^3\\right),$$
so that at the end exactly half of each layer is zero: 100352, 16384 and 640. A mask holds them there after every update; the velocity of a masked weight is zeroed, too, or it would come back. In between the other weights adapt.

Why does accuracy not fall? The network has far more weights than the task needs: the reference reaches 98.28 % dense and 98.28 % half sparse, and still 98.2 % at 90 %. Here dense ends at 97.5 and sparse at 98.2 % of MNIST's last 10,000 training images: the rate is never lowered, so the last epoch wavers by
about that much.

What it buys on a processor: with the zeros in a form that hardware can skip (\`systole train --prune\`, compressed weights), half of the weight bytes and of the multiplications.

**Data.** MNIST where its folder is there; else digits drawn by rule, whose accuracy is their own.

Source: M. Zhu, S. Gupta, *To prune, or not to prune: exploring the efficacy of pruning for model compression*, arXiv:1710.01878, 2017.`,
    zh: `网络为 784-256-128-10，激活为 ReLU，输出为 softmax；前向、反向与动量 SGD 都是对类型化数组的循环（\`course/plainNetwork.ts\`）。权重共 $200704 + 32768 + 1280$ 个；学习率 0.05，动量 0.9，批大小 64。

从训练的十分之一到十分之七，每 50 步（短训练中共十次）把*每一层*中最小的若干权重置零，个数由习题 5.9 的曲线给出：
$$s(t) = 0.5\\left(1 - \\left(1 - \\frac{t - 0.1\\,n}{0.6\\,n}\\right)^3\\right)$$
因此最终每层恰好一半为零：100352、16384、640。每次更新之后由掩码保持为零；被掩码权重的速度也要清零，否则它会恢复。其间其余权重继续适应。

精度为何不降？网络的权重远多于任务所需：参考结果为稠密 98.28 %、半稀疏 98.28 %，稀疏 90 % 时仍有 98.2 %。这里在 MNIST 最后 10000 张训练图像上，稠密为 97.5 %，稀疏为 98.2 %：学习率从不降低，最后一轮的波动大约就有这么大。

对处理器的好处：若零以硬件可跳过的形式存放（\`systole train --prune\`，压缩权重），权重字节数和乘法次数都减半。

**数据。** 有 MNIST 文件夹时用 MNIST；否则用按规则绘制的数字，其精度只属于它们自己。

出处：M. Zhu、S. Gupta，*To prune, or not to prune: exploring the efficacy of pruning for model compression*，arXiv:1710.01878，2017。`,
  },
  rows: 5,
  answeredBy: 'program',
  mnistRows: [2, 3],
  code: [
    { path: 'course/plainNetwork.ts', words: { en: 'The network without a framework', zh: '不用框架的网络' } },
    {
      path: 'src/tensor/sparsity/masks.ts',
      words: { en: 'The same in the framework: masks', zh: '框架中的同一功能：掩码' },
    },
    {
      path: 'src/isa/sparse/stream.ts',
      words: { en: 'Compressed weights for the processor', zh: '供处理器使用的压缩权重' },
    },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'images to learn from', zh: '训练图像数' },
      default: 800,
      least: 64,
      most: 50000,
    },
    epochs: { kind: 'whole', words: { en: 'epochs', zh: '轮数' }, default: 3, least: 1, most: 50 },
    sparsity: {
      kind: 'real',
      words: { en: 'share of zeros at the end', zh: '最终的零的比例' },
      default: 0.5,
      least: 0.01,
      most: 0.99,
    },
  },
  async show({ print, table, picture, language }, { images, epochs, sparsity: final }) {
    const { train, test, mnist, name } = await digitsAtHand();
    if (!mnist) print(mnistAbsent());
    const some = part(train, 0, Math.min(images, train.count));
    const judged = part(test, 0, 1000);
    const rows = [0, final].map((share) => {
      const run = trainSparse(some, judged, { epochs, final: share });
      return { share, run };
    });
    table(
      [
        { en: 'share of zeros', zh: '零的比例' },
        { en: 'zeros of each layer', zh: '各层的零' },
        { en: `accuracy on 1000 held-out ${name.en}`, zh: `在 1000 张留出图像上的精度（${name.zh}）` },
      ],
      rows.map(({ share, run }) => [share, run.zeros.join(', '), `${(100 * run.accuracy).toFixed(1)} %`]),
    );
    const { steps, shares } = rows[1]!.run;
    const curve = {
      name: language === 'zh' ? '零的比例' : 'share of zeros',
      points: steps.map((s, i) => [s, shares[i]!] as const),
    };
    const title = language === 'zh' ? '权重中零的比例' : 'share of zeros among the weights';
    picture('sparsity', (await charts()).trainingPicture(title, [curve], language), {
      en: 'The share of zeros against the step of training: it rises fast, then slowly, to the final share',
      zh: '零的比例随训练步数的变化：先快后慢，升至最终比例',
    });
  },
  async check(check) {
    const { train, test, name } = await digitsAtHand();
    checkZeros(check, name.en, trainSparse(part(train, 0, 1280), part(test, 0, 500), { epochs: 4 }));
  },
  checkLong: checkAccuracy,
});
