/**
 * What an exercise of the course is: a question in our own words, a program that answers it and figures that hold it. The numbers of the
 * exercises are those of the textbook, 智能计算系统 (AI Computing Systems); its acceptance rows (what every answer is held against) were worked
 * out by independent scripts and are counted exercise by exercise, from 1.
 */
import type { Machine } from '#machine';
import type { Judged, Submission } from './judge.ts';

/** What a reader reads, in both languages. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** A number, or numbers in arrays. */
export type Values = number | bigint | boolean | string | readonly Values[];

/** Holds what was found against what is expected; each line says what is held. */
export interface Check {
  /** The same checks, for this acceptance row of the exercise: it is asserted where every line of it holds. */
  row(number: number): Check;
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

/** What an exercise shows goes here: lines of text, tables, listings of programs, pictures. */
export interface Output {
  print(line: string | Words): void;
  /** Cells as they are printed; numbers stand to the right. */
  table(columns: readonly (string | Words)[], rows: readonly (readonly (string | number)[])[]): void;
  /** A program of the textbook's dialect or of the instruction set, an expression, a piece of source. */
  listing(name: string | Words, text: string): void;
  /** A picture as SVG, with what a reader who cannot see it is told. */
  picture(name: string, svg: string, alt: Words): void;
  /** Language of what is handed over ready-made (pictures). */
  readonly language: 'en' | 'zh';
}

/** What a reader may vary. The command line has an option for each, `--name`. */
export type Parameter =
  | {
      readonly kind: 'whole';
      readonly words: Words;
      readonly default: number;
      readonly least: number;
      readonly most: number;
    }
  | {
      readonly kind: 'real';
      readonly words: Words;
      readonly default: number;
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: 'choice'; readonly words: Words; readonly default: string; readonly among: readonly string[] }
  | { readonly kind: 'machine'; readonly words: Words; readonly default: string };

/** The value that a parameter of the kind has. */
type ValueOf<P extends Parameter> = P extends { kind: 'machine' }
  ? Machine
  : P extends { kind: 'choice' }
    ? string
    : number;

export type Parameters = Readonly<Record<string, Parameter>>;
export type Arguments<P extends Parameters> = { readonly [N in keyof P]: ValueOf<P[N]> };

/** A place in the code of this system that the exercise is about. */
export interface CodeLink {
  /** From the root of the project. */
  readonly path: string;
  readonly words: Words;
}

/** Answers that are neither run nor compared: words, a program or network of one's own, a design, a survey with sources. */
export type AnsweredBy = 'explanation' | 'program' | 'design' | 'survey';

export interface Exercise<P extends Parameters = Parameters> {
  /** Its number in the book. */
  readonly id: string;
  readonly title: Words;
  /** What is asked, in our own words; Markdown with formulas between dollar signs. */
  readonly asked: Words;
  /** The answer: short, with formulas and sources; Markdown. */
  readonly explanation: Words;
  /** Where a widespread answer is wrong: what it claims, why that is wrong, and what is right. */
  readonly claimed?: Words;
  /** How many acceptance rows the exercise has, and why some are not asserted here (by number). */
  readonly rows: number;
  readonly notAsserted?: Readonly<Record<number, Words>>;
  /** Rows that are asserted only where MNIST is there: its data decide them. */
  readonly mnistRows?: readonly number[];
  readonly code: readonly CodeLink[];
  readonly parameters?: P;
  /** Shows the answer. */
  readonly show: (output: Output, values: Arguments<P>) => void | Promise<void>;
  /** The figures that are quick to find. */
  readonly check: (check: Check) => void | Promise<void>;
  /** Figures that take minutes: the long tier of the tests, and `--long`. */
  readonly checkLong?: (check: Check) => void | Promise<void>;
  /** What the question asks for where no answer to it is judged automatically; one of this and `judge` is there. */
  readonly answeredBy?: AnsweredBy;
  /** Judges a student's answer: a program or numbers. */
  readonly judge?: (submission: Submission, values: Arguments<P>) => Judged | Promise<Judged>;
}

/** An exercise with its parameters' types kept. */
export const defineExercise = <const P extends Parameters>(exercise: Exercise<P>): Exercise =>
  exercise as unknown as Exercise;

/** Where exercises are found: what lists them loads none. */
export interface Entry {
  readonly id: string;
  readonly load: () => Promise<{ readonly exercise: Exercise }>;
}
