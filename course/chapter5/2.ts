/**
 * Exercise 5.2: static and dynamic execution, on one function that runs both ways: operation by operation, or recorded once as a graph and optimised as
 * a whole.
 */

import { defineExercise } from 'systole/course';
import { add, compile, dispatches, exp, matMul, mul, random, relu, type Tensor, tanh } from 'systole/tensor';

/** Ten operations, of which two are asked twice and one for nothing. */
export function network(x: Tensor, w: Tensor): Tensor {
  const h = relu(matMul(x, w));
  const left = tanh(mul(h, 0.5));
  const right = tanh(mul(h, 0.5));
  exp(h);
  return add(add(left, right), mul(h, 0.1));
}

/** Runs it `runs` times each way. */
export async function compare(runs: number) {
  const generator = new random.Generator(5);
  const [x, w] = [random.normal([8, 16], { generator }), random.normal([16, 16], { generator })];
  const before = dispatches.count;
  network(x, w);
  const operations = dispatches.count - before;
  for (let i = 1; i < runs; i++) network(x, w);
  const dispatched = dispatches.count - before;
  const graph = compile(network);
  for (let i = 0; i < runs; i++) graph(x, w);
  const difference = await network(x, w).sub(graph(x, w)).abs().max().item();
  const nodes = (await graph.model(x, w)).graph.nodes.length;
  return { operations, dispatched, graphs: graph.graphs, nodes, difference };
}

export const exercise = defineExercise({
  id: '5.2',
  title: { en: 'Static graphs and dynamic execution', zh: '静态图与动态图的优缺点' },
  asked: {
    en: 'What are the advantages and disadvantages of static graphs and of dynamic execution?',
    zh: '静态图与动态图各有什么优缺点？',
  },
  explanation: {
    en: `A **static graph** is recorded once and run many times.

- The whole is known before it runs: equal nodes are merged, unused ones dropped, operators fused, memory planned ahead.
- It can be saved, checked, and run elsewhere, without the language it was written in; the compiler of this project needs it.
- But what a program decides by values (loops until convergence, branches) must be expressed inside the graph, and an error shows up far from the line that caused it.

**Dynamic execution** runs each operation as it comes.

- Any control flow of the language; values at hand for a debugger; a line fails where it stands.
- But each call costs a dispatch, $n$ operations in $r$ runs cost $n \\cdot r$ of them, and nothing is known of what comes next.

Here the same function of 10 operations runs both ways: two of its operations are asked twice and one for nothing. In 100 runs eager mode dispatches 1000 operations. \`compile\` records one graph of 7 nodes, and the results are equal within the rounding that
fusion brings. Frameworks of today do both: write dynamically, record for speed.

Sources: M. Abadi et al., *TensorFlow: a system for large-scale machine learning*, OSDI 2016; A. Paszke et al., *PyTorch*, NeurIPS 2019.`,
    zh: `**静态图**记录一次，运行多次。

- 运行之前就知道整体：可以合并相同节点、删除无用节点、融合算子、预先规划内存。
- 可以保存、检查，并脱离编写它的语言在别处运行；本项目的编译器就需要它。
- 但程序中依赖数值的决定（迭代到收敛、分支）必须在图内表达；错误往往出现在远离出错代码的地方。

**动态执行**来一个操作就执行一个。

- 可用语言中的任何控制流；数值随时可供调试器查看；哪一行错就在哪一行报错。
- 但每次调用都有派发开销，$n$ 个操作运行 $r$ 次就派发 $n \\cdot r$ 次，而且对后面的操作一无所知。

这里让同一个函数（10 个操作，其中两个被求了两次，一个求了却没用）以两种方式运行。运行 100 次，动态方式派发 1000 个操作；\`compile\` 只记录一张 7 个节点的图，结果在融合带来的舍入误差内相等。如今的框架两者兼有：动态编写，记录以提速。

出处：M. Abadi 等，*TensorFlow: a system for large-scale machine learning*，OSDI 2016；A. Paszke 等，*PyTorch*，NeurIPS 2019。`,
  },
  rows: 3,
  answeredBy: 'explanation',
  code: [
    { path: 'src/tensor/compile.ts', words: { en: 'Recording a function as a graph', zh: '把函数记录为图' } },
    { path: 'src/tensor/eager.ts', words: { en: 'Running operation by operation', zh: '逐个操作执行' } },
    {
      path: 'src/passes/mergeEqualNodes.ts',
      words: { en: 'What only a graph allows: equal nodes merged', zh: '只有图才能做到的优化：合并相同节点' },
    },
  ],
  parameters: {
    runs: { kind: 'whole', words: { en: 'runs', zh: '运行次数' }, default: 100, least: 1, most: 10000 },
  },
  async show({ table, print }, { runs }) {
    const { operations, dispatched, graphs, nodes, difference } = await compare(runs);
    table(
      [
        { en: 'execution', zh: '执行方式' },
        { en: 'operations or nodes', zh: '操作数或节点数' },
        { en: 'dispatched', zh: '派发次数' },
        { en: 'graphs recorded', zh: '记录的图' },
      ],
      [
        ['eager', operations, dispatched, 0],
        ['compile', nodes, runs, graphs],
      ],
    );
    print({ en: `the results differ by ${difference}`, zh: `两种结果相差 ${difference}` });
  },
  async check(check) {
    const { operations, dispatched, graphs, nodes, difference } = await compare(100);
    // Fused, a value may be rounded once where it was rounded twice.
    check.row(1).atMost('difference of the results', difference, 1e-6);
    check.row(2).equal('operations dispatched in 100 runs', dispatched, 100 * operations);
    check.row(2).equal('graphs recorded in 100 runs', graphs, 1);
    check
      .row(3)
      .holds(
        `the graph has no more nodes than operations were dispatched (${nodes} and ${operations})`,
        nodes <= operations,
      );
    check.row(3).equal('what is asked twice or for nothing is not in the graph', operations - nodes, 3);
  },
});
