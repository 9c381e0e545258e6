/**
 * Exercise 2.3: how the gradient at a neuron is found, and how weights move. With z = W·a + b going into the neurons of a layer and
 * a = G(z) coming out, δ = dL/dz is at the output dL/da · G′(z) (for softmax with cross-entropy p − t), and at a hidden layer
 * (Wᵀ·δ of the layer above) · G′(z). From it dL/dW = δ·aᵀ (a of the layer below) and dL/db = δ; then W ← W − η·dL/dW.
 * Written out here by hand, and held against the framework and against differences.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { tensorOf } from 'systole/ir';
import {
  checkGradients,
  crossEntropy,
  grad,
  linear,
  mse,
  relu,
  sigmoid,
  softmax,
  type Tensor,
  tanh,
  tensor,
  tracked,
  Variable,
} from 'systole/tensor';

type Vector = readonly number[];
type Matrix = readonly Vector[];

/** An activation with its slope, which is written in terms of its value. */
export interface Activation {
  readonly of: (z: number) => number;
  readonly slope: (a: number) => number;
}

export const ACTIVATIONS = {
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), slope: (a) => a * (1 - a) },
  tanh: { of: Math.tanh, slope: (a) => 1 - a * a },
  relu: { of: (z) => Math.max(0, z), slope: (a) => (a > 0 ? 1 : 0) },
} as const satisfies Record<string, Activation>;

export interface Layer {
  readonly w: Matrix;
  readonly b: Vector;
  readonly activation: Activation;
}

const dot = (a: Vector, b: Vector): number => a.reduce((total, x, i) => total + x * b[i]!, 0);

/** Forward, then back by the formulas above, for L = mean (a − t)². */
export function backPropagate(
  layers: readonly Layer[],
  x: Vector,
  target: Vector,
): readonly { readonly dW: Matrix; readonly db: Vector }[] {
  const outputs: Vector[] = [x];
  for (const { w, b, activation } of layers) {
    const below = outputs.at(-1)!;
    outputs.push(w.map((row, j) => activation.of(dot(row, below) + b[j]!)));
  }
  const y = outputs.at(-1)!;
  let dLda: Vector = y.map((v, j) => (2 * (v - target[j]!)) / y.length);
  const gradients: { dW: Matrix; db: Vector }[] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    const { w, activation } = layers[l]!;
    const [below, above] = [outputs[l]!, outputs[l + 1]!];
    const delta = dLda.map((d, j) => d * activation.slope(above[j]!));
    gradients.unshift({ dW: delta.map((d) => below.map((a) => d * a)), db: delta });
    dLda = below.map((_, i) => w.reduce((total, row, j) => total + row[i]! * delta[j]!, 0));
  }
  return gradients;
}

/** A 3-4-2 network: the same numbers as plain layers and as variables in f64. */
export function network(hidden: keyof typeof ACTIVATIONS, seed: number) {
  const random = new Random(seed);
  const vector = (n: number): number[] => Array.from({ length: n }, () => random.normal());
  const matrix = (rows: number, columns: number): number[][] => Array.from({ length: rows }, () => vector(columns));
  const [w1, b1, w2, b2, x, target] = [matrix(4, 3), vector(4), matrix(2, 4), vector(2), vector(3), vector(2)];
  const layers: Layer[] = [
    { w: w1, b: b1, activation: ACTIVATIONS[hidden] },
    { w: w2, b: b2, activation: ACTIVATIONS.sigmoid },
  ];
  const variable = (name: string, shape: number[], values: Vector): Variable =>
    new Variable(tensorOf('float64', shape, values), { name });
  const variables = [
    variable('w1', [4, 3], w1.flat()),
    variable('b1', [4], b1),
    variable('w2', [2, 4], w2.flat()),
    variable('b2', [2], b2),
  ] as const;
  const loss = (): Tensor => {
    const [v1, c1, v2, c2] = variables;
    const h = { sigmoid, tanh, relu }[hidden](linear(tensor([x], { dtype: 'f64' }), v1, c1));
    return mse(sigmoid(linear(h, v2, c2)), tensor([target], { dtype: 'f64' }));
  };
  return { layers, x, target, variables, loss };
}

/** dL/dz of softmax and cross-entropy, less p − t: nothing but rounding is left. */
export function outputDelta(): Promise<number> {
  const z = tracked(tensor([[0.3, -1.2, 2, 0.5]], { dtype: 'f64' }));
  const t = tensor([[0, 0, 1, 0]], { dtype: 'f64' });
  const [delta] = grad(crossEntropy(z, t, { reduction: 'sum' }), [z]);
  return delta!.sub(softmax(z).sub(t)).abs().max().item();
}

export const exercise: Exercise = {
  id: '2.3',
  title: {
    en: 'The gradient at a neuron, and the update of the weights',
    zh: '反向传播中，神经元的梯度是如何计算的？权重是如何更新的？',
  },
  rows: 2,
  show({ print }) {
    const { layers, x, target } = network('tanh', 1);
    backPropagate(layers, x, target).forEach(({ dW, db }, l) => {
      print(`layer ${l + 1}: dL/db = δ = ${db.map((v) => v.toFixed(4)).join(', ')}`);
      for (const row of dW) print(`  dL/dW: ${row.map((v) => v.toFixed(4)).join(', ')}`);
    });
  },
  async check({ atMost, close }) {
    for (const hidden of ['sigmoid', 'tanh', 'relu'] as const) {
      const { layers, x, target, variables, loss } = network(hidden, 7);
      const worst = checkGradients(loss, variables).reduce((most, { error }) => Math.max(most, error), 0);
      atMost(`${hidden}: rule against difference, relative`, worst, 1e-6);
      const byHand = backPropagate(layers, x, target).flatMap(({ dW, db }) => [dW.flat(), [...db]]);
      const framework = await Promise.all(
        grad(loss(), variables).map(async (g) => [...((await g.data()) as Float64Array)]),
      );
      close(`${hidden}: by hand and by the framework`, byHand, framework, 1e-12);
    }
    close('softmax with cross-entropy: δ less p − t', await outputDelta(), 0, 1e-12);
  },
};
