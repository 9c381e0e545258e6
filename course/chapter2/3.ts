/** Exercise 2.3: back-propagation written out by hand for a 3-4-2 network, against the framework and against differences. */
import { Random } from 'systole/base';
import { defineExercise, judgeNumbers } from 'systole/course';
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
import { real, slip } from '../numberFields.ts';

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

/** What goes into the output neurons, and the third class as target. */
const outputs = () => ({
  z: tracked(tensor([[0.3, -1.2, 2, 0.5]], { dtype: 'f64' })),
  t: tensor([[0, 0, 1, 0]], { dtype: 'f64' }),
});

/** dL/dz of softmax and cross-entropy, less p − t: nothing but rounding is left. */
export function outputDelta(): Promise<number> {
  const { z, t } = outputs();
  const [delta] = grad(crossEntropy(z, t, { reduction: 'sum' }), [z]);
  return delta!.sub(softmax(z).sub(t)).abs().max().item();
}

/** dL/dz of softmax and cross-entropy, at each output neuron. */
export async function outputGradients(): Promise<readonly number[]> {
  const { z, t } = outputs();
  const [delta] = grad(crossEntropy(z, t, { reduction: 'sum' }), [z]);
  return [...((await delta!.data()) as Float64Array)];
}

/** The largest relative error of the framework's gradients against central differences, h = 1e-5. */
export const ruleAgainstDifference = (hidden: keyof typeof ACTIVATIONS, seed: number): number => {
  const { variables, loss } = network(hidden, seed);
  return checkGradients(loss, variables).reduce((most, { error }) => Math.max(most, error), 0);
};

/** Losses before and after one step W ← W − η·dL/dW along the gradients found by hand. */
export async function oneStep(hidden: keyof typeof ACTIVATIONS, seed: number, rate: number): Promise<[number, number]> {
  const { layers, x, target, variables, loss } = network(hidden, seed);
  const before = await loss().item();
  const gradients = backPropagate(layers, x, target).flatMap(({ dW, db }) => [dW.flat(), [...db]]);
  for (const [i, v] of variables.entries()) {
    const values = [...((await v.data()) as Float64Array)].map((w, k) => w - rate * gradients[i]![k]!);
    v.set(tensorOf('float64', v.shape, values));
  }
  return [before, await loss().item()];
}

export const exercise = defineExercise({
  id: '2.3',
  title: {
    en: 'The gradient at a neuron, and the update of the weights',
    zh: '反向传播中，神经元的梯度是如何计算的？权重是如何更新的？',
  },
  asked: {
    en: 'How does back-propagation find the gradient at each neuron, and how are the weights then updated? Hand in the numbers `delta1`, `delta2`, `delta3`, `delta4`: the gradients at the output neurons of softmax with cross-entropy, for $z=(0.3,-1.2,2,0.5)$ and the third class. Real numbers to three digits.',
    zh: '反向传播如何求出每个神经元的梯度？随后权重如何更新？请提交数值 `delta1`、`delta2`、`delta3`、`delta4`：输出层为 softmax 加交叉熵，$z=(0.3,-1.2,2,0.5)$、类别为第三类时各输出神经元的梯度。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`With $z_l=W_l\,a_{l-1}+b_l$ going into the neurons of layer $l$ and $a_l=G(z_l)$ coming out, let $\delta_l=\partial L/\partial z_l$ be the
gradient at its neurons. It is found from the output backwards:
$$\delta_L=\frac{\partial L}{\partial a_L}\odot G'(z_L),\qquad \delta_l=\bigl(W_{l+1}^\top\,\delta_{l+1}\bigr)\odot G'(z_l).$$
For softmax with cross-entropy the first is simply $\delta_L=p-t$. All else follows from it, and weights move against their gradient:
$$\frac{\partial L}{\partial W_l}=\delta_l\,a_{l-1}^\top,\qquad \frac{\partial L}{\partial b_l}=\delta_l,\qquad
W_l\leftarrow W_l-\eta\,\frac{\partial L}{\partial W_l},\qquad b_l\leftarrow b_l-\eta\,\delta_l .$$
Sigmoid and tanh tell their slope from their value, $a(1-a)$ and $1-a^2$, so the forward pass has only to keep $a$.

Source: D. Rumelhart, G. Hinton and R. Williams, *Learning representations by back-propagating errors*, Nature 323, 1986.`,
    zh: String.raw`设进入第 $l$ 层神经元的是 $z_l=W_l\,a_{l-1}+b_l$，输出为 $a_l=G(z_l)$，记 $\delta_l=\partial L/\partial z_l$ 为该层神经元的梯度。
它从输出层向前逐层求得：
$$\delta_L=\frac{\partial L}{\partial a_L}\odot G'(z_L),\qquad \delta_l=\bigl(W_{l+1}^\top\,\delta_{l+1}\bigr)\odot G'(z_l)$$
对 softmax 加交叉熵，前一式就是 $\delta_L=p-t$。其余由此得出，权重沿梯度的反方向移动：
$$\frac{\partial L}{\partial W_l}=\delta_l\,a_{l-1}^\top,\qquad \frac{\partial L}{\partial b_l}=\delta_l,\qquad
W_l\leftarrow W_l-\eta\,\frac{\partial L}{\partial W_l},\qquad b_l\leftarrow b_l-\eta\,\delta_l $$
sigmoid 与 tanh 的斜率可由函数值得到，分别为 $a(1-a)$ 和 $1-a^2$，所以前向过程只需保存 $a$。

来源：D. Rumelhart、G. Hinton、R. Williams，*Learning representations by back-propagating errors*，Nature 323，1986。`,
  },
  code: [
    { path: 'src/tensor/autograd.ts', words: { en: 'back-propagation in the framework', zh: '框架中的反向传播' } },
    { path: 'src/tensor/checkGradients.ts', words: { en: 'gradients held against differences', zh: '用差分核对梯度' } },
  ],
  rows: 2,
  parameters: {
    hidden: {
      kind: 'choice',
      words: { en: 'activation of the hidden layer', zh: '隐层的激活函数' },
      default: 'tanh',
      among: Object.keys(ACTIVATIONS),
    },
    rate: { kind: 'real', words: { en: 'learning rate η', zh: '学习率 η' }, default: 0.1, least: 0, most: 10 },
    seed: {
      kind: 'whole',
      words: { en: 'seed of weights and sample', zh: '权重与样本的种子' },
      default: 1,
      least: 0,
      most: 1e6,
    },
  },
  async show({ print, table }, { hidden: name, rate, seed }) {
    const hidden = name as keyof typeof ACTIVATIONS;
    const { layers, x, target, variables, loss } = network(hidden, seed);
    const framework = await Promise.all(
      grad(loss(), variables).map(async (g) => [...((await g.data()) as Float64Array)]),
    );
    const rows = backPropagate(layers, x, target).flatMap(({ dW, db }, l) =>
      [dW.flat(), db].flatMap((values, k) =>
        values.map((v, i) => {
          const at =
            k === 0 ? `W${l + 1}[${Math.floor(i / dW[0]!.length)}, ${i % dW[0]!.length}]` : `b${l + 1}[${i}] (δ)`;
          return [at, v.toFixed(9), framework[2 * l + k]![i]!.toFixed(9)];
        }),
      ),
    );
    table(
      [
        { en: 'parameter', zh: '参数' },
        { en: 'dL/d… by hand', zh: 'dL/d…（手算）' },
        { en: 'by the framework', zh: '框架' },
      ],
      rows,
    );
    const error = ruleAgainstDifference(hidden, seed).toExponential(1);
    const [before, after] = await oneStep(hidden, seed, rate);
    print({
      en: `Against central differences, h = 1e-5, the largest relative error is ${error}.`,
      zh: `与 h = 1e-5 的中心差分相比，最大相对误差为 ${error}。`,
    });
    print({
      en: `One update with η = ${rate}: the loss goes from ${before.toFixed(6)} to ${after.toFixed(6)}.`,
      zh: `以 η = ${rate} 更新一次：损失由 ${before.toFixed(6)} 变为 ${after.toFixed(6)}。`,
    });
  },
  async check(check) {
    for (const hidden of ['sigmoid', 'tanh', 'relu'] as const) {
      const { layers, x, target, variables, loss } = network(hidden, 7);
      check.row(1).atMost(`${hidden}: rule against difference, relative`, ruleAgainstDifference(hidden, 7), 1e-6);
      const byHand = backPropagate(layers, x, target).flatMap(({ dW, db }) => [dW.flat(), [...db]]);
      const framework = await Promise.all(
        grad(loss(), variables).map(async (g) => [...((await g.data()) as Float64Array)]),
      );
      check.close(`${hidden}: by hand and by the framework`, byHand, framework, 1e-12);
      const [before, after] = await oneStep(hidden, 7, 0.1);
      check.holds(`${hidden}: an update lowers the loss`, after < before);
    }
    check.row(2).close('softmax with cross-entropy: δ less p − t', await outputDelta(), 0, 1e-12);
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      (await outputGradients()).map((delta, i) =>
        real(`delta${i + 1}`, `gradient at output neuron ${i + 1}`, `第 ${i + 1} 个输出神经元的梯度`, delta, [
          ...(delta < 0 ? [slip(delta + 1, 'the target is not subtracted: p alone', '没有减去目标，只是 p')] : []),
        ]),
      ),
    ),
});
