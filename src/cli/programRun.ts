/** `exec` and `sim`: a program that is already made, run with what its inputs are given. */
import { createEngine } from '#engine';
import { executeProgram } from '#flow';
import type { Program } from '#isa';
import { LoadRecorder } from '#report';
import type { Observer } from '#sim';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { checkFidelity, type FidelityOptions } from './fidelity.ts';
import { completeFeeds, type InputOptions, readInputs } from './inputs.ts';
import { machineFileOf } from './machine.ts';
import { readLabels, writeOutputs } from './outputs.ts';
import { type ShowOptions, showRun } from './showRun.ts';
import { watch } from './simulation.ts';
import { slotType } from './slots.ts';
import { whole } from './values.ts';

/** Cycles of a tile: those of exercise 6.7. */
const DEFAULT_TILE = 1024;

export function withStatsOptions(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .option(
      '--stats',
      t({ en: 'cycles of each instruction, and how evenly they spread', zh: '各指令的周期数及其均衡程度' }),
    )
    .option(
      '--tile <CYCLES>',
      t({
        en: `--stats with instructions split into tiles of at most so many cycles, by default ${DEFAULT_TILE}`,
        zh: `--stats，并把指令拆成每块至多这么多周期，默认 ${DEFAULT_TILE}`,
      }),
      whole('--tile', 1, 1e9),
    ) as CliCommand;
}

export interface ProgramRunOptions extends InputOptions, ShowOptions, FidelityOptions {
  readonly maxInstructions?: number;
  /** Record what instructions keep their units busy for, and say how they would be split. */
  readonly stats?: boolean;
  readonly tile?: number;
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
  const loads = options.stats === true || options.tile !== undefined ? new LoadRecorder() : undefined;
  const observer: Observer =
    loads === undefined
      ? watching.observer
      : (event) => {
          loads.observer(event);
          watching.observer(event);
        };
  console.progress.begin(console.text({ en: 'simulating', zh: '仿真' }));
  const { result, outputs } = await executeProgram(program, {
    data: withData,
    feeds,
    engine: () => createEngine({ onNotice: console.notice }),
    observer,
    ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
  });
  watching.finish();
  const written = options.output === undefined ? [] : writeOutputs(options.output, outputs);
  const fidelity = withData ? 'data' : 'timing';
  const recorded = loads === undefined ? {} : { loads: loads.report(program, options.tile ?? DEFAULT_TILE) };
  showRun(
    console,
    {
      name,
      program,
      result,
      ...machineFileOf(options.machine),
      fidelity,
      sources,
      ...(withData ? { outputs } : {}),
      ...recorded,
    },
    { ...options, written, labelList },
  );
}
