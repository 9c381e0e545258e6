/** Runs a program on the simulator; host parts run on the host engine. */
import { nearestName } from '#base';
import type { Engine } from '#engine';
import { type Tensor, tensorBytes } from '#ir';
import { type Program, SLOT_BYTES, type TensorSlot } from '#isa';
import { createSimulation, type Observer, type SimulationResult } from '#sim';
import { unknownInput, wrongInput } from './feeds.ts';
import { HostParts, shapeText, tensorOfSlot } from './hostParts.ts';

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

/** The simulator gives up the thread this often (milliseconds), so that a page stays alive and a signal is heard. */
const SLICE = 50;
/** Steps between two looks at the clock. */
const STEPS = 500;

/**
 * Bytes of the inputs that are fed.
 * @throws SYS-FLOW-002 where a feed is not of the input's type and shape, SYS-FLOW-013 where it is of no input
 */
export function inputBytes(program: Program, feeds: ExecuteOptions['feeds']): Map<string, Uint8Array> {
  const bytes = new Map<string, Uint8Array>();
  const known = program.inputs.map((slot) => slot.name);
  for (const name of feeds?.keys() ?? []) {
    if (!known.includes(name)) throw unknownInput({ name, nearest: nearestName(name, known), known });
  }
  for (const slot of program.inputs) {
    const feed = feeds?.get(slot.name);
    if (feed === undefined) continue;
    const expected = shapeText(slot.dtype, slot.dims);
    const found = shapeText(feed.dtype, feed.dims);
    if (expected !== found) throw wrongInput({ name: slot.name, expected, found });
    bytes.set(slot.name, tensorBytes(feed));
  }
  return bytes;
}

/** @throws SYS-FLOW-002 where a feed is not of the input's type and shape or lacks, SYS-FLOW-013 where it is of no input, SYS-FLOW-004 where a host part's result is
 * not, and whatever the simulator reports */
export async function executeProgram(program: Program, options: ExecuteOptions): Promise<Executed> {
  const simulation = createSimulation(program, {
    data: options.data,
    hazards: options.hazards ?? (options.data || program.layerwise === undefined),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
    ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
  });
  if (options.data) {
    const lacking = program.inputs.find((slot) => !options.feeds?.has(slot.name));
    if (lacking !== undefined) {
      throw wrongInput({ name: lacking.name, expected: shapeText(lacking.dtype, lacking.dims), found: 'not given' });
    }
    for (const [name, bytes] of inputBytes(program, options.feeds)) simulation.writeInput(name, bytes);
  }
  const host = new HostParts(options.engine);
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
      const answers = await host.call(
        part,
        part.inputs.map((slot) => simulation.readTensor(slot)),
      );
      for (const [i, slot] of part.outputs.entries()) simulation.writeTensor(slot, answers[i]!);
    }
  } finally {
    await host.release();
  }
}

/** Bytes of a tensor in DRAM. */
export const slotSize = (s: TensorSlot): number => s.dims.reduce((n, d) => n * d, SLOT_BYTES[s.dtype]);
