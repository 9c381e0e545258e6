/** One run with its check: the processor's outputs and the host's, on the same feeds. */
import type { Engine } from '#engine';
import type { Tensor } from '#ir';
import type { Observer } from '#sim';
import { type Check, compareOutputs, runOnHost } from './check.ts';
import type { Compiled } from './compile.ts';
import { type Executed, executeProgram } from './execute.ts';

export interface RunOptions {
  readonly engine: Engine;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly observer?: Observer;
}

export interface Checked extends Executed {
  readonly check: Check;
  /** The host's outputs. */
  readonly reference: ReadonlyMap<string, Tensor>;
}

/** Runs a compiled model with data, and what says what is right on the host. */
export async function runAndCheck(compiled: Compiled, options: RunOptions): Promise<Checked> {
  const { engine, feeds, observer } = options;
  const reference = await runOnHost(compiled.reference, feeds, engine);
  const executed = await executeProgram(compiled.program, {
    data: true,
    feeds,
    engine: async () => engine,
    ...(observer === undefined ? {} : { observer }),
  });
  return {
    ...executed,
    reference,
    check: compareOutputs(executed.outputs, reference, engine.kind, compiled.reference.graph),
  };
}
