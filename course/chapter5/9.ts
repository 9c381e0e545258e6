/**
 * Exercise 5.9: mixed precision, and its idea for sparse networks. Half precision has half the bytes and a short range: gradients below
 * 6 · 10⁻⁸ are 0 in it, and an update of a thousandth of a half's last place is lost. So forward and backward run in f16 (both, not
 * forward alone), weights are kept and updated in f32 ("master weights"), and the loss is scaled up before the gradients are taken and they
 * are scaled down again before the update. The same split serves sparsity: the dense f32 weights are the master, forward and backward see
 * them under a mask, the mask is renewed from their magnitudes every few steps while its share of zeros grows, and what is masked is an
 * exact zero. Sparsifying only after training loses accuracy that this keeps.
 */
import { float16ToNumber, numberToFloat16, Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { batches, drawDigits, imageSamples } from 'systole/data';
import { autocast, compile, crossEntropy, Generator, nn, optim, sparsity, type Tensor, tensor } from 'systole/tensor';

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

/** Drawn digits, so that nothing need be downloaded. */
const drawn = () => imageSamples(drawDigits({ count: 2000, seed: 9 }));

export interface Run {
  readonly accuracy: number;
  /** Updates that were skipped because a gradient overflowed, and the scale at the end. */
  readonly skipped: number;
  readonly scale: number;
}

/** Trains a small convolutional network, in f32 or with products in f16 and a scaled loss. */
export async function trainMixed(precision: 'f32' | 'f16', epochs = 4): Promise<Run> {
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
  const set = drawn();
  let right = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    right = 0;
    for (const b of batches(set, { size: 100, seed: 1, epoch })) {
      const found = await step(tensor(b.inputs, { shape: b.inputDims }), tensor(b.targets)).data();
      for (let i = 0; i < b.count; i++) if (Number(found[i]) === Number(b.targets[i])) right++;
    }
  }
  return { accuracy: right / set.count, skipped: await scaler.skipped.item(), scale: await scaler.scale.item() };
}

/** Trains under masks; after every step the weights under the mask must be exact zeros, which is what forward sees. */
export async function trainSparse(epochs = 4) {
  const model = convNet(2);
  const adam = new optim.Adam(model.parameters(), { rate: 0.003 });
  const set = drawn();
  const steps = epochs * Math.ceil(set.count / 100);
  const pruner = new sparsity.Pruner(adam, {
    schedule: sparsity.cubicSparsity({ begin: 8, end: Math.floor(0.7 * steps), every: 8 }),
  });
  const step = compile((x: Tensor, labels: Tensor) => {
    const loss = crossEntropy(model.forward(x), labels);
    adam.minimize(loss);
    return loss;
  });
  let kept = true;
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const b of batches(set, { size: 100, seed: 1, epoch })) {
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

export const exercise: Exercise = {
  id: '5.9',
  title: {
    en: 'Mixed precision, and sparse training after its idea',
    zh: '混合精度训练，并借鉴其思想训练稀疏卷积网络',
  },
  rows: 5,
  async show({ print }) {
    print(`a gradient of 1e-8 as a half: ${fp16(1e-8)}; scaled by 1024: ${fp16(1e-8 * 1024)}`);
    print(`1 + 1000 · 1e-4: halves ${updates(fp16, 1e-4)}, f32 ${updates(Math.fround, 1e-4)}`);
    for (const precision of ['f32', 'f16'] as const) {
      const { accuracy, skipped, scale } = await trainMixed(precision);
      print(
        `drawn digits, ${precision}: ${(100 * accuracy).toFixed(1)} % in the last epoch${precision === 'f16' ? `, ${skipped} updates skipped, scale ${scale}` : ''}`,
      );
    }
  },
  async check({ close, equal, holds, atMost }) {
    close('1e-8 and 1024 times it as halves', [fp16(1e-8), fp16(1e-8 * 1024)], [0, 1.025e-5], 1e-8);
    equal('the smallest half above 0, 2⁻²⁴ = 5.96e-8, and half of it', [fp16(2 ** -24), fp16(2 ** -25)], [2 ** -24, 0]);
    equal('the largest half, and what rounds beyond it', [fp16(65504), fp16(65520)], [65504, Number.POSITIVE_INFINITY]);
    equal('1000 updates of 1e-4 in halves', updates(fp16, 1e-4), 1);
    close('the same in f32', updates(Math.fround, 1e-4), 1.1000165939331055, 1e-6);
    const random = new Random(1);
    const there = Array.from({ length: 1000 }, () => fp16(random.normal()));
    holds(
      'halves are their own nearest halves',
      there.every((v) => fp16(v) === v),
    );
    const [single, half] = [await trainMixed('f32'), await trainMixed('f16')];
    atMost('drawn digits: f32 less mixed precision', single.accuracy - half.accuracy, 0.01);
    const sparse = await trainSparse();
    holds('weights under the mask are exact zeros after every step', sparse.kept);
    equal(
      'zeros at the end',
      sparse.zeros.map((z) => z.zeros),
      sparse.zeros.map((z) => z.size / 2),
    );
  },
};
