/** Runs a program on the simulator; host parts run on the host engine. */
import { diagnostic } from '#base';
import type { Engine, Session } from '#engine';
import { type DataType, type Tensor, tensorBytes } from '#ir';
import { type HostPart, type Program, SLOT_BYTES, type TensorSlot } from '#isa';
import { readModel } from '#onnx';
import { createSimulation, type Observer, type SimulationResult } from '#sim';

export interface ExecuteOptions {
  /** Move and compute the numbers, or only count time. */
  readonly data: boolean;
  readonly feeds?: ReadonlyMap<string, Tensor>;
  /** Needed where the program has host parts and runs with data. */
  readonly engine?: () => Promise<Engine>;
  /**
   * Look for races and reads of what nobody wrote. By default with data, and for programs that were written by hand: what
   * the compiler made is ordered by construction, which every run with data holds, and looking again would take most of the
   * time and memory of counting.
   */
  readonly hazards?: boolean;
  readonly observer?: Observer;
  /** Instructions that control may execute: a guard against endless loops. */
  readonly maxInstructions?: number;
}

export interface Executed {
  readonly result: SimulationResult;
  /** Empty without data. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

export const wrongInput = diagnostic<{ name: string; expected: string; found: string }>('SYS-FLOW-002', 'invalid', {
  en: (p) =>
    `input '${p.name}' is ${p.found}, and the program takes ${p.expected}. Convert or reshape the data, or compile for that shape (--batch, --dim).`,
  zh: (p) =>
    `输入“${p.name}”为 ${p.found}，而程序要求 ${p.expected}。请转换或重排数据，或按该形状重新编译（--batch、--dim）。`,
});
const wrongResult = diagnostic<{ node: string; op: string; value: string; expected: string; found: string }>(
  'SYS-FLOW-004',
  'unsupported',
  {
    en: (p) =>
      `node '${p.node}' (${p.op}), on the host, made '${p.value}' as ${p.found}, and the program was compiled for ${p.expected}: ` +
      'the shape depends on data, and a program has fixed shapes. Feed data that gives the compiled shape, ' +
      `correct the shape that the model states for '${p.value}', or end the model before that node.`,
    zh: (p) =>
      `主机上的节点“${p.node}”（${p.op}）产生的“${p.value}”为 ${p.found}，而程序按 ${p.expected} 编译：` +
      `其形状取决于数据，而程序的形状是固定的。请输入能得到该形状的数据，修正模型为“${p.value}”声明的形状，或让模型在该节点之前结束。`,
  },
);
const noEngine = diagnostic<{ part: string }>('SYS-FLOW-003', 'usage', {
  en: (p) => `the program calls the host (part '${p.part}'), and no host engine was handed in`,
  zh: (p) => `程序需要调用主机（部分“${p.part}”），但未提供主机引擎`,
});

/** The simulator gives up the thread this often (milliseconds), so that a page stays alive and a signal is heard. */
const SLICE = 50;
/** Steps between two looks at the clock. */
const STEPS = 500;

const shapeText = (dtype: string, dims: readonly number[]): string => `${dtype}[${dims.join(',')}]`;

const tensorOfSlot = (slot: TensorSlot, bytes: Uint8Array): Tensor => ({
  dtype: slot.dtype as Exclude<DataType, 'string'>,
  dims: slot.dims,
  bytes,
});

/** The node of a host part that makes a value. */
function producerIn(part: HostPart, value: string): { node: string; op: string } {
  const node = readModel(part.onnx).graph.nodes.find((n) => n.outputs.includes(value));
  return { node: node?.name ?? part.name, op: node?.op ?? '?' };
}

/** @throws SYS-FLOW-002 where a feed is not of the input's type and shape, SYS-FLOW-004 where a host part's result is
 * not, and whatever the simulator reports */
export async function executeProgram(program: Program, options: ExecuteOptions): Promise<Executed> {
  const simulation = createSimulation(program, {
    data: options.data,
    hazards: options.hazards ?? (options.data || program.layerwise === undefined),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
    ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
  });
  if (options.data) {
    for (const slot of program.inputs) {
      const feed = options.feeds?.get(slot.name);
      if (feed === undefined) continue;
      const expected = shapeText(slot.dtype, slot.dims);
      const found = shapeText(feed.dtype, feed.dims);
      if (expected !== found) throw wrongInput({ name: slot.name, expected, found });
      simulation.writeInput(slot.name, tensorBytes(feed));
    }
  }
  const sessions = new Map<number, Session>();
  let resumed = performance.now();
  try {
    for (;;) {
      const state = simulation.run(STEPS);
      if (state.state === 'running') {
        if (performance.now() - resumed > SLICE) {
          await new Promise((resolve) => setTimeout(resolve));
          resumed = performance.now();
        }
        continue;
      }
      if (state.state === 'done') {
        const outputs = new Map<string, Tensor>();
        if (options.data) {
          for (const slot of program.outputs)
            outputs.set(slot.name, tensorOfSlot(slot, simulation.readOutput(slot.name)));
        }
        return { result: state.result, outputs };
      }
      const part = program.host[state.part]!;
      let session = sessions.get(state.part);
      if (session === undefined) {
        if (options.engine === undefined) throw noEngine({ part: part.name });
        session = await (await options.engine()).load(part.onnx, { optimize: false });
        sessions.set(state.part, session);
      }
      const feeds = new Map(part.inputs.map((s) => [s.name, tensorOfSlot(s, simulation.readTensor(s))]));
      const results = await session.run(feeds);
      for (const slot of part.outputs) {
        const value = results.get(slot.name)!;
        const found = shapeText(value.dtype, value.dims);
        const expected = shapeText(slot.dtype, slot.dims);
        if (found !== expected) {
          const { node, op } = producerIn(part, slot.name);
          throw wrongResult({ node, op, value: slot.name, expected, found }, { node });
        }
        simulation.writeTensor(slot, tensorBytes(value));
      }
    }
  } finally {
    for (const s of sessions.values()) await s.release();
  }
}

/** Bytes of a tensor in DRAM. */
export const slotSize = (s: TensorSlot): number => s.dims.reduce((n, d) => n * d, SLOT_BYTES[s.dtype]);
