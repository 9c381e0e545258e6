/**
 * Host parts: what does not run on the processor. Consecutive host nodes become one ONNX model whose inputs and outputs are
 * tensors in DRAM; its time is priced by the machine's host section.
 */
import { diagnostic } from '#base';
import { elementCount, type GraphNode, type Model, namesRead, staticShape, typeOf, type ValueType } from '#ir';
import { type HostNode, type HostPart, SLOT_BYTES } from '#isa';
import { nodeWork, type Work } from '#ops';
import { hostCycles } from '#timing';
import { cause, type OpenShape, openShape, repair } from './openShapes.ts';
import type { Job, Planner } from './planner.ts';
import { slotOf } from './views.ts';

const cannotExchange = diagnostic<OpenShape & { node: string; op: string; value: string; why: 'shape' | 'type' }>(
  'SYS-LOWER-002',
  'unsupported',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}) exchanges '${p.value}' of type ${p.type} between host and processor, but ` +
      (p.why === 'type'
        ? 'only dense numeric tensors lie in the processor’s memory; keep such values inside the host part (no processor operator may read or write them).'
        : `its shape must be known before the model can be compiled. ${cause.en(p)}${repair.en(p)}`),
    zh: (p) =>
      `节点“${p.node}”（${p.op}）在主机与处理器之间交换类型为 ${p.type} 的“${p.value}”，但` +
      (p.why === 'type'
        ? '处理器内存中只能放置稠密数值张量；请让此类值只在主机部分内部使用。'
        : `编译前必须知道其形状。${cause.zh(p)}${repair.zh(p)}`),
  },
);

/** What a run of host nodes exchanges with the processor, and what it does. */
export interface Boundary {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly work: Pick<Work, 'macs' | 'elements'>;
}

/** Values that a run of host nodes reads from outside and leaves to others. */
function boundary(p: Planner, nodes: readonly GraphNode[]): Pick<Boundary, 'inputs' | 'outputs'> {
  const inside = new Set(nodes.flatMap((n) => n.outputs));
  const inputs = new Set<string>();
  for (const n of nodes) {
    for (const name of namesRead(n)) {
      if (!inside.has(name) && p.constant(name) === undefined) inputs.add(name);
    }
  }
  const members = new Set(nodes);
  const outputs = [...inside].filter(
    (name) => name !== '' && (p.isOutput(name) || p.consumers(name).some((c) => !members.has(c))),
  );
  return { inputs: [...inputs], outputs };
}

/** What keeps a value of this type out of the processor's memory. */
export function whyNotExchanged(type: ValueType | undefined): 'shape' | 'type' | undefined {
  if (type === undefined || (type.kind === 'tensor' && staticShape(type) === undefined)) return 'shape';
  return type.kind !== 'tensor' || !(type.dtype in SLOT_BYTES) ? 'type' : undefined;
}

/** @throws SYS-LOWER-002 where a value cannot cross between host and processor */
function checkExchanged(p: Planner, node: GraphNode, value: string): void {
  const type = typeOf(p.graph, value);
  const why = whyNotExchanged(type);
  if (why === undefined) return;
  throw cannotExchange(
    { node: node.name, op: node.op, value, why, ...openShape(p.graph, value, type) },
    { node: node.name },
  );
}

/** A node that waits to be run on the host, and why it goes there. */
export interface Waiting {
  readonly node: GraphNode;
  readonly reason: HostNode['reason'];
}

/** The job of a run of host nodes, each behind those it reads; gives memory to what they leave to others. */
export function hostJob(p: Planner, run: readonly Waiting[]): { job: Job; ends: Boundary } {
  const nodes = run.map((r) => r.node);
  const { inputs, outputs } = boundary(p, nodes);
  for (const name of [...inputs, ...outputs])
    checkExchanged(p, nodes.find((n) => n.outputs.includes(name) || namesRead(n).includes(name)) ?? nodes[0]!, name);
  const works = nodes.map((n) => nodeWork(p.model, n));
  const sum = (of: 'macs' | 'elements'): number => works.reduce((n, w) => n + w[of], 0);
  const work = { macs: sum('macs'), elements: sum('elements') };
  const job: Job = {
    nodes,
    op: nodes.map((n) => n.op).join('+'),
    where: 'host',
    onHost: run.map(({ node, reason }, i) => {
      const { estimate } = works[i]!;
      return { name: node.name, op: node.op, reason, ...(estimate === undefined ? {} : { estimate }) };
    }),
    reads: inputs.map((name) => p.view(name)),
    writes: outputs.map((name) => p.output(name, 'row-major')),
    macs: nodes.reduce((n, node, i) => n + p.macsOf(node, () => works[i]!.macs), 0),
    vectorOps: 0,
    packedBytes: 0,
    prepare: () => ({ mayLoadAhead: false, emit: () => ({ loops: [] }) }),
  };
  return { job, ends: { inputs, outputs, work } };
}

/** The ONNX model of a host part. */
function partModel(
  p: Planner,
  nodes: readonly GraphNode[],
  inputs: readonly string[],
  outputs: readonly string[],
): Model {
  const used = new Set(nodes.flatMap(namesRead));
  return {
    ...p.model,
    metadata: new Map(),
    graph: {
      name: `host part of ${p.graph.name}`,
      nodes,
      inputs: inputs.map((name) => ({ name, type: typeOf(p.graph, name) })),
      outputs: outputs.map((name) => ({ name, type: typeOf(p.graph, name) })),
      constants: new Map([...p.graph.constants].filter(([name]) => used.has(name))),
      types: new Map([...p.graph.types].filter(([name]) => used.has(name))),
    },
  };
}

/** The finished part: slots have addresses now. */
export function hostPart(
  p: Planner,
  name: string,
  nodes: readonly GraphNode[],
  ends: Boundary,
  serialise: (model: Model) => Uint8Array,
): HostPart {
  const slots = (names: readonly string[]) => names.map((n) => slotOf(n, p.view(n)));
  const inputs = slots(ends.inputs);
  const outputs = slots(ends.outputs);
  const bytes = [...inputs, ...outputs].reduce((n, s) => n + elementCount(s.dims) * SLOT_BYTES[s.dtype], 0);
  return {
    name,
    onnx: serialise(partModel(p, nodes, ends.inputs, ends.outputs)),
    inputs,
    outputs,
    cycles: hostCycles(p.machine, { bytes, ...ends.work }),
  };
}
