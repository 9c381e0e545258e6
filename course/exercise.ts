/**
 * What an exercise of the course is: a program with an answer to read and figures to hold. Run one by itself,
 *   node --conditions=source course/chapter2/02-parameters.ts            what it shows
 *   node --conditions=source course/chapter2/02-parameters.ts --check    its figures, each held against what was worked out for it
 * `course/chapterN/*.test.ts` checks the same. The numbers of the exercises are those of the textbook, 智能计算系统 (AI Computing
 * Systems); what was expected of each was worked out by independent scripts.
 */

import { absent, mnistIsThere } from './mnist.ts';
import { pictures } from './pictures.ts';

/** A number, or numbers in arrays. */
export type Values = number | bigint | boolean | string | readonly Values[];

/** Holds what was found against what is expected; each line says what is held. */
export interface Check {
  /** The same to the last bit. */
  equal(what: string, found: unknown, expected: unknown): void;
  /** Each number within the absolute tolerance. */
  close(what: string, found: Values, expected: Values, tolerance: number): void;
  atLeast(what: string, found: number, bound: number): void;
  atMost(what: string, found: number, bound: number): void;
  holds(what: string, found: boolean): void;
  /** That `f` throws (or rejects), with this in the name, the code or the message of the error. */
  throws(what: string, f: () => unknown, message: RegExp): Promise<void>;
}

export interface Exercise {
  /** Its number in the book. */
  readonly id: string;
  readonly title: string;
  /** Data that its figures need; where it is absent they are not run, and that is said. */
  readonly needs?: 'mnist';
  /** Prints the answer. */
  readonly show: (print: (line: string) => void) => void | Promise<void>;
  /** The figures that are quick to find. */
  readonly check: (check: Check) => void | Promise<void>;
  /** Figures that take minutes: the long tier of the tests, and `--check --long`. */
  readonly checkLong?: (check: Check) => void | Promise<void>;
}

/** One line of a check. */
export interface Held {
  readonly what: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** Runs a check and gives its lines. */
export async function hold(run: (check: Check) => void | Promise<void>): Promise<readonly Held[]> {
  const lines: Held[] = [];
  const line = (what: string, holds: boolean, detail: string): void => {
    lines.push({ what, holds, detail });
  };
  await run({
    equal: (what, found, expected) =>
      line(what, text(found) === text(expected), `${text(found)}, expected ${text(expected)}`),
    close: (what, found, expected, tolerance) => {
      const off = distance(found, expected);
      line(what, off <= tolerance, `${text(found)}, expected ${text(expected)} ± ${tolerance}`);
    },
    atLeast: (what, found, bound) => line(what, found >= bound, `${found}, expected at least ${bound}`),
    atMost: (what, found, bound) => line(what, found <= bound, `${found}, expected at most ${bound}`),
    holds: (what, found) => line(what, found, found ? 'holds' : 'does not hold'),
    throws: async (what, f, message) => {
      const thrown = await thrownBy(f);
      line(what, thrown !== undefined && message.test(thrown), thrown ?? 'nothing was thrown');
    },
  });
  return lines;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'bigint' || (typeof v === 'number' && !Number.isFinite(v))
      ? `${v}`
      : ArrayBuffer.isView(v)
        ? [...(v as Float64Array)]
        : v,
  );
}

/** The largest absolute difference; infinite where the nesting differs. */
function distance(found: Values, expected: Values): number {
  if (typeof found === 'number' && typeof expected === 'number') {
    return found === expected
      ? 0
      : Number.isNaN(found - expected)
        ? Number.POSITIVE_INFINITY
        : Math.abs(found - expected);
  }
  if (!Array.isArray(found) || !Array.isArray(expected) || found.length !== expected.length)
    return Number.POSITIVE_INFINITY;
  return found.reduce((most: number, v: Values, i: number) => Math.max(most, distance(v, expected[i] as Values)), 0);
}

async function thrownBy(f: () => unknown): Promise<string | undefined> {
  try {
    await f();
    return undefined;
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    return `${(error as Error).name} ${code} ${message}`;
  }
}

/** Runs an exercise as a program, where its file is the one that was started. */
export async function main(meta: ImportMeta, exercise: Exercise): Promise<void> {
  if (!meta.main) return;
  const args = process.argv.slice(2);
  console.log(`${exercise.id} ${exercise.title}`);
  if (exercise.needs === 'mnist' && !mnistIsThere() && pictures() === undefined) {
    console.log(absent);
    return;
  }
  if (!args.includes('--check')) {
    await exercise.show((line) => console.log(line));
    return;
  }
  const checks = [exercise.check, ...(args.includes('--long') ? [exercise.checkLong ?? []].flat() : [])];
  for (const check of checks) {
    for (const { what, holds, detail } of await hold(check)) {
      console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${detail}`);
      if (!holds) process.exitCode = 1;
    }
  }
}
