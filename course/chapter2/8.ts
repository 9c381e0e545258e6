/** Exercise 2.8: how a trained network with two hidden layers labels a sample; networks that do not fit their sizes are refused. */
import { defineExercise, judgeNumbers } from 'systole/course';
import { linear, random, relu, softmax, type Tensor, tensor } from 'systole/tensor';
import { exact, real, slip } from '../numberFields.ts';

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

export const exercise = defineExercise({
  id: '2.8',
  title: {
    en: 'The labels of a network with two hidden layers',
    zh: '有两个隐层的 MLP 如何决定输出神经元的标签？预测时样本标签如何决定？',
  },
  asked: {
    en: 'In a trained multilayer perceptron with two hidden layers, what decides which label an output neuron stands for, and how does a new sample get its label? Hand in the numbers `matrices` and `biases`, of which such a network has so many; and `y1`, `y2`, `label` for the network whose matrices are all $2\\times2$ identities, with $b_2=(-0.5,0)$, no other biases, ReLU, and $x=(1,0.75)$; outputs count from 0 for the label.',
    zh: '在训练好的、有两个隐层的多层感知机中，输出神经元代表哪个标签由什么决定？预测时一个新样本的标签又如何确定？请提交数值 `matrices` 与 `biases`，即这样的网络有多少个权重矩阵与偏置向量；以及 `y1`、`y2`、`label`：各矩阵均为 $2\\times2$ 单位阵、$b_2=(-0.5,0)$、其余偏置为 0、激活为 ReLU、$x=(1,0.75)$ 时的输出与标签（标签从 0 起计）。',
  },
  explanation: {
    en: String.raw`Two hidden layers mean **three** matrices, three vectors of biases and the activation in between:
$$h_1=G(W_1x+b_1),\qquad h_2=G(W_2h_1+b_2),\qquad y=W_3h_2+b_3.$$
Which label output neuron $j$ stands for is not found out after training: it is the coding of the labels that training was given (one-hot: target 1 at neuron $j$ for
class $j$). A sample gets the label $\arg\max_j y_j$. Softmax, $p_j=e^{y_j}/\sum_k e^{y_k}$, keeps the order and so changes no label; it is needed for the loss and
where probabilities are wanted. If labels do not exclude each other, each output is a binary answer of its own: 1 where $\sigma(y_j)\ge\tfrac12$, that is $y_j\ge 0$.`,
    zh: String.raw`两个隐层意味着**三个**权重矩阵、三个偏置向量，以及层间的激活函数：
$$h_1=G(W_1x+b_1),\qquad h_2=G(W_2h_1+b_2),\qquad y=W_3h_2+b_3$$
输出神经元 $j$ 代表哪个标签，不是训练之后才确定的，而是由训练时标签的编码方式规定（独热编码：类别 $j$ 的目标在神经元 $j$ 处为 1）。
样本的标签取 $\arg\max_j y_j$。softmax，$p_j=e^{y_j}/\sum_k e^{y_k}$，保持大小次序，因而不改变任何标签；计算损失或需要概率时才用到它。
若各标签并不互斥，则每个输出各自作二元判断：$\sigma(y_j)\ge\tfrac12$（即 $y_j\ge 0$）时为 1。`,
  },
  claimed: {
    en: String.raw`A widespread answer writes $t=w_1^\top x,\ y=w_2^\top t$. That is wrong in three ways: two hidden layers need three matrices, not two; the biases are
missing; and without an activation in between the whole network is one linear map. Only its last step, the largest output, is right.`,
    zh: String.raw`流传的答案写作 $t=w_1^\top x,\ y=w_2^\top t$。它有三处错误：两个隐层需要三个矩阵而不是两个；没有偏置；层间没有激活函数，
整个网络只是一个线性映射。只有最后一步取最大输出是对的。`,
  },
  code: [
    { path: 'src/tensor/functions/linear.ts', words: { en: 'linear layers as functions', zh: '作为函数的线性层' } },
    { path: 'src/ops/reduce', words: { en: 'ArgMax', zh: 'ArgMax 算子' } },
  ],
  rows: 3,
  parameters: {
    x0: { kind: 'real', words: { en: 'first input', zh: '第一个输入' }, default: 1, least: -100, most: 100 },
    x1: { kind: 'real', words: { en: 'second input', zh: '第二个输入' }, default: 0.75, least: -100, most: 100 },
  },
  async show({ print, table }, { x0, x1 }) {
    table(
      [
        { en: 'layer', zh: '层' },
        { en: 'matrix', zh: '矩阵' },
        { en: 'biases', zh: '偏置' },
      ],
      await Promise.all(
        EXAMPLE.weights.map(async (w, l) => [
          l + 1,
          JSON.stringify(await w.toArray()),
          JSON.stringify(await EXAMPLE.biases[l]!.toArray()),
        ]),
      ),
    );
    const x = tensor([[x0, x1]]);
    const [y, label] = [forward(EXAMPLE, x), await predict(EXAMPLE, x).toArray()];
    const [values, shares] = [await y.toArray(), await softmax(y).toArray()];
    print({
      en: `x = (${x0}, ${x1}): y = (${values}), softmax (${shares}), label ${label}.`,
      zh: `x = (${x0}, ${x1})：y = (${values})，softmax 为 (${shares})，标签 ${label}。`,
    });
    const changed = await changedBySoftmax(1000);
    print({
      en: `Of 1000 random outputs softmax changes the label of ${changed}.`,
      zh: `1000 组随机输出中，softmax 改变标签的有 ${changed} 组。`,
    });
  },
  async check(check) {
    const counts = [EXAMPLE.weights.length, EXAMPLE.biases.length];
    check.row(1).equal('matrices and biases for two hidden layers', counts, [3, 3]);
    const two = { ...EXAMPLE, weights: EXAMPLE.weights.slice(1), biases: EXAMPLE.biases.slice(1) };
    const x = tensor([[1, 0.75]]);
    await check.row(1).throws('two matrices for two hidden layers', () => forward(two, x), /need 3 matrices/);
    await check.throws('a matrix of another shape', () => forward({ ...EXAMPLE, sizes: [2, 3, 2, 2] }, x), /3 × 2/);
    check.row(2).equal('labels of 1000 random outputs that softmax changes', await changedBySoftmax(1000), 0);
    check.row(3).equal('y', await forward(EXAMPLE, x).toArray(), [[0.5, 0.75]]);
    check.row(3).equal('the label', await predict(EXAMPLE, x).toArray(), [1n]);
  },
  judge: async (submission, { x0, x1 }) =>
    judgeNumbers(
      submission,
      await (async () => {
        const x = tensor([[x0, x1]]);
        const [[y1, y2]] = (await forward(EXAMPLE, x).toArray()) as [[number, number]];
        const label = Number(((await predict(EXAMPLE, x).toArray()) as bigint[])[0]);
        return [
          exact('matrices', 'matrices of weights', '权重矩阵个数', EXAMPLE.weights.length, [
            slip(
              EXAMPLE.weights.length - 1,
              'there is one for each hidden layer, and none for the output',
              '只给每个隐层配了一个，漏掉了输出层',
            ),
          ]),
          exact('biases', 'vectors of biases', '偏置向量个数', EXAMPLE.biases.length, [
            slip(0, 'the biases are missing', '漏掉了偏置'),
            slip(
              EXAMPLE.biases.length - 1,
              'there is one for each hidden layer, and none for the output',
              '只给每个隐层配了一个，漏掉了输出层',
            ),
          ]),
          real('y1', 'first output', '第一个输出', y1, [slip(Math.max(0, x0), 'the bias is missing', '漏掉了偏置')]),
          real('y2', 'second output', '第二个输出', y2),
          exact('label', 'the label, from 0', '标签（从 0 起计）', label, [
            slip(label + 1, 'outputs are counted from 1', '输出从 1 起计了'),
          ]),
        ];
      })(),
    ),
});
