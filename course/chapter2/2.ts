/**
 * Exercise 2.2: how many parameters a 33-512-10 multilayer perceptron has. Each of its layers has a weight for each pair of neurons and
 * one bias for each neuron it feeds: 33·512 + 512·10 weights, 512 + 10 biases.
 */

import type { Exercise } from 'systole/course';
import { nn } from 'systole/tensor';

export interface Count {
  readonly weights: number;
  readonly biases: number;
  readonly total: number;
}

/** By the formula: `sizes` are the neurons of input, hidden and output layers. */
export function countParameters(sizes: readonly number[]): Count {
  let weights = 0;
  let biases = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    weights += sizes[layer - 1]! * sizes[layer]!;
    biases += sizes[layer]!;
  }
  return { weights, biases, total: weights + biases };
}

/** The same network in the framework. */
export const perceptron = (...sizes: readonly number[]): nn.Sequential =>
  new nn.Sequential(
    ...sizes.slice(1).flatMap((size, i) => [...(i === 0 ? [] : [nn.relu()]), new nn.Linear(sizes[i]!, size)]),
  );

export const exercise: Exercise = {
  id: '2.2',
  title: {
    en: 'Trainable parameters of a 33-512-10 multilayer perceptron',
    zh: '33-512-10 的多层感知机共有多少可训练参数？',
  },
  rows: 3,
  show({ print }) {
    const { weights, biases, total } = countParameters([33, 512, 10]);
    print(`${weights} weights and ${biases} biases, ${total} in all`);
    for (const [name, v] of perceptron(33, 512, 10).variables()) print(`  ${name}: ${v.shape.join(' × ')} = ${v.size}`);
  },
  check({ equal }) {
    const count = countParameters([33, 512, 10]);
    equal('weights', count.weights, 22016);
    equal('biases', count.biases, 522);
    equal('total', count.total, 22538);
    equal('parameters of the network in the framework', perceptron(33, 512, 10).size, 22538);
  },
};
