/**
 * What fusing operators saves: an intermediate that stays on the chip is neither written nor read again. Counted in words (elements) of
 * DRAM traffic, each operator reading its inputs and parameters once and writing its output once, with no cache in between. Fused, a
 * convolution or product takes in what follows it alone: normalisation, activation, addition of a residual. Views (Flatten, Reshape,
 * Dropout in inference) move nothing and count as no operator. A normalisation reads two numbers a channel, scale and shift, which the
 * statistics are folded into. Analytic: batch as the shapes say, no launch costs.
 */
import { elementCount, type GraphNode, type Model, staticShape, typeOf } from '#ir';
import { knownCost } from './knownCost.ts';

export interface Traffic {
  readonly words: number;
  /** Kernels that are started. */
  readonly operations: number;
}

export interface FusionReport {
  readonly unfused: Traffic;
  readonly fused: Traffic;
  readonly macs: number;
  /** Nodes of each fused kernel, its first node first. */
  readonly groups: readonly (readonly string[])[];
}

const HEADS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const FOLLOWERS = new Set([
  'BatchNormalization',
  'Relu',
  'LeakyRelu',
  'PRelu',
  'Clip',
  'Sigmoid',
  'Tanh',
  'Add',
  'Mul',
  'HardSwish',
  'Elu',
]);
const VIEWS = new Set(['Flatten', 'Reshape', 'Identity', 'Dropout', 'Squeeze', 'Unsqueeze']);

/**
 * @param model all shapes known, weights constant; without optimisation (the passes fold BatchNormalization)
 */
export function fusionReport(model: Model): FusionReport {
  const { graph } = model;
  const nodes = graph.nodes.filter((node) => !VIEWS.has(node.op));
  const words = (name: string): number => elementCount(staticShape(typeOf(graph, name)) ?? []);
  const readers = new Map<string, number>();
  for (const node of graph.nodes) for (const name of node.inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { name } of graph.outputs) readers.set(name, (readers.get(name) ?? 0) + 1);

  /** Words that a kernel of these nodes reads and writes; what passes between them is neither. */
  const traffic = (group: readonly GraphNode[]): number => {
    const inside = new Set(group.flatMap((node) => node.outputs));
    const read = new Set(group.flatMap((node) => operands(node).filter((name) => name !== '' && !inside.has(name))));
    return [...read].reduce((sum, name) => sum + words(name), 0) + words(group.at(-1)!.outputs[0]!);
  };

  const groupOf = new Map<string, GraphNode[]>();
  const groups: GraphNode[][] = [];
  for (const node of nodes) {
    // Of two operands that could take it in, the one that was computed last does.
    const host = FOLLOWERS.has(node.op)
      ? node.inputs
          .flatMap((name) => (readers.get(name) === 1 ? (groupOf.get(name) ?? []).slice(0, 1).map(() => name) : []))
          .at(-1)
      : undefined;
    const group = host === undefined ? [node] : groupOf.get(host)!;
    if (host === undefined) groups.push(group);
    else {
      group.push(node);
      groupOf.delete(host);
    }
    if (HEADS.has(group[0]!.op)) groupOf.set(node.outputs[0]!, group);
  }
  const total = (kernels: readonly (readonly GraphNode[])[]): Traffic => ({
    words: kernels.reduce((sum, group) => sum + traffic(group), 0),
    operations: kernels.length,
  });
  return {
    unfused: total(nodes.map((node) => [node])),
    fused: total(groups),
    macs: nodes.reduce((sum, node) => sum + (knownCost(model, node)?.macs ?? 0), 0),
    groups: groups.map((group) => group.map((node) => node.name)),
  };
}

/** What it reads when it runs. */
const operands = ({ op, inputs }: GraphNode): readonly string[] =>
  op === 'BatchNormalization' ? inputs.slice(0, 3) : inputs;

/**
 * How many times faster it is under a roofline: time is the larger of computing and transfers.
 * @param ridge operations (two a MAC) for each byte, at which both take equally long
 */
export function fusionSpeedUp({ unfused, fused, macs }: FusionReport, ridge: number, bytesPerWord = 4): number {
  const time = (words: number): number => Math.max(2 * macs, words * bytesPerWord * ridge);
  return time(unfused.words) / time(fused.words);
}
