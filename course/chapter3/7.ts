/** Exercise 3.7: the gates of an LSTM, as a cell of the textbook's formulas beside the operator LSTM. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { int } from 'systole/ir';
import { charts } from 'systole/report';
import {
  add,
  applyNode,
  concat,
  matMul,
  maximum,
  mul,
  random,
  sigmoid,
  type Tensor,
  tanh,
  tensor,
  withReference,
  zeros,
} from 'systole/tensor';
import { exact, real, slip } from '../numberFields.ts';

export const GATES = ['input', 'output', 'forget', 'candidate'] as const;
type Gate = (typeof GATES)[number];

/** What a gate looks at: U [inputs, hidden], W [hidden, hidden], b [hidden]. */
export interface GateParameters {
  readonly u: Tensor;
  readonly w: Tensor;
  readonly b: Tensor;
}

export type LstmParameters = Readonly<Record<Gate, GateParameters>>;

/** One step, x [N, inputs], h and c [N, hidden]. */
export function lstmCell(x: Tensor, h: Tensor, c: Tensor, parameters: LstmParameters) {
  const look = ({ u, w, b }: GateParameters): Tensor => add(add(matMul(x, u), matMul(h, w)), b);
  const [input, output, forget] = (['input', 'output', 'forget'] as const).map((gate) =>
    sigmoid(look(parameters[gate])),
  );
  const candidate = tanh(look(parameters.candidate));
  const cell = add(mul(forget!, c), mul(input!, candidate));
  return { input: input!, output: output!, forget: forget!, candidate, cell, hidden: mul(output!, tanh(cell)) };
}

/** Elements of the parameters of a cell: four gates, each with its two matrices and a bias. */
export function lstmSize(inputs: number, hidden: number): number {
  const gate = { u: zeros([inputs, hidden]), w: zeros([hidden, hidden]), b: zeros([hidden]) };
  const parameters: LstmParameters = { input: gate, output: gate, forget: gate, candidate: gate };
  return Object.values(parameters).reduce((sum, { u, w, b }) => sum + u.size + w.size + b.size, 0);
}

const f64 = (values: readonly (readonly number[])[]): Tensor => tensor(values, { dtype: 'f64' });

/** x = 1, h = ½, c = 0.2; all weights ½, no bias. */
function example() {
  const gate = { u: f64([[0.5]]), w: f64([[0.5]]), b: f64([[0]]) };
  return lstmCell(f64([[1]]), f64([[0.5]]), f64([[0.2]]), { input: gate, output: gate, forget: gate, candidate: gate });
}

/** The cell of one element behind a pulse at the first step; all gates look at biases alone but the input gate, which opens at the pulse. */
export async function cellOverTime(forgetBias: number, steps: number): Promise<readonly number[]> {
  const gate = (u: number, b: number): GateParameters => ({ u: f64([[u]]), w: f64([[0]]), b: f64([[b]]) });
  const parameters = { input: gate(12, -6), output: gate(0, 0), forget: gate(0, forgetBias), candidate: gate(2, 0) };
  let [h, c] = [f64([[0]]), f64([[0]])];
  const cells: number[] = [];
  for (let t = 0; t < steps; t++) {
    const next = lstmCell(f64([[t === 0 ? 1 : 0]]), h, c, parameters);
    [h, c] = [next.hidden, next.cell];
    cells.push(await c.item());
  }
  return cells;
}

/** The cell and the operator LSTM on the same random numbers, both by the operators' reference in f64. */
function besideOperator(inputs: number, hidden: number) {
  const generator = new random.Generator(7);
  const draw = (...shape: number[]): Tensor => random.normal(shape, { generator, dtype: 'f64' });
  const gates = GATES.map(() => ({ u: draw(inputs, hidden), w: draw(hidden, hidden), b: draw(hidden) }));
  const parameters = Object.fromEntries(GATES.map((gate, i) => [gate, gates[i]])) as Record<Gate, GateParameters>;
  const [x, h, c] = [draw(2, inputs), draw(2, hidden), draw(2, hidden)];
  const own = lstmCell(x, h, c, parameters);
  // The operator wants the gates in the order i, o, f, c, transposed and below one another, and two biases.
  const below = (of: (g: GateParameters) => Tensor): Tensor => concat(gates.map(of)).unsqueeze(0);
  const biases = below(({ b }) => b);
  const node = {
    name: 'lstm',
    op: 'LSTM',
    domain: '',
    inputs: ['x', 'w', 'r', 'b', '', 'h', 'c'],
    outputs: ['y', 'yh', 'yc'],
    attributes: new Map([['hidden_size', int(hidden)]]),
  };
  const [, state, cell] = applyNode(node, 20, [
    x.unsqueeze(0),
    below(({ u }) => u.transpose()),
    below(({ w }) => w.transpose()),
    concat([biases, mul(biases, 0)], 1),
    undefined,
    h.unsqueeze(0),
    c.unsqueeze(0),
  ]);
  return { own, operator: { state: state!.squeeze(0), cell: cell!.squeeze(0) } };
}

/** The largest difference from the operator, and between input and forget gate, whose parameters differ. */
export async function differences(inputs: number, hidden: number): Promise<{ operator: number; gates: number }> {
  const found = withReference(() => {
    const { own, operator } = besideOperator(inputs, hidden);
    const most = (a: Tensor, b: Tensor): Tensor => a.sub(b).abs().max();
    const off = maximum(most(own.hidden, operator.state), most(own.cell, operator.cell));
    return { operator: off, gates: most(own.input, own.forget) };
  });
  return { operator: await found.operator.item(), gates: await found.gates.item() };
}

export const exercise = defineExercise({
  id: '3.7',
  title: { en: 'The gates of an LSTM', zh: '简述 LSTM 三个门的作用并给出公式' },
  asked: {
    en: 'What do the three gates of an LSTM do? Give their formulas, and those of the cell and of the state. For $x=1$, $h=0.5$, $c=0.2$, all weights 0.5 and no bias, hand in the numbers `gate` (each of the three), `candidate`, `cell`, `state`; and `parameters` of a cell with 10 inputs and 20 elements of state, one bias for each gate. Real numbers to three digits.',
    zh: 'LSTM 的三个门各起什么作用？给出它们以及细胞状态、隐状态的公式。设 $x=1$、$h=0.5$、$c=0.2$，所有权重为 0.5，无偏置，请提交数值 `gate`（三个门的值相同）、`candidate`、`cell`、`state`；以及 `parameters`：输入 10 维、状态 20 维、每个门一个偏置时的参数个数。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`Each gate looks at the input $x_t$ and at the state $h_{t-1}$ with weights and biases **of its own** and gives a factor between 0 and 1 for each element of the cell:
$$\begin{aligned}
f_t &= \sigma(U^f x_t + W^f h_{t-1} + b^f) && \text{forget gate: how much of the cell is kept}\\
i_t &= \sigma(U^i x_t + W^i h_{t-1} + b^i) && \text{input gate: how much of the candidate is let in}\\
o_t &= \sigma(U^o x_t + W^o h_{t-1} + b^o) && \text{output gate: how much of the cell is shown}
\end{aligned}$$
with the sigmoid $\sigma(z) = 1/(1 + e^{-z})$. The candidate, the cell and the state are
$$\tilde c_t = \tanh(U^c x_t + W^c h_{t-1} + b^c),\qquad c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t,\qquad h_t = o_t \odot \tanh(c_t).$$
The cell is changed by a factor and a sum, not by a matrix, so that with $f_t$ near 1 its gradient $\partial c_t/\partial c_{t-1} = f_t$ (along the cell) does not vanish over many steps: that is what the gates are for. With $m$ inputs and $n$ elements of state there are $4\,(n(m + n) + n)$ parameters, with one bias for each gate; ONNX and PyTorch keep two.

Sources: S. Hochreiter, J. Schmidhuber, *Long short-term memory*, 1997; F. Gers, J. Schmidhuber, F. Cummins, *Learning to forget*, 2000 (the forget gate).`,
    zh: String.raw`每个门用**自己的**权重与偏置考察输入 $x_t$ 与隐状态 $h_{t-1}$，为细胞状态的每个元素给出 0 到 1 之间的系数：
$$\begin{aligned}
f_t &= \sigma(U^f x_t + W^f h_{t-1} + b^f) && \text{遗忘门：细胞状态保留多少}\\
i_t &= \sigma(U^i x_t + W^i h_{t-1} + b^i) && \text{输入门：候选值写入多少}\\
o_t &= \sigma(U^o x_t + W^o h_{t-1} + b^o) && \text{输出门：细胞状态输出多少}
\end{aligned}$$
其中 $\sigma(z) = 1/(1 + e^{-z})$ 为 sigmoid。候选值、细胞状态与隐状态为
$$\tilde c_t = \tanh(U^c x_t + W^c h_{t-1} + b^c),\qquad c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t,\qquad h_t = o_t \odot \tanh(c_t).$$
细胞状态只经过乘系数与相加，不乘矩阵，因此 $f_t$ 接近 1 时沿细胞状态的梯度 $\partial c_t/\partial c_{t-1} = f_t$ 经过许多步也不会消失，这正是门的用处。输入 $m$ 维、状态 $n$ 维时，若每个门一个偏置，共有 $4\,(n(m + n) + n)$ 个参数；ONNX 与 PyTorch 保存两个偏置。

来源：S. Hochreiter、J. Schmidhuber，*Long short-term memory*，1997；F. Gers、J. Schmidhuber、F. Cummins，*Learning to forget*，2000（遗忘门）。`,
  },
  claimed: {
    en: String.raw`Claimed: $i = f = \delta(U^i x + W^i h + b^i)$, and the output gate is written $g = \delta(U^o x + \dots)$. Input and forget gate are two gates with parameters of their own: what one lets in, the other need not forget (the demonstration measures how far they are apart). $\delta$ should be the sigmoid $\sigma$, $g$ should be $o$, and the candidate, the cell and the state, without which no gate has an effect, are missing.`,
    zh: String.raw`原答案写 $i = f = \delta(U^i x + W^i h + b^i)$，并把输出门写成 $g = \delta(U^o x + \dots)$。输入门与遗忘门是参数各自独立的两个门：写入多少与遗忘多少互不决定（演示中量出了二者的差别）。$\delta$ 应为 sigmoid $\sigma$，$g$ 应为 $o$；而且缺少候选值、细胞状态与隐状态的公式，没有它们门就不起作用。`,
  },
  rows: 4,
  code: [
    { path: 'src/tensor/nn/recurrent.ts', words: { en: 'recurrent layers', zh: '循环层' } },
    { path: 'src/models/sequences.ts', words: { en: 'a network with an LSTM', zh: '含 LSTM 的网络' } },
  ],
  parameters: {
    forget: {
      kind: 'real',
      words: { en: 'bias of the forget gate, in the picture', zh: '图中遗忘门的偏置' },
      ...{ default: 3, least: -10, most: 10 },
    },
    steps: { kind: 'whole', words: { en: 'steps in the picture', zh: '图中的步数' }, default: 40, least: 2, most: 500 },
  },
  async show({ print, table, picture, language }, { forget, steps }) {
    print({
      en: 'One step with x = 1, h = 0.5, c = 0.2, all weights 0.5 and no bias:',
      zh: 'x = 1、h = 0.5、c = 0.2，所有权重 0.5、无偏置时的一步：',
    });
    const names: Record<string, string> =
      language === 'en'
        ? { input: 'i', output: 'o', forget: 'f', candidate: 'candidate', cell: 'new c', hidden: 'new h' }
        : { input: 'i', output: 'o', forget: 'f', candidate: '候选值', cell: '新的 c', hidden: '新的 h' };
    const cells: [string, string][] = [];
    for (const [name, value] of Object.entries(example())) cells.push([names[name]!, `${await value.item()}`]);
    table(
      [
        { en: 'quantity', zh: '量' },
        { en: 'value', zh: '值' },
      ],
      cells,
    );
    const { gates } = await differences(3, 4);
    print({
      en: `With parameters of their own, input and forget gate differ by up to ${gates.toFixed(3)}. 10 inputs and 20 elements of state: ${lstmSize(10, 20)} parameters.`,
      zh: `参数各自独立时，输入门与遗忘门最多相差 ${gates.toFixed(3)}。输入 10 维、状态 20 维：${lstmSize(10, 20)} 个参数。`,
    });
    const zh = language === 'zh';
    const curves = await Promise.all(
      [forget, 0].map(async (bias) => ({
        name: zh ? `遗忘门偏置 ${bias}` : `bias of the forget gate ${bias}`,
        points: (await cellOverTime(bias, steps)).map((c, t) => [t, c] as const),
      })),
    );
    picture(
      'memory',
      (await charts()).linesPicture(curves, {
        title: zh ? '一个脉冲在细胞状态中保留多久' : 'How long the cell keeps one pulse',
        ...(zh ? { x: '步', y: '细胞状态' } : { x: 'step', y: 'cell' }),
      }),
      {
        en: 'The cell over time behind a single pulse at the input: with a forget gate near 1 it is kept, else it fades within steps.',
        zh: '输入一个脉冲后细胞状态随时间的变化：遗忘门接近 1 时保持，否则几步内衰减。',
      },
    );
  },
  async check({ row, atMost, holds }) {
    const { input, output, forget, candidate, cell, hidden } = example();
    const gates = await Promise.all([input, output, forget].map((g) => g.item()));
    row(1).close('the gates', gates, [0.679178699175393, 0.679178699175393, 0.679178699175393], 1e-12);
    const rest = await Promise.all([candidate, cell, hidden].map((t) => t.item()));
    row(2).close('candidate, cell, state', rest, [0.6351489523872873, 0.56721537910009, 0.34863010460570704], 1e-12);
    row(3).equal('parameters, 10 inputs and 20 hidden', lstmSize(10, 20), 2480);
    const found = await differences(3, 4);
    atMost('difference from the operator LSTM', found.operator, 1e-12);
    row(4).atLeast('input and forget gate differ where their parameters do', found.gates, 0.01);
    const [kept, lost] = [await cellOverTime(5, 30), await cellOverTime(0, 30)];
    holds(
      'a forget gate near 1 keeps a pulse, one of ½ does not',
      kept.at(-1)! > 0.5 * kept[0]! && lost.at(-1)! < 0.01 * lost[0]!,
    );
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const { input, candidate, cell, hidden } = example();
        const [gate, tilde, c, h] = await Promise.all([input, candidate, cell, hidden].map((t) => t.item()));
        const size = lstmSize(10, 20);
        return [
          real('gate', 'each gate', '各门的值', gate!, [
            slip(tilde!, 'the gate has a tanh; gates are sigmoids', '门用了 tanh；门应为 sigmoid'),
            slip(0.75, 'the sigmoid is missing', '漏掉了 sigmoid'),
          ]),
          real('candidate', 'the candidate', '候选值', tilde!, [
            slip(gate!, 'the candidate has a sigmoid; it is a tanh', '候选值用了 sigmoid；应为 tanh'),
          ]),
          real('cell', 'the new cell', '新的细胞状态', c!, [
            slip(gate! * 0.2, 'only what is kept is counted', '只算了保留的部分'),
            slip(gate! * tilde!, 'only what is let in is counted', '只算了写入的部分'),
          ]),
          real('state', 'the new state', '新的隐状态', h!, [
            slip(gate! * c!, 'the tanh of the cell is missing', '漏掉了细胞状态的 tanh'),
          ]),
          exact(
            'parameters',
            'parameters of 10 inputs and 20 elements of state',
            '输入 10 维、状态 20 维的参数个数',
            size,
            [
              slip((size / 4) * 3, 'the candidate has parameters, too', '漏掉了候选值的参数'),
              slip(
                size + 4 * 20,
                'there are two biases for each gate, as PyTorch keeps them',
                '每个门算了两个偏置（PyTorch 的做法）',
              ),
              slip(size - 4 * 20, 'the biases are missing', '漏掉了偏置'),
            ],
          ),
        ];
      })(),
    ),
});
