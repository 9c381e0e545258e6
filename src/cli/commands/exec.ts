/** `systole exec FILE.dlp`: runs a program file. Nothing else is needed; host parts run on the host engine. */
import { Argument } from 'commander';
import { readProgram } from '#isa';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { withFidelityOptions } from '../fidelity.ts';
import { readBytes } from '../files.ts';
import { withInputOptions } from '../inputs.ts';
import { PROGRAM_FILE } from '../kinds.ts';
import { type ProgramRunOptions, runProgram } from '../programRun.ts';
import { RUN, withShowOptions } from '../showRun.ts';

export function configureExec(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole exec net.dlp --input image.png',
      does: { en: 'as run did, without the model', zh: '与 run 相同，但不需要模型' },
    },
    {
      run: 'systole exec net.dlp --input x=x.npy --output out',
      does: { en: 'arrays in and out', zh: '以数组输入输出' },
    },
  ]);
  command.addArgument(new Argument('<FILE.dlp>', t({ en: 'the program file', zh: '程序文件' })));
  withFidelityOptions(console, withInputOptions(console, command));
  withCommonOptions(console, withShowOptions(console, command), RUN);
  command.action(async (file: string, options: ProgramRunOptions) => {
    const program = readProgram(readBytes(file, PROGRAM_FILE), file);
    await runProgram(program.name, program, options, console);
  });
}
