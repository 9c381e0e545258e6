/**
 * Exercise 2.1: the perceptron's rule on AND, OR and XOR, a 2-2-1 network on the same tables, and three linear layers that are one.
 */
import { defineExercise } from 'systole/course';
import { compile, losses, matMul, nn, optim, random, type Tensor, tensor } from 'systole/tensor';
import { CELL_POINTS, planePicture, planeWords } from './plane.ts';

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

export const HIDDEN = {
  tanh: nn.tanh,
  relu: nn.relu,
  sigmoid: nn.sigmoid,
  linear: () => new nn.Lambda((x) => x),
} as const;

export interface MlpOptions {
  readonly seed?: number;
  readonly hidden?: number;
  readonly steps?: number;
  readonly activation?: () => nn.Module;
}

/** Trains a small network on a table by back-propagation; gives what it answers with 1 at points (x, y). */
export async function fitMlp(
  labels: readonly number[],
  { seed = 3, hidden = 2, steps = 400, activation = nn.tanh }: MlpOptions = {},
): Promise<(points: readonly (readonly [number, number])[]) => Promise<boolean[]>> {
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
  return async (points) => {
    const logits = await model.forward(tensor(points)).data();
    return points.map((_, i) => Number(logits[i]) > 0);
  };
}

/** How many rows of the table the trained network has right. */
export async function trainMlp(labels: readonly number[], options: MlpOptions = {}): Promise<number> {
  const ones = await (await fitMlp(labels, options))(INPUTS);
  return labels.filter((label, i) => (ones[i] ? 1 : 0) === label).length;
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

export const exercise = defineExercise({
  id: '2.1',
  title: { en: 'Perceptron and multilayer perceptron', zh: '多层感知机和感知机的区别是什么，为什么会有这样的区别？' },
  asked: {
    en: 'How does a multilayer perceptron differ from a perceptron, and what is the reason for the difference?',
    zh: '多层感知机与感知机有哪些区别？造成这些区别的原因是什么？',
  },
  explanation: {
    en: String.raw`A perceptron is one neuron with a step behind it, $y=[w^\top x+b\ge 0]$. It parts the input space by one hyperplane, so it computes
exactly the linearly separable functions: AND and OR, but not XOR, of which it has at most 3 of 4 rows right. Three things are different in a
multilayer perceptron:

- **Hidden layers with a non-linear activation.** $y=W_2\,G(W_1x+b_1)+b_2$ combines several half-planes. The non-linearity is what counts: without
  it the layers collapse, $W_3(W_2(W_1x))=(W_3W_2W_1)x$, and any number of them is one linear layer again.
- **Back-propagation instead of the perceptron's rule.** A step has the slope 0 wherever it has one, so no error reaches the layers below it; with a
  differentiable $G$ the chain rule gives the gradient of every weight.
- **What is *not* essential:** several outputs (a row of perceptrons has them, too), and the number two of layers, which is only how the word is
  used.

Sources: F. Rosenblatt, *The perceptron*, 1958; M. Minsky and S. Papert, *Perceptrons*, 1969; D. Rumelhart, G. Hinton and R. Williams,
*Learning representations by back-propagating errors*, 1986.`,
    zh: String.raw`感知机是一个带阶跃函数的神经元，$y=[w^\top x+b\ge 0]$。它用一个超平面划分输入空间，因此恰好能实现线性可分的函数：能实现与、或，不能实现异或
（异或的 4 行中最多答对 3 行）。多层感知机有三点不同：

- **带非线性激活的隐层。** $y=W_2\,G(W_1x+b_1)+b_2$ 把多个半平面组合起来。关键在于非线性：没有它，各层会塌缩，
  $W_3(W_2(W_1x))=(W_3W_2W_1)x$，多少层都等价于一个线性层。
- **用反向传播代替感知机学习规则。** 阶跃函数凡可导处导数皆为 0，误差传不到下面的层；$G$ 可导时，链式法则给出每个权重的梯度。
- **并非本质的区别：** 多个输出（一排感知机同样有多个输出），以及“两层”这个数字，那只是习惯用语。

来源：F. Rosenblatt，*The perceptron*，1958；M. Minsky、S. Papert，*Perceptrons*，1969；D. Rumelhart、G. Hinton、R. Williams，
*Learning representations by back-propagating errors*，1986。`,
  },
  code: [
    { path: 'src/tensor/nn', words: { en: 'layers of the framework', zh: '框架中的层' } },
    { path: 'src/tensor/autograd.ts', words: { en: 'back-propagation', zh: '反向传播' } },
  ],
  rows: 2,
  answeredBy: 'explanation',
  parameters: {
    hidden: { kind: 'whole', words: { en: 'hidden neurons', zh: '隐层神经元数' }, default: 2, least: 1, most: 64 },
    activation: {
      kind: 'choice',
      words: { en: 'activation of the hidden layer; linear: none', zh: '隐层的激活函数；linear 表示没有' },
      default: 'tanh',
      among: Object.keys(HIDDEN),
    },
    seed: {
      kind: 'whole',
      words: { en: 'seed of the first weights', zh: '初始权重的种子' },
      default: 3,
      least: 0,
      most: 1e6,
    },
  },
  async show({ print, table, picture, language }, { hidden, activation, seed }) {
    const options = { hidden, seed, activation: HIDDEN[activation as keyof typeof HIDDEN] };
    const rows: (string | number)[][] = [];
    for (const [name, labels] of Object.entries(TABLES)) {
      const rule = trainPerceptron(labels);
      const found = rule === undefined ? '–' : `w = (${rule.w.join(', ')}), b = ${rule.b}`;
      rows.push([name, found, `${bestScore(labels)}/4`, `${await trainMlp(labels, options)}/4`]);
    }
    table(
      [
        { en: 'function', zh: '函数' },
        { en: "where the perceptron's rule comes to rest", zh: '感知机学习规则收敛到' },
        { en: 'best perceptron', zh: '最好的感知机' },
        { en: `2-${hidden}-1 network, ${activation}`, zh: `2-${hidden}-1 网络，${activation}` },
      ],
      rows,
    );
    const of = await fitMlp(TABLES.XOR, options);
    const panes = [
      {
        title: language === 'en' ? 'OR, perceptron' : '或，感知机',
        ones: CELL_POINTS.map((p) => answer(trainPerceptron(TABLES.OR)!, p) === 1),
        labels: TABLES.OR,
      },
      {
        title: `${language === 'en' ? 'XOR, ' : '异或，'}2-${hidden}-1 ${activation}`,
        ones: await of(CELL_POINTS),
        labels: TABLES.XOR,
      },
    ];
    picture('planes', planePicture(panes), planeWords(panes));
    const off = (await collapse()).toExponential(1);
    print({
      en: `W₃(W₂(W₁x)) and (W₃W₂W₁)x differ by at most ${off}: nothing but rounding.`,
      zh: `W₃(W₂(W₁x)) 与 (W₃W₂W₁)x 最多相差 ${off}，仅为舍入误差。`,
    });
  },
  async check(check) {
    check.row(1).equal('the best perceptron on XOR, rows right', bestScore(TABLES.XOR), 3);
    check.row(1).equal('a 2-2-1 network on XOR, rows right', await trainMlp(TABLES.XOR), 4);
    for (const name of ['AND', 'OR'] as const) {
      check.holds(`the perceptron’s rule comes to rest on ${name}`, trainPerceptron(TABLES[name]) !== undefined);
      check.equal(`a perceptron on ${name}`, bestScore(TABLES[name]), 4);
      check.equal(`a 2-2-1 network on ${name}`, await trainMlp(TABLES[name]), 4);
    }
    check.holds('the rule does not come to rest on XOR', trainPerceptron(TABLES.XOR) === undefined);
    check.holds(
      'a 2-8-1 network without an activation is no better on XOR than a perceptron',
      (await trainMlp(TABLES.XOR, { hidden: 8, activation: HIDDEN.linear })) <= 3,
    );
    check.row(2).close('three linear layers are one', await collapse(), 0, 1e-12);
  },
});
