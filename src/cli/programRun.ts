/** `exec` and `sim`: a program that is already made, run with what its inputs are given. */
import { createEngine } from '#engine';
import { executeProgram } from '#flow';
import type { Program } from '#isa';
import type { Console } from './console.ts';
import { checkFidelity, type FidelityOptions } from './fidelity.ts';
import { completeFeeds, type InputOptions, readInputs } from './inputs.ts';
import { machineFileOf } from './machine.ts';
import { readLabels, writeOutputs } from './outputs.ts';
import { type ShowOptions, showRun } from './showRun.ts';
import { watch } from './simulation.ts';
import { slotType } from './slots.ts';

export interface ProgramRunOptions extends InputOptions, ShowOptions, FidelityOptions {
  readonly maxInstructions?: number;
  /** As named on the command line; absent where the program's own counts. */
  readonly machine?: string;
}

export async function runProgram(
  name: string,
  program: Program,
  options: ProgramRunOptions,
  console: Console,
): Promise<void> {
  checkFidelity(options);
  const labelList = options.labels === undefined ? undefined : readLabels(options.labels);
  const names = program.inputs.map((slot) => slot.name);
  const given = await readInputs(options, names, (input) => slotType(program.inputs, input));
  const withData = options.timingOnly !== true;
  const { feeds, sources } = withData
    ? completeFeeds(given, program.inputs, options.seed, console)
    : { feeds: new Map(), sources: new Map<string, string>() };
  const watching = watch(program, console, options.trace);
  console.progress.begin(console.text({ en: 'simulating', zh: '仿真' }));
  const { result, outputs } = await executeProgram(program, {
    data: withData,
    feeds,
    engine: () => createEngine({ onNotice: console.notice }),
    observer: watching.observer,
    ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
  });
  watching.finish();
  const written = options.output === undefined ? [] : writeOutputs(options.output, outputs);
  const fidelity = withData ? 'data' : 'timing';
  showRun(
    console,
    { name, program, result, ...machineFileOf(options.machine), fidelity, sources, ...(withData ? { outputs } : {}) },
    { ...options, written, labelList },
  );
}
