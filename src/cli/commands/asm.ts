/** `systole asm FILE.s`: checks an assembly file and shows its words, or writes them as a program file. */

import { Argument } from 'commander';
import * as z from 'zod';
import { assembleProgram, disassemble, writeProgramChunks } from '#isa';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { readText, writeFile } from '../files.ts';
import { ASSEMBLY_FILE } from '../kinds.ts';
import { loadMachine } from '../machine.ts';

interface AsmOptions {
  readonly out?: string;
  readonly machine?: string;
}

const ASM = answer(
  'asm',
  'an assembled program: its words, and the file that it was written to',
  z.strictObject({
    name: z.string(),
    machine: z.string(),
    words: z.array(z.string()).describe('64 bits each, in hexadecimal'),
    file: z.string().optional(),
    bytes: z.number().optional(),
  }),
);

export function configureAsm(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    { run: 'systole asm kernel.s', does: { en: 'check it and list its words', zh: '检查并列出指令字' } },
    {
      run: 'systole asm kernel.s -o kernel.dlp',
      does: { en: 'a program file for exec and sim', zh: '生成供 exec 与 sim 使用的程序文件' },
    },
  ]);
  command
    .addArgument(new Argument('<FILE.s>', t({ en: 'the assembly file', zh: '汇编文件' })))
    .option('-o, --out <FILE.dlp>', t({ en: 'the program file to write', zh: '要写出的程序文件' }))
    .option(
      '--machine <NAME|FILE>',
      t({
        en: "the processor; default the file's .machine, else textbook-single",
        zh: '处理器；默认为文件的 .machine，否则 textbook-single',
      }),
    );
  withCommonOptions(console, command, ASM);
  command.action((file: string, options: AsmOptions) => {
    const machine = options.machine === undefined ? {} : { machine: loadMachine(options.machine) };
    const program = assembleProgram(readText(file, ASSEMBLY_FILE), { file, ...machine });
    const words = Array.from(program.words, hex);
    const bytes = options.out === undefined ? undefined : writeFile(options.out, writeProgramChunks(program));
    if (console.json) {
      const written = bytes === undefined ? {} : { file: options.out, bytes };
      console.object(ASM, { name: program.name, machine: program.machine.name, words, ...written });
    } else if (bytes === undefined) {
      console.say(listing(program.words));
    } else {
      console.say(
        console.text({
          en: `wrote ${options.out}: ${words.length} words, ${bytes.toLocaleString('en')} bytes, for ${program.machine.name}`,
          zh: `已写出 ${options.out}：${words.length} 个字，${bytes.toLocaleString('en')} 字节，用于 ${program.machine.name}`,
        }),
      );
    }
  });
}

const hex = (word: bigint): string => word.toString(16).padStart(16, '0');

/** The disassembly with each word before its instruction. */
function listing(words: BigUint64Array): string {
  return disassemble(words)
    .trimEnd()
    .split('\n')
    .map((line) => {
      const index = /# (\d+)/.exec(line)?.[1];
      return `${index === undefined ? ' '.repeat(16) : hex(words[Number(index)]!)}  ${line}`.trimEnd();
    })
    .join('\n');
}
