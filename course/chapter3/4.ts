/**
 * Exercise 3.4: convergence, training accuracy, test accuracy. Training converges when its loss no longer falls. That says nothing of where
 * it stands: stopped early or with too small a network both accuracies are low (under-fitting); with few images the training accuracy goes
 * to 1 while the test accuracy stays behind (over-fitting); with enough images both are high and close. Usually training accuracy is above
 * test accuracy, but not by any law: dropout and augmentation lower the first, and small test sets waver. Since test accuracy may fall
 * again while the loss still does, training is stopped at the best epoch on images held out for that.
 */

import type { Exercise } from 'systole/course';
import { optim } from 'systole/tensor';
import { digits, part } from '../mnist.ts';
import { judge, mlp, train } from '../training.ts';

export interface Curve {
  /** Accuracies after each epoch. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Trains 784-100-10 on the first `count` images and follows both accuracies. */
export async function follow(count: number, { epochs = 5, rate = 0.5, seed = 1 } = {}): Promise<Curve> {
  const { train: all, test } = await digits();
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

const RUNS = {
  'under-fit': () => follow(50000, { epochs: 1, rate: 0.0005 }),
  'over-fit': () => follow(100, { epochs: 100 }),
  good: () => follow(50000, { epochs: 5 }),
} as const;

export const exercise: Exercise = {
  id: '3.4',
  title: {
    en: 'Convergence, training accuracy and test accuracy',
    zh: '简述训练过程中收敛、训练精度和测试精度之间的关系',
  },
  rows: 3,
  needs: 'mnist',
  async show({ print }) {
    const curve = await RUNS['over-fit']();
    for (const epoch of [0, 9, 99])
      print(`100 images, epoch ${epoch + 1}: training ${curve.train[epoch]}, test ${curve.test[epoch]}`);
  },
  async check({ equal, atLeast, atMost }) {
    const curves = {
      'under-fit': await RUNS['under-fit'](),
      'over-fit': await RUNS['over-fit'](),
      good: await RUNS.good(),
    };
    for (const [name, curve] of Object.entries(curves)) {
      const last = [curve.train.at(-1), curve.test.at(-1)].map((v) => v!.toFixed(4)).join(' and ');
      equal(`diagnosis of the run that ends at ${last}`, diagnose(curve), name);
    }
    const gap = ({ train: a, test: b }: Curve): number => a.at(-1)! - b.at(-1)!;
    equal('training accuracy on 100 images', curves['over-fit'].train.at(-1), 1);
    atLeast('gap on 100 images', gap(curves['over-fit']), 0.1);
    atMost('gap on 50 000 images', gap(curves.good), 0.02);
    const validation = curves['over-fit'].test;
    equal('early stopping takes the best epoch', validation[earlyStop(validation)], Math.max(...validation));
  },
};
