/** `systole sim FILE`: simulates an assembly file or a program file on a machine. */
import { Argument } from 'commander';
import { diagnostic, SystoleError } from '#base';
import { assembleFile, type Program, readProgram, timingOnlyAt } from '#isa';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { withFidelityOptions } from '../fidelity.ts';
import { readBytes, readText } from '../files.ts';
import { withInputOptions } from '../inputs.ts';
import { ASSEMBLY_FILE, PROGRAM_FILE } from '../kinds.ts';
import { loadMachine } from '../machine.ts';
import { type ProgramRunOptions, runProgram } from '../programRun.ts';
import { withShowOptions } from '../showRun.ts';
import { whole } from '../values.ts';

const madeForAnother = diagnostic<{ compiled: string; asked: string }>('SYS-CLI-026', 'unsupported', {
  en: (p) =>
    `the program is made for machine '${p.compiled}', not for '${p.asked}': tiles, layouts and addresses depend on it. ` +
    'Compile the model again with --machine, or leave --machine out.',
  zh: (p) =>
    `该程序为机器“${p.compiled}”而非“${p.asked}”生成：分块、布局和地址都与机器有关。请用 --machine 重新编译模型，或去掉 --machine。`,
});

export function configureSim(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole sim kernel.s --machine systolic-16x16',
      does: { en: 'cycles and numbers of a hand-written program', zh: '手写程序的周期与数值' },
    },
    {
      run: 'systole sim net.dlp --timing-only --trace trace.json',
      does: { en: 'time alone, with a trace', zh: '只计时间，并写出跟踪' },
    },
  ]);
  command
    .addArgument(
      new Argument('<FILE>', t({ en: 'assembly (.s, .asm) or program (.dlp)', zh: '汇编（.s、.asm）或程序（.dlp）' })),
    )
    .option(
      '--machine <NAME|FILE>',
      t({
        en: "the processor; default the file's own, else textbook-single",
        zh: '处理器；默认为文件指定的，否则 textbook-single',
      }),
    );
  withFidelityOptions(console, withInputOptions(console, command)).option(
    '--max-instructions <N>',
    t({
      en: 'stop an endless loop after so many; default 500000000, or 20000000 in a row without work for a unit',
      zh: '执行这么多条后中止死循环；默认 500000000，或连续 20000000 条没有给单元派发工作',
    }),
    whole('--max-instructions', 1, Number.MAX_SAFE_INTEGER),
  );
  withCommonOptions(console, withShowOptions(console, command));
  command.action(async (file: string, options: ProgramRunOptions) => {
    const { program, source } = loadProgram(file, options.machine);
    // A program of sizes alone has nothing to compute; whoever gives it data is told so.
    const linear =
      timingOnlyAt(program) !== undefined && (options.input ?? []).length === 0 && options.output === undefined;
    try {
      await runProgram(program.name, program, linear ? { ...options, timingOnly: true } : options, console);
    } catch (error) {
      throw error instanceof SystoleError && source !== undefined ? inSource(error, source) : error;
    }
  });
}

interface AssemblySource {
  readonly file: string;
  readonly text: string;
  /** Line of each instruction. */
  readonly lines: Int32Array;
}

/** An error of an instruction points into the assembly file. */
function inSource(error: SystoleError, { file, text, lines }: AssemblySource): SystoleError {
  const { instruction, line } = error.place;
  if (instruction === undefined || line !== undefined) return error;
  const found = lines[instruction];
  return found === undefined || found === 0 ? error : error.at({ file, line: found, source: text });
}

interface Loaded {
  readonly program: Program;
  /** Of a program that was assembled here. */
  readonly source?: AssemblySource;
}

function loadProgram(file: string, machineName: string | undefined): Loaded {
  if (!/\.dlp$/i.test(file)) {
    const machine = machineName === undefined ? {} : { machine: loadMachine(machineName) };
    const text = readText(file, ASSEMBLY_FILE);
    const { program, lines } = assembleFile(text, { file, ...machine });
    return { program, source: { file, text, lines } };
  }
  const program = readProgram(readBytes(file, PROGRAM_FILE), file);
  if (machineName === undefined) return { program };
  const machine = loadMachine(machineName);
  if (JSON.stringify(machine) !== JSON.stringify(program.machine)) {
    throw madeForAnother({ compiled: program.machine.name, asked: machine.name }, { file });
  }
  return { program };
}
