/** One node of constant inputs, run by the host engine as a model of its own. */
import type { Engine } from '#engine';
import { type GraphNode, type Model, type Tensor, typeOf } from '#ir';

export async function evaluateOnHost(
  engine: Engine,
  model: Model,
  node: GraphNode,
  constants: ReadonlyMap<string, Tensor>,
): Promise<readonly Tensor[]> {
  const named = node.outputs.filter((name) => name !== '');
  const single: Model = {
    ...model,
    functions: [],
    graph: {
      name: node.name,
      inputs: [],
      outputs: named.map((name) => ({ name, type: typeOf(model.graph, name) })),
      nodes: [node],
      constants: new Map(node.inputs.filter((name) => name !== '').map((name) => [name, constants.get(name)!])),
      types: new Map(),
    },
  };
  const session = await engine.load(single);
  try {
    const values = await session.run(new Map());
    // Places of absent outputs are never looked at.
    return node.outputs.map((name) => values.get(name === '' ? named[0]! : name)!);
  } finally {
    await session.release();
  }
}
