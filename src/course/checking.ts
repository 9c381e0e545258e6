/** Checks an exercise as a whole: its figures, and what became of each of its acceptance rows. */
import { SystoleError } from '#base';
import type { Exercise, Words } from './exercise.ts';
import { type Held, hold } from './hold.ts';

/**
 * `asserted`: some lines name the row, and all of them hold; `failing`: one does not. `data`: asserted only with data that are not there.
 * `excused`: not asserted, and the exercise says why. `long`: no line names it in the quick figures. `open`: nothing is said of it.
 */
export type RowState = 'asserted' | 'failing' | 'data' | 'excused' | 'long' | 'open';

export interface Checked {
  readonly id: string;
  readonly title: Words;
  readonly lines: readonly Held[];
  /** Of acceptance row n at index n − 1. */
  readonly rows: readonly RowState[];
  readonly seconds: number;
  /** Why it came to no end: what was thrown. */
  readonly error?: string;
}

/** Whether every figure was found and holds, and no row is open. */
export const passes = ({ lines, rows, error }: Checked): boolean =>
  error === undefined &&
  lines.length > 0 &&
  lines.every((l) => l.holds) &&
  rows.every((state) => state !== 'failing' && state !== 'open');

/**
 * @param long also the figures that take minutes
 * @param mnist whether MNIST is there
 */
export async function checkExercise(
  exercise: Exercise,
  {
    long,
    mnist,
    language = 'en',
  }: { readonly long: boolean; readonly mnist: boolean; readonly language?: 'en' | 'zh' },
): Promise<Checked> {
  const { id, title, check, checkLong } = exercise;
  const started = performance.now();
  const lines: Held[] = [];
  let error: string | undefined;
  try {
    for (const run of [check, ...(long && checkLong !== undefined ? [checkLong] : [])])
      lines.push(...(await hold(run)));
  } catch (thrown) {
    error = messageOf(thrown, language);
  }
  const rows = Array.from({ length: exercise.rows }, (_, i) => rowState(exercise, i + 1, lines, { long, mnist }));
  const seconds = (performance.now() - started) / 1000;
  return { id, title, lines, rows, seconds, ...(error === undefined ? {} : { error }) };
}

function rowState(
  { notAsserted = {}, mnistRows = [], checkLong }: Exercise,
  row: number,
  lines: readonly Held[],
  { long, mnist }: { readonly long: boolean; readonly mnist: boolean },
): RowState {
  const named = lines.filter((l) => l.row === row);
  if (named.length > 0) return named.every((l) => l.holds) ? 'asserted' : 'failing';
  if (!mnist && mnistRows.includes(row)) return 'data';
  if (notAsserted[row] !== undefined) return 'excused';
  return checkLong !== undefined && !long ? 'long' : 'open';
}

const messageOf = (error: unknown, language: 'en' | 'zh'): string =>
  error instanceof SystoleError
    ? `${error.code} ${error.text(language)}`
    : error instanceof Error
      ? `${error.name}: ${error.message}`
      : String(error);
