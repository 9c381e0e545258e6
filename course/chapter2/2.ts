/** Exercise 2.2: how many parameters a 33-512-10 multilayer perceptron has, by the formula and counted in the framework's network. */

import { defineExercise, type Finding, type Judged, type Words } from 'systole/course';
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

/** Judges `weights`, `biases` and `total` (or one number alone, `answer`), and says which mistake a wrong one looks like. */
export function judgeCount(given: Readonly<Record<string, number>>, sizes: readonly number[]): Judged {
  const count = countParameters(sizes);
  const right: Readonly<Record<string, number>> = { ...count };
  const findings = Object.entries(given).flatMap(([word, value]): Finding[] => {
    const name = word === 'answer' ? 'total' : word;
    const expected = right[name];
    if (expected === undefined) {
      const known = Object.keys(right).join(', ');
      const words = { en: `'${name}' is not asked for; ${known} are`, zh: `没有问“${name}”；所问为 ${known}` };
      return [{ kind: 'unknown-number', words }];
    }
    if (value === expected) return [];
    const off = value - expected;
    const hint = name === 'weights' ? { en: '', zh: '' } : mistake(off, sizes, count);
    const words = {
      en: `${name}: ${value} is ${Math.abs(off)} too ${off > 0 ? 'many' : 'few'}${hint.en}`,
      zh: `${name}：${value} ${off > 0 ? '多' : '少'}了 ${Math.abs(off)}${hint.zh}`,
    };
    return [{ kind: 'wrong-number', words }];
  });
  const verdict = findings.length > 0 ? 'wrong' : Object.keys(given).length > 0 ? 'right' : 'incomplete';
  // The right numbers are not given away with a wrong answer.
  return { verdict, findings, figures: verdict === 'right' ? right : {} };
}

/** What a count that is off by so many has overlooked; empty where that cannot be told. */
function mistake(off: number, sizes: readonly number[], { biases }: Count): Words {
  const layers = sizes.slice(1);
  if (off === -biases) return { en: ': the biases are missing', zh: '：漏掉了偏置' };
  if (off === layers.length - biases) {
    return { en: ': each neuron has a bias, not each layer', zh: '：每个神经元都有偏置，而不是每层一个' };
  }
  if (layers.includes(-off)) return { en: ': the biases of one layer are missing', zh: '：漏掉了一层的偏置' };
  if (off === sizes[0]) return { en: ': inputs have no biases', zh: '：输入没有偏置' };
  return { en: '', zh: '' };
}

const SIZES = [33, 512, 10] as const;

export const exercise = defineExercise({
  id: '2.2',
  title: {
    en: 'Trainable parameters of a 33-512-10 multilayer perceptron',
    zh: '33-512-10 的多层感知机共有多少可训练参数？',
  },
  asked: {
    en: 'A multilayer perceptron has 33 inputs, one hidden layer of 512 neurons and 10 outputs. How many parameters does training adjust?',
    zh: '一个多层感知机有 33 个输入、一个含 512 个神经元的隐层和 10 个输出。训练时要调整多少个参数？',
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
    const judged = judgeCount({ weights: 22016, biases: 2, total: 22018 }, SIZES);
    check.holds(
      'that one bias a layer was counted is said',
      judged.findings.length === 2 && judged.findings.every(({ words }) => /each neuron has a bias/.test(words.en)),
    );
    check.equal('the right numbers are found right', judgeCount({ ...count }, SIZES).verdict, 'right');
  },
  judge(submission, { inputs, hidden, outputs }) {
    if (submission.kind === 'numbers') return judgeCount(submission.values, [inputs, hidden, outputs]);
    const words = {
      en: 'this exercise asks for the numbers weights, biases and total, not for a program',
      zh: '本题要求给出 weights、biases、total 三个数，而不是程序',
    };
    return { verdict: 'refused', findings: [{ kind: 'wrong-kind', words }], figures: {} };
  },
});
