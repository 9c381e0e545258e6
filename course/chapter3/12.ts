/**
 * Exercise 3.12: the algorithms of 3.11 on ImageNet: is accuracy affected? With `--pictures FOLDER` AlexNet is trained on what lies there. Without it
 * ImageNet is not trained: 1.28 million images and 2.5 · 10¹⁷ MACs for AlexNet are out of reach, and what is not run is not reported. Then
 * the same protocol is run on a proxy, MNIST: several seeds for each optimiser, to convergence, the difference of the means with its
 * confidence interval. From the literature, not from here: adaptive methods
 * can end slightly below tuned momentum on large image sets (Wilson et al. 2017); decoupled weight decay (Loshchilov and Hutter 2019), warm-up and
 * decay of the rate close the gap.
 */

import type { Exercise, PictureSettings } from 'systole/course';
import { classifier, type Task, tasks } from 'systole/flow';
import { models } from 'systole/models';
import { optim, type Variable } from 'systole/tensor';
import { digits } from '../mnist.ts';
import { pictures, trainOnPictures } from '../pictures.ts';
import { judge, mlp, train } from '../training.ts';
import { ALEXNET_MACS, IMAGENET, trainingMacs } from './5.ts';

/** What an answer is about. */
export const scopeOf = (folder: string | undefined): { readonly scope: string; readonly imagenet: string } =>
  folder === undefined
    ? { scope: 'proxy (MNIST), not ImageNet', imagenet: 'not run' }
    : { scope: `the pictures in ${folder}`, imagenet: 'run' };

type Build = (p: readonly Variable[], steps: number) => optim.Optimizer;

export const OPTIMIZERS = {
  SGD: (p) => new optim.SGD(p, { rate: 0.3 }),
  Adam: (p) => new optim.Adam(p, { rate: 0.001 }),
  'Adam, decayed': (p, steps) => new optim.Adam(p, { rate: optim.cosine(0.001, steps) }),
} as const satisfies Record<string, Build>;

const [EPOCHS, BATCH] = [10, 64];

/** Held-out accuracies at the end, one for each seed. */
export async function runProxy(name: keyof typeof OPTIMIZERS, seeds: readonly number[]): Promise<readonly number[]> {
  const { train: set, test } = await digits();
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const model = mlp([784, 128, 10], seed);
    const build: Build = OPTIMIZERS[name];
    const optimizer = build(model.parameters(), EPOCHS * Math.floor(set.count / BATCH));
    await train({ model, optimizer, train: set, batch: BATCH, epochs: EPOCHS, seed });
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

export const exercise: Exercise = {
  id: '3.12',
  title: { en: 'The same on ImageNet?', zh: '将 3.11 的算法用于 ImageNet，精度有无影响？' },
  rows: 4,
  needs: 'mnist',
  async show({ print }) {
    const settings = pictures();
    if (settings !== undefined) {
      print(`${scopeOf(settings.folder).scope}:`);
      const found: (readonly number[])[] = [];
      for (const name of Object.keys(PICTURE_OPTIMIZERS) as (keyof typeof PICTURE_OPTIMIZERS)[]) {
        found.push(await runPictures(name, SEEDS, settings));
        print(
          `${name}: ${found
            .at(-1)!
            .map((a) => `${(100 * a).toFixed(2)} %`)
            .join(', ')}`,
        );
      }
      const { difference: d, halfWidth } = difference(found[1]!, found[0]!);
      print(`Adam less SGD: ${(100 * d).toFixed(2)} ± ${(100 * halfWidth).toFixed(2)} points (95 %)`);
      return;
    }
    const { scope, imagenet } = scopeOf(undefined);
    print(
      `ImageNet: ${imagenet} here, no pictures (--pictures FOLDER). Training AlexNet for 90 epochs takes ${trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n)} MACs.`,
    );
    print(`What is run: ${scope}; --check --long compares the optimisers with three seeds each.`);
  },
  check({ equal }) {
    const { scope, imagenet } = scopeOf(undefined);
    equal('scope where there are no pictures', [scope, imagenet], ['proxy (MNIST), not ImageNet', 'not run']);
    equal(
      'MACs of AlexNet on ImageNet, 90 epochs',
      trainingMacs(ALEXNET_MACS, IMAGENET.images, 90n),
      250583248953253440n,
    );
  },
  async checkLong({ atMost }) {
    const [sgd, adam, decayed] = [
      await runProxy('SGD', SEEDS),
      await runProxy('Adam', SEEDS),
      await runProxy('Adam, decayed', SEEDS),
    ];
    const { difference: d, halfWidth } = difference(adam, sgd);
    const interval = `${(100 * d).toFixed(2)} ± ${(100 * halfWidth).toFixed(2)} points`;
    atMost(`Adam less SGD, ${interval} (95 %)`, Math.abs(d), 0.005);
    atMost('constant rate less decayed rate', mean(adam) - mean(decayed), 0.003);
  },
};
