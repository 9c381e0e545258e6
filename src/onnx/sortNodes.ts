/**
 * Topological order. ONNX asks for it, files do not always keep it. A node depends on the values it names and on those
 * that its subgraphs take from around them. Nodes already in order keep their places.
 */
import { diagnostic, type Place } from '#base';
import { type GraphNode, namesRead } from '#ir';

const cycle = diagnostic<{ nodes: readonly string[] }>('SYS-ONNX-030', 'invalid', {
  en: (p) =>
    `the graph has a cycle: ${p.nodes.map((n) => `'${n}'`).join(' → ')}; a value cannot depend on itself (a recurrence is written with Loop or Scan)`,
  zh: (p) =>
    `图中存在环：${p.nodes.map((n) => `'${n}'`).join(' → ')}；一个值不能依赖自身（循环请用 Loop 或 Scan 表达）`,
});

/** @throws SYS-ONNX-030 naming the nodes of a cycle */
export function sortNodes(nodes: readonly GraphNode[], place: Place): readonly GraphNode[] {
  const producer = new Map<string, number>();
  for (const [i, node] of nodes.entries())
    for (const output of node.outputs) if (output !== '') producer.set(output, i);
  const needs = nodes.map((node) => {
    const from = new Set<number>();
    for (const name of namesRead(node)) {
      const i = producer.get(name);
      if (i !== undefined) from.add(i);
    }
    return from;
  });
  if (needs.every((from, i) => [...from].every((j) => j < i))) return nodes;

  // Depth first from each node in file order; an explicit stack, since real graphs are thousands of nodes deep.
  const order: GraphNode[] = [];
  const state = new Uint8Array(nodes.length);
  for (let root = 0; root < nodes.length; root++) {
    if (state[root] !== 0) continue;
    const stack: { readonly node: number; readonly rest: Iterator<number> }[] = [];
    const enter = (i: number): void => {
      state[i] = 1;
      stack.push({ node: i, rest: needs[i]!.values() });
    };
    enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = top.rest.next();
      if (next.done) {
        state[top.node] = 2;
        order.push(nodes[top.node]!);
        stack.pop();
      } else if (state[next.value] === 1) {
        const from = stack.findIndex((entry) => entry.node === next.value);
        const names = [...stack.slice(from).map((entry) => entry.node), next.value].map((i) => nodes[i]!.name);
        throw cycle({ nodes: names.reverse() }, { ...place, node: names[0]! });
      } else if (state[next.value] === 0) enter(next.value);
    }
  }
  return order;
}
