/** Exercise 2.2: how many parameters a 33-512-10 multilayer perceptron has, by the formula and counted in the framework's network. */

import { defineExercise, judgeNumbers, type NumberField, type Slip } from 'systole/course';
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

/** What the framework's network holds: its variables by their names. */
export function countVariables(model: nn.Sequential): Count {
  let [weights, biases] = [0, 0];
  for (const [name, v] of model.variables()) {
    if (name.endsWith('bias')) biases += v.size;
    else weights += v.size;
  }
  return { weights, biases, total: weights + biases };
}

/** The numbers that are asked for, and what leads to wrong ones. */
function numbersOf(sizes: readonly number[]): readonly NumberField[] {
  const { weights, biases, total } = countParameters(sizes);
  const layers = sizes.slice(1);
  const slip = (value: number, en: string, zh: string): Slip => ({ value, words: { en, zh } });
  const slips = (others: number): readonly Slip[] => [
    slip(
      others + layers.length,
      'one bias is counted for each layer; each neuron has a bias of its own',
      '每层只算了一个偏置；实际上每个神经元都有自己的偏置',
    ),
    ...layers.map((size) => slip(others + biases - size, 'the biases of one layer are missing', '漏掉了一层的偏置')),
    slip(
      others + biases + sizes[0]!,
      'inputs get a bias, too; they compute nothing',
      '给输入也算了偏置，而输入不做计算',
    ),
  ];
  const without = slip(weights, 'the biases are missing', '漏掉了偏置');
  return [
    { name: 'weights', words: { en: 'weights', zh: '权重个数' }, expected: weights },
    { name: 'biases', words: { en: 'biases', zh: '偏置个数' }, expected: biases, slips: slips(0) },
    {
      name: 'total',
      words: { en: 'parameters in all', zh: '参数总数' },
      expected: total,
      slips: [without, ...slips(weights)],
      main: true,
    },
  ];
}

/** Neurons of input, hidden and output layer. */
const SIZES = [33, 512, 10] as const;

export const exercise = defineExercise({
  id: '2.2',
  title: {
    en: 'Trainable parameters of a 33-512-10 multilayer perceptron',
    zh: '33-512-10 的多层感知机共有多少可训练参数？',
  },
  asked: {
    en: 'A multilayer perceptron has 33 inputs, one hidden layer of 512 neurons and 10 outputs. How many parameters does training adjust? Hand in the numbers `weights`, `biases`, `total`. One number alone is `total`.',
    zh: '一个多层感知机有 33 个输入、一个含 512 个神经元的隐层和 10 个输出。训练时要调整多少个参数？请提交数值 `weights`、`biases`、`total`。只交一个数时为 `total`。',
  },
  explanation: {
    en: String.raw`Each layer has a weight for each pair of neurons that it joins and one bias for each neuron that it feeds:
$$\underbrace{33\cdot 512+512\cdot 10}_{22016\text{ weights}}+\underbrace{512+10}_{522\text{ biases}}=22538.$$
Inputs compute nothing and have no bias.`,
    zh: String.raw`每一层中，所连接的每对神经元有一个权重，所馈入的每个神经元有一个偏置，即 22016 个权重与 522 个偏置：
$$\underbrace{33\cdot 512+512\cdot 10}_{22016}+\underbrace{512+10}_{522}=22538$$
输入不做计算，没有偏置。`,
  },
  claimed: {
    en: `A widespread answer gives 22018: it counts "one bias for each layer", $1+1=2$. That would be one number which all neurons of a layer share, and no
neuron could then choose its own threshold. There is one bias for each neuron of the hidden and of the output layer, 522, and 22538 parameters in all.`,
    zh: `流传的答案是 22018：“每层一个偏置”，$1+1=2$。那意味着一层的所有神经元共用一个数，各神经元就不能有自己的阈值。
实际上隐层和输出层的每个神经元各有一个偏置，共 522 个，参数总数为 22538。`,
  },
  code: [
    {
      path: 'src/tensor/nn/layers.ts',
      words: { en: 'a fully connected layer and its variables', zh: '全连接层及其变量' },
    },
  ],
  rows: 3,
  parameters: {
    inputs: { kind: 'whole', words: { en: 'inputs', zh: '输入数' }, default: 33, least: 1, most: 4096 },
    hidden: {
      kind: 'whole',
      words: { en: 'neurons of the hidden layer', zh: '隐层神经元数' },
      default: 512,
      least: 1,
      most: 4096,
    },
    outputs: { kind: 'whole', words: { en: 'outputs', zh: '输出数' }, default: 10, least: 1, most: 4096 },
  },
  show({ print, table }, { inputs, hidden, outputs }) {
    const model = perceptron(inputs, hidden, outputs);
    table(
      [
        { en: 'variable', zh: '变量' },
        { en: 'shape', zh: '形状' },
        { en: 'parameters', zh: '参数个数' },
      ],
      [...model.variables()].map(([name, v]) => [name, v.shape.join(' × '), v.size]),
    );
    const { weights, biases, total } = countVariables(model);
    print({
      en: `${inputs}-${hidden}-${outputs}: ${weights} weights and ${biases} biases, ${total} parameters.`,
      zh: `${inputs}-${hidden}-${outputs}：${weights} 个权重、${biases} 个偏置，共 ${total} 个参数。`,
    });
  },
  check(check) {
    const count = countParameters(SIZES);
    const counted = countVariables(perceptron(...SIZES));
    check.row(1).equal('weights by the formula', count.weights, 22016);
    check.row(1).equal('weights of the network in the framework', counted.weights, 22016);
    check.row(2).equal('biases by the formula', count.biases, 522);
    check.row(2).equal('biases of the network in the framework', counted.biases, 522);
    check.row(3).equal('total by the formula', count.total, 22538);
    check.row(3).equal('parameters of the network in the framework', perceptron(...SIZES).size, 22538);
    const judge = (values: Readonly<Record<string, number>>) =>
      judgeNumbers({ kind: 'numbers', values }, numbersOf(SIZES));
    const judged = judge({ weights: 22016, biases: 2, total: 22018 });
    check.holds(
      'that one bias a layer was counted is said',
      judged.findings.filter(({ kind, words }) => kind === 'wrong-number' && /each neuron has a bias/.test(words.en))
        .length === 2,
    );
    check.equal('the right numbers are found right', judge({ ...count }).verdict, 'right');
  },
  judge: (submission, { inputs, hidden, outputs }) => judgeNumbers(submission, numbersOf([inputs, hidden, outputs])),
});
