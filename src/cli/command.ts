/**
 * A commander command that speaks Systole's way: help and errors in the user's language, errors as diagnostics. Every
 * command is made by a function `(console) => Command` in `commands/`, with `define` below.
 */
import { Command, type ErrorOptions, type HelpContext, type OptionValueSource } from 'commander';
import pc from 'picocolors';
import { diagnostic } from '#base';
import type { Answer } from './answers.ts';
import type { Console } from './console.ts';
import { type Both, LANGUAGES } from './language.ts';
import { choice, REPEATABLE } from './values.ts';

const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '用法：',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Commands:': '命令：',
};

const wrongUsage = diagnostic<{ problem: Both; command: string }>('SYS-CLI-003', 'usage', {
  en: (p) => `${p.problem.en} See: ${p.command} --help`,
  zh: (p) => `${p.problem.zh}参见：${p.command} --help`,
});

const givenTwice = diagnostic<{ option: string }>('SYS-CLI-006', 'usage', {
  en: (p) => `${p.option} is given more than once, and only one value can count. Leave the others out.`,
  zh: (p) => `${p.option} 被多次给出，而只能有一个值生效。请去掉多余的。`,
});

const empty = diagnostic<{ what: string }>('SYS-CLI-007', 'usage', {
  en: (p) => `the value of ${p.what} is empty. Give a name or a path (a shell variable may be unset), or leave it out.`,
  zh: (p) => `${p.what} 的值为空。请给出名称或路径（可能是某个 shell 变量未设置），或去掉它。`,
});

export class CliCommand extends Command {
  /** Standard output takes one object and nothing else. */
  answersInJson = false;

  /** The argument on which its options depend, where one is given: an exercise has parameters of its own. */
  subject = '';

  /** What it prints with `--json`, beside errors; none where only its parts do anything. */
  answers: readonly Answer[] = [];

  /** Commander shows the help where a command is missing; a program that reads JSON is told so. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === 'object' && context.error && this.answersInJson) this.error('a command is missing');
    return super.help(context as HelpContext);
  }

  /** Every value of an option passes here. @throws SYS-CLI-006, SYS-CLI-007 */
  override setOptionValueWithSource(key: string, value: unknown, source: OptionValueSource): this {
    if (source === 'cli' && typeof value !== 'boolean') {
      const option = this.options.find((o) => o.attributeName() === key);
      const name = option?.long ?? key;
      const texts = Array.isArray(value) ? value : [value];
      if (texts.includes('')) throw empty({ what: name });
      // `--machine --lang zh`: the next option is no value.
      if (this.options.some((o) => texts.includes(o.long)))
        this.error(`option '${option?.flags ?? key}' argument missing`);
      const isRepeatable = option?.parseArg !== undefined && REPEATABLE.has(option.parseArg);
      if (!isRepeatable && this.getOptionValueSource(key) === 'cli') throw givenTwice({ option: name });
    }
    return super.setOptionValueWithSource(key, value, source);
  }

  /** Every complaint of commander's passes here. */
  override error(message: string, _options?: ErrorOptions): never {
    throw wrongUsage({ problem: problemOf(message), command: `${pathOf(this)} ${this.subject}`.trim() });
  }
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

/** Commander's sentences, by their beginnings. What is quoted in them is the user's own text. */
const SENTENCES: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^unknown option '(.*?)'(?:\n\(Did you mean (?:one of )?(.*)\?\))?$/s, (o, n) => `没有选项“${o}”${meant(n)}`],
  [/^unknown command '(.*?)'(?:\n\(Did you mean (?:one of )?(.*)\?\))?$/s, (c, n) => `没有命令“${c}”${meant(n)}`],
  [/^a command is missing$/, () => '缺少命令'],
  [/^missing required argument '(.*)'$/, (a) => `缺少参数“${a}”`],
  [/^option '(.*)' argument missing$/, (o) => `选项“${o}”缺少值`],
  [/^required option '(.*)' not specified$/, (o) => `缺少必需的选项“${o}”`],
  [/^option '(.*)' cannot be used with option '(.*)'$/, (a, b) => `选项“${a}”不能与“${b}”同时使用`],
  [
    /^too many arguments.* Expected (\d+) .*got (\d+): (.*)\.$/,
    (e, g, d) => `参数过多：应有 ${e} 个，给出 ${g} 个（${d}）`,
  ],
];

const meant = (names: string | undefined): string => (names ? `，是否指 ${names}？` : '');

function problemOf(message: string): Both {
  const plain = message.replace(/^error: /, '').trim();
  const en = `${plain.replace(/\n\(Did you mean (.*)\?\)$/s, '. Did you mean $1?')}.`.replace(/([.?])\.$/, '$1');
  for (const [pattern, text] of SENTENCES) {
    const match = pattern.exec(plain);
    if (match !== null) return { en, zh: `${text(...match.slice(1))}。`.replace('？。', '？') };
  }
  return { en, zh: en };
}

export interface Example {
  readonly run: string;
  readonly does: Both;
}

/** A command of a name, without arguments and options yet. */
export function define(console: Console, name: string, summary: Both): CliCommand {
  const command = new CliCommand(name);
  command.answersInJson = console.json;
  command
    .description(console.text(summary))
    .helpOption('-h, --help', console.text({ en: 'show this help', zh: '显示此帮助' }))
    .helpCommand(false)
    .exitOverride()
    .configureHelp({
      styleTitle: (title) => pc.bold(console.language === 'zh' ? (TITLES[title] ?? title) : title),
      optionDescription: (option) => option.description,
      displayWidth: columns,
    })
    .hook('preAction', (_command, action) => {
      const at = action.args.indexOf('');
      if (at >= 0) throw empty({ what: action.registeredArguments[at]?.name() ?? '' });
    })
    // Errors are thrown, so what commander would write as one is the help of a command that needs a sub-command.
    .configureOutput({ writeErr: (text) => process.stdout.write(text) });
  return command;
}

/** Examples stand behind the options in a command's help. */
export function withExamples(console: Console, command: CliCommand, examples: readonly Example[]): CliCommand {
  return command.addHelpText('after', () => `\n${examplesText(console, examples)}`) as CliCommand;
}

/** All commands that do something by themselves, by their words: those that only have parts are left out. */
export function everyCommand(program: CliCommand): ReadonlyMap<string, CliCommand> {
  const found = new Map<string, CliCommand>();
  const visit = (command: CliCommand, words: readonly string[]): void => {
    if (command.commands.length === 0 || command.answers.length > 0) found.set(words.join(' '), command);
    for (const part of command.commands) visit(part as CliCommand, [...words, part.name()]);
  };
  visit(program, []);
  return found;
}

const ONE_OBJECT = { en: 'print one JSON object on standard output', zh: '在标准输出打印一个 JSON 对象' } as const;
const LINES = { en: 'print JSON objects on standard output, one a line', zh: '在标准输出逐行打印 JSON 对象' } as const;

/** Options that every command has, and what it answers with `--json`: nothing where it has parts. */
export function withCommonOptions(console: Console, command: CliCommand, ...answers: readonly Answer[]): CliCommand {
  command.answers = answers;
  const json = answers.some(({ form }) => form === 'lines') ? LINES : ONE_OBJECT;
  return command
    .option('--json', console.text(json))
    .option(
      '--lang <LANGUAGE>',
      console.text({ en: 'en or zh; default from the locale', zh: 'en 或 zh；默认取自系统区域设置' }),
      choice('--lang', LANGUAGES),
    )
    .option('--no-color', console.text({ en: 'no colours (as NO_COLOR does)', zh: '不使用颜色（同 NO_COLOR）' }))
    .option('--debug', console.text({ en: 'show the stack of an error', zh: '显示错误的调用栈' })) as CliCommand;
}

function examplesText(console: Console, examples: readonly Example[]): string {
  const lines = examples.map(({ run, does }) => `  ${pc.dim(`# ${console.text(does)}`)}\n  ${run}`);
  return `${pc.bold(console.text({ en: 'Examples:', zh: '示例：' }))}\n${lines.join('\n')}\n`;
}

/** Columns on a terminal: Chinese characters take two, colours none. */
function columns(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  const plain = text.replace(/\x1b\[[\d;]*m/g, '');
  return [...plain].reduce((sum, c) => sum + (/[\u2e80-\u9fff\uff00-\uffe6]/.test(c) ? 2 : 1), 0);
}
