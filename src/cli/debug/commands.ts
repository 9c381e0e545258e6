/** The debugger's commands: one table from which parsing and help come. */
import { diagnostic, nearestName } from '#base';
import { SCALAR_REGISTERS } from '#isa';
import type { Stop, StopReason } from '#sim';
import type { Both } from '../language.ts';
import { core, list, memory, records, registers, semaphores, where } from './inspections.ts';
import { breakpointOf, cycleOf, instructionOf, PLACES } from './places.ts';
import type { Answer, Session } from './session.ts';
import { aligned, breakpointText, queuesText, stopText, unitsText } from './show.ts';
import { VALUE_TYPES } from './values.ts';
import { checkCount, countOf, type Given, MOST, nameOf, numberOf } from './words.ts';

interface DebugCommand {
  readonly name: string;
  /** Besides, every beginning of a name that is no other's beginning stands for it. */
  readonly short?: string;
  readonly usage: string;
  readonly does: Both;
  /** An empty line on a terminal does it again. */
  readonly repeats?: true;
  readonly words: readonly [least: number, most: number];
  readonly run: (session: Session, given: Given) => Answer | Promise<Answer>;
}

const unknownCommand = diagnostic<{ found: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-033',
  'usage',
  {
    en: (p) =>
      `'${p.found}' is no command of the debugger.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} ` +
      `There are: ${p.known.join(', ')}.`,
    zh: (p) =>
      `“${p.found}”不是调试器的命令。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}可用的命令：${p.known.join('、')}。`,
  },
);
const noBreakpoint = diagnostic<{ id: number; known: readonly number[] }>('SYS-CLI-035', 'usage', {
  en: (p) =>
    `there is no breakpoint ${p.id}: ${p.known.length === 0 ? 'none is set' : `set are ${p.known.join(', ')}`}.`,
  zh: (p) => `没有断点 ${p.id}：${p.known.length === 0 ? '尚未设置断点' : `已设置 ${p.known.join('、')}`}。`,
});
const ambiguous = diagnostic<{ found: string; names: readonly string[] }>('SYS-CLI-034', 'usage', {
  en: (p) => `'${p.found}' may mean ${p.names.join(' or ')}: write more of it.`,
  zh: (p) => `“${p.found}”可能指 ${p.names.join(' 或 ')}：请写得更完整。`,
});
/** A move with its answer. */
async function move(session: Session, moving: () => Promise<Stop>): Promise<Answer> {
  const { stop, events } = await session.move(moving);
  const error = session.errorOf(stop);
  const { cycle, instructions } = stop;
  return {
    data: {
      cycle,
      instructions,
      reasons: stop.reasons.map(plain),
      instruction: session.debugger.instruction(),
      events,
    },
    text: stopText(session, stop, events),
    ...(error === undefined ? {} : { error }),
  };
}

/** A reason without what only we read: an error stands beside the answer. */
const plain = (reason: StopReason): object =>
  reason.kind === 'error' ? { kind: 'error', code: reason.error.code } : reason;

function breakpoints(session: Session): Answer {
  const all = [...session.debugger.breakpoints.all];
  const text = aligned(all.map(([id, b]) => [`${id}`, session.console.text(breakpointText(b))]));
  const none = session.console.text({ en: 'no breakpoints', zh: '没有断点' });
  return { data: { breakpoints: all.map(([id, breakpoint]) => ({ id, ...breakpoint })) }, text: text || none };
}

function deleteBreakpoint(session: Session, given: Given): Answer {
  const set = session.debugger.breakpoints;
  const known = [...set.all.keys()];
  const [word] = given.words;
  if (word === 'all') for (const id of known) set.delete(id);
  else {
    const id = numberOf(given, word!, { en: 'number of a breakpoint', zh: '断点编号' }, 1, MOST);
    if (!set.delete(id)) throw noBreakpoint({ id, known });
  }
  return breakpoints(session);
}

function until(session: Session, given: Given): Promise<Answer> {
  const d = session.debugger;
  const [kind, value] = given.words;
  if (value === undefined) {
    const cycle = cycleOf(given, kind!);
    return move(session, () => d.runToCycle(cycle));
  }
  const place = nameOf(given, kind!, { en: 'place', zh: '位置' }, ['cycle', ...PLACES] as const);
  if (place === 'cycle') {
    const cycle = cycleOf(given, value);
    return move(session, () => d.runToCycle(cycle));
  }
  const pc = instructionOf(session, given, place === 'pc' ? [value] : [place, value]);
  return move(session, () => d.runToInstruction(pc));
}

function back(session: Session, given: Given): Promise<Answer> {
  const d = session.debugger;
  const [first] = given.words;
  if (first !== undefined && 'cycles'.startsWith(first) && first !== '') {
    const count = countOf({ ...given, words: given.words.slice(1) });
    return move(session, () => d.stepCyclesBack(count));
  }
  checkCount(given, 0, 1);
  const count = countOf(given);
  return move(session, () => d.stepBack(count));
}

function help(session: Session, given: Given): Answer {
  const [word] = given.words;
  const shown = word === undefined ? COMMANDS : [commandOf(word)];
  const rows = shown.map(({ short, usage, does }) => [short ?? '', usage, session.console.text(does)]);
  return {
    data: {
      commands: shown.map(({ name, short, usage, does }) => ({ name, short, usage, does: session.console.text(does) })),
    },
    text: aligned(rows),
  };
}

const COMMANDS: readonly DebugCommand[] = [
  {
    ...{ name: 'step', short: 's', usage: 'step [N]', words: [0, 1], repeats: true },
    does: { en: 'go on until control has completed N more instructions', zh: '执行到控制单元再完成 N 条指令' },
    run: (s, given) => {
      const count = countOf(given);
      return move(s, () => s.debugger.step(count));
    },
  },
  {
    ...{ name: 'cycle', usage: 'cycle [N]', words: [0, 1], repeats: true },
    does: { en: 'go on by N cycles', zh: '前进 N 个周期' },
    run: (s, given) => {
      const count = countOf(given);
      return move(s, () => s.debugger.stepCycles(count));
    },
  },
  {
    ...{ name: 'event', short: 'e', usage: 'event', words: [0, 0], repeats: true },
    does: {
      en: 'go on to the next cycle at which control or a unit does anything',
      zh: '前进到控制或某单元下一次动作的周期',
    },
    run: (s) => move(s, () => s.debugger.stepEvent()),
  },
  {
    ...{ name: 'back', usage: 'back [cycle] [N]', words: [0, 2], repeats: true },
    does: { en: 'go back by N instructions, or cycles', zh: '后退 N 条指令或 N 个周期' },
    run: back,
  },
  {
    ...{ name: 'continue', short: 'c', usage: 'continue', words: [0, 0] },
    does: { en: 'go on to the next breakpoint, or to the end', zh: '执行到下一个断点或程序结束' },
    run: (s) => move(s, () => s.debugger.continue()),
  },
  {
    ...{
      name: 'until',
      short: 'u',
      usage: 'until [cycle] N | until pc N | until line N | until node NAME',
      words: [1, 2],
    },
    does: { en: 'go to a cycle (back, too), or on to an instruction', zh: '运行到某周期（可后退），或执行到某条指令' },
    run: until,
  },
  {
    ...{ name: 'restart', usage: 'restart', words: [0, 0] },
    does: { en: 'go back to the beginning; breakpoints stay', zh: '回到起点，断点保留' },
    run: (s) => move(s, () => s.debugger.restart()),
  },
  {
    ...{
      name: 'break',
      short: 'b',
      usage: 'break [pc N | line N | node NAME | cycle N | sem N | MEMORY ADDRESS [BYTES] [read|write]]',
      words: [0, 4],
    },
    does: { en: 'stop there from now on; without words, list what is set', zh: '设置断点；不带参数则列出已有断点' },
    run: (s, given) => {
      if (given.words.length > 0) s.debugger.breakpoints.add(breakpointOf(s, given));
      return breakpoints(s);
    },
  },
  {
    ...{ name: 'delete', short: 'd', usage: 'delete N | delete all', words: [1, 1] },
    does: { en: 'remove a breakpoint', zh: '删除断点' },
    run: deleteBreakpoint,
  },
  {
    ...{ name: 'core', usage: 'core [N]', words: [0, 1] },
    does: {
      en: 'follow core N: steps, instructions and what is shown are its own; without N, where each core is',
      zh: '跟踪核 N：单步、指令与显示内容均属该核；不带 N 则列出各核的位置',
    },
    run: core,
  },
  {
    ...{ name: 'regs', short: 'r', usage: 'regs [rN …]', words: [0, SCALAR_REGISTERS] },
    does: { en: 'scalar registers, those that are not 0', zh: '标量寄存器（默认只列非 0 的）' },
    run: registers,
  },
  {
    ...{ name: 'records', usage: 'records [RN …]', words: [0, 32] },
    does: { en: 'address-generator records, size × stride by dimension', zh: '地址生成记录，各维为 大小 × 步长' },
    run: records,
  },
  {
    ...{ name: 'mem', short: 'm', usage: 'mem dram|nram|wram|aram|shared|smem ADDRESS [COUNT] [TYPE]', words: [2, 4] },
    does: {
      en: `contents of a memory; types ${VALUE_TYPES.join(' ')}`,
      zh: `存储器内容；类型 ${VALUE_TYPES.join(' ')}`,
    },
    run: memory,
  },
  {
    ...{ name: 'queues', usage: 'queues', words: [0, 0] },
    does: {
      en: 'entries by unit, with the cycle of their dispatch; > is executed',
      zh: '各单元队列中的条目及派发周期；> 为正在执行',
    },
    run: (s) => ({ data: { units: s.debugger.units() }, text: queuesText(s) }),
  },
  {
    ...{ name: 'units', usage: 'units', words: [0, 0] },
    does: { en: 'what every unit does', zh: '各单元的状态' },
    run: (s) => ({ data: { units: s.debugger.units(), channelFree: s.debugger.channelFree }, text: unitsText(s) }),
  },
  {
    ...{ name: 'sems', usage: 'sems', words: [0, 0] },
    does: { en: 'semaphores that have been used', zh: '已使用的信号量' },
    run: semaphores,
  },
  {
    ...{ name: 'list', short: 'l', usage: 'list [INSTRUCTION] [COUNT]', words: [0, 2] },
    does: { en: 'the program around the current instruction; * is a breakpoint', zh: '当前指令附近的程序；* 为断点' },
    run: list,
  },
  {
    ...{ name: 'where', short: 'w', usage: 'where', words: [0, 0] },
    does: { en: 'where control is, and in which hardware loops', zh: '控制所在位置与所处的硬件循环' },
    run: where,
  },
  {
    ...{ name: 'help', short: 'h', usage: 'help [COMMAND]', words: [0, 1] },
    does: { en: 'this list', zh: '显示此列表' },
    run: help,
  },
  {
    ...{ name: 'quit', short: 'q', usage: 'quit', words: [0, 0] },
    does: { en: 'leave', zh: '退出' },
    run: (s) => ({ data: {}, text: s.console.text({ en: '', zh: '' }), ends: true }),
  },
];

/** @throws SYS-CLI-033, SYS-CLI-034 */
function commandOf(word: string): DebugCommand {
  const exact = COMMANDS.find((c) => c.name === word || c.short === word);
  if (exact !== undefined) return exact;
  const begun = COMMANDS.filter((c) => c.name.startsWith(word));
  if (begun.length === 1) return begun[0]!;
  const names = begun.map((c) => c.name);
  if (begun.length > 1) throw ambiguous({ found: word, names });
  const known = COMMANDS.map((c) => c.name);
  throw unknownCommand({ found: word, nearest: nearestName(word, known), known });
}

/** Whether an empty line does it again. */
export const repeats = (line: string): boolean => {
  const word = line.trim().split(/\s+/)[0]!;
  return COMMANDS.some(
    (c) => c.repeats === true && (c.name === word || c.short === word || (word !== '' && c.name.startsWith(word))),
  );
};

export const commandNames = (): readonly string[] => COMMANDS.map((c) => c.name);

/** Does a line that is neither empty nor a comment. @throws SYS-CLI-03x, SYS-SIM-05x what is wrong with it */
export async function perform(session: Session, line: string): Promise<Answer> {
  const [word, ...words] = line.trim().split(/\s+/) as [string, ...string[]];
  const command = commandOf(word);
  const given = { words, usage: command.usage };
  checkCount(given, ...command.words);
  return command.run(session, given);
}
