/**
 * A compiled graph with nodes of registered operators, which the host engine cannot run: it is cut into stages. A stage is a session of
 * standard nodes and then the kernels, in this thread, of the registered operators whose operands are there; a node's stage is the first in
 * which all its operands are. Without such nodes there is one stage, and this is the engine's own kernel.
 */
import type { DeviceTensor, Engine, Kernel, LoadOptions } from '#engine';
import type { GraphNode, GraphValue, Model, TensorType } from '#ir';
import { computeUser, USER_DOMAIN } from './userOperators.ts';

interface Stage {
  readonly kernel: Kernel | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly users: readonly GraphNode[];
}

/** The model as one kernel. @param types of the values that registered operators take and give */
export async function loadStages(
  engine: Engine,
  model: Model,
  types: ReadonlyMap<string, TensorType>,
  options: Omit<LoadOptions, 'outputs'>,
): Promise<Kernel> {
  const { graph } = model;
  if (!graph.nodes.some((node) => node.domain === USER_DOMAIN)) return engine.kernel(model, options);
  const stages = await Promise.all(cut(model, types).map((part) => load(engine, model, part, options)));
  const constants = new Map([...graph.constants].map(([name, value]) => [name, engine.upload(value)] as const));
  return {
    async run(inputs) {
      const values = new Map<string, DeviceTensor>(constants);
      graph.inputs.forEach(({ name }, i) => {
        values.set(name, inputs[i]!);
      });
      const held = (name: string): DeviceTensor => values.get(name)!;
      for (const { kernel, inputs: needed, outputs, users } of stages) {
        const made = kernel === undefined ? [] : await kernel.run(needed.map(held));
        outputs.forEach((name, i) => {
          values.set(name, made[i]!);
        });
        for (const node of users) {
          const results = computeUser(
            node,
            node.inputs.map((name) => engine.download(held(name))),
          );
          node.outputs.forEach((name, i) => {
            values.set(name, engine.upload(results[i]!));
          });
        }
      }
      return graph.outputs.map(({ name }) => held(name));
    },
    async release() {
      for (const { kernel } of stages) await kernel?.release();
    },
  };
}

interface Part {
  readonly nodes: readonly GraphNode[];
  readonly users: readonly GraphNode[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

function cut({ graph }: Model, types: ReadonlyMap<string, TensorType>): readonly Part[] {
  /** The first stage in which a value is there; inputs and constants are from the beginning. */
  const since = new Map<string, number>();
  const stageOf = (node: GraphNode): number => Math.max(0, ...node.inputs.map((name) => since.get(name) ?? 0));
  const parts: { nodes: GraphNode[]; users: GraphNode[] }[] = [];
  for (const node of graph.nodes) {
    const stage = stageOf(node);
    while (parts.length <= stage) parts.push({ nodes: [], users: [] });
    const isUser = node.domain === USER_DOMAIN;
    parts[stage]![isUser ? 'users' : 'nodes'].push(node);
    for (const output of node.outputs) since.set(output, isUser ? stage + 1 : stage);
  }
  const wanted = new Set(graph.outputs.map((v) => v.name));
  const value = (name: string): GraphValue => ({ name, type: types.get(name) });
  return parts.map(({ nodes, users }, stage) => {
    const made = new Set(nodes.flatMap((n) => n.outputs));
    const read = new Set(nodes.flatMap((n) => n.inputs));
    const later = new Set(
      [...users, ...parts.slice(stage + 1).flatMap((p) => [...p.nodes, ...p.users])].flatMap((n) => n.inputs),
    );
    return {
      nodes,
      users,
      inputs: [...read].filter((name) => name !== '' && !made.has(name) && !graph.constants.has(name)).map(value),
      outputs: [...made].filter((name) => later.has(name) || wanted.has(name)).map(value),
    };
  });
}

async function load(
  engine: Engine,
  model: Model,
  { nodes, users, inputs, outputs }: Part,
  options: Omit<LoadOptions, 'outputs'>,
): Promise<Stage> {
  const names = (values: readonly GraphValue[]): string[] => values.map((v) => v.name);
  if (nodes.length === 0) return { kernel: undefined, inputs: [], outputs: [], users };
  const read = new Set(nodes.flatMap((n) => n.inputs));
  const constants = new Map([...model.graph.constants].filter(([name]) => read.has(name)));
  const part: Model = { ...model, graph: { ...model.graph, nodes, inputs, outputs, constants } };
  return { kernel: await engine.kernel(part, options), inputs: names(inputs), outputs: names(outputs), users };
}
