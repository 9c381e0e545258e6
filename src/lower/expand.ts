/**
 * Writes out, before planning, the nodes that no kernel does as they stand (`ops/expansions`): a layer of LSTM as its steps, a
 * Resize as products along its axes. What is made is planned like any other node, and counts as the node it came from.
 */
import { type GraphNode, type Model, namesRead } from '#ir';
import { expandNode, expansions, isNotExpanded, type NotExpanded, nodeWork } from '#ops';

export interface ExpandedModel {
  readonly model: Model;
  /** For each new node: the node of the given model that it belongs to. */
  readonly origin: ReadonlyMap<GraphNode, GraphNode>;
  /** Why nodes that could have been expanded were not. */
  readonly reasons: ReadonlyMap<GraphNode, NotExpanded>;
  /** Multiply-accumulates of new nodes, where they are not their own: those of the nodes they came from, no more and no less. */
  readonly macs: ReadonlyMap<GraphNode, number>;
}

/** @param wanted whether a node is to be written out, where it can be */
export function expandModel(model: Model, wanted: (model: Model, node: GraphNode) => boolean): ExpandedModel {
  const origin = new Map<GraphNode, GraphNode>();
  const reasons = new Map<GraphNode, NotExpanded>();
  const readers = new Set(model.graph.nodes.flatMap(namesRead));
  const outputs = new Set(model.graph.outputs.map((o) => o.name));
  const constants = new Map(model.graph.constants);
  const types = new Map(model.graph.types);
  const graph = { ...model.graph, constants, types };
  const growing = { ...model, graph };
  const write = (node: GraphNode, of: GraphNode): readonly GraphNode[] => {
    const rule = isStandard(node) ? expansions.get(node.op) : undefined;
    if (rule === undefined || !wanted(growing, node)) return [node];
    const made = expandNode(growing, node, rule, (name) => of !== node || readers.has(name) || outputs.has(name));
    if (made === undefined) return [node];
    if (isNotExpanded(made)) {
      reasons.set(node, made);
      return [node];
    }
    for (const [name, value] of made.constants) constants.set(name, value);
    for (const [name, type] of made.types) if (!types.has(name)) types.set(name, type);
    return made.nodes.flatMap((n) => write(n, of));
  };
  const nodes = model.graph.nodes.flatMap((node) => {
    const made = write(node, node);
    for (const n of made) if (n !== node) origin.set(n, node);
    return made;
  });
  const expanded = { ...model, graph: { ...graph, nodes } };
  return { model: expanded, origin, reasons, macs: macsOf(model, expanded, origin) };
}

const isStandard = (node: GraphNode): boolean => node.domain === '' || node.domain === 'ai.onnx';

/**
 * A node's MACs are those that its operator needs, however it is written out. Where the new nodes have as many, each keeps its own;
 * otherwise the last that has any counts for the difference.
 */
function macsOf(model: Model, expanded: Model, origin: ReadonlyMap<GraphNode, GraphNode>): Map<GraphNode, number> {
  const groups = new Map<GraphNode, GraphNode[]>();
  for (const [made, of] of origin) groups.set(of, [...(groups.get(of) ?? []), made]);
  const macs = new Map<GraphNode, number>();
  for (const [of, made] of groups) {
    const needed = nodeWork(model, of).macs;
    const own = made.map((n) => nodeWork(expanded, n).macs);
    const sum = own.reduce((a, b) => a + b, 0);
    if (sum === needed) continue;
    const last = own.findLastIndex((n) => n > 0);
    made.forEach((n, i) => {
      const share = sum > needed ? 0 : own[i]!;
      macs.set(n, i === last ? share + needed - (sum > needed ? 0 : sum) : share);
    });
  }
  return macs;
}
