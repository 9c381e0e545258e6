/** How the share of zeros grows over training: s(t) = s_f + (s_i − s_f)·(1 − (t − t₀) ÷ (t₁ − t₀))³ (Zhu and Gupta 2017, equation 1). */
import { diagnostic } from '#base';

const wrongSchedule = diagnostic<{ option: string; found: number; expected: string }>('SYS-TEN-093', 'usage', {
  en: (p) => `the schedule of sparsity: ${p.option} is ${p.found}; expected ${p.expected}.`,
  zh: (p) => `稀疏度计划：${p.option} 为 ${p.found}；应为 ${p.expected}。`,
});

export interface SparsitySchedule {
  /** The share of zeros after so many updates. */
  share(step: number): number;
  /** Whether masks are renewed after so many updates. */
  due(step: number): boolean;
  /** The share at the end, and after how many updates that is. */
  readonly final: number;
  readonly end: number;
}

export interface CubicOptions {
  /** The share of zeros at the end: 0.5 by default. */
  readonly final?: number;
  readonly initial?: number;
  /** Updates before the first zeros, and until the share is `final`. */
  readonly begin: number;
  readonly end: number;
  /**
   * Updates from one mask to the next: a tenth of the ramp by default, at most 50, so that the share grows by steps in a short training,
   * too. The last mask comes at `end` in any case, and stays.
   */
  readonly every?: number;
}

/** Masks of a ramp, at least, and the most updates between two of them. */
const [STEPS, MOST_BETWEEN] = [10, 50];

/**
 * The cubic ramp: fast while many weights are of no use, slow at the end.
 * @throws SYS-TEN-093 a share outside 0 … 1, or a ramp that ends before it begins
 */
export function cubicSparsity(options: CubicOptions): SparsitySchedule {
  const { final = 0.5, initial = 0, begin, end } = options;
  const every = options.every ?? Math.max(1, Math.min(MOST_BETWEEN, Math.floor((end - begin) / STEPS)));
  const check = (option: string, found: number, holds: boolean, expected: string): void => {
    if (!holds) throw wrongSchedule({ option, found, expected });
  };
  check('final', final, final >= 0 && final < 1, 'from 0 to below 1');
  check('initial', initial, initial >= 0 && initial <= final, `from 0 to ${final}`);
  check('begin', begin, Number.isInteger(begin) && begin >= 0, 'a whole number of updates');
  check('end', end, Number.isInteger(end) && end >= begin, `a whole number of updates, ${begin} or more`);
  check('every', every, Number.isInteger(every) && every > 0, 'a positive whole number of updates');
  return {
    final,
    end,
    share(step) {
      if (step < begin) return initial;
      if (step >= end) return final;
      return final + (initial - final) * (1 - (step - begin) / (end - begin)) ** 3;
    },
    due: (step) => step === end || (step >= begin && step < end && (step - begin) % every === 0),
  };
}
