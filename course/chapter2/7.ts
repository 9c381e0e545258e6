/**
 * Exercise 2.7: the derivative of φ(v) = v ÷ √(1 + v²). φ′ = (1 + v²)^−½ − v²·(1 + v²)^−3/2 = (1 + v²)^−3/2, at the origin 1: a sigmoid between
 * −1 and 1 whose slope there is four times the logistic one's.
 */

import type { Exercise } from 'systole/course';
import { add, div, sqrt, square, type Tensor } from 'systole/tensor';
import { derivative, difference } from './derivative.ts';

export const phi = (v: Tensor): Tensor => div(v, sqrt(add(square(v), 1)));

/** The closed form. */
export const phiSlope = (v: number): number => (1 + v * v) ** -1.5;

export const exercise: Exercise = {
  id: '2.7',
  title: {
    en: 'The derivative of v ÷ √(1 + v²), and its value at the origin',
    zh: 'phi(v)=v/sqrt(1+v^2) 的导数及原点取值',
  },
  rows: 2,
  async show({ print }) {
    for (const v of [-2, -1, 0, 1, 2]) print(`φ′(${v}) = ${phiSlope(v)}, by autograd ${await derivative(phi, v)}`);
  },
  async check({ equal, close }) {
    equal('φ′(0), closed form', phiSlope(0), 1);
    equal('φ′(0), by autograd', await derivative(phi, 0), 1);
    close('φ′(1), closed form', phiSlope(1), 0.3535533905932738, 1e-15);
    close('φ′(1), by autograd', await derivative(phi, 1), 0.3535533905932738, 1e-15);
    close('φ′(1), by differences', await difference(phi, 1), 0.3535533905932738, 1e-9);
  },
};
