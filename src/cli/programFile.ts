/** `sim` and `debug`: the program of a file, assembly (.s, .asm) or .dlp, and the machine that it is for. */
import { Argument } from 'commander';
import { diagnostic, SystoleError } from '#base';
import { assembleFile, type Program, readProgram } from '#isa';
import type { CliCommand } from './command.ts';
import type { Console } from './console.ts';
import { readBytes, readText } from './files.ts';
import { ASSEMBLY_FILE, PROGRAM_FILE } from './kinds.ts';
import { loadMachine } from './machine.ts';
import { whole } from './values.ts';

const madeForAnother = diagnostic<{ compiled: string; asked: string }>('SYS-CLI-026', 'unsupported', {
  en: (p) =>
    `the program is made for machine '${p.compiled}', not for '${p.asked}': tiles, layouts and addresses depend on it. ` +
    'Compile the model again with --machine, or leave --machine out.',
  zh: (p) =>
    `该程序为机器“${p.compiled}”而非“${p.asked}”生成：分块、布局和地址都与机器有关。请用 --machine 重新编译模型，或去掉 --machine。`,
});

/** The file, and `--machine`. */
export function withProgramArgument(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command
    .addArgument(
      new Argument('<FILE>', t({ en: 'assembly (.s, .asm) or program (.dlp)', zh: '汇编（.s、.asm）或程序（.dlp）' })),
    )
    .option(
      '--machine <NAME|FILE>',
      t({
        en: "the processor; default the file's own, else textbook-single",
        zh: '处理器；默认为文件指定的，否则 textbook-single',
      }),
    ) as CliCommand;
}

export function withInstructionLimit(console: Console, command: CliCommand): CliCommand {
  const t = console.text.bind(console);
  return command.option(
    '--max-instructions <N>',
    t({
      en: 'stop an endless loop after so many; default 500000000, or 20000000 in a row without work for a unit',
      zh: '执行这么多条后中止死循环；默认 500000000，或连续 20000000 条没有给单元派发工作',
    }),
    whole('--max-instructions', 1, Number.MAX_SAFE_INTEGER),
  ) as CliCommand;
}

export interface AssemblySource {
  readonly file: string;
  readonly text: string;
  /** Line of each instruction. */
  readonly lines: Int32Array;
}

/** What was thrown; an error of an instruction points into the assembly file that the program came from. */
export function inSource(error: unknown, source: AssemblySource | undefined): unknown {
  if (source === undefined || !(error instanceof SystoleError)) return error;
  const { instruction, line } = error.place;
  if (instruction === undefined || line !== undefined) return error;
  const found = source.lines[instruction];
  return found === undefined || found === 0 ? error : error.at({ file: source.file, line: found, source: source.text });
}

interface Loaded {
  readonly program: Program;
  /** Of a program that was assembled here. */
  readonly source?: AssemblySource;
}

/** @throws what reading, assembling and the machine say; SYS-CLI-026 */
export function loadProgram(file: string, machineName: string | undefined): Loaded {
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
