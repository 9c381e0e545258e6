/**
 * What rewriting needs to know about a graph, and the edits that passes share. A value is *pinned* where its name must
 * survive: graph outputs, and everything that a subgraph reads from outside itself (it does so by name).
 */
import { freeNames, type Graph, type GraphNode, type Model, subgraphs, type Tensor } from '#ir';

export interface GraphIndex {
  readonly producer: ReadonlyMap<string, GraphNode>;
  /** How many node inputs read a value. */
  readonly uses: ReadonlyMap<string, number>;
  readonly pinned: ReadonlySet<string>;
}

export function indexOf(graph: Graph): GraphIndex {
  const producer = new Map<string, GraphNode>();
  const uses = new Map<string, number>();
  const pinned = new Set(graph.outputs.map((v) => v.name));
  for (const node of graph.nodes) {
    for (const name of node.outputs) if (name !== '') producer.set(name, node);
    for (const name of node.inputs) if (name !== '') uses.set(name, (uses.get(name) ?? 0) + 1);
    for (const inner of subgraphs(node)) for (const name of freeNames(inner)) pinned.add(name);
  }
  return { producer, uses, pinned };
}

/** Whether one node alone reads the value, and its name need not survive. */
export const isPrivate = (index: GraphIndex, name: string): boolean =>
  index.uses.get(name) === 1 && !index.pinned.has(name);

/** The node with its inputs renamed; the same object where nothing changes. */
export function renameInputs(node: GraphNode, names: ReadonlyMap<string, string>): GraphNode {
  if (names.size === 0 || !node.inputs.some((name) => names.has(name))) return node;
  return { ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) };
}

/** A name that no value or node of the graph has, made from `wish`; it is then taken. */
export function freshNames(graph: Graph): (wish: string) => string {
  const taken = new Set<string>([...graph.constants.keys(), ...graph.inputs.map((v) => v.name)]);
  const take = (g: Graph) => {
    for (const node of g.nodes) {
      for (const name of [node.name, ...node.outputs]) taken.add(name);
      for (const inner of subgraphs(node)) {
        for (const name of [...inner.constants.keys(), ...inner.inputs.map((v) => v.name)]) taken.add(name);
        take(inner);
      }
    }
  };
  take(graph);
  return (wish) => {
    let name = wish;
    for (let n = 2; taken.has(name); n++) name = `${wish}_${n}`;
    taken.add(name);
    return name;
  };
}

/** The model with a new node list and perhaps new constants. Types of values that are gone are dropped. */
export function withNodes(
  model: Model,
  nodes: readonly GraphNode[],
  constants: ReadonlyMap<string, Tensor> = model.graph.constants,
): Model {
  const { graph } = model;
  const alive = new Set(nodes.flatMap((n) => n.outputs));
  const types = new Map([...graph.types].filter(([name]) => alive.has(name)));
  return { ...model, graph: { ...graph, nodes, constants, types } };
}

/** Whether a tensor fills its shape with one element. */
export const isSplat = (t: Tensor): t is Extract<Tensor, { splat: Uint8Array }> => 'splat' in t;
