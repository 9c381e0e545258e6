/** Learning rates over the steps of training. A schedule is a plain function of the step (0 for the first update). */
import { diagnostic } from '#base';
import { numberWithin, shown } from '../arguments.ts';

export type Schedule = (step: number) => number;

const uneven = diagnostic<{ bounds: string; rates: string }>('SYS-TEN-140', 'usage', {
  en: (p) =>
    `piecewise: bounds ${p.bounds} and rates ${p.rates}; expected ascending steps, and one rate more than bounds.`,
  zh: (p) => `piecewise：界限为 ${p.bounds}，学习率为 ${p.rates}；界限应递增，且学习率应比界限多一个。`,
});

const checkRate = (what: string, rate: number): number => numberWithin(what, rate, { min: 0 });

/** @throws SYS-TEN-123 a rate that is none */
export function constantRate(rate: number): Schedule {
  checkRate('constantRate: rate', rate);
  return () => rate;
}

/**
 * rate · factor^(step ÷ every); by default a staircase: the quotient is rounded down.
 * @throws SYS-TEN-123 arguments that make no rates
 */
export function exponential(rate: number, every: number, factor: number, staircase = true): Schedule {
  checkRate('exponential: rate', rate);
  numberWithin('exponential: every', every, { above: 0 });
  numberWithin('exponential: factor', factor, { min: 0 });
  return (step) => rate * factor ** (staircase ? Math.floor(step / every) : step / every);
}

/**
 * From `rate` down to `end` along half a cosine over `steps` (Loshchilov and Hutter 2017), then `end`.
 * @throws SYS-TEN-123 arguments that make no rates
 */
export function cosine(rate: number, steps: number, end = 0): Schedule {
  checkRate('cosine: rate', rate);
  checkRate('cosine: end', end);
  numberWithin('cosine: steps', steps, { above: 0 });
  return (step) => end + ((rate - end) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)))) / 2;
}

/**
 * Linearly up to what `after` begins with, over `steps` updates.
 * @throws SYS-TEN-123 `steps` below 0
 */
export function warmUp(steps: number, after: Schedule): Schedule {
  numberWithin('warmUp: steps', steps, { min: 0 });
  return (step) => (step < steps ? (after(0) * (step + 1)) / steps : after(step - steps));
}

/**
 * `rates[i]` from step `bounds[i − 1]` on.
 * @throws SYS-TEN-140 bounds that do not ascend, or too many for the rates; -123 a rate that is none
 */
export function piecewise(bounds: readonly number[], rates: readonly number[]): Schedule {
  const ascends = bounds.every((b, i) => Number.isFinite(b) && (i === 0 || b > bounds[i - 1]!));
  if (!ascends || rates.length !== bounds.length + 1) throw uneven({ bounds: shown(bounds), rates: shown(rates) });
  rates.forEach((rate, i) => {
    checkRate(`piecewise: rates[${i}]`, rate);
  });
  return (step) => rates[bounds.filter((bound) => step >= bound).length]!;
}
