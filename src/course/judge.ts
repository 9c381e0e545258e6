/** What a student hands in, and what is said of it. */
import type { Words } from './exercise.ts';

/** A program (`.s`, `.asm`), or numbers by name. */
export type Submission =
  | { readonly kind: 'program'; readonly file: string; readonly text: string }
  | { readonly kind: 'numbers'; readonly values: Readonly<Record<string, number>> };

/**
 * right: all that is asked holds. incomplete: nothing is wrong, but something is missing: it could not be judged (no addresses), is slower
 * than it need be, or was not given. wrong: a finding says what. refused: it could not be judged at all (it does not assemble, it is not what
 * the exercise asks for).
 */
export type Verdict = 'right' | 'wrong' | 'incomplete' | 'refused';

/** One finding: what is wrong (or could be better), where, and what to do about it. */
export interface Finding {
  /** E.g. `over-capacity`, `race`, `missing-sync`, `slower-than-serial`, `no-addresses`, `wrong-work`, `wrong-number`. */
  readonly kind: string;
  readonly words: Words;
  /** Line of the program, from 1, and the column in it. */
  readonly line?: number;
  readonly column?: number;
  /** Of the diagnostic that it comes from. */
  readonly code?: string;
}

export interface Judged {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Figures by name: the student's, the reference's, the bound. */
  readonly figures: Readonly<Record<string, number>>;
}

const WANTED: Readonly<Record<'program' | 'numbers' | 'module', Words>> = {
  program: {
    en: 'This exercise asks for a program (.s or .asm), not for numbers.',
    zh: '本题要求提交程序（.s 或 .asm），而不是数值。',
  },
  numbers: {
    en: 'This exercise asks for numbers by name, not for a program.',
    zh: '本题要求按名称提交数值，而不是程序。',
  },
  module: {
    en: 'This exercise asks for a module of a checkout (.ts or .js), not for numbers.',
    zh: '本题要求提交检出目录中的模块（.ts 或 .js），而不是数值。',
  },
};

/** Where an exercise takes one kind of answer and got another. */
export const refusedKind = (wanted: keyof typeof WANTED): Judged => ({
  verdict: 'refused',
  findings: [{ kind: 'wrong-kind', words: WANTED[wanted] }],
  figures: {},
});
