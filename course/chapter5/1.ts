/**
 * Exercise 5.1: addition and a matrix product in eager mode: each operation runs when it is called, and what it gives is a tensor with a value, without a
 * graph or a session.
 */

import { defineExercise } from 'systole/course';
import { add, dispatches, matMul, tensor } from 'systole/tensor';

const A = [
  [1, 2],
  [3, 4],
];
const B = [
  [5, 6],
  [7, 8],
];

export const exercise = defineExercise({
  id: '5.1',
  title: { en: 'Eager mode', zh: '用 Eager API 实现两个数的加法和矩阵乘法' },
  asked: {
    en: 'Add two numbers and multiply two matrices with an eager interface, in which every operation runs as it is called.',
    zh: '用 Eager 接口（每个操作在调用时立即执行）实现两个数的加法和两个矩阵的乘法。',
  },
  explanation: {
    en: `\`add(tensor(1), tensor(2))\` runs when it is called: it hands one operation to the engine and gives a tensor that has a value of its own. There is no graph to build first, no placeholder, no session. What such
a tensor does *not* have is a history: nothing could be optimised across two calls, which is the price (exercise 5.2).

The matrix product, element by element:
$$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}5&6\\\\7&8\\end{pmatrix} = \\begin{pmatrix}1\\cdot5+2\\cdot7 & 1\\cdot6+2\\cdot8\\\\3\\cdot5+4\\cdot7 & 3\\cdot6+4\\cdot8\\end{pmatrix} = \\begin{pmatrix}19&22\\\\43&50\\end{pmatrix}.$$

The check also counts what was dispatched: one operation for each call, at the moment of the call. Values are read asynchronously (\`await … .item()\`), since the engine may run elsewhere.

Source: A. Agrawal et al., *TensorFlow Eager: a multi-stage, Python-embedded DSL for machine learning*, SysML 2019.`,
    zh: `\`add(tensor(1), tensor(2))\` 在调用时就执行：它把一个操作交给引擎，得到一个自带数值的张量。不需要先建图，没有占位符，也没有会话。代价是这样的张量*没有*历史：两次调用之间无法整体优化（见习题 5.2）。

矩阵乘法逐元素写出：
$$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}\\begin{pmatrix}5&6\\\\7&8\\end{pmatrix} = \\begin{pmatrix}1\\cdot5+2\\cdot7 & 1\\cdot6+2\\cdot8\\\\3\\cdot5+4\\cdot7 & 3\\cdot6+4\\cdot8\\end{pmatrix} = \\begin{pmatrix}19&22\\\\43&50\\end{pmatrix}$$

检查时还统计派发次数：每次调用恰好派发一个操作，且就在调用之时。数值以异步方式读取（\`await … .item()\`），因为引擎可能在别处运行。

出处：A. Agrawal 等，*TensorFlow Eager: a multi-stage, Python-embedded DSL for machine learning*，SysML 2019。`,
  },
  rows: 3,
  answeredBy: 'program',
  code: [
    { path: 'src/tensor/eager.ts', words: { en: 'Running one operation at once', zh: '立即执行一个操作' } },
    { path: 'src/tensor/tensor.ts', words: { en: 'The tensor', zh: '张量' } },
  ],
  parameters: {
    a: { kind: 'real', words: { en: 'first number', zh: '第一个数' }, default: 1, least: -1e30, most: 1e30 },
    b: { kind: 'real', words: { en: 'second number', zh: '第二个数' }, default: 2, least: -1e30, most: 1e30 },
  },
  async show({ print }, { a, b }) {
    print(`${a} + ${b} = ${await add(tensor(a), tensor(b)).item()}`);
    print(
      `${JSON.stringify(A)} · ${JSON.stringify(B)} = ${JSON.stringify(await matMul(tensor(A), tensor(B)).toArray())}`,
    );
  },
  async check(check) {
    check.row(1).equal('1 + 2', await add(tensor(1), tensor(2)).item(), 3);
    const before = dispatches.count;
    const product = matMul(tensor(A), tensor(B));
    check.row(3).equal('operations dispatched by the time the call returns', dispatches.count - before, 1);
    check.row(3).holds('the tensor has a value of its own, not a name in a graph', !('trace' in product.source));
    check.row(2).equal('A · B', await product.toArray(), [
      [19, 22],
      [43, 50],
    ]);
  },
});
