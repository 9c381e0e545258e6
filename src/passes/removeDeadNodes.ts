/** removeDeadNodes: nodes that nothing reads, optional outputs that nothing reads, and unread constants go. */
import type { GraphNode } from '#ir';
import { pass } from './pass.ts';
import { indexOf, withNodes } from './rewrite.ts';

/** Operators whose outputs from the given place on are optional and can be left off without changing the others. */
const OPTIONAL_FROM: Readonly<Record<string, number>> = { MaxPool: 1, Dropout: 1, LayerNormalization: 1 };

export const removeDeadNodes = pass({
  name: 'removeDeadNodes',
  summary: 'removes nodes and constants that no output depends on',
  run(model) {
    const { graph } = model;
    const needed = new Set(indexOf(graph).pinned);
    const kept: GraphNode[] = [];
    for (let i = graph.nodes.length - 1; i >= 0; i--) {
      const node = graph.nodes[i]!;
      if (!node.outputs.some((name) => needed.has(name))) continue;
      for (const name of node.inputs) needed.add(name);
      kept.push(trimOutputs(node, needed));
    }
    kept.reverse();
    const constants = new Map([...graph.constants].filter(([name]) => needed.has(name)));
    const same = constants.size === graph.constants.size && kept.every((node, i) => node === graph.nodes[i]);
    return same && kept.length === graph.nodes.length ? model : withNodes(model, kept, constants);
  },
});

function trimOutputs(node: GraphNode, needed: ReadonlySet<string>): GraphNode {
  const from = node.domain === '' ? OPTIONAL_FROM[node.op] : undefined;
  if (from === undefined) return node;
  let count = node.outputs.length;
  while (count > from && !needed.has(node.outputs[count - 1]!)) count--;
  return count === node.outputs.length ? node : { ...node, outputs: node.outputs.slice(0, count) };
}
