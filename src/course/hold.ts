/** Runs the checks of an exercise and gives a line for each figure. */
import type { Check, Values, Words } from './exercise.ts';

/** One line of a check. */
export interface Held {
  readonly what: string;
  readonly holds: boolean;
  /** What was found, and what was expected. */
  readonly detail: Words;
  /** The acceptance row that it asserts. */
  readonly row?: number;
}

/** Runs a check and gives its lines. */
export async function hold(run: (check: Check) => void | Promise<void>): Promise<readonly Held[]> {
  const lines: Held[] = [];
  const checkOf = (row?: number): Check => {
    const line = (what: string, holds: boolean, detail: Words): void => {
      lines.push({ what, holds, detail, ...(row === undefined ? {} : { row }) });
    };
    return {
      row: checkOf,
      equal: (what, found, expected) =>
        line(what, text(found) === text(expected), against(text(found), text(expected))),
      close: (what, found, expected, tolerance) => {
        const off = distance(found, expected);
        line(what, off <= tolerance, against(text(found), `${text(expected)} ± ${tolerance}`));
      },
      atLeast: (what, found, bound) => line(what, found >= bound, against(found, `≥ ${bound}`)),
      atMost: (what, found, bound) => line(what, found <= bound, against(found, `≤ ${bound}`)),
      holds: (what, found) => line(what, found, found ? HOLDS : DOES_NOT),
      throws: async (what, f, message) => {
        const thrown = await thrownBy(f);
        line(
          what,
          thrown !== undefined && message.test(thrown),
          thrown === undefined ? NOTHING_THROWN : { en: thrown, zh: thrown },
        );
      },
    };
  };
  await run(checkOf());
  return lines;
}

const HOLDS = { en: 'holds', zh: '成立' };
const DOES_NOT = { en: 'does not hold', zh: '不成立' };
const NOTHING_THROWN = { en: 'nothing was thrown', zh: '没有抛出错误' };

const against = (found: unknown, expected: string): Words => ({
  en: `${found}, expected ${expected}`,
  zh: `${found}，应为 ${expected}`,
});

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
