/**
 * Held-out MNIST: precision and sparsity cost at most 0.3 points of accuracy. The last 10,000 training images are held out, since the
 * official test set is not at hand. Takes minutes.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { openFolder } from '#data';
import { sparsity } from '#tensor';
import { digitData } from './digits.ts';
import { prepareTraining, type Training } from './fit.ts';
import type { Hyperparameters } from './task.ts';
import { tasks } from './tasks.ts';

const MNIST = '../shared/data/mnist';
const missing = !existsSync(MNIST);
const MINUTES = 60_000;

async function trained(
  name: string,
  method: Partial<Hyperparameters>,
): Promise<{ readonly accuracy: number } & Training> {
  const task = tasks.get(name)!;
  const data = await digitData(task, { folder: openFolder(MNIST), seed: 1 });
  const training = prepareTraining(task, data, { hyperparameters: { ...task.defaults, ...method }, seed: 1 });
  let accuracy = 0;
  for await (const event of training.events()) if (event.kind === 'epoch') accuracy = event.validation!.accuracy!;
  return { ...training, accuracy };
}

describe.skipIf(missing)('within 0.3 points of dense f32 (skipped where ../shared/data/mnist is absent)', () => {
  describe.each([
    ['mlp', 0.98, [{ precision: 'f16' }, { precision: 'bf16' }, { sparsity: 0.5 }, { sparsity: '2:4' }]],
    ['lenet5', 0.99, [{ precision: 'f16' }]],
  ] as const)('%s', (name, least, methods) => {
    let dense = 0;
    beforeAll(async () => {
      dense = (await trained(name, {})).accuracy;
    }, 30 * MINUTES);

    test(`in f32 at least ${100 * least} %`, () => {
      expect(dense).toBeGreaterThanOrEqual(least);
    });

    test.each(methods)('%j', { timeout: 30 * MINUTES }, async (method) => {
      const { accuracy, learner } = await trained(name, method);
      expect(dense - accuracy).toBeLessThanOrEqual(0.003);
      if (!('sparsity' in method)) return;
      for (const { zeros, size } of await sparsity.zeroCounts(learner.network)) expect(zeros).toBe(size / 2);
    });
  });
});
