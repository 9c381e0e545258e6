/** Help of every command, in both languages: what it does, every option with a text, examples that are commands. */
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { Console } from '../../src/cli/console.ts';
import { buildProgram } from '../../src/cli/index.ts';
import { ROOT } from '../house/sources.ts';

const NAMES = [
  'run',
  'train',
  'optimize',
  'quantize',
  'prune',
  'compile',
  'cache',
  'exec',
  'asm',
  'disasm',
  'sim',
  'debug',
  'summary',
  'report',
  'diff',
  'explain',
  'advise',
  'explore',
  'worker',
  'utilisation',
  'estimate',
  'parallel',
  'plot',
  'scalesim',
  'course',
  'machine',
];

const PARTS: Readonly<Record<string, readonly string[]>> = {
  estimate: ['fusion', 'speedup', 'fully-connected', 'tiling'],
  course: ['check', 'grade'],
  machine: ['list', 'show', 'check', 'schema'],
};

const program = (language: 'en' | 'zh') =>
  buildProgram(new Console({ language, json: false, debug: false }), '0.0.0', NAMES);

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe.each(['en', 'zh'] as const)('help in %s', (language) => {
  test('every command says what it does and shows examples', async () => {
    const commands = all(await program(language));
    expect(commands.map((c) => c.name())).toEqual([
      'systole',
      ...NAMES.flatMap((name) => [name, ...(PARTS[name] ?? [])]),
    ]);
    for (const command of commands) {
      const help = helpOf(command);
      expect(help).toContain(language === 'en' ? 'Examples:' : '示例：');
      expect(help).toMatch(/\n {2}systole /);
      expect(/\p{Script=Han}/u.test(command.description())).toBe(language === 'zh');
    }
  });

  test('every option and argument has a text in the language', async () => {
    for (const command of all(await program(language))) {
      const texts = [...command.options, ...command.registeredArguments].map((o) => [o.name(), o.description] as const);
      const wrong = texts.filter(([, text]) => text === '' || /\p{Script=Han}/u.test(text) !== (language === 'zh'));
      expect(wrong.map(([name]) => `${command.name()} ${name}`)).toEqual([]);
    }
  });

  test('examples use options that exist', async () => {
    const root = await program(language);
    for (const command of all(root)) {
      for (const [, line] of helpOf(command).matchAll(/\n {2}(systole [^\n]*)/g)) {
        const words = line!.split(/ [|>] /)[0]!.split(' ');
        let at: Command = root;
        for (const word of words.slice(1)) at = at.commands.find((c) => c.name() === word) ?? at;
        const known = at.options.flatMap((o) => [o.long, o.short]);
        const options = words.filter((w) => w.startsWith('-') && w !== '--help');
        expect(options.filter((o) => !known.includes(o))).toEqual([]);
      }
    }
  });

  test('examples name files of examples/ that exist, and that the package has', async () => {
    const { files } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { files: readonly string[] };
    const texts = all(await program(language)).map(helpOf);
    const named = new Set(texts.flatMap((text) => text.match(/\bexamples\/[\w./-]*\w/g) ?? []));
    expect(named).toContain('examples/11-four-square-millimetres.yaml');
    for (const path of named) {
      expect(existsSync(`${ROOT}${path}`), path).toBe(true);
      expect(files, path).toContain(`examples/*${extname(path)}`);
    }
  });
});
