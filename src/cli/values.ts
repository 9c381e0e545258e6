/** Values of options: texts to numbers, lists and pairs, with errors that name the option. For commander's argParsers. */
import { diagnostic, nearestName } from '#base';
import type { Console } from './console.ts';
import type { Both } from './language.ts';

const badValue = diagnostic<{ option: string; found: string; expected: Both; nearest?: string | undefined }>(
  'SYS-CLI-004',
  'usage',
  {
    en: (p) =>
      `${p.option} is '${p.found}', expected ${p.expected.en}.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`}`,
    zh: (p) =>
      `${p.option} 的值为“${p.found}”，应为${p.expected.zh}。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}`,
  },
);

const sizeTwice = diagnostic<{ option: string; name: string; first: number; second: number }>('SYS-CLI-008', 'usage', {
  en: (p) => `${p.option} gives '${p.name}' two sizes, ${p.first} and ${p.second}. Leave one out.`,
  zh: (p) => `${p.option} 为“${p.name}”给出两个大小：${p.first} 与 ${p.second}。请去掉其一。`,
});

const list = (names: readonly string[]): Both => ({ en: `one of ${names.join(', ')}`, zh: `${names.join('、')} 之一` });

/** A whole number in a range. */
export function whole(option: string, min: number, max: number): (text: string) => number {
  const expected = { en: `a whole number from ${min} to ${max}`, zh: `从 ${min} 到 ${max} 的整数` };
  return (text) => {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw badValue({ option, found: text, expected });
    return value;
  };
}

/** Whole numbers in a range, separated by commas, none twice. */
export function wholes(option: string, min: number, max: number): (text: string) => readonly number[] {
  const expected = {
    en: `whole numbers from ${min} to ${max}, each once, separated by commas: 16,64,256`,
    zh: `从 ${min} 到 ${max} 的整数，互不相同，以逗号分隔：16,64,256`,
  };
  return (text) => {
    const values = text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
    const isRight = values.every((v) => v >= min && v <= max) && new Set(values).size === values.length;
    if (!isRight) throw badValue({ option, found: text, expected });
    return values;
  };
}

/** Dimensions of a tensor, separated by commas or by ×. */
export function dimensions(option: string): (text: string) => readonly number[] {
  const expected = { en: 'dimensions of 1 and more: 1,3,224,224', zh: '不小于 1 的各维大小：1,3,224,224' };
  return (text) => {
    const values = text.split(/[,x×]/).map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : 0));
    if (!values.every((v) => v >= 1 && v <= 2 ** 31)) throw badValue({ option, found: text, expected });
    return values;
  };
}

/** Numbers separated by commas. */
export function numbers(option: string): (text: string) => readonly number[] {
  const expected = {
    en: 'a number, or one for each channel: 0.485,0.456,0.406',
    zh: '一个数，或每通道一个：0.485,0.456,0.406',
  };
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (!values.every(Number.isFinite)) throw badValue({ option, found: text, expected });
    return values;
  };
}

/** A number, or a quotient of two: 1/255. */
export function quotient(option: string): (text: string) => number {
  const expected = { en: 'a number or a quotient: 0.0039, 1/255', zh: '一个数或商：0.0039、1/255' };
  return (text) => {
    const match = /^([^/]+)(?:\/([^/]+))?$/.exec(text);
    const value = match === null ? Number.NaN : Number(match[1]) / Number(match[2] ?? 1);
    if (!Number.isFinite(value)) throw badValue({ option, found: text, expected });
    return value;
  };
}

/** `--seed`, of what a command draws. */
export const seedOption = (console: Console, does: Both) =>
  ['--seed <N>', console.text(does), whole('--seed', 0, 2 ** 32 - 1), 0] as const;

/** One of some names. */
export function choice<T extends string>(option: string, names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined)
      throw badValue({ option, found: text, expected: list(names), nearest: nearestName(text, names) });
    return found;
  };
}

/** One of some words, or a whole number in a range. */
export function choiceOrWhole<T extends string>(option: string, words: readonly T[], min: number, max: number) {
  const expected = {
    en: `${words.join(', ')} or a whole number from ${min} to ${max}`,
    zh: `${words.join('、')} 或 ${min} 到 ${max} 的整数`,
  };
  return (text: string): T | number => {
    const word = words.find((w) => w === text);
    if (word !== undefined) return word;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw badValue({ option, found: text, expected });
    return value;
  };
}

/** Parsers of options that may be given several times. */
export const REPEATABLE = new Set<unknown>();

/** Collects NAME=N of a repeatable option. @throws SYS-CLI-004, SYS-CLI-008 */
export function sizes(option: string) {
  const expected = {
    en: 'NAME=N with a whole number N from 1, as in N=4',
    zh: '名称=N，N 为不小于 1 的整数，例如 N=4',
  };
  const parse = (text: string, before: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> => {
    const match = /^(.+)=(\d+)$/.exec(text);
    const size = Number(match?.[2]);
    if (match === null || !(size >= 1 && size <= 2 ** 31)) throw badValue({ option, found: text, expected });
    const name = match[1]!;
    if (Object.hasOwn(before, name)) throw sizeTwice({ option, name, first: before[name]!, second: size });
    return { ...before, [name]: size };
  };
  REPEATABLE.add(parse);
  return parse;
}

/** Collects the texts of a repeatable option. */
export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
REPEATABLE.add(collect);

export { badValue };

/** A number above 0. */
export function positive(option: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && Number.isFinite(value))) {
      throw badValue({ option, found: text, expected: { en: 'a number above 0', zh: '大于 0 的数' } });
    }
    return value;
  };
}

/** A part of a whole, from above 0 to 1. */
export function part(option: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value <= 1)) {
      const expected = { en: 'a number above 0 and up to 1: 0.9', zh: '大于 0、不超过 1 的数：0.9' };
      throw badValue({ option, found: text, expected });
    }
    return value;
  };
}

/** A percentage from 0 to below 100, as a share. */
export function share(option: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text.replace(/\s*%$/, ''));
    if (!(value >= 0 && value < 100)) {
      const expected = { en: 'a percentage from 0 to below 100', zh: '0 到小于 100 的百分数' };
      throw badValue({ option, found: text, expected });
    }
    return value / 100;
  };
}
