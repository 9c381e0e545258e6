/** What recognisers share: nodes that together compute one operator give way to it, at the place of the last of them. */
import type { GraphNode, Model, Tensor } from '#ir';
import { onnxOpset } from '#ops';
import { absorb, type Pass, type PassContext } from './pass.ts';
import { freshNames, withNodes } from './rewrite.ts';

/** Nodes that go, and what stands for them. */
export interface Found {
  readonly nodes: readonly GraphNode[];
  /** Has the output of the last of them, whose name it keeps. */
  readonly node: GraphNode;
  readonly constants?: ReadonlyMap<string, Tensor>;
}

export interface Recogniser {
  readonly pass: Pass;
  /** The opset that brought the operator: in older models the pass finds nothing. */
  readonly since: number;
  /** Whether the pattern stands in a model, whatever its opset. */
  readonly occursIn: (model: Model) => boolean;
}

type Finder = (node: GraphNode, constant: (wish: string, value: Tensor) => string) => Found | undefined;

/** @param finderFor looks at a node as the last of the pattern */
export function recogniser(
  name: string,
  summary: string,
  since: number,
  finderFor: (model: Model) => Finder,
): Recogniser {
  const run = (model: Model, context: PassContext | undefined): Model => {
    const finder = finderFor(model);
    const fresh = freshNames(model.graph);
    const constants = new Map(model.graph.constants);
    const constant = (wish: string, value: Tensor): string => {
      const made = fresh(wish);
      constants.set(made, value);
      return made;
    };
    const gone = new Set<GraphNode>();
    const made = new Map<GraphNode, GraphNode>();
    for (const node of model.graph.nodes) {
      const found = finder(node, constant);
      if (found === undefined || found.nodes.some((n) => gone.has(n))) continue;
      for (const n of found.nodes) {
        gone.add(n);
        if (context !== undefined) absorb(context, found.node.name, n.name);
      }
      made.set(node, found.node);
    }
    if (made.size === 0) return model;
    const nodes = model.graph.nodes.flatMap((node) => made.get(node) ?? (gone.has(node) ? [] : [node]));
    return withNodes(model, nodes, constants);
  };
  return {
    pass: {
      name,
      summary,
      run: (model, context) => (onnxOpset(model) < since ? model : run(model, context)),
    },
    since,
    occursIn: (model) => run(model, undefined) !== model,
  };
}
