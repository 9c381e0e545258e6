/**
 * What a node reads: its inputs, and the values that its subgraphs (bodies of If, Loop, Scan) take by name from the graphs
 * around them. Whoever asks who uses a value asks here, so that no reader inside a body is overlooked.
 */
import type { Graph, GraphNode } from './graph.ts';

/** The subgraphs that a node carries as attributes. */
export function subgraphs(node: GraphNode): Graph[] {
  const out: Graph[] = [];
  for (const a of node.attributes.values()) {
    if (a.kind === 'graph') out.push(a.value);
    if (a.kind === 'graphs') out.push(...a.value);
  }
  return out;
}

/** The names that a node reads, each as often as it does; absent inputs apart. */
export const namesRead = (node: GraphNode): readonly string[] => [
  ...node.inputs.filter((name) => name !== ''),
  ...subgraphs(node).flatMap(freeNames),
];

/** The names that a graph takes from the graphs around it: what its nodes read, and what it returns as it found it. */
export function freeNames(graph: Graph): readonly string[] {
  const own = new Set([...graph.constants.keys(), ...graph.inputs.map((v) => v.name)]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const read = [...graph.nodes.flatMap(namesRead), ...graph.outputs.map((o) => o.name)];
  return read.filter((name) => name !== '' && !own.has(name));
}
