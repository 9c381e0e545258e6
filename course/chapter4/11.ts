/**
 * Exercise 4.11: LeNet-5 on MNIST. As it is written today, two convolutions with pooling and three fully connected layers, it has 61,706
 * parameters; the paper's, with a table of connections and trainable subsampling, 60,000. Trained with Adam, the rate falling along a cosine, in
 * batches of 128; accuracies are of the last 10,000 training images, held out.
 */

import type { Exercise } from 'systole/course';
import type { SampleSet } from 'systole/data';
import { lenet5, lenet5Original } from 'systole/models';
import { convolution, layerMacs, product } from 'systole/report';
import { Generator, optim } from 'systole/tensor';
import { digits, part } from '../mnist.ts';
import { judge, train } from '../training.ts';

/** Multiply-accumulates of the layers for one image. */
export function macs(): Readonly<Record<string, number>> {
  const conv = (name: string, channels: number, filters: number, input: number, output: number): number =>
    layerMacs(
      convolution({
        name,
        channels,
        filters,
        input: [input, input],
        output: [output, output],
        kernel: [5, 5],
        stride: [1, 1],
      }),
    );
  const fc = (name: string, inner: number, columns: number): number => layerMacs(product({ name, inner, columns }));
  return {
    C1: conv('C1', 1, 6, 32, 28),
    C3: conv('C3', 6, 16, 14, 10),
    C5: fc('C5', 400, 120),
    F6: fc('F6', 120, 84),
    output: fc('output', 84, 10),
  };
}

/** As pictures [1, 28, 28]. */
const pictures = (set: SampleSet): SampleSet => ({ ...set, inputDims: [1, 28, 28] });

const BATCH = 128;

/** Accuracy after each epoch. */
export async function trainLenet(
  count: number,
  epochs: number,
  { variant = 'relu', seed = 1 }: { variant?: 'relu' | 'tanh'; seed?: number } = {},
): Promise<readonly number[]> {
  const { train: all, test } = await digits();
  const set = pictures(part(all, 0, count));
  const model = lenet5({ variant, generator: new Generator(seed) });
  const accuracy = judge(model);
  const rate = optim.cosine(4e-3, epochs * Math.floor(count / BATCH));
  const accuracies: number[] = [];
  const onEpoch = async (): Promise<void> => {
    accuracies.push(await accuracy(pictures(test)));
  };
  await train({
    model,
    optimizer: new optim.Adam(model.parameters(), { rate }),
    train: set,
    batch: BATCH,
    epochs,
    seed,
    onEpoch,
  });
  return accuracies;
}

export const exercise: Exercise = {
  id: '4.11',
  title: { en: 'LeNet-5 on MNIST', zh: '实现 LeNet-5，在 MNIST 上识别' },
  rows: 5,
  needs: 'mnist',
  show({ print }) {
    for (const [name, v] of lenet5().variables()) print(`${name}: ${v.shape.join(' × ')} = ${v.size}`);
    for (const [name, count] of Object.entries(macs())) print(`${name}: ${count} MACs an image`);
  },
  async check({ equal, atLeast }) {
    equal('parameters of today’s LeNet-5', lenet5().size, 61706);
    equal('parameters of the paper’s', lenet5Original().size, 60000);
    equal('MACs of C1, C3, C5, F6, output', Object.values(macs()), [117600, 240000, 48000, 10080, 840]);
    atLeast('5000 images, ten epochs', (await trainLenet(5000, 10)).at(-1)!, 0.95);
  },
  async checkLong({ atLeast }) {
    atLeast('50 000 images, four epochs, ReLU and maximum', (await trainLenet(50000, 4)).at(-1)!, 0.985);
    atLeast(
      '50 000 images, four epochs, tanh and mean',
      (await trainLenet(50000, 4, { variant: 'tanh' })).at(-1)!,
      0.975,
    );
  },
};
