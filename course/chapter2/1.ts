/**
 * Exercise 2.1: what a multilayer perceptron has that a perceptron lacks. A perceptron is one neuron with a step: it parts the plane by
 * one line, and no line parts XOR. Layers in between bend the border, but only if something not linear stands between them: without it
 * W₃(W₂(W₁x)) is (W₃W₂W₁)x, one layer again. And since a step has no slope, layers are trained by back-propagation through
 * differentiable activations instead of the perceptron's rule.
 */

import type { Exercise } from 'systole/course';
import { compile, losses, matMul, nn, optim, random, type Tensor, tensor } from 'systole/tensor';

export const INPUTS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

export const TABLES = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] } as const;

export interface Perceptron {
  readonly w: readonly [number, number];
  readonly b: number;
}

const answer = ({ w, b }: Perceptron, [x, y]: readonly [number, number]): number =>
  w[0] * x + w[1] * y + b >= 0 ? 1 : 0;

const score = (p: Perceptron, labels: readonly number[]): number =>
  INPUTS.filter((x, i) => answer(p, x) === labels[i]).length;

/**
 * Rosenblatt's rule from zero: an example that is answered wrongly is added to the weights, or taken from them.
 * @returns the weights, or undefined where the rule has not come to rest: on a table that no line parts it never does
 */
export function trainPerceptron(labels: readonly number[], epochs = 100): Perceptron | undefined {
  let p: Perceptron = { w: [0, 0], b: 0 };
  for (let epoch = 0; epoch < epochs; epoch++) {
    let errors = 0;
    INPUTS.forEach(([x, y], i) => {
      const wrong = labels[i]! - answer(p, [x, y]);
      if (wrong !== 0) errors++;
      p = { w: [p.w[0] + wrong * x, p.w[1] + wrong * y], b: p.b + wrong };
    });
    if (errors === 0) return p;
  }
  return undefined;
}

/** The most rows that any perceptron has right: whole weights from −2 to 2 draw every line there is through the four points. */
export function bestScore(labels: readonly number[]): number {
  const weights = [-2, -1, 0, 1, 2];
  const all = weights.flatMap((w0) => weights.flatMap((w1) => weights.map((b) => score({ w: [w0, w1], b }, labels))));
  return Math.max(...all);
}

/** Trains a small network on a table by back-propagation and says how many rows it has right. */
export async function trainMlp(
  labels: readonly number[],
  {
    seed = 3,
    hidden = 2,
    steps = 400,
    activation = nn.tanh,
  }: {
    readonly seed?: number;
    readonly hidden?: number;
    readonly steps?: number;
    readonly activation?: () => nn.Module;
  } = {},
): Promise<number> {
  random.seed(seed);
  const generator = new random.Generator(seed);
  const model = new nn.Sequential(
    new nn.Linear(2, hidden, { generator }),
    activation(),
    new nn.Linear(hidden, 1, { generator }),
  );
  const adam = new optim.Adam(model.parameters(), { rate: 0.05 });
  const x = tensor(INPUTS);
  const target = tensor(labels, { shape: [4, 1] });
  const step = compile((inputs: Tensor, targets: Tensor) => {
    const loss = losses.binaryCrossEntropyWithLogits(model.forward(inputs), targets);
    adam.minimize(loss);
    return loss;
  });
  for (let i = 0; i < steps; i++) step(x, target);
  const logits = await model.forward(x).data();
  return labels.filter((label, i) => (Number(logits[i]) > 0 ? 1 : 0) === label).length;
}

/** The largest difference between three linear layers and the one that they are, in f64. */
export function collapse(): Promise<number> {
  const generator = new random.Generator(3);
  const draw = (...shape: number[]): Tensor => random.normal(shape, { generator, dtype: 'f64' });
  const [w1, w2, w3, x] = [draw(8, 5), draw(6, 8), draw(3, 6), draw(5, 1)];
  const layers = matMul(w3, matMul(w2, matMul(w1, x)));
  const one = matMul(matMul(matMul(w3, w2), w1), x);
  return layers.sub(one).abs().max().item();
}

export const exercise: Exercise = {
  id: '2.1',
  title: { en: 'Perceptron and multilayer perceptron', zh: '多层感知机和感知机的区别是什么，为什么会有这样的区别？' },
  rows: 2,
  async show({ print }) {
    for (const [name, labels] of Object.entries(TABLES)) {
      print(`${name}: the best perceptron ${bestScore(labels)}/4, 2-2-1 network ${await trainMlp(labels)}/4`);
    }
    print(`three linear layers and their product differ by ${await collapse()}`);
  },
  async check({ equal, holds, close }) {
    equal('the best perceptron on XOR', bestScore(TABLES.XOR), 3);
    equal('a 2-2-1 network on XOR', await trainMlp(TABLES.XOR), 4);
    for (const name of ['AND', 'OR'] as const) {
      holds(`the perceptron’s rule comes to rest on ${name}`, trainPerceptron(TABLES[name]) !== undefined);
      equal(`a perceptron on ${name}`, bestScore(TABLES[name]), 4);
      equal(`a 2-2-1 network on ${name}`, await trainMlp(TABLES[name]), 4);
    }
    holds('the rule does not come to rest on XOR', trainPerceptron(TABLES.XOR) === undefined);
    close('three linear layers are one', await collapse(), 0, 1e-12);
  },
};
