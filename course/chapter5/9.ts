/**
 * Exercise 5.9: mixed precision, and its idea for sparse networks: a copy of the weights that is cheap to compute with, and a master that is updated.
 * Digits are drawn, so that nothing need be downloaded.
 */
import { float16ToNumber, numberToFloat16, Random } from 'systole/base';
import { type Check, defineExercise, judgeNumbers } from 'systole/course';
import { batches, drawDigits, imageSamples } from 'systole/data';
import { autocast, compile, crossEntropy, Generator, nn, optim, sparsity, type Tensor, tensor } from 'systole/tensor';
import { real, slip } from '../numberFields.ts';

/** The nearest half. */
export const fp16 = (x: number): number => float16ToNumber(numberToFloat16(x));

/** 1 plus a thousand updates, each rounded. */
export function updates(round: (x: number) => number, update: number, count = 1000): number {
  let w = 1;
  for (let i = 0; i < count; i++) w = round(w + update);
  return w;
}

const convNet = (seed: number): nn.Sequential => {
  const generator = new Generator(seed);
  return new nn.Sequential(
    new nn.Conv(1, 8, 5, { padding: 2, generator }),
    nn.relu(),
    nn.maxPool(4),
    nn.flatten(),
    new nn.Linear(8 * 7 * 7, 10, { generator }),
  );
};

interface Amount {
  readonly images: number;
  readonly epochs: number;
}

const BATCH = 50;
const drawn = (images: number) => imageSamples(drawDigits({ count: images, seed: 9 }));

export interface Run {
  readonly accuracy: number;
  /** Updates that were skipped because a gradient overflowed, and the scale at the end. */
  readonly skipped: number;
  readonly scale: number;
}

/** Trains a small convolutional network, in f32 or with products in f16 and a scaled loss. */
export async function trainMixed(precision: 'f32' | 'f16', { images, epochs }: Amount): Promise<Run> {
  const model = convNet(1);
  const scaler = new optim.LossScaler();
  const options = { rate: 0.003, ...(precision === 'f16' ? { scaler } : {}) };
  const adam = new optim.Adam(model.parameters(), options);
  const step = compile((x: Tensor, labels: Tensor) => {
    const logits = autocast(precision, () => model.forward(x));
    const loss = crossEntropy(logits, labels);
    adam.minimize(loss);
    return logits.argMax(-1);
  });
  const set = drawn(images);
  let right = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    right = 0;
    for (const b of batches(set, { size: BATCH, seed: 1, epoch })) {
      const found = await step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets)).data();
      for (let i = 0; i < b.count; i++) if (Number(found[i]) === Number(b.targets[i])) right++;
    }
  }
  return { accuracy: right / set.count, skipped: await scaler.skipped.item(), scale: await scaler.scale.item() };
}

/** Trains under masks; after every step the weights under the mask must be exact zeros, which is what forward sees. */
export async function trainSparse({ images, epochs, final = 0.5 }: Amount & { readonly final?: number }) {
  const model = convNet(2);
  const adam = new optim.Adam(model.parameters(), { rate: 0.003 });
  const set = drawn(images);
  const steps = epochs * Math.ceil(set.count / BATCH);
  const pruner = new sparsity.Pruner(adam, {
    schedule: sparsity.cubicSparsity({ final, begin: Math.floor(0.1 * steps), end: Math.floor(0.7 * steps) }),
  });
  const step = compile((x: Tensor, labels: Tensor) => {
    const loss = crossEntropy(model.forward(x), labels);
    adam.minimize(loss);
    return loss;
  });
  let kept = true;
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const b of batches(set, { size: BATCH, seed: 1, epoch })) {
      loss = await step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets)).item();
      await pruner.update();
      for (const weight of pruner.parameters) {
        const [values, mask] = await Promise.all([weight.data(), adam.masks.get(weight)!.data()]);
        kept &&= mask.every((m, i) => Number(m) === 1 || Number(values[i]) === 0);
      }
    }
  }
  return { kept, loss, zeros: await sparsity.zeroCounts(model) };
}

async function checkTrainings(check: Check, amount: Amount): Promise<void> {
  const [single, half] = [await trainMixed('f32', amount), await trainMixed('f16', amount)];
  check.atMost('drawn digits: accuracy in f32 less that in mixed precision', single.accuracy - half.accuracy, 0.01);
  const sparse = await trainSparse(amount);
  check.row(5).holds('weights under the mask are exact zeros after every step, so in every forward pass', sparse.kept);
  check.row(5).equal(
    'zeros of each layer at the end',
    sparse.zeros.map((z) => z.zeros),
    sparse.zeros.map((z) => z.size / 2),
  );
}

export const exercise = defineExercise({
  id: '5.9',
  title: {
    en: 'Mixed precision, and sparse training after its idea',
    zh: '混合精度训练，并借鉴其思想训练稀疏卷积网络',
  },
  asked: {
    en: 'What is mixed-precision training (forward in half precision, backward in single)? Borrow its idea to train a sparse convolutional network. Hand in the numbers `smallest`, `largest`, the least and the largest positive numbers of half precision; and `half`, `master`: a weight of 1 after 1000 updates of $10^{-4}$ in half precision, and with a master copy in single precision. Real numbers to three digits.',
    zh: '什么是混合精度训练（前向用半精度，反向用单精度）？请借鉴其思想训练一个稀疏卷积网络。请提交数值 `smallest`、`largest`：半精度能表示的最小与最大正数；以及 `half`、`master`：从 1 开始的权重加 1000 次 $10^{-4}$ 之后的值，分别用半精度与单精度主副本。实数取三位有效数字。',
  },
  claimed: {
    en: `Claimed: nothing (“do not know; should one not simply make the trained model sparse?”). Pruning a trained network once is possible, but whatever its weights had agreed on is cut in one stroke, and accuracy falls with the share of zeros unless it is trained
again. Training under a growing mask lets the rest adapt as it goes. And the question itself simplifies: in mixed precision backward runs in half precision as well as forward; what stays in single precision is the master copy of the weights, and their update.`,
    zh: `原答案没有作答（“不知道，难道不是把训练好的模型稀疏化就行吗？”）。对训练好的网络一次性剪枝固然可行，但权重之间已经形成的配合被一刀切断，若不重新训练，精度会随零的比例下降。在逐渐增大的掩码下训练，则其余权重可以边训练边适应。
题目本身也作了简化：混合精度训练中，反向与前向一样用半精度；保持单精度的是权重的主副本及其更新。`,
  },
  explanation: {
    en: `**Mixed precision.** A half has 11 bits of significand and reaches from $2^{-24} = 5.96 \\cdot 10^{-8}$ (the smallest subnormal) to 65504. Two things go wrong if everything is half:

- *Updates vanish.* Between 1 and 2 halves lie $2^{-10} \\approx 0.001$ apart; adding $10^{-4}$ a thousand times leaves 1. So weights are kept and updated in f32 (*master weights*), and forward and backward get copies in f16. The same sum in f32 is 1.1000.
- *Gradients vanish.* Below $2^{-25}$ they are 0. So the loss is multiplied by a scale $S$, which multiplies every gradient, and gradients are divided by $S$ in f32 before the update. If one overflows, the update is skipped and $S$ halved; after a while
without it is doubled.

**The same split for sparsity.** The master is the dense f32 weight $W$; the copy to compute with is $W \\odot M$ under a mask $M$ of zeros and ones. Forward and backward see the masked weights; the mask is renewed every $k$ steps from magnitudes, and its share of zeros follows
$$s(t) = s_{end}\\left(1 - \\left(1 - \\frac{t - t_0}{t_1 - t_0}\\right)^3\\right),$$
fast while many weights are of no use, slow at the end. Masked weights are exact zeros after every step, which is what hardware that skips them needs.

Here a small convolutional network learns drawn digits in f32, in f16 with a scaled loss, and under masks. The check demands that mixed precision is within 1 % of f32 and that zeros are exactly as many as the schedule says.

Sources: P. Micikevicius et al., *Mixed precision training*, ICLR 2018; M. Zhu, S. Gupta, *To prune, or not to prune*, arXiv:1710.01878.`,
    zh: `**混合精度。** 半精度有 11 位有效数字，范围从 $2^{-24} = 5.96 \\cdot 10^{-8}$（最小次正规数）到 65504。全用半精度会出两个问题：

- *更新消失。* 在 1 与 2 之间，半精度数相距 $2^{-10} \\approx 0.001$；把 $10^{-4}$ 加一千次，结果仍是 1。因此权重以 f32 保存和更新（*主权重*），前向与反向使用其 f16 副本。同样的求和在 f32 中得 1.1000。
- *梯度消失。* 小于 $2^{-25}$ 的梯度变为 0。因此把损失乘以比例 $S$，所有梯度随之放大，更新之前再以 f32 除以 $S$。若有溢出，则跳过这次更新并把 $S$ 减半；一段时间未溢出则加倍。

**稀疏训练中的同样拆分。** 主副本是稠密的 f32 权重 $W$，参与计算的是掩码 $M$（元素为 0 或 1）之下的 $W \\odot M$。前向和反向只看到掩码后的权重；每隔 $k$ 步按幅值更新掩码，零的比例为
$$s(t) = s_{end}\\left(1 - \\left(1 - \\frac{t - t_0}{t_1 - t_0}\\right)^3\\right)$$
开始时无用的权重多，增长快；结束时增长慢。每一步之后，被掩码的权重都是精确的零，这正是跳过零的硬件所需要的。

这里让一个小卷积网络学习绘制的数字：分别用 f32、f16 加损失缩放、掩码稀疏。检查要求混合精度与 f32 相差不超过 1 %，零的个数与调度完全一致。

出处：P. Micikevicius 等，*Mixed precision training*，ICLR 2018；M. Zhu、S. Gupta，*To prune, or not to prune*，arXiv:1710.01878。`,
  },
  rows: 5,
  code: [
    { path: 'src/tensor/autocast.ts', words: { en: 'Products in f16 or bf16', zh: '以 f16 或 bf16 做乘法' } },
    { path: 'src/tensor/optim', words: { en: 'Optimisers, and the scaling of the loss', zh: '优化器与损失缩放' } },
    { path: 'src/tensor/sparsity/pruner.ts', words: { en: 'Masks to a schedule', zh: '按调度更新掩码' } },
    { path: 'src/tensor/sparsity/schedule.ts', words: { en: 'The schedule', zh: '稀疏度调度' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'drawn digits', zh: '绘制的数字个数' },
      default: 1000,
      least: 100,
      most: 20000,
    },
    epochs: { kind: 'whole', words: { en: 'epochs', zh: '轮数' }, default: 3, least: 1, most: 50 },
    sparsity: {
      kind: 'real',
      words: { en: 'share of zeros at the end', zh: '最终的零的比例' },
      default: 0.5,
      least: 0,
      most: 0.99,
    },
    update: {
      kind: 'real',
      words: { en: 'update that is added a thousand times', zh: '累加一千次的更新量' },
      default: 1e-4,
      least: 0,
      most: 1,
    },
  },
  async show({ print, table }, { images, epochs, sparsity: final, update }) {
    table(
      [
        { en: 'number', zh: '数' },
        { en: 'as a half', zh: '半精度值' },
      ],
      [
        ['1e-8', fp16(1e-8)],
        ['1e-8 · 1024', fp16(1e-8 * 1024)],
        ['2⁻²⁴', fp16(2 ** -24)],
        ['2⁻²⁵', fp16(2 ** -25)],
        ['65504', fp16(65504)],
        ['65520', `${fp16(65520)}`],
      ],
    );
    print({
      en: `1 + 1000 · ${update}: in halves ${updates(fp16, update)}, in f32 ${updates(Math.fround, update)}`,
      zh: `1 + 1000 · ${update}：半精度 ${updates(fp16, update)}，f32 ${updates(Math.fround, update)}`,
    });
    const rows: (string | number)[][] = [];
    for (const precision of ['f32', 'f16'] as const) {
      const { accuracy, skipped, scale } = await trainMixed(precision, { images, epochs });
      rows.push([
        precision,
        `${(100 * accuracy).toFixed(1)} %`,
        ...(precision === 'f16' ? [skipped, scale] : ['–', '–']),
      ]);
    }
    table(
      [
        { en: 'products in', zh: '乘法精度' },
        { en: 'accuracy in the last epoch', zh: '最后一轮的精度' },
        { en: 'updates skipped', zh: '跳过的更新' },
        { en: 'scale at the end', zh: '最终缩放比例' },
      ],
      rows,
    );
    const { zeros, loss } = await trainSparse({ images, epochs, final });
    print({
      en: `under masks: zeros ${zeros.map((z) => `${z.zeros} of ${z.size}`).join(', ')}; loss ${loss.toFixed(3)}`,
      zh: `掩码训练：零 ${zeros.map((z) => `${z.zeros} / ${z.size}`).join('，')}；损失 ${loss.toFixed(3)}`,
    });
  },
  async check(check) {
    check.row(1).close('1e-8 and 1024 times it as halves', [fp16(1e-8), fp16(1e-8 * 1024)], [0, 1.025e-5], 1e-8);
    check
      .row(2)
      .equal(
        'the smallest half above 0, 2⁻²⁴ = 5.96e-8, and half of it',
        [fp16(2 ** -24), fp16(2 ** -25)],
        [2 ** -24, 0],
      );
    check
      .row(3)
      .equal(
        'the largest half, and what rounds beyond it',
        [fp16(65504), fp16(65520)],
        [65504, Number.POSITIVE_INFINITY],
      );
    check.row(4).equal('1000 updates of 1e-4 in halves', updates(fp16, 1e-4), 1);
    check.row(4).close('the same in f32', updates(Math.fround, 1e-4), 1.1000165939331055, 1e-6);
    const random = new Random(1);
    const there = Array.from({ length: 1000 }, () => fp16(random.normal()));
    check.holds(
      'halves are their own nearest halves',
      there.every((v) => fp16(v) === v),
    );
    await checkTrainings(check, { images: 1000, epochs: 4 });
  },
  checkLong: (check) => checkTrainings(check, { images: 2000, epochs: 4 }),
  judge: (submission) =>
    judgeNumbers(submission, [
      real('smallest', 'least positive half', '最小的正半精度数', fp16(2 ** -24), [
        slip(
          2 ** -14,
          'that is the least normal one; subnormal ones are smaller',
          '那是最小的规格化数；次规格化数更小',
        ),
      ]),
      real('largest', 'largest half', '最大的半精度数', fp16(65504)),
      real('half', 'the weight in halves', '半精度权重', updates(fp16, 1e-4), [
        slip(updates(Math.fround, 1e-4), 'no update is lost to rounding', '没有考虑更新因舍入而丢失'),
      ]),
      real('master', 'the weight with a master copy', '有主副本时的权重', updates(Math.fround, 1e-4), [
        slip(updates(fp16, 1e-4), 'that is the weight in halves', '那是半精度权重'),
      ]),
    ]),
});
