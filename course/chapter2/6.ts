/** Exercise 2.6: the derivative of σ(x) = 1 ÷ (1 + e⁻ˣ) in closed form, by autograd and by differences. */
import { defineExercise, judgeNumbers } from 'systole/course';
import { sigmoid } from 'systole/tensor';
import { main, real, slip } from '../numberFields.ts';
import { derivative, difference, slopePicture } from './derivative.ts';

/** The closed form. */
export const sigmoidSlope = (x: number): number => 1 / (Math.exp(x) + Math.exp(-x) + 2);

export const exercise = defineExercise({
  id: '2.6',
  title: {
    en: 'The derivative of the sigmoid, and its value at the origin',
    zh: 'sigmoid 激活函数的导数形式及其在原点的值',
  },
  asked: {
    en: 'Differentiate the sigmoid $\\sigma(x)=1/(1+e^{-x})$. What is its derivative at the origin? Hand in the numbers `origin` and `at2`, the derivative at 0 and at 2. One number alone is `origin`. Real numbers to three digits.',
    zh: '求 sigmoid 函数 $\\sigma(x)=1/(1+e^{-x})$ 的导数。它在原点的值是多少？请提交数值 `origin` 与 `at2`，即 0 处与 2 处的导数。只交一个数时为 `origin`。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`By the quotient rule
$$\sigma'(x)=\frac{e^{-x}}{(1+e^{-x})^2}=\frac{1}{e^{x}+e^{-x}+2}=\sigma(x)\,\bigl(1-\sigma(x)\bigr).$$
It is even and largest at the origin, $\sigma'(0)=\tfrac14$. The last form is the one that back-propagation uses: the slope follows from the value. And since it is
at most $\tfrac14$, at most $4^{-n}$ of a gradient is left behind $n$ layers of sigmoids (weights aside): gradients vanish.`,
    zh: String.raw`由商的求导法则
$$\sigma'(x)=\frac{e^{-x}}{(1+e^{-x})^2}=\frac{1}{e^{x}+e^{-x}+2}=\sigma(x)\,\bigl(1-\sigma(x)\bigr)$$
它是偶函数，在原点取最大值 $\sigma'(0)=\tfrac14$。反向传播用的是最后一种形式：斜率由函数值得到。由于斜率至多为 $\tfrac14$，
经过 $n$ 层 sigmoid 后（不计权重）梯度至多剩下 $4^{-n}$：梯度消失。`,
  },
  code: [
    { path: 'src/ops/elementwise', words: { en: 'the operator with its gradient rule', zh: '算子及其梯度规则' } },
    { path: 'src/tensor/autograd.ts', words: { en: 'autograd', zh: '自动求导' } },
  ],
  rows: 2,
  parameters: {
    x: {
      kind: 'real',
      words: { en: 'where the derivative is taken', zh: '求导的位置' },
      default: 2,
      least: -700,
      most: 700,
    },
  },
  async show({ table, picture, language }, { x: own }) {
    const rows: (string | number)[][] = [];
    for (const x of [...new Set([-4, -2, 0, own, 4])].sort((a, b) => a - b)) {
      const [rule, differences] = [await derivative(sigmoid, x), await difference(sigmoid, x)];
      rows.push([x, `${sigmoidSlope(x)}`, `${rule}`, `${differences}`]);
    }
    table(
      [
        'x',
        { en: 'σ′(x), closed form', zh: 'σ′(x)，解析式' },
        { en: 'by autograd', zh: '自动求导' },
        { en: 'by differences', zh: '差分' },
      ],
      rows,
    );
    picture('sigmoid', await slopePicture('σ', (x) => 1 / (1 + Math.exp(-x)), sigmoidSlope, language), {
      en: 'The sigmoid from 0 to 1 and its derivative, a bell with its top of 1/4 at the origin',
      zh: 'sigmoid 由 0 升至 1；其导数呈钟形，在原点取最大值 1/4',
    });
  },
  async check(check) {
    const at0 = check.row(1);
    at0.equal('σ′(0), closed form', sigmoidSlope(0), 0.25);
    at0.equal('σ′(0), by autograd', await derivative(sigmoid, 0), 0.25);
    const at2 = check.row(2);
    at2.close('σ′(2), closed form', sigmoidSlope(2), 0.10499358540350662, 1e-14);
    at2.close('σ′(2), by autograd', await derivative(sigmoid, 2), 0.10499358540350662, 1e-14);
    at2.close('σ′(2), by differences', await difference(sigmoid, 2), 0.10499358540350662, 1e-9);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      main(
        real('origin', 'the derivative at the origin', '原点处的导数', sigmoidSlope(0), [
          slip(0.5, 'the value is given, not the slope', '给出的是函数值，而不是斜率'),
        ]),
      ),
      real('at2', 'the derivative at 2', '2 处的导数', sigmoidSlope(2), [
        slip(1 / (1 + Math.exp(-2)), 'the value is given, not the slope', '给出的是函数值，而不是斜率'),
      ]),
    ]),
});
