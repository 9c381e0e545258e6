/** Host parts of a program on the host engine: bytes of a part's inputs to bytes of its outputs. */
import { diagnostic } from '#base';
import { byDefinition, type Engine, roundHalves, type Session } from '#engine';
import { type DataType, type Tensor, tensorBytes } from '#ir';
import type { HostPart, TensorSlot } from '#isa';
import { readModel } from '#onnx';

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

export const shapeText = (dtype: string, dims: readonly number[]): string => `${dtype}[${dims.join(',')}]`;

export const tensorOfSlot = (slot: TensorSlot, bytes: Uint8Array): Tensor => ({
  dtype: slot.dtype as Exclude<DataType, 'string'>,
  dims: slot.dims,
  bytes,
});

/** The node of a host part that makes a value. */
function producerIn(part: HostPart, value: string): { node: string; op: string } {
  const node = readModel(part.onnx).graph.nodes.find((n) => n.outputs.includes(value));
  return { node: node?.name ?? part.name, op: node?.op ?? '?' };
}

/** Mutable: keeps a session for every part that was called, until `release`. */
export class HostParts {
  readonly #engine: (() => Promise<Engine>) | undefined;
  readonly #sessions = new Map<HostPart, Session>();

  constructor(engine: (() => Promise<Engine>) | undefined) {
    this.#engine = engine;
  }

  /**
   * @param inputs dense and row-major, in the part's order; so are the results
   * @throws SYS-FLOW-003 without an engine, SYS-FLOW-004 where a result is not of the compiled shape
   */
  async call(part: HostPart, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
    let session = this.#sessions.get(part);
    if (session === undefined) {
      if (this.#engine === undefined) throw noEngine({ part: part.name });
      // As nodes of the processor do, those of the host round what they leave in half precision.
      const model = readModel(part.onnx);
      const rounded = byDefinition(roundHalves(model));
      const engine = await this.#engine();
      session = await engine.load(rounded === model ? part.onnx : rounded, { optimize: false });
      this.#sessions.set(part, session);
    }
    const results = await session.run(new Map(part.inputs.map((s, i) => [s.name, tensorOfSlot(s, inputs[i]!)])));
    return part.outputs.map((slot) => {
      const value = results.get(slot.name)!;
      const found = shapeText(value.dtype, value.dims);
      const expected = shapeText(slot.dtype, slot.dims);
      if (found !== expected) {
        const { node, op } = producerIn(part, slot.name);
        throw wrongResult({ node, op, value: slot.name, expected, found }, { node });
      }
      return tensorBytes(value);
    });
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }
}
