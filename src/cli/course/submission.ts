/** A student's answer as it is handed in: a program's file, numbers in JSON or by line, or numbers on the command line. */
import { diagnostic } from '#base';
import type { Submission } from '#course';
import { isFolderAt, readText } from '../files.ts';

const ANSWER = { en: 'an answer', zh: '答案' };

const wrongAnswer = diagnostic<{ found: string }>('SYS-CLI-231', 'usage', {
  en: (p) =>
    `an answer is a program (.s, .asm), a module (.ts, .js), numbers in a .json or .txt file, a number, or NAME=NUMBER,…; found '${p.found}'`,
  zh: (p) =>
    `答案应为程序（.s、.asm）、模块（.ts、.js）、.json 或 .txt 文件中的数、一个数或 名称=数,…；得到“${p.found}”`,
});

const unnamedPart = diagnostic<{ part: string; found: string }>('SYS-CLI-238', 'usage', {
  en: (p) =>
    `'${p.part}' in '${p.found}' has no name: of several numbers each is NAME=NUMBER. Write 22538 without commas`,
  zh: (p) => `“${p.found}”中的“${p.part}”没有名称：多个数须各写成 名称=数。22538 之类的数不要写千位逗号`,
});

const namedTwice = diagnostic<{ name: string; found: string }>('SYS-CLI-239', 'usage', {
  en: (p) => `'${p.name}' is given more than once in '${p.found}'; give each number once`,
  zh: (p) => `“${p.found}”中“${p.name}”出现了不止一次；每个数只写一次`,
});

const wrongJson = diagnostic<{ found: string }>('SYS-CLI-232', 'invalid', {
  en: (p) => `the numbers of an answer are one JSON object, {"name": number, …}; found ${p.found}`,
  zh: (p) => `答案中的数应为一个 JSON 对象 {"名称": 数, …}；得到 ${p.found}`,
});

/** Modules are answers to the recipes, which load them from where they lie. */
const PROGRAM = /\.(s|asm|m?[jt]s)$/i;

/** Of a class: what is read, not run. Modules would run with all that the teacher may do. */
export const isAnswerFile = (name: string): boolean => /\.(s|asm|json|txt)$/i.test(name);

/** @throws SYS-CLI-231, SYS-CLI-232, SYS-CLI-238, SYS-CLI-239, and what reading a file throws */
export function submissionOf(word: string): Submission {
  if (PROGRAM.test(word)) return { kind: 'program', file: word, text: readText(word, ANSWER) };
  if (/\.json$/i.test(word)) return { kind: 'numbers', values: numbersOf(readText(word, ANSWER), word) };
  // A folder named dir.s is said to be one, too.
  if (/\.txt$/i.test(word) || isFolderAt(word)) {
    const lines = readText(word, ANSWER).split(/\r?\n/);
    return { kind: 'numbers', values: valuesOf(lines.filter((line) => line.trim() !== '').join(',')) };
  }
  return { kind: 'numbers', values: valuesOf(word) };
}

/** A number, or NAME=NUMBER,… (or with a colon): each with its name where they are several. */
function valuesOf(found: string): Readonly<Record<string, number>> {
  const parts = found.split(',').map((part) => part.trim());
  const values = new Map<string, number>();
  for (const part of parts) {
    const [, name, number] = /^(?:([\w.-]+)\s*[=:＝：])?\s*(.+)$/.exec(part) ?? [];
    const value = Number(number);
    if (number === undefined || !Number.isFinite(value)) throw wrongAnswer({ found });
    if (name === undefined && parts.length > 1) throw unnamedPart({ part, found });
    if (values.has(name ?? 'answer')) throw namedTwice({ name: name ?? 'answer', found });
    values.set(name ?? 'answer', value);
  }
  return Object.fromEntries(values);
}

function numbersOf(text: string, file: string): Readonly<Record<string, number>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongJson({ found: (error as Error).message }).at({ file });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongJson({ found: Array.isArray(value) ? 'an array' : String(value) }).at({ file });
  }
  for (const [name, of] of Object.entries(value)) {
    // 1e999 is read as infinity.
    if (typeof of !== 'number' || !Number.isFinite(of))
      throw wrongJson({ found: `${name}: ${typeof of === 'number' ? of : JSON.stringify(of)}` }).at({ file });
  }
  return value as Readonly<Record<string, number>>;
}
