/** Exercise 2.7: the derivative of φ(v) = v ÷ √(1 + v²) in closed form, by autograd and by differences. */
import { defineExercise, judgeNumbers } from 'systole/course';
import { add, div, sqrt, square, type Tensor } from 'systole/tensor';
import { main, real, slip } from '../numberFields.ts';
import { derivative, difference, slopePicture } from './derivative.ts';

export const phi = (v: Tensor): Tensor => div(v, sqrt(add(square(v), 1)));

/** The closed form. */
export const phiSlope = (v: number): number => (1 + v * v) ** -1.5;

export const exercise = defineExercise({
  id: '2.7',
  title: {
    en: 'The derivative of v ÷ √(1 + v²), and its value at the origin',
    zh: 'phi(v)=v/sqrt(1+v^2) 的导数及原点取值',
  },
  asked: {
    en: 'Differentiate $\\varphi(v)=v/\\sqrt{1+v^2}$. What is its derivative at the origin? Hand in the numbers `origin` and `at1`, the derivative at 0 and at 1. One number alone is `origin`. Real numbers to three digits.',
    zh: '求 $\\varphi(v)=v/\\sqrt{1+v^2}$ 的导数。它在原点的值是多少？请提交数值 `origin` 与 `at1`，即 0 处与 1 处的导数。只交一个数时为 `origin`。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`By the product rule
$$\varphi'(v)=(1+v^2)^{-\frac12}-v^2(1+v^2)^{-\frac32}=\frac{(1+v^2)-v^2}{(1+v^2)^{3/2}}=(1+v^2)^{-\frac32}=\frac{\varphi(v)^3}{v^3},$$
so $\varphi'(0)=1$ and $\varphi'(1)=2^{-3/2}$. (The last form holds for $v\ne 0$.) It is a sigmoid between −1 and 1 that needs no exponential; its slope at the origin is four
times that of the logistic one, and it falls like $\lvert v\rvert^{-3}$ instead of exponentially, so that it saturates less.`,
    zh: String.raw`由乘积的求导法则
$$\varphi'(v)=(1+v^2)^{-\frac12}-v^2(1+v^2)^{-\frac32}=\frac{(1+v^2)-v^2}{(1+v^2)^{3/2}}=(1+v^2)^{-\frac32}=\frac{\varphi(v)^3}{v^3}$$
故 $\varphi'(0)=1$，$\varphi'(1)=2^{-3/2}$（最后一式要求 $v\ne 0$）。它是介于 −1 与 1 之间的 S 形函数，不需要指数运算；
原点处的斜率是 logistic 函数的四倍，且按 $\lvert v\rvert^{-3}$ 而非指数衰减，因此饱和较慢。`,
  },
  code: [
    { path: 'src/tensor/autograd.ts', words: { en: 'autograd', zh: '自动求导' } },
    {
      path: 'src/ops/elementwise',
      words: { en: 'square root, division and their gradient rules', zh: '平方根、除法及其梯度规则' },
    },
  ],
  rows: 2,
  parameters: {
    v: {
      kind: 'real',
      words: { en: 'where the derivative is taken', zh: '求导的位置' },
      default: 1,
      least: -1e6,
      most: 1e6,
    },
  },
  async show({ table, picture, language }, { v: own }) {
    const rows: (string | number)[][] = [];
    for (const v of [...new Set([-2, 0, own, 2])].sort((a, b) => a - b)) {
      const [rule, differences] = [await derivative(phi, v), await difference(phi, v)];
      rows.push([v, `${phiSlope(v)}`, `${rule}`, `${differences}`]);
    }
    table(
      [
        'v',
        { en: 'φ′(v), closed form', zh: 'φ′(v)，解析式' },
        { en: 'by autograd', zh: '自动求导' },
        { en: 'by differences', zh: '差分' },
      ],
      rows,
    );
    picture('phi', await slopePicture('φ', (v) => v / Math.sqrt(1 + v * v), phiSlope, language), {
      en: 'φ from −1 to 1 and its derivative, a bell with its top of 1 at the origin',
      zh: 'φ 由 −1 升至 1；其导数呈钟形，在原点取最大值 1',
    });
  },
  async check(check) {
    const at0 = check.row(1);
    at0.equal('φ′(0), closed form', phiSlope(0), 1);
    at0.equal('φ′(0), by autograd', await derivative(phi, 0), 1);
    const at1 = check.row(2);
    at1.close('φ′(1), closed form', phiSlope(1), 0.3535533905932738, 1e-15);
    at1.close('φ′(1), by autograd', await derivative(phi, 1), 0.3535533905932738, 1e-15);
    at1.close('φ′(1), by differences', await difference(phi, 1), 0.3535533905932738, 1e-9);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      main(
        real('origin', 'the derivative at the origin', '原点处的导数', phiSlope(0), [
          slip(0, 'the value is given, not the slope', '给出的是函数值，而不是斜率'),
        ]),
      ),
      real('at1', 'the derivative at 1', '1 处的导数', phiSlope(1), [
        slip(Math.SQRT1_2, 'the value is given, not the slope', '给出的是函数值，而不是斜率'),
      ]),
    ]),
});
