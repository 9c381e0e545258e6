/**
 * Exercise 2.6: the derivative of σ(x) = 1 ÷ (1 + e⁻ˣ). By the quotient rule e⁻ˣ ÷ (1 + e⁻ˣ)² = σ(x)·(1 − σ(x)) = 1 ÷ (eˣ + e⁻ˣ + 2), which is
 * largest at the origin, 1/4: behind n sigmoid layers at most 4⁻ⁿ of a gradient is left.
 */

import type { Exercise } from 'systole/course';
import { sigmoid } from 'systole/tensor';
import { derivative, difference } from './derivative.ts';

/** The closed form. */
export const sigmoidSlope = (x: number): number => 1 / (Math.exp(x) + Math.exp(-x) + 2);

export const exercise: Exercise = {
  id: '2.6',
  title: {
    en: 'The derivative of the sigmoid, and its value at the origin',
    zh: 'sigmoid 激活函数的导数形式及其在原点的值',
  },
  rows: 2,
  async show({ print }) {
    for (const x of [-4, -2, 0, 2, 4]) {
      print(`σ′(${x}) = ${sigmoidSlope(x)}, by autograd ${await derivative(sigmoid, x)}`);
    }
  },
  async check({ equal, close }) {
    equal('σ′(0), closed form', sigmoidSlope(0), 0.25);
    equal('σ′(0), by autograd', await derivative(sigmoid, 0), 0.25);
    close('σ′(2), closed form', sigmoidSlope(2), 0.10499358540350662, 1e-14);
    close('σ′(2), by autograd', await derivative(sigmoid, 2), 0.10499358540350662, 1e-14);
    close('σ′(2), by differences', await difference(sigmoid, 2), 0.10499358540350662, 1e-9);
  },
};
