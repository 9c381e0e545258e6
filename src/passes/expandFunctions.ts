/** expandFunctions: operators that ONNX defines by others, and that nothing here knows otherwise, are written out. */
import type { GraphNode } from '#ir';
import { expandNode, functionExpansions, isNotExpanded, operatorIn } from '#ops';
import { pass } from './pass.ts';
import { freshNames, indexOf } from './rewrite.ts';

export const expandFunctions = pass({
  name: 'expandFunctions',
  summary: 'writes out functions of known shapes that no operator here knows, Attention and LpPool among them',
  run(model, context) {
    const { graph } = model;
    const index = indexOf(graph);
    const fresh = freshNames(graph);
    const constants = new Map(graph.constants);
    const types = new Map(graph.types);
    let changed = false;
    const nodes = graph.nodes.flatMap((node): readonly GraphNode[] => {
      const rule = node.domain === '' ? functionExpansions.get(node.op) : undefined;
      if (rule === undefined || operatorIn(model, node) !== undefined) return [node];
      const isRead = (name: string): boolean => index.pinned.has(name) || (index.uses.get(name) ?? 0) > 0;
      const made = expandNode(model, node, rule, isRead);
      if (made === undefined || isNotExpanded(made)) return [node];
      changed = true;
      for (const [name, value] of made.constants) constants.set(name, value);
      for (const [name, type] of made.types) types.set(name, type);
      for (const n of made.nodes) {
        fresh(n.name);
        context.provenance.set(n.name, context.provenance.get(node.name) ?? [node.name]);
      }
      return made.nodes;
    });
    return changed ? { ...model, graph: { ...graph, nodes, constants, types } } : model;
  },
});
