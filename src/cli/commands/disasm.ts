/** `systole disasm FILE.dlp`: the program as assembly text that assembles to the same program, or says what it leaves out. */

import { Argument } from 'commander';
import * as z from 'zod';
import { disassembleProgram, type Omitted, readProgram } from '#isa';
import { fields } from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readBytes } from '../files.ts';
import { PROGRAM_FILE } from '../kinds.ts';

/** Names in the note about what is not in the text. */
const SHOWN = 3;

const DISASM = answer(
  'disasm',
  'a program file as assembly',
  z.strictObject({
    name: z.string(),
    machine: z.string(),
    words: z.array(z.string()).describe('64 bits each, in hexadecimal'),
    text: z.string(),
    omitted: z
      .array(fields<Omitted>()({ kind: z.enum(['machine', 'constant', 'host']), name: z.string() }))
      .describe('what the text does not hold'),
  }),
);

export function configureDisasm(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    { run: 'systole disasm net.dlp | less', does: { en: 'read a compiled network', zh: '阅读编译后的网络' } },
    {
      run: 'systole disasm kernel.dlp > kernel.s',
      does: { en: 'back to a file that assembles', zh: '还原为可汇编的文件' },
    },
  ]);
  command.addArgument(new Argument('<FILE.dlp>', console.text({ en: 'the program file', zh: '程序文件' })));
  withCommonOptions(console, command, DISASM);
  command.action((file: string) => {
    const program = readProgram(readBytes(file, PROGRAM_FILE), file);
    const { text, omitted } = disassembleProgram(program);
    if (omitted.length > 0) console.note(omissions(console, omitted));
    if (!console.json) return console.say(text);
    const words = Array.from(program.words, (word) => word.toString(16).padStart(16, '0'));
    return console.object(DISASM, { name: program.name, machine: program.machine.name, words, text, omitted });
  });
}

function omissions(console: Console, omitted: readonly Omitted[]): string {
  const names = omitted.slice(0, SHOWN).map((o) => `'${o.name}'`);
  const more = omitted.length > SHOWN;
  return console.text({
    en:
      `not in the text: ${omitted.length} constants, host parts or machines (${names.join(', ')}${more ? ', …' : ''}). ` +
      'It is for reading; asm refuses its .omitted lines. Run the .dlp file itself.',
    zh:
      `文本中未包含：${omitted.length} 个常量、主机部分或机器（${names.join('、')}${more ? '……' : ''}）。` +
      '该文本仅供阅读，asm 会拒绝其中的 .omitted 行。请直接运行 .dlp 文件。',
  });
}
