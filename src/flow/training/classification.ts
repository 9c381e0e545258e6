/** Learners that tell classes apart, and the tasks of that kind: MLP and LeNet-5 on digits, an LSTM that reads them line by line. */
import * as models from '#models';
import { any, argMax, crossEntropy, eq, type nn, optim, sum, type Tensor, topK } from '#tensor';
import type { Learner, Metrics, Task } from './task.ts';

/** Of more classes than these it is also counted how often the right one is among the five likeliest. */
const TOP = 5;

/**
 * Cross-entropy of, and samples told right by, a network of logits.
 * @param classes where they are more than five, the check counts `top5`, too
 */
export function classifier(
  network: nn.Module & { forward(x: Tensor): Tensor },
  optimizer: optim.Optimizer,
  classes = 0,
): Learner {
  const metrics = (logits: Tensor, labels: Tensor): Metrics => ({
    loss: crossEntropy(logits, labels),
    accuracy: sum(eq(argMax(logits), labels)),
  });
  return {
    network,
    modules: { network },
    optimizers: { network: optimizer },
    step(x, labels) {
      const found = metrics(network.forward(x), labels);
      optimizer.minimize(found.loss);
      return found;
    },
    evaluate(x, labels) {
      const logits = network.forward(x);
      const found = metrics(logits, labels);
      return classes > TOP ? { ...found, top5: sum(any(eq(topK(logits, TOP)[1], labels.unsqueeze(1)), 1)) } : found;
    },
    classify: (x) => argMax(network.forward(x)),
  };
}

/** Mean and standard deviation of MNIST's training pixels, as fractions of 255. */
const MNIST = { mean: 0.1307, std: 0.3081 } as const;

export const mlp: Task = {
  name: 'mlp',
  summary: { en: 'a network 784-512-10 that tells digits apart', zh: '识别数字的 784-512-10 网络' },
  defaults: { epochs: 8, batch: 128, rate: 1e-3 },
  best: 'accuracy',
  data: 'digits',
  prepare: { dims: [784], ...MNIST },
  build({ generator, hyperparameters, stepsPerEpoch }) {
    const network = models.mlp([784, 512, 10], { generator });
    const steps = stepsPerEpoch * hyperparameters.epochs;
    return classifier(
      network,
      new optim.Adam(network.parameters(), { rate: optim.cosine(hyperparameters.rate, steps) }),
    );
  },
};

export const lenet5: Task = {
  name: 'lenet5',
  summary: { en: 'LeNet-5, a convolutional network for digits', zh: 'LeNet-5：识别数字的卷积网络' },
  defaults: { epochs: 10, batch: 64, rate: 2e-3 },
  best: 'accuracy',
  data: 'digits',
  prepare: { dims: [1, 28, 28], ...MNIST },
  build({ generator, hyperparameters, stepsPerEpoch }) {
    const network = models.lenet5({ generator });
    const steps = stepsPerEpoch * hyperparameters.epochs;
    return classifier(
      network,
      new optim.Adam(network.parameters(), { rate: optim.cosine(hyperparameters.rate, steps) }),
    );
  },
};

export const lstm: Task = {
  name: 'lstm',
  summary: { en: 'an LSTM that reads digits row by row', zh: '逐行读取数字的 LSTM' },
  defaults: { epochs: 5, batch: 64, rate: 2e-3 },
  best: 'accuracy',
  data: 'digits',
  // 28 steps of 28 pixels.
  prepare: { dims: [28, 28], ...MNIST },
  build({ generator, hyperparameters, stepsPerEpoch }) {
    const network = models.lstmDigits({ generator });
    const steps = stepsPerEpoch * hyperparameters.epochs;
    // Gradients through 28 steps may burst (Pascanu, Mikolov and Bengio 2013).
    const options = { rate: optim.cosine(hyperparameters.rate, steps), clipNorm: 1 };
    return classifier(network, new optim.Adam(network.parameters(), options));
  },
};
