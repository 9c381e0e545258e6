/**
 * The layer-wise bound: what the network needs on this machine if every group of the canonical graph (`groups.ts`) ran at
 * the peak of its scarcest resource, one group after the other. No decision of the compiler moves it, except which nodes
 * the host runs: those count with the host's time, in as few calls as the graph needs, however the program splits them.
 *
 * cycles of a group = max(MACs ÷ matrix peak, vector operations ÷ lanes, bytes ÷ DRAM bandwidth), exact; the sum is rounded up. Peak and
 * lanes are those of the type that a node computes with.
 * - MACs: of Conv, Gemm and MatMul, and of their kinds on quantised values. A depthwise convolution (as many groups as channels and filters) runs on the
 *   vector unit's multiply-add: its MACs count as vector operations, one a lane a cycle.
 * - Vector operations: those of all other nodes by their cost rules, one a lane a cycle, a multiply-add as one. MaxPool and
 *   AveragePool count axis after axis where that is less: maximum and sum separate (`leastOperations.ts`).
 * - Bytes: inputs from outside the group, weights, and results read outside, each once. Slice and Gather read what they take.
 */
import { byteLength, elementCount, type GraphNode, intAttribute, type Model, staticShape, typeOf } from '#ir';
import type { GroupBound, LayerwiseBound, Program } from '#isa';
import { coresOf, type Machine, type MatrixType, macsPerCycle, typesOf, vectorLanes } from '#machine';
import { type Cost, nodeCost, nodeWork } from '#ops';
import { hostCycles } from '#timing';
import { type Group, groupHostNodes, groupNodes } from './groups.ts';
import { leastOperations } from './leastOperations.ts';

/** The names of the nodes that a program leaves to the host. */
export const nodesOnHost = (program: Program): ReadonlySet<string> =>
  new Set(program.layers.flatMap((layer) => layer.onHost ?? []).map((node) => node.name));

/**
 * @param model after the passes, with static shapes
 * @param host names of the nodes that the host runs
 * @throws SYS-OPS-005, -006 where a node that the host does not run has no known cost
 */
export function layerwiseBound(model: Model, machine: Machine, host: ReadonlySet<string> = new Set()): LayerwiseBound {
  const onHost = (node: GraphNode): boolean => host.has(node.name);
  const groups: GroupBound[] = [];
  const times: Fraction[] = [];
  for (const group of groupNodes(model, onHost)) {
    const { time, ...bound } = boundOf(group, model, machine);
    groups.push(bound);
    times.push(time);
  }
  for (const call of groupHostNodes(model, onHost)) {
    const bound = hostBound(call, model, machine);
    groups.push(bound);
    times.push({ work: bound.cycles, peak: 1 });
  }
  return { cycles: ceilOfSum(times), groups };
}

/** Cycles as work ÷ peak, both whole numbers: thirds and tenths of cycles do not add up exactly as floats. */
interface Fraction {
  readonly work: number;
  readonly peak: number;
}

const cyclesOf = ({ work, peak }: Fraction): number => work / peak;

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

function sumOf(a: Fraction, b: Fraction): Fraction {
  const peak = (a.peak / divisor(a.peak, b.peak)) * b.peak;
  return { work: a.work * (peak / a.peak) + b.work * (peak / b.peak), peak };
}

const MATRIX_TYPES: Readonly<Partial<Record<string, MatrixType>>> = {
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  uint8: 'u8',
};

const dtypeOf = (model: Model, name: string | undefined): string | undefined => {
  const type = name === undefined ? undefined : typeOf(model.graph, name);
  return type?.kind === 'tensor' ? type.dtype : undefined;
};

/** MACs a cycle of one core, for the type of a node's first operand. */
function matrixPeak(model: Model, node: GraphNode, { matrix }: Machine): number {
  const type = MATRIX_TYPES[dtypeOf(model, node.inputs[0]) ?? ''];
  return macsPerCycle(matrix, type !== undefined && typesOf(matrix).includes(type) ? type : 'f32');
}

const VECTOR_TYPES: Readonly<Partial<Record<string, string>>> = {
  ...MATRIX_TYPES,
  bool: 'u8',
  int16: 'i16',
  int32: 'i32',
};

/** Lanes of one core: the fewer of those for a node's first operand and for its result. */
function lanesOfNode(model: Model, node: GraphNode, { vector }: Machine): number {
  const lanes = [node.inputs[0], node.outputs[0]].map((name) => {
    const type = VECTOR_TYPES[dtypeOf(model, name) ?? ''] ?? 'f32';
    return vectorLanes(vector, type) ?? vector.lanes;
  });
  return Math.min(...lanes);
}

/** The sum of fractions, rounded up; exact. */
export function ceilOfSum(fractions: readonly Fraction[]): number {
  const byPeak = new Map<number, bigint>();
  for (const { work, peak } of fractions) byPeak.set(peak, (byPeak.get(peak) ?? 0n) + BigInt(work));
  const common = [...byPeak.keys()].reduce((n, peak) => n * BigInt(peak), 1n);
  const sum = [...byPeak].reduce((n, [peak, work]) => n + work * (common / BigInt(peak)), 0n);
  return Number((sum + common - 1n) / common);
}

function boundOf(group: Group, model: Model, machine: Machine): GroupBound & { readonly time: Fraction } {
  let macs = 0;
  let vectorOps = 0;
  let compute: Fraction = { work: 0, peak: 1 };
  let vector: Fraction = { work: 0, peak: 1 };
  for (const node of group.nodes) {
    const cost = nodeCost(model, node);
    if (cost.macs > 0 && !isDepthwise(model, node)) {
      macs += cost.macs;
      compute = sumOf(compute, { work: cost.macs, peak: coresOf(machine) * matrixPeak(model, node, machine) });
    } else {
      const operations = leastOperations(model, node) ?? vectorOperations(cost);
      vectorOps += operations;
      vector = sumOf(vector, { work: operations, peak: coresOf(machine) * lanesOfNode(model, node, machine) });
    }
  }
  const bytes = trafficOf(group, model);
  const { bandwidth } = machine.dram;
  const times = [
    ['compute', compute],
    ['vector', vector],
    ['memory', { work: bytes * bandwidth.cycles, peak: bandwidth.bytes }],
  ] as const;
  const [bound, time] = times.reduce((most, t) => (cyclesOf(t[1]) > cyclesOf(most[1]) ? t : most));
  return { ...namesOf(group), macs, vectorOps, bytes, cycles: cyclesOf(time), bound, time };
}

/** A call of the host, priced as the call of a program is. */
function hostBound(call: Group, model: Model, machine: Machine): GroupBound {
  const works = call.nodes.map((node) => nodeWork(model, node));
  const bytes = [...call.inputs, ...call.outputs].reduce((n, name) => n + valueBytes(model, name), 0);
  const cycles = hostCycles(machine, {
    bytes,
    macs: works.reduce((n, w) => n + w.macs, 0),
    elements: works.reduce((n, w) => n + w.elements, 0),
  });
  return { ...namesOf(call), macs: 0, vectorOps: 0, bytes: 0, cycles, bound: 'host' };
}

const namesOf = ({ nodes }: Group): Pick<GroupBound, 'name' | 'op' | 'nodes'> => ({
  name: nodes[0]!.name,
  op: nodes.map((n) => n.op).join('+'),
  nodes: nodes.map((n) => n.name),
});

/** Elementary operations of a vector unit; a multiply-add counts once. */
export const vectorOperations = (c: Cost): number =>
  Math.max(c.multiplications, c.additions) + c.comparisons + c.transcendentals;

/** Convolutions, and which of their inputs are the weights. */
const CONVOLUTIONS: Readonly<Record<string, number>> = { Conv: 1, ConvInteger: 1, QLinearConv: 3 };

/** One filter for each channel, on its own. */
export function isDepthwise(model: Model, node: GraphNode): boolean {
  const weights = CONVOLUTIONS[node.op];
  if (weights === undefined) return false;
  const channels = staticShape(typeOf(model.graph, node.inputs[0]!))?.[1];
  const filters = staticShape(typeOf(model.graph, node.inputs[weights]!))?.[0];
  const groups = intAttribute(node, 'group', 1);
  return groups > 1 && groups === channels && groups === filters;
}

/** Nodes that read no more of their data than they hand on. */
const SELECTING = new Set(['Slice', 'Gather', 'Shape', 'Size']);

function trafficOf(group: Group, model: Model): number {
  const sum = (names: readonly string[]): number => names.reduce((n, name) => n + valueBytes(model, name), 0);
  const read = sum(group.inputs) + sum(group.weights);
  const written = sum(group.outputs);
  return (readsPart(group.nodes[0]!) ? Math.min(read, written) : read) + written;
}

/** Whether a node reads no more of its data than it hands on. */
export const readsPart = (node: GraphNode): boolean => SELECTING.has(node.op);

/** Bytes of a tensor of known shape; 0 of others. */
export function valueBytes(model: Model, name: string): number {
  const type = typeOf(model.graph, name);
  const dims = staticShape(type);
  // Open shapes are the host's: nodeCost has refused them elsewhere, and no call of a program exchanges them.
  return type?.kind === 'tensor' && dims !== undefined ? byteLength(type.dtype, elementCount(dims)) : 0;
}
