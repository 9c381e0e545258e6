/**
 * Host parts: what does not run on the processor. Consecutive host nodes become one ONNX model whose inputs and outputs are
 * tensors in DRAM; its time is priced by the machine's host section.
 */
import { diagnostic } from '#base';
import {
  elementCount,
  type GraphNode,
  type Model,
  namesRead,
  staticShape,
  type TensorType,
  typeOf,
  typeText,
} from '#ir';
import { type HostPart, SLOT_BYTES } from '#isa';
import { nodeCost, operatorIn } from '#ops';
import { hostCycles } from '#timing';
import type { Planner } from './planner.ts';
import { slotOf } from './views.ts';

const cannotExchange = diagnostic<{ node: string; op: string; value: string; type: string; why: 'shape' | 'type' }>(
  'SYS-LOWER-002',
  'unsupported',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}) exchanges '${p.value}' of type ${p.type} between host and processor, but ` +
      (p.why === 'shape'
        ? 'its shape depends on data or on a dimension that has no size; give sizes with --dim NAME=N, or export the model with static shapes.'
        : 'only dense numeric tensors lie in the processor’s memory; keep such values inside the host part (no processor operator may read or write them).'),
    zh: (p) =>
      `节点“${p.node}”（${p.op}）在主机与处理器之间交换类型为 ${p.type} 的“${p.value}”，但` +
      (p.why === 'shape'
        ? '其形状取决于数据或未给定的维度；请用 --dim 名称=N 给出大小，或以静态形状导出模型。'
        : '处理器内存中只能放置稠密数值张量；请让此类值只在主机部分内部使用。'),
  },
);

/** Values that a run of host nodes reads from outside and leaves to others. */
export function boundary(p: Planner, nodes: readonly GraphNode[]): { inputs: string[]; outputs: string[] } {
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

/** The type of a value that crosses between host and processor. */
export function exchangedType(p: Planner, node: GraphNode, value: string): TensorType {
  const type = typeOf(p.graph, value);
  const fail = (why: 'shape' | 'type') =>
    cannotExchange({ node: node.name, op: node.op, value, type: typeText(type), why }, { node: node.name });
  if (type === undefined || (type.kind === 'tensor' && staticShape(type) === undefined)) throw fail('shape');
  if (type.kind !== 'tensor' || !(type.dtype in SLOT_BYTES)) throw fail('type');
  return type;
}

/** The ONNX model of a host part. */
export function partModel(
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
  inputs: readonly string[],
  outputs: readonly string[],
  serialise: (model: Model) => Uint8Array,
): HostPart {
  const slots = (names: readonly string[]) => names.map((n) => slotOf(n, p.view(n)));
  const inSlots = slots(inputs);
  const outSlots = slots(outputs);
  let macs = 0;
  let elements = 0;
  for (const node of nodes) {
    // What Systole has no cost rule for, or no shapes, is priced by its outputs, so that no node is free.
    if (
      operatorIn(p.model, node) !== undefined &&
      [...node.inputs, ...node.outputs].every((v) => v === '' || staticShape(typeOf(p.graph, v)) !== undefined)
    ) {
      macs += nodeCost(p.model, node).macs;
    }
    for (const o of node.outputs) {
      const dims = staticShape(typeOf(p.graph, o));
      elements += dims === undefined ? 1 : elementCount(dims);
    }
  }
  const bytes = [...inSlots, ...outSlots].reduce((n, s) => n + elementCount(s.dims) * SLOT_BYTES[s.dtype], 0);
  return {
    name,
    onnx: serialise(partModel(p, nodes, inputs, outputs)),
    inputs: inSlots,
    outputs: outSlots,
    cycles: hostCycles(p.machine, { bytes, macs, elements }),
  };
}
