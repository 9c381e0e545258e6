/** Advice as plain data: what was seen in a run, what was changed, and what a run with the change took. `flow/advice` makes it. */
import type { Language } from '#base';

export type Texts = Readonly<Record<Language, string>>;

/** What a run takes, of one sample. */
export interface AdviceTotals {
  /** Samples of a run: the batch. Everything beside is of one of them. */
  readonly samples: number;
  readonly cycles: number;
  /** Joules; null where the machine has no figures. */
  /** The physical bound of the run. */
  readonly physical: number;
  readonly energy: number | null;
  /** Square millimetres of the chip, as far as the machine has figures; null where it has none. */
  readonly area: number | null;
}

export interface Advice {
  readonly rule: string;
  /** `time`: it saves cycles; `cost`: as many cycles with less hardware. */
  readonly kind: 'time' | 'cost';
  /** What was seen, with the figures it rests on. */
  readonly finding: Texts;
  /** The same figures by name; units stand in the names: …Cycles, …Bytes, …Share (of 1). */
  readonly figures: Readonly<Record<string, number>>;
  /** Indices of the layers that it speaks of. */
  readonly layers: readonly number[];
  /** What to change. */
  readonly proposal: Texts;
  /** Of the run as it was, and of the run with the change. */
  readonly before: AdviceTotals;
  readonly after: AdviceTotals;
  /** Of each sample; the share is of the cycles before. */
  readonly saved: { readonly cycles: number; readonly share: number };
  /** Runs with the change. */
  readonly command: string;
}

/** A change that was run and is no advice, or could not be run. */
export interface TriedChange {
  readonly rule: string;
  readonly proposal: Texts;
  /** Of a sample; null where it could not be run. */
  readonly cycles: number | null;
  /** Why it is no advice. */
  readonly why: Texts;
}

export interface AdviceReport {
  readonly before: AdviceTotals;
  /** Those that save most first, then those that save hardware. */
  readonly advice: readonly Advice[];
  /** Changes that were run: those that became advice are among them. */
  readonly runs: number;
  readonly tried: readonly TriedChange[];
}
