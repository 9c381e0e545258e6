/**
 * Exercise 5.1: addition and a matrix product in eager mode: each operation runs when it is called, and what it gives is a tensor with a
 * value, without a graph or a session.
 */

import type { Exercise } from 'systole/course';
import { add, matMul, tensor } from 'systole/tensor';

const A = [
  [1, 2],
  [3, 4],
];
const B = [
  [5, 6],
  [7, 8],
];

export const exercise: Exercise = {
  id: '5.1',
  title: { en: 'Eager mode', zh: '用 Eager API 实现两个数的加法和矩阵乘法' },
  rows: 3,
  async show({ print }) {
    print(`1 + 2 = ${await add(tensor(1), tensor(2)).item()}`);
    print(`A · B = ${JSON.stringify(await matMul(tensor(A), tensor(B)).toArray())}`);
  },
  async check({ equal, holds }) {
    equal('1 + 2', await add(tensor(1), tensor(2)).item(), 3);
    const product = matMul(tensor(A), tensor(B));
    equal('A · B', await product.toArray(), [
      [19, 22],
      [43, 50],
    ]);
    holds('the tensor has a cell of its own, not a name in a graph', !('trace' in product.source));
  },
};
