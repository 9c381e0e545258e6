/** Whether the banks and ways of a scratchpad divide it. */
import { diagnostic, type Place, type SystoleError } from '#base';
import type { Path } from './describe.ts';
import type { Machine } from './schema.ts';

/** A unit keeps a bit for each bank that it holds. */
const BANKS_MAX = 32;

const unevenBanks = diagnostic<{ readonly memory: string; readonly bytes: number; readonly words: number }>(
  'SYS-MACHINE-047',
  'invalid',
  {
    en: (p) =>
      `'${p.memory}' has ${p.bytes} bytes, which do not divide into its banks and ways: expected a multiple of ${4 * p.words} bytes, banks × ways × 4. Change '${p.memory}.bytes', 'banks' or 'ways'.`,
    zh: (p) =>
      `“${p.memory}”有 ${p.bytes} 字节，不能均分给其存储体与路：应为 ${4 * p.words} 字节（banks × ways × 4）的倍数。请修改 “${p.memory}.bytes”、“banks” 或 “ways”。`,
  },
);

const tooManyBanks = diagnostic<{ readonly memory: string; readonly found: number; readonly most: number }>(
  'SYS-MACHINE-048',
  'unsupported',
  {
    en: (p) => `'${p.memory}.banks' is ${p.found}; a scratchpad has at most ${p.most}. Write ${p.most} or less.`,
    zh: (p) => `“${p.memory}.banks”为 ${p.found}；片上存储最多 ${p.most} 个存储体。请写 ${p.most} 或更小。`,
  },
);

const banksOrScoreboard = diagnostic<{ readonly memory: string }>('SYS-MACHINE-049', 'unsupported', {
  en: (p) =>
    `'${p.memory}.banks' and 'control.scoreboard' do not go together: each decides which entry of a queue goes next. Leave one of them out.`,
  zh: (p) => `“${p.memory}.banks”与“control.scoreboard”不能并用：两者都决定队列中下一个执行的项。请去掉其中之一。`,
});

export function padErrors(m: Machine, place: (path: Path) => Place): SystoleError[] {
  return (['nram', 'wram'] as const).flatMap((memory) => {
    const { bytes, banks = 1, ways = 1 } = m[memory];
    if (m[memory].banks !== undefined && m.control.scoreboard !== undefined) {
      return [banksOrScoreboard({ memory }, place([memory, 'banks']))];
    }
    if (banks > BANKS_MAX) {
      return [tooManyBanks({ memory, found: banks, most: BANKS_MAX }, place([memory, 'banks']))];
    }
    const words = banks * ways;
    // Alone it is a matter of whole words, which is judged elsewhere.
    return words === 1 || bytes % (4 * words) === 0
      ? []
      : [unevenBanks({ memory, bytes, words }, place([memory, 'bytes']))];
  });
}
