/** What a kind of picture is made of: an SVG for files, and lines for a terminal. */

import type * as z from 'zod';
import type { Language } from '#base';
import type { Machine } from '#machine';
import type { Printable } from '#report';
import type { Answer } from '../answers.ts';
import type { Console } from '../console.ts';

export interface PlotOptions {
  readonly machine: Machine;
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly layer?: string;
  readonly from?: number;
  readonly to?: number;
  readonly memory: 'nram' | 'wram' | 'aram' | 'shared';
  readonly tag?: string;
  readonly bits: number;
  /** roofline: where networks would stand at best, without simulation; under arrays of these sizes. */
  readonly analytic?: true;
  readonly multipliers?: readonly number[];
  /** tiling: To, Tc, Th, Tw. */
  readonly tile?: readonly number[];
}

export interface Plot {
  readonly svg: () => string;
  /** @param columns of the terminal */
  readonly text: (columns: number) => readonly string[];
  /** What the picture shows, as numbers (`shows`). */
  readonly answer: Answer;
  readonly object: object;
}

/** Numbers of a picture, by the schema of their answer. */
export const shows = <S extends z.ZodObject>(answer: Answer<S>, object: Printable<z.input<S>>) => ({
  answer: answer as unknown as Answer,
  object: object as object,
});

export interface PlotKind {
  readonly summary: Readonly<Record<Language, string>>;
  /** What it is of, in the usage line; absent: nothing. */
  readonly of?: string;
  /** How many of these; at least as many must be given. */
  readonly least: number;
  readonly most: number;
  /** Where none is named; textbook-single by default. */
  readonly machine?: string;
  /** What it answers with `--json`, where no picture is written. */
  readonly answers: readonly Answer[];
  readonly make: (console: Console, of: readonly string[], options: PlotOptions) => Promise<Plot>;
}
