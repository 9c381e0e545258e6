/** `systole sim FILE`: simulates an assembly file or a program file on a machine. */
import { timingOnlyAt } from '#isa';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { withFidelityOptions } from '../fidelity.ts';
import { withInputOptions } from '../inputs.ts';
import { inSource, loadProgram, withInstructionLimit, withProgramArgument } from '../programFile.ts';
import { type ProgramRunOptions, runProgram, withStatsOptions } from '../programRun.ts';
import { RUN, withShowOptions } from '../showRun.ts';

export function configureSim(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    {
      run: 'systole sim kernel.s --machine systolic-16x16',
      does: { en: 'cycles and numbers of a hand-written program', zh: '手写程序的周期与数值' },
    },
    {
      run: 'systole sim schedule.s --machine textbook-single --json',
      does: {
        en: 'as an object: cycles, units[].busy, bytes, and why units were idle (docs/report.md)',
        zh: '以对象输出：cycles、units[].busy、bytes，以及各单元空闲的原因（docs/report.md）',
      },
    },
    {
      run: 'systole sim net.dlp --timing-only --trace trace.pftrace',
      does: { en: 'time alone, with a trace', zh: '只计时间，并写出跟踪' },
    },
    {
      run: 'systole sim layers.s --stats',
      does: { en: 'how evenly instructions are loaded, as written and split', zh: '指令负载的均衡程度，原样与拆分后' },
    },
  ]);
  withProgramArgument(console, command);
  withStatsOptions(console, command);
  withInstructionLimit(console, withFidelityOptions(console, withInputOptions(console, command)));
  withCommonOptions(console, withShowOptions(console, command), RUN);
  command.action(async (file: string, options: ProgramRunOptions) => {
    const { program, source } = loadProgram(file, options.machine);
    // A program of sizes alone has nothing to compute; whoever gives it data is told so.
    const linear =
      timingOnlyAt(program) !== undefined && (options.input ?? []).length === 0 && options.output === undefined;
    try {
      await runProgram(program.name, program, linear ? { ...options, timingOnly: true } : options, console);
    } catch (error) {
      throw inSource(error, source);
    }
  });
}
