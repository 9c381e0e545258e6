/** Runs the checks of an exercise and gives a line for each figure. */
import type { Check, Values } from './exercise.ts';

/** One line of a check. */
export interface Held {
  readonly what: string;
  readonly holds: boolean;
  readonly detail: string;
  /** The acceptance row that it asserts. */
  readonly row?: number;
}

/** Runs a check and gives its lines. */
export async function hold(run: (check: Check) => void | Promise<void>): Promise<readonly Held[]> {
  const lines: Held[] = [];
  const checkOf = (row?: number): Check => {
    const line = (what: string, holds: boolean, detail: string): void => {
      lines.push({ what, holds, detail, ...(row === undefined ? {} : { row }) });
    };
    return {
      row: checkOf,
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
    };
  };
  await run(checkOf());
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
