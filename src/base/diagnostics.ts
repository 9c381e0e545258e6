/**
 * Diagnostics: every message a user can meet is a code with typed parameters and an English and a Chinese text that
 * stand beside each other. A text says where, what was found, what was expected, and the repair.
 * Convention: the file that detects a problem declares it with `diagnostic(...)` and throws the error it makes.
 */

/** What went wrong, by who can repair it; the CLI's exit code follows from it. */
export type ErrorKind =
  /** A numeric check against the host failed. */
  | 'check'
  /** Wrong options or arguments. */
  | 'usage'
  /** An input file or value that is not valid. */
  | 'invalid'
  /** Valid, but not supported, or does not fit the machine. */
  | 'unsupported'
  /** A bug of Systole's own. */
  | 'internal';

export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  check: 1,
  usage: 2,
  invalid: 3,
  unsupported: 4,
  internal: 70,
};

/** Where a diagnostic points. Lines and columns count from 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Length of the marked text in columns. */
  readonly length?: number;
  /** Text of the whole source, from which the code frame is cut. */
  readonly source?: string;
  /** Name of the ONNX/graph node. */
  readonly node?: string;
  /** Index of the instruction in its program. */
  readonly instruction?: number;
  readonly cycle?: number;
  /** Number of the core, where several run. */
  readonly core?: number;
  /** The module of a network within which it came about: its path and class. The message begins with it. */
  readonly module?: string;
}

export type Language = 'en' | 'zh';

export interface Texts<P> {
  readonly en: (p: P) => string;
  readonly zh: (p: P) => string;
}

/** The text behind the module that it came about in, where there is one. */
const within = ({ module }: Place, language: Language, text: string): string =>
  module === undefined ? text : `${language === 'en' ? `in module ${module}: ` : `模块 ${module} 中：`}${text}`;

/** An expected failure. Anything else that is thrown is a bug and exits with 70. */
export class SystoleError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly params: Readonly<Record<string, unknown>>;
  readonly place: Place;
  /** What else was found wrong in the same source, in order of place. Whoever shows this error shows these behind it. */
  readonly others: readonly SystoleError[];
  readonly #texts: Texts<never>;

  constructor(
    code: string,
    kind: ErrorKind,
    params: object,
    place: Place,
    texts: Texts<never>,
    others: readonly SystoleError[] = [],
  ) {
    super(within(place, 'en', texts.en(params as never)));
    this.name = 'SystoleError';
    this.code = code;
    this.kind = kind;
    this.params = params as Record<string, unknown>;
    this.place = place;
    this.others = others;
    this.#texts = texts;
  }

  /** The message in a language, without code and place. */
  text(language: Language): string {
    return within(this.place, language, this.#texts[language](this.params as never));
  }

  /** The same error, with more known of its place; what it says itself stays. */
  at(place: Place): SystoleError {
    const known = { ...place, ...this.place };
    const same = new SystoleError(this.code, this.kind, this.params, known, this.#texts, this.others);
    // It came about where this one did.
    const frames = this.stack?.split(`${this.message}\n`)[1];
    if (frames !== undefined) same.stack = `${same.name}: ${same.message}\n${frames}`;
    return same;
  }

  /** The same error, with the others that were found beside it. */
  with(others: readonly SystoleError[]): SystoleError {
    return new SystoleError(this.code, this.kind, this.params, this.place, this.#texts, others);
  }
}

/** Throws all errors found in one source as one, the first with the others behind it; does nothing where there is none. */
export function throwErrors(errors: readonly SystoleError[]): void {
  const [first, ...others] = errors;
  if (first !== undefined) throw first.with(others);
}

/** The error and those beside it, one after the other: what a user is shown. */
export const allErrors = (error: SystoleError): readonly SystoleError[] => [error, ...error.others];

/** Makes the error of a declared diagnostic. */
export interface Diagnostic<P extends object> {
  (params: P, place?: Place): SystoleError;
  readonly code: string;
  readonly kind: ErrorKind;
}

const declared = new Map<string, Diagnostic<never>>();

/**
 * Declares a diagnostic. Codes read `SYS-<LAYER>-<NNN>` and are stable: never reused, never renumbered.
 * Declaring a code twice is a bug and throws at once.
 */
export function diagnostic<P extends object>(code: string, kind: ErrorKind, texts: Texts<P>): Diagnostic<P> {
  if (declared.has(code)) throw new Error(`diagnostic ${code} is declared twice`);
  const make = Object.assign(
    (params: P, place: Place = {}) => new SystoleError(code, kind, params, place, texts as Texts<never>),
    { code, kind },
  );
  declared.set(code, make as unknown as Diagnostic<never>);
  return make;
}

/** All diagnostics declared by the modules loaded so far, by code. */
export function declaredDiagnostics(): ReadonlyMap<string, Diagnostic<never>> {
  return declared;
}

/** A broken invariant of our own. */
export const internalError: Diagnostic<{ readonly what: string }> = diagnostic('SYS-BASE-001', 'internal', {
  en: (p) => `internal error: ${p.what}. This is a bug of Systole; please report it with the command that led here.`,
  zh: (p) => `内部错误：${p.what}。这是 Systole 的缺陷，请附上所用命令报告。`,
});

/** A warning or note that does not end the run. */
export interface Notice {
  readonly code: string;
  readonly en: string;
  readonly zh: string;
  readonly node?: string;
}
