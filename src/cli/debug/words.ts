/** Words of a debugger's command line as numbers and names; errors say how the command is written. */
import { diagnostic } from '#base';
import type { Both } from '../language.ts';

export const wrongArguments = diagnostic<{ problem: Both; usage: string }>('SYS-CLI-032', 'usage', {
  en: (p) => `${p.problem.en} The command is written: ${p.usage}`,
  zh: (p) => `${p.problem.zh}命令写法：${p.usage}`,
});

/** The largest number that a word may be. */
export const MOST = Number.MAX_SAFE_INTEGER;

/** What a command was given. */
export interface Given {
  readonly words: readonly string[];
  readonly usage: string;
}

/** A whole number, decimal or with 0x. @throws SYS-CLI-032 */
export function numberOf(given: Given, word: string, what: Both, min: number, max: number): number {
  const value = /^(?:\d+|0[xX][\da-fA-F]+)$/.test(word) ? Number(word) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === MOST ? `${min}…` : `${min}…${max}`;
  throw wrongArguments({
    problem: {
      en: `'${word}' is no ${what.en}: expected a whole number (${range}), decimal or as 0x….`,
      zh: `“${word}”不是${what.zh}：应为整数（${range}），十进制或 0x…。`,
    },
    usage: given.usage,
  });
}

/** How often, 1 where nothing is said. */
export const countOf = (given: Given): number =>
  given.words[0] === undefined ? 1 : numberOf(given, given.words[0], { en: 'count', zh: '次数' }, 1, MOST);

/** One of some names. @throws SYS-CLI-032 */
export function nameOf<T extends string>(given: Given, word: string, what: Both, names: readonly T[]): T {
  const found = names.find((name) => name === word.toLowerCase());
  if (found !== undefined) return found;
  throw wrongArguments({
    problem: {
      en: `'${word}' is no ${what.en}: expected ${names.join(', ')}.`,
      zh: `“${word}”不是${what.zh}：应为 ${names.join('、')}。`,
    },
    usage: given.usage,
  });
}

/** @throws SYS-CLI-032 where there are too few or too many words */
export function checkCount(given: Given, least: number, most: number): void {
  const { words, usage } = given;
  if (words.length < least) {
    throw wrongArguments({ problem: { en: 'Something is missing.', zh: '缺少参数。' }, usage });
  }
  if (words.length > most) {
    const extra = words.slice(most).join(' ');
    throw wrongArguments({ problem: { en: `'${extra}' is too much.`, zh: `“${extra}”多余。` }, usage });
  }
}
