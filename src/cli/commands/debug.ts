/** `systole debug FILE`: steps through a program in the terminal, or does commands from a pipe. */

import { createInterface } from 'node:readline';
import pc from 'picocolors';
import { EXIT_CODES, type SystoleError } from '#base';
import { createEngine } from '#engine';
import { debugProgram } from '#flow';
import { timingOnlyAt } from '#isa';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { DEBUG } from '../debug/answers.ts';
import { commandNames, perform, repeats } from '../debug/commands.ts';
import { Session } from '../debug/session.ts';
import { currentText } from '../debug/show.ts';
import { asSystoleError, errorObject, errorText } from '../errors.ts';
import { checkFidelity } from '../fidelity.ts';
import { completeFeeds, type InputOptions, readInputs, withInputOptions } from '../inputs.ts';
import type { Both } from '../language.ts';
import { inSource, loadProgram, withInstructionLimit, withProgramArgument } from '../programFile.ts';
import { slotType } from '../slots.ts';
import { collect } from '../values.ts';

interface DebugCommandOptions extends InputOptions {
  readonly machine?: string;
  readonly timingOnly?: boolean;
  readonly maxInstructions?: number;
  readonly command?: readonly string[];
}

export function configureDebug(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole debug kernel.s',
      does: { en: "step through it; 'help' lists the commands", zh: '单步调试；help 列出命令' },
    },
    {
      run: "systole debug net.dlp --command 'break nram 0 64 write' --command continue --command units",
      does: {
        en: 'who writes the first bytes of NRAM, and what all units do then',
        zh: '谁写入 NRAM 开头，以及此时各单元的状态',
      },
    },
    {
      run: 'systole debug kernel.s --timing-only < commands.txt',
      does: { en: 'commands from a file', zh: '从文件读取命令' },
    },
  ]);
  withInputOptions(console, withProgramArgument(console, command)).option(
    '--timing-only',
    t({ en: 'count cycles, move no data', zh: '只计周期，不搬数据' }),
  );
  withInstructionLimit(console, command).option(
    '--command <TEXT>',
    t({
      en: 'do this instead of reading commands; repeatable, done in order',
      zh: '执行该命令而不读取输入；可重复，按顺序执行',
    }),
    collect,
  );
  withCommonOptions(console, command, DEBUG);
  command.action((file: string, options: DebugCommandOptions) => debug(file, options, console));
}

async function debug(file: string, options: DebugCommandOptions, console: Console): Promise<void> {
  checkFidelity(options);
  const { program, source } = loadProgram(file, options.machine);
  const names = program.inputs.map((slot) => slot.name);
  const given = await readInputs(options, names, (input) => slotType(program.inputs, input));
  // A program of sizes alone has nothing to compute; whoever gives it data is told so.
  const linear = timingOnlyAt(program) !== undefined && (options.input ?? []).length === 0;
  const data = options.timingOnly !== true && !linear;
  const { feeds, sources } = completeFeeds(given, data ? program.inputs : [], options.seed, console);
  let release = async (): Promise<void> => {};
  const session = new Session(console, program, source, (observer) => {
    try {
      const made = debugProgram(program, {
        ...{ data, feeds, observer },
        engine: () => createEngine({ onNotice: console.notice }),
        ...(options.maxInstructions === undefined ? {} : { maxInstructions: options.maxInstructions }),
      });
      release = made.release;
      return made.debugger;
    } catch (error) {
      throw inSource(error, source);
    }
  });
  const about = {
    ...{ file, machine: program.machine.name, instructions: program.words.length },
    ...{ fidelity: data ? ('data' as const) : ('timing' as const), inputs: Object.fromEntries(sources) },
  };
  try {
    if (!console.json) {
      const fidelity = t(console, data ? { en: 'with data', zh: '带数据' } : { en: 'timing only', zh: '只计时间' });
      const inputs = [...sources].map(([name, from]) => `\n${name}: ${from}`);
      const { instructions, machine } = about;
      const head = t(console, {
        en: `${file}: ${instructions} instructions for ${machine}, ${fidelity}; 'help' lists the commands`,
        zh: `${file}：${instructions} 条指令，机器 ${machine}，${fidelity}；help 列出命令`,
      });
      console.say(`${head}${inputs.join('')}\n${currentText(session)}`);
    }
    const answers: object[] = [];
    const isTerminal = options.command === undefined && process.stdin.isTTY === true && !console.json;
    for await (const line of options.command ?? linesOf(session, isTerminal)) {
      if (/^\s*(#|$)/.test(line)) continue;
      if (!isTerminal && !console.json) console.say(pc.dim(`> ${line.trim()}`));
      const { answer, ends } = await answerTo(session, line, isTerminal);
      if (console.json) answers.push({ command: line.trim(), ...answer });
      if (ends) break;
    }
    if (console.json) console.object(DEBUG, { ...about, answers: answers as never });
  } finally {
    await release();
  }
}

const t = (console: Console, both: Both): string => console.text(both);

/** Does a line and says what comes of it. Where nobody sits before it, the first error decides the exit code. */
async function answerTo(
  session: Session,
  line: string,
  isTerminal: boolean,
): Promise<{ readonly answer: object; readonly ends: boolean }> {
  const { console } = session;
  const complain = (error: SystoleError): object => {
    if (!isTerminal) process.exitCode ??= EXIT_CODES[error.kind];
    if (!console.json) console.note(errorText(error, console));
    return { error: errorObject(error, console) };
  };
  try {
    const { data, text, error, ends } = await perform(session, line);
    if (!console.json && text !== '') console.say(text);
    return { answer: { ...data, ...(error === undefined ? {} : complain(error)) }, ends: ends === true };
  } catch (thrown) {
    const error = asSystoleError(inSource(thrown, session.source));
    // A bug of ours ends the command as any other.
    if (error.kind === 'internal') throw thrown;
    return { answer: complain(error), ends: false };
  }
}

/** Lines of standard input; on a terminal with a prompt, Ctrl-C interrupts a move, an empty line repeats a step. */
async function* linesOf(session: Session, isTerminal: boolean): AsyncGenerator<string> {
  const names = commandNames();
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: '(systole) ' } : {}),
    terminal: isTerminal,
    completer: (begun: string) => [names.filter((name) => name.startsWith(begun)), begun],
  });
  lines.on('SIGINT', () => {
    session.debugger.interrupt();
    session.console.say(t(session.console, { en: "\n'quit' or Ctrl-D leaves", zh: '\n输入 quit 或按 Ctrl-D 退出' }));
  });
  let last = '';
  if (isTerminal) lines.prompt();
  for await (const line of lines) {
    if (isTerminal && line.trim() === '') {
      if (repeats(last)) yield last;
    } else {
      last = line;
      yield line;
    }
    if (isTerminal) lines.prompt();
  }
}
