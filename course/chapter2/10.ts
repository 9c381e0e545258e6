/**
 * Exercise 2.10: what the activation changes in a gradient, and a new activation, sign(z)·ln(1 + |z|), registered below as an operator of
 * its own with kernel and gradient.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { tensorOf } from 'systole/ir';
import {
  abs,
  add,
  checkGradients,
  div,
  exp,
  grad,
  linear,
  losses,
  mul,
  nn,
  optim,
  random,
  registerOperator,
  relu,
  silu,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  tracked,
  Variable,
} from 'systole/tensor';
import { real, slip } from '../numberFields.ts';
import { INPUTS, TABLES } from './1.ts';
import { derivative, slopePicture } from './derivative.ts';

/** dL/dw and dL/db of one neuron y = G(w·x + b) with L = (t − y)², by autograd. */
export async function neuronGradient(
  activation: (z: Tensor) => Tensor,
  { w, x, b, t }: { readonly w: number; readonly x: number; readonly b: number; readonly t: number },
): Promise<[dw: number, db: number]> {
  const [weight, bias] = [w, b].map((v) => tracked(tensor(v, { dtype: 'f64' }))) as [Tensor, Tensor];
  const loss = square(sub(t, activation(add(mul(weight, x), bias))));
  const [dw, db] = grad(loss, [weight, bias]);
  return [await dw!.item(), await db!.item()];
}

const signLogOf = (z: number): number => Math.sign(z) * Math.log1p(Math.abs(z));

const operation = registerOperator({
  name: 'SignLog',
  inputs: ['z'],
  kernels: {
    f32: ([z], [y]) => (y!.data as Float32Array).set((z!.data as Float32Array).map(signLogOf)),
    f64: ([z], [y]) => (y!.data as Float64Array).set((z!.data as Float64Array).map(signLogOf)),
  },
  gradient: ({ inputs: [z], dy: [dy] }) => [div(dy!, add(abs(z!), 1))],
});

/** sign(z)·ln(1 + |z|). */
export const signLog = (z: Tensor): Tensor => operation([z])[0]!;

/** A 2-4-1 network on XOR with the activation, in eager mode; how many rows it has right. */
export async function xorWith(activation: (z: Tensor) => Tensor, seed = 1, steps = 300): Promise<number> {
  const generator = new random.Generator(seed);
  const [hidden, output] = [new nn.Linear(2, 4, { generator }), new nn.Linear(4, 1, { generator })];
  const forward = (x: Tensor): Tensor => output.forward(activation(hidden.forward(x)));
  const adam = new optim.Adam([...hidden.parameters(), ...output.parameters()], { rate: 0.05 });
  const x = tensor(INPUTS);
  const target = tensor(TABLES.XOR, { shape: [4, 1] });
  for (let i = 0; i < steps; i++) adam.minimize(losses.binaryCrossEntropyWithLogits(forward(x), target));
  const logits = await forward(x).data();
  return TABLES.XOR.filter((label, i) => (Number(logits[i]) > 0 ? 1 : 0) === label).length;
}

/** The registered gradient against differences, at points from −5 to 5 (not at 0, where the second derivative jumps). */
export function gradientError(): number {
  const points = Array.from({ length: 100 }, (_, i) => -4.95 + 0.1 * i);
  const z = new Variable(tensorOf('float64', [points.length], points));
  const weight = tensor(points.map(Math.cos), { dtype: 'f64' });
  return checkGradients(() => sum(mul(signLog(z), weight)), [z])[0]!.error;
}

const NEURON = { w: 0.3, x: 0.7, b: 0.1, t: 2 };

const ACTIVATIONS = {
  exp,
  signLog,
  swish: silu,
  relu,
  tanh,
  linear: (z: Tensor) => linear(z.reshape([1, 1]), tensor([[1]], { dtype: 'f64' })),
} as const satisfies Record<string, (z: Tensor) => Tensor>;

export const exercise = defineExercise({
  id: '2.10',
  title: {
    en: 'Activations and gradients; an activation of one’s own',
    zh: '不同激活函数对梯度计算的影响；设计新的激活函数并给出梯度公式',
  },
  asked: {
    en: 'What does the choice of the activation change in the gradients? Design a new activation and give the gradient of a neuron that has it. For a neuron with $w=0.3$, $x=0.7$, $b=0.1$, activation $e^z$ and loss $(2-e^z)^2$, hand in the numbers `dw`, `db`, the derivatives of the loss; and `swish`, `signlog`, the slopes at 0 of $z\\,\\sigma(z)$ and of $\\operatorname{sign}(z)\\ln(1+|z|)$. Real numbers to three digits.',
    zh: '激活函数的选择对梯度计算有何影响？请设计一个新的激活函数，并给出使用它的神经元的梯度公式。设神经元 $w=0.3$、$x=0.7$、$b=0.1$，激活为 $e^z$，损失为 $(2-e^z)^2$，请提交数值 `dw`、`db`（损失的导数）；以及 `swish`、`signlog`，即 $z\\,\\sigma(z)$ 与 $\\operatorname{sign}(z)\\ln(1+|z|)$ 在 0 处的斜率。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`Only the factor $G'(z)$ changes: with $\delta=\frac{\partial L}{\partial a}\,G'(z)$ everything else of back-propagation stays as it is. For one neuron $y=G(wx+b)$ with
$L=(t-y)^2$
$$\frac{\partial L}{\partial w}=-2x\,(t-y)\,G'(z),\qquad \frac{\partial L}{\partial b}=-2\,(t-y)\,G'(z).$$
What is wanted of $G$: not linear; a slope that neither vanishes (sigmoid, tanh far from 0) nor explodes ($e^z$, whose slope is itself); cheap. The design here:
$$G(z)=\operatorname{sign}(z)\,\ln(1+\lvert z\rvert),\qquad G'(z)=\frac{1}{1+\lvert z\rvert}.$$
It is odd, unbounded and does not saturate, its slope lies in $(0,1]$ and decays only like $1/\lvert z\rvert$; the second derivative jumps at 0. Another is swish,
$z\,\sigma(z)$ with $G'=\sigma(z)+z\,\sigma(z)(1-\sigma(z))$ (P. Ramachandran, B. Zoph and Q. Le, *Searching for Activation Functions*, 2017).`,
    zh: String.raw`改变的只有因子 $G'(z)$：$\delta=\frac{\partial L}{\partial a}\,G'(z)$，反向传播的其余部分不变。对单个神经元 $y=G(wx+b)$、$L=(t-y)^2$，有
$$\frac{\partial L}{\partial w}=-2x\,(t-y)\,G'(z),\qquad \frac{\partial L}{\partial b}=-2\,(t-y)\,G'(z)$$
对 $G$ 的要求：非线性；斜率既不消失（如远离 0 的 sigmoid、tanh），也不爆炸（如 $e^z$，其斜率就是自身）；计算便宜。这里的设计是
$$G(z)=\operatorname{sign}(z)\,\ln(1+\lvert z\rvert),\qquad G'(z)=\frac{1}{1+\lvert z\rvert}$$
它是奇函数，无界、不饱和，斜率在 $(0,1]$ 内且只按 $1/\lvert z\rvert$ 衰减；二阶导数在 0 处有跳跃。另一例是 swish，$z\,\sigma(z)$，
$G'=\sigma(z)+z\,\sigma(z)(1-\sigma(z))$（P. Ramachandran、B. Zoph、Q. Le，*Searching for Activation Functions*，2017）。`,
  },
  claimed: {
    en: String.raw`A widespread answer takes $G=e^z$ and gives $\partial L/\partial b=+2\,e^{wx+b}(t-e^{wx+b})$. The sign is wrong: the derivative of $(t-y)^2$ with respect to $y$ is $-2(t-y)$, for
$b$ as for $w$, so it is $-2\,e^{wx+b}(t-e^{wx+b})$. And $e^z$ is a poor activation: it has no upper bound, nor has its slope, and all its values are positive.`,
    zh: String.raw`流传的答案取 $G=e^z$，给出 $\partial L/\partial b=+2\,e^{wx+b}(t-e^{wx+b})$。符号错了：$(t-y)^2$ 对 $y$ 的导数是 $-2(t-y)$，对 $b$ 与对 $w$ 一样，
所以应为 $-2\,e^{wx+b}(t-e^{wx+b})$。而且 $e^z$ 并不是好的激活函数：它及其斜率都没有上界，且函数值全为正。`,
  },
  code: [
    { path: 'src/tensor/registerOperator.ts', words: { en: 'operators of one’s own', zh: '自定义算子' } },
    { path: 'docs/own-operators.md', words: { en: 'how to write one', zh: '如何编写' } },
  ],
  rows: 5,
  parameters: {
    activation: {
      kind: 'choice',
      words: { en: 'activation that is trained on XOR', zh: '用于训练异或的激活函数' },
      default: 'signLog',
      among: Object.keys(ACTIVATIONS).filter((name) => name !== 'linear'),
    },
    seed: {
      kind: 'whole',
      words: { en: 'seed of the first weights', zh: '初始权重的种子' },
      default: 1,
      least: 0,
      most: 1e6,
    },
  },
  async show({ print, table, picture, language }, { activation, seed }) {
    const { w, x, b, t } = NEURON;
    print({
      en: `One neuron, w = ${w}, x = ${x}, b = ${b}, target ${t}:`,
      zh: `单个神经元，w = ${w}，x = ${x}，b = ${b}，目标 ${t}：`,
    });
    const rows: (string | number)[][] = [];
    for (const [name, f] of Object.entries(ACTIVATIONS)) {
      const [dw, db] = await neuronGradient(f, NEURON);
      rows.push([name, dw.toFixed(6), db.toFixed(6)]);
    }
    table([{ en: 'activation', zh: '激活函数' }, 'dL/dw', 'dL/db'], rows);
    picture('signLog', await slopePicture('G', signLogOf, (z) => 1 / (1 + Math.abs(z)), language), {
      en: 'sign(z)·ln(1 + |z|), which grows without bound, and its derivative, which is 1 at 0 and falls slowly',
      zh: 'sign(z)·ln(1 + |z|) 无界增长；其导数在 0 处为 1，缓慢下降',
    });
    const right = await xorWith(ACTIVATIONS[activation as keyof typeof ACTIVATIONS], seed);
    print({
      en: `A 2-4-1 network with ${activation} has ${right} of 4 rows of XOR right.`,
      zh: `使用 ${activation} 的 2-4-1 网络在异或的 4 行中答对 ${right} 行。`,
    });
  },
  async check(check) {
    const [dw, db] = await neuronGradient(exp, NEURON);
    check.row(1).close('eᶻ: dL/dw', dw, -1.2150910609852188, 1e-9);
    check.row(2).close('eᶻ: dL/db', db, -1.735844372836027, 1e-9);
    check.row(3).atMost('the new gradient against differences, relative', gradientError(), 1e-6);
    check.row(4).equal('XOR, rows right', await xorWith(signLog), 4);
    const slopes = [await derivative(silu, 0), await derivative(signLog, 0)];
    check.row(5).equal('slopes of swish and of the new one at 0', slopes, [0.5, 1]);
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const [dw, db] = await neuronGradient(exp, NEURON);
        return [
          real('dw', 'dL/dw', 'dL/dw', dw, [slip(db, 'the input x is missing as a factor', '漏乘了输入 x')]),
          real('db', 'dL/db', 'dL/db', db, [
            slip(dw, 'the input x is a factor, which the bias does not have', '多乘了输入 x，偏置并不乘它'),
          ]),
          real('swish', 'slope of swish at 0', 'swish 在 0 处的斜率', await derivative(silu, 0)),
          real(
            'signlog',
            'slope of sign(z)·ln(1 + |z|) at 0',
            'sign(z)·ln(1 + |z|) 在 0 处的斜率',
            await derivative(signLog, 0),
          ),
        ];
      })(),
    ),
});
