/** What a student hands in, and what is said of it. */
import type { Words } from './exercise.ts';

/** A program (`.s`, `.asm`), or numbers by name. */
export type Submission =
  | { readonly kind: 'program'; readonly file: string; readonly text: string }
  | { readonly kind: 'numbers'; readonly values: Readonly<Record<string, number>> };

export type Verdict = 'right' | 'wrong' | 'incomplete' | 'refused';

/** One finding: what is wrong (or could be better), where, and what to do about it. */
export interface Finding {
  /** E.g. `over-capacity`, `race`, `missing-sync`, `slower-than-serial`, `no-addresses`, `wrong-work`, `wrong-number`. */
  readonly kind: string;
  readonly words: Words;
  /** Line of the program, from 1. */
  readonly line?: number;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Figures by name: the student's, the reference's, the bound. */
  readonly figures: Readonly<Record<string, number>>;
}
