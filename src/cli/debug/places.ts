/** Places that a debugger's commands name: cycles, instructions by number, line or layer, and what a breakpoint stands on. */
import { diagnostic, nearestName } from '#base';
import { type Breakpoint, MEMORIES } from '#sim';
import type { Session } from './session.ts';
import { checkCount, type Given, MOST, nameOf, numberOf } from './words.ts';

const noPlace = diagnostic<{ kind: 'line' | 'node'; name: string; nearest: string | undefined }>(
  'SYS-CLI-036',
  'usage',
  {
    en: (p) =>
      p.kind === 'line'
        ? `no instruction stands on line ${p.name} of the assembly file (a .dlp has no lines): see 'list', and give its number.`
        : `no layer of the program is named '${p.name}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`}`,
    zh: (p) =>
      p.kind === 'line'
        ? `汇编文件第 ${p.name} 行没有指令（.dlp 没有行号）：请用 list 查看并给出指令编号。`
        : `程序没有名为“${p.name}”的层。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}`,
  },
);

export const cycleOf = (given: Given, word: string): number =>
  numberOf(given, word, { en: 'cycle', zh: '周期' }, 0, MOST);

/** The instruction that words name: a number, `line N`, `node NAME`. @throws SYS-CLI-032, SYS-CLI-036 */
export function instructionOf(session: Session, given: Given, words: readonly string[]): number {
  const [kind, name] = words as readonly [string, string | undefined];
  if (name === undefined) return numberOf(given, kind, { en: 'instruction', zh: '指令编号' }, 0, MOST);
  if (kind === 'line') {
    const line = numberOf(given, name, { en: 'line', zh: '行号' }, 1, MOST);
    const at = session.source?.lines.indexOf(line) ?? -1;
    if (at < 0) throw noPlace({ kind: 'line', name, nearest: undefined });
    return at;
  }
  const layer = session.program.layers.find((l) => l.name === name && l.from < l.to);
  const names = session.program.layers.map((l) => l.name);
  if (layer === undefined) throw noPlace({ kind: 'node', name, nearest: nearestName(name, names) });
  return layer.from;
}

/** Words before the name of an instruction. */
export const PLACES = ['pc', 'line', 'node'] as const;

/** @throws SYS-CLI-032, SYS-CLI-036 */
export function breakpointOf(session: Session, given: Given): Breakpoint {
  const { words } = given;
  const kinds = [...PLACES, 'cycle', 'sem', ...MEMORIES] as const;
  if (/^\d/.test(words[0]!)) {
    checkCount(given, 1, 1);
    return { kind: 'instruction', pc: instructionOf(session, given, words) };
  }
  const kind = nameOf(given, words[0]!, { en: 'kind of breakpoint', zh: '断点类型' }, kinds);
  const isMemory = (MEMORIES as readonly string[]).includes(kind);
  checkCount(given, 2, isMemory ? 4 : 2);
  const value = words[1]!;
  switch (kind) {
    case 'pc':
      return { kind: 'instruction', pc: instructionOf(session, given, [value]) };
    case 'line':
    case 'node':
      return { kind: 'instruction', pc: instructionOf(session, given, [kind, value]) };
    case 'cycle':
      return { kind: 'cycle', cycle: cycleOf(given, value) };
    case 'sem':
      return { kind: 'semaphore', semaphore: numberOf(given, value, { en: 'semaphore', zh: '信号量' }, 0, MOST) };
    default: {
      const modes = ['any', 'read', 'write'] as const;
      const isMode = (word: string | undefined): boolean => (modes as readonly (string | undefined)[]).includes(word);
      const address = { en: 'address', zh: '地址' };
      const from = numberOf(given, value, address, 0, MOST);
      const rest = words.slice(2);
      const bytes =
        rest[0] === undefined || isMode(rest[0])
          ? 1
          : numberOf(given, rest.shift()!, { en: 'number of bytes', zh: '字节数' }, 1, MOST);
      const mode =
        rest[0] === undefined ? 'any' : nameOf(given, rest[0], { en: 'kind of access', zh: '访问类型' }, modes);
      return { kind: 'access', memory: kind, from, to: from + bytes, mode };
    }
  }
}
