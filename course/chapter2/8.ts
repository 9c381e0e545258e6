/**
 * Exercise 2.8: how a trained network with two hidden layers labels a sample. h₁ = G(W₁·x + b₁), h₂ = G(W₂·h₁ + b₂), y = W₃·h₂ + b₃: three matrices,
 * three biases and the activation between them. Output neuron j means what the coding of the labels in training gave it (one-hot: class
 * j), and the sample gets the label of the largest output. Softmax keeps the order, so it changes no label.
 */

import type { Exercise } from 'systole/course';
import { linear, random, relu, softmax, type Tensor, tensor } from 'systole/tensor';

/** A network as the formulas have it: W of layer l is [neurons of l, neurons of l − 1]. */
export interface Network {
  /** Neurons of the input, the hidden layers and the output. */
  readonly sizes: readonly number[];
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[];
}

/** Holds the matrices against the sizes: one matrix and one bias for each layer but the input, each of its shape. */
export function checkNetwork({ sizes, weights, biases }: Network): void {
  const layers = sizes.length - 1;
  if (weights.length !== layers || biases.length !== layers) {
    throw new RangeError(
      `${layers - 1} hidden layers need ${layers} matrices and ${layers} biases, but there are ${weights.length} and ${biases.length}`,
    );
  }
  weights.forEach((w, l) => {
    const expected = [sizes[l + 1], sizes[l]];
    if (`${w.shape}` !== `${expected}`) {
      throw new RangeError(`the matrix of layer ${l + 1} is ${w.shape.join(' × ')}, expected ${expected.join(' × ')}`);
    }
  });
}

/** The outputs for samples [N, inputs]. */
export function forward(network: Network, x: Tensor): Tensor {
  checkNetwork(network);
  const { weights, biases } = network;
  return weights.reduce((h, w, l) => {
    const z = linear(h, w, biases[l]);
    return l < weights.length - 1 ? relu(z) : z;
  }, x);
}

/** The label of each sample. */
export const predict = (network: Network, x: Tensor): Tensor => forward(network, x).argMax(-1);

/** An example of two inputs, two neurons in each layer. */
export const EXAMPLE: Network = {
  sizes: [2, 2, 2, 2],
  weights: [1, 2, 3].map(() =>
    tensor([
      [1, 0],
      [0, 1],
    ]),
  ),
  biases: [tensor([0, 0]), tensor([-0.5, 0]), tensor([0, 0])],
};

/** How many of random outputs softmax would label otherwise. */
export async function changedBySoftmax(count: number): Promise<number> {
  const y = random.normal([count, 10], { std: 3, generator: new random.Generator(8) });
  return y.argMax(-1).ne(softmax(y).argMax(-1)).sum().item();
}

export const exercise: Exercise = {
  id: '2.8',
  title: {
    en: 'The labels of a network with two hidden layers',
    zh: '有两个隐层的 MLP 如何决定输出神经元的标签？预测时样本标签如何决定？',
  },
  rows: 3,
  async show({ print }) {
    const x = tensor([[1, 0.75]]);
    print(`x = (1, 0.75): y = (${await forward(EXAMPLE, x).toArray()}), label ${await predict(EXAMPLE, x).toArray()}`);
    print(`of 1000 random outputs, softmax changes the label of ${await changedBySoftmax(1000)}`);
  },
  async check({ equal, throws }) {
    equal('matrices and biases for two hidden layers', [EXAMPLE.weights.length, EXAMPLE.biases.length], [3, 3]);
    const x = tensor([[1, 0.75]]);
    equal('y', await forward(EXAMPLE, x).toArray(), [[0.5, 0.75]]);
    equal('the label', await predict(EXAMPLE, x).toArray(), [1n]);
    equal('labels of 1000 random outputs that softmax changes', await changedBySoftmax(1000), 0);
    const two = { ...EXAMPLE, weights: EXAMPLE.weights.slice(1), biases: EXAMPLE.biases.slice(1) };
    await throws('two matrices for two hidden layers', () => forward(two, x), /need 3 matrices/);
    await throws('a matrix of another shape', () => forward({ ...EXAMPLE, sizes: [2, 3, 2, 2] }, x), /3 × 2/);
  },
};
