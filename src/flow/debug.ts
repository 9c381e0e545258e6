/** A debugger of a program whose inputs are tensors and whose host parts run on the host engine. */
import type { Program } from '#isa';
import { createDebugger, type Debugger, type DebuggerOptions } from '#sim';
import { type ExecuteOptions, inputBytes } from './execute.ts';
import { HostParts } from './hostParts.ts';

export interface DebugOptions
  extends Omit<DebuggerOptions, 'inputs' | 'host'>,
    Pick<ExecuteOptions, 'feeds' | 'engine'> {}

export interface Debugging {
  readonly debugger: Debugger;
  /** Lets go of the host engine's sessions, when there are no more moves. */
  release(): Promise<void>;
}

/** @throws SYS-FLOW-002 where a feed is not of the input's type and shape, and whatever the simulator reports */
export function debugProgram(program: Program, { feeds, engine, ...options }: DebugOptions): Debugging {
  const host = new HostParts(engine);
  const made = createDebugger(program, {
    ...options,
    hazards: options.hazards ?? (options.data || program.layerwise === undefined),
    ...(options.data ? { inputs: inputBytes(program, feeds) } : {}),
    host: (part, inputs) => host.call(part, inputs),
  });
  return { debugger: made, release: () => host.release() };
}
