/**
 * Exercise 5.2: static and dynamic execution. A static graph is recorded once and used again and again: the whole can be optimised (equal
 * nodes merged, unused ones dropped, operators fused), saved, and run elsewhere; but what the program decides by values must be
 * expressed in it. Dynamic execution runs each operation as it comes: any control flow, values at hand for a debugger; but each call
 * costs a dispatch, and nothing is known of what comes. Here the same function runs both ways.
 */

import type { Exercise } from 'systole/course';
import { add, compile, dispatches, exp, matMul, mul, random, relu, type Tensor, tanh } from 'systole/tensor';

/** Ten operations, of which one is asked twice and one for nothing. */
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

export const exercise: Exercise = {
  id: '5.2',
  title: { en: 'Static graphs and dynamic execution', zh: '静态图与动态图的优缺点' },
  rows: 3,
  async show({ print }) {
    const { operations, dispatched, graphs, nodes, difference } = await compare(100);
    print(
      `100 runs: ${dispatched} operations dispatched one by one, or ${graphs} graph recorded, of ${nodes} nodes for ${operations} operations`,
    );
    print(`the results differ by ${difference}`);
  },
  async check({ equal, holds, atMost }) {
    const { operations, dispatched, graphs, nodes, difference } = await compare(100);
    // Fused, a value may be rounded once where it was rounded twice.
    atMost('difference of the results', difference, 1e-6);
    equal('operations dispatched in 100 runs', dispatched, 100 * operations);
    equal('graphs recorded in 100 runs', graphs, 1);
    holds(
      `the graph has no more nodes than operations were dispatched (${nodes} and ${operations})`,
      nodes <= operations,
    );
    equal('what is asked twice or for nothing is not in the graph', operations - nodes, 3);
  },
};
