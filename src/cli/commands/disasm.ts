/** `systole disasm FILE.dlp`: the program as assembly text that assembles to the same words. */
import { Argument } from 'commander';
import { disassembleProgram, readProgram } from '#isa';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readBytes } from '../files.ts';
import { PROGRAM_FILE } from '../kinds.ts';

export function configureDisasm(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    { run: 'systole disasm net.dlp | less', does: { en: 'read a compiled network', zh: '阅读编译后的网络' } },
    {
      run: 'systole disasm kernel.dlp > kernel.s',
      does: { en: 'back to a file that assembles', zh: '还原为可汇编的文件' },
    },
  ]);
  command.addArgument(new Argument('<FILE.dlp>', console.text({ en: 'the program file', zh: '程序文件' })));
  withCommonOptions(console, command);
  command.action((file: string) => {
    const program = readProgram(readBytes(file, PROGRAM_FILE), file);
    const text = disassembleProgram(program);
    if (!console.json) return console.say(text);
    const words = Array.from(program.words, (word) => word.toString(16).padStart(16, '0'));
    return console.object({ name: program.name, machine: program.machine.name, words, text });
  });
}
