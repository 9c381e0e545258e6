/** A student's answer as it is handed in: a program's file, numbers in JSON, or numbers on the command line. */
import { diagnostic } from '#base';
import type { Submission } from '#course';
import { readText } from '../files.ts';

const ANSWER = { en: 'an answer', zh: '答案' };

const wrongAnswer = diagnostic<{ found: string }>('SYS-CLI-231', 'usage', {
  en: (p) =>
    `an answer is a program (.s, .asm), a module (.ts, .js), numbers in a .json file, a number, or NAME=NUMBER,…; found '${p.found}'`,
  zh: (p) => `答案应为程序（.s、.asm）、模块（.ts、.js）、.json 文件中的数、一个数或 名称=数,…；得到“${p.found}”`,
});

const wrongJson = diagnostic<{ found: string }>('SYS-CLI-232', 'invalid', {
  en: (p) => `the numbers of an answer are one JSON object, {"name": number, …}; found ${p.found}`,
  zh: (p) => `答案中的数应为一个 JSON 对象 {"名称": 数, …}；得到 ${p.found}`,
});

/** Modules are answers to the recipes, which load them from where they lie. */
const PROGRAM = /\.(s|asm|m?[jt]s)$/i;

/** Of a class: what is read, not run. Modules would run with all that the teacher may do. */
export const isAnswerFile = (name: string): boolean => /\.(s|asm|json)$/i.test(name);

/** @throws SYS-CLI-231, SYS-CLI-232, and what reading a file throws */
export function submissionOf(word: string): Submission {
  if (PROGRAM.test(word)) return { kind: 'program', file: word, text: readText(word, ANSWER) };
  if (/\.json$/i.test(word)) return { kind: 'numbers', values: numbersOf(readText(word, ANSWER), word) };
  const parts = word.split(',').map((part) => /^(?:([\w.-]+)=)?(.+)$/.exec(part.trim()));
  const values: Record<string, number> = {};
  for (const part of parts) {
    const value = Number(part?.[2]);
    if (part === null || Number.isNaN(value)) throw wrongAnswer({ found: word });
    values[part[1] ?? 'answer'] = value;
  }
  return { kind: 'numbers', values };
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
    if (typeof of !== 'number') throw wrongJson({ found: `${name}: ${JSON.stringify(of)}` }).at({ file });
  }
  return value as Readonly<Record<string, number>>;
}
