/** Networks compiled, run for their timing and watched, as the entries of a page of reports. */

import { createEngine } from '#engine';
import { adviseModel, explainModel } from '#flow';
import type { SparseOption, WinogradChoice } from '#lower';
import { MemoryRecorder, type PageParts, pageRun, type RunReport, runReport, SliceRecorder } from '#report';
import { MEMORIES, memoryBytes, type SimulationEvent } from '#sim';
import { adviceQuestion } from './advice.ts';
import type { Answer } from './answers.ts';
import { type CacheOption, cacheOf, withCacheOption } from './cacheFolder.ts';
import { type CliCommand, withCommonOptions } from './command.ts';
import type { Console } from './console.ts';
import { loadMachine, machineFileOf } from './machine.ts';
import { inModel, sizesGiven } from './model.ts';
import {
  coresOption,
  type FusePools,
  fusedPools,
  fusePoolsOption,
  type ModelOptions,
  sparseOption,
  winogradOption,
  withModelOptions,
} from './modelOptions.ts';
import { openModel } from './openModel.ts';
import { quoted, wordsOf } from './runCommand.ts';
import { collect } from './values.ts';

export interface ReportOptions extends ModelOptions, CacheOption {
  /** Any number, in the order in which they are given. */
  readonly machine?: readonly string[];
  readonly cores?: number;
  readonly sparse?: SparseOption;
  readonly winograd?: WinogradChoice;
  readonly fusePools?: FusePools;
}

/** The options of a run that is reported. */
export function withReportOptions(console: Console, command: CliCommand, prints: Answer): CliCommand {
  command.option(
    '--machine <NAME|FILE>',
    console.text({
      en: 'a processor, repeatable; default textbook-single',
      zh: '处理器，可重复；默认 textbook-single',
    }),
    collect,
  );
  command.option(...sparseOption(console));
  command.option(...winogradOption(console));
  command.option(...fusePoolsOption(console));
  command.option(...coresOption(console));
  return withCommonOptions(console, withCacheOption(console, withModelOptions(console, command)), prints);
}

export interface ReportedRun extends PageParts {
  readonly report: RunReport;
}

const MEMORY_NAMES = { nram: 'NRAM', wram: 'WRAM', aram: 'ARAM', shared: 'SharedRAM' } as const;

/** Buffers of a memory that are recorded. */
const BUFFERS = 1_000_000;

/** Changes that are run for the advice of a page. */
const ADVICE_RUNS = 8;

/** One network on one machine. @param withAdvice runs changes, too */
export async function reportedRun(
  console: Console,
  name: string,
  machineName: string | undefined,
  options: ReportOptions,
  withAdvice = false,
): Promise<ReportedRun> {
  const machine = loadMachine(machineName);
  const { model, onStep } = await openModel(name, console, options, 'none');
  const engine = await createEngine({ onNotice: console.notice });
  const slices = new SliceRecorder();
  const sizes = memoryBytes(machine, 0);
  const memories = MEMORIES.filter((m) => m !== 'dram')
    .filter((m) => sizes[m] > 0)
    .map((m) => ({
      ...{ name: MEMORY_NAMES[m], bytes: sizes[m] },
      recorder: new MemoryRecorder(machine, m, { limit: BUFFERS }),
    }));
  console.progress.begin(console.text({ en: 'compiling', zh: '编译' }));
  const compile = {
    ...cacheOf(options),
    ...{ machine, engine, onStep, schedules: 0 },
    ...sizesGiven(name, options),
    ...(options.cores === undefined ? {} : { cores: options.cores }),
    ...(options.sparse === undefined ? {} : { sparse: options.sparse }),
    ...(options.winograd === undefined ? {} : { winograd: options.winograd }),
    ...fusedPools(options),
    observer: (event: SimulationEvent) => {
      slices.observer(event);
      for (const { recorder } of memories) recorder.observer(event);
    },
    onProgress: (done: number, total: number) =>
      console.progress.update(() => console.text({ en: `compiling ${done}/${total}`, zh: `编译 ${done}/${total}` })),
  };
  const { explained, advice } = await inModel(name, async () => {
    if (!withAdvice) return { explained: await explainModel(model, compile), advice: {} };
    const question = adviceQuestion(console, name, machineName, options, { model, engine });
    const advised = await adviseModel(model, { ...compile, ...question, runs: ADVICE_RUNS });
    return { explained: advised.explained, advice: { advice: advised.report } };
  });
  const { program, result, layers } = explained;
  const report = runReport({ name, program, result, fidelity: 'timing', ...machineFileOf(machineName) });
  const command = `systole report ${[name, ...wordsOf(machineName, options)].map(quoted).join(' ')} -o report.html`;
  return { report, ...pageRun({ report, program, slices, memories, explained: layers, command, ...advice }) };
}
