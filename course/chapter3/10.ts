/**
 * Exercise 3.10: a multilayer perceptron on MNIST with at least 95 %. 784-100-10, ReLU, plain gradient descent of rate 0.5 in batches of 64 is
 * there within the first epochs. Accuracies are of the last 10,000 training images, held out; the reference trained on all 60,000 and judged by
 * the official test images, of which its five epochs had 95.4, 97.0, 97.3, 97.3 and 97.6 %.
 */

import type { Exercise } from 'systole/course';
import { optim } from 'systole/tensor';
import { digits } from '../mnist.ts';
import { judge, mlp, train } from '../training.ts';

/** The accuracy after each epoch. */
export async function trainMlp(sizes: readonly number[], epochs: number, seed = 1): Promise<readonly number[]> {
  const { train: set, test } = await digits();
  const model = mlp(sizes, seed);
  const accuracy = judge(model);
  const accuracies: number[] = [];
  const optimizer = new optim.SGD(model.parameters(), { rate: 0.5 });
  const onEpoch = async (): Promise<void> => {
    accuracies.push(await accuracy(test));
  };
  await train({ model, optimizer, train: set, batch: 64, epochs, seed, onEpoch });
  return accuracies;
}

export const exercise: Exercise = {
  id: '3.10',
  title: { en: 'A multilayer perceptron on MNIST', zh: '在 MNIST 上训练 MLP，精度 95% 以上' },
  rows: 4,
  needs: 'mnist',
  async show({ print }) {
    const [first] = await trainMlp([784, 100, 10], 1);
    print(`784-100-10 after an epoch: ${first} of the 10 000 images held out`);
  },
  async check({ equal, atLeast, close }) {
    equal('parameters of 784-100-10', mlp([784, 100, 10]).size, 79510);
    equal('parameters of 784-512-512-10', mlp([784, 512, 512, 10]).size, 669706);
    const accuracies = await trainMlp([784, 100, 10], 5);
    atLeast('accuracy after five epochs', accuracies.at(-1)!, 0.95);
    close('beside the reference', accuracies.at(-1)!, 0.9758, 0.005);
  },
};
