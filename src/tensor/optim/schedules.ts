/** Learning rates over the steps of training. A schedule is a plain function of the step (0 for the first update). */

export type Schedule = (step: number) => number;

export const constantRate =
  (rate: number): Schedule =>
  () =>
    rate;

/** rate · factor^(step ÷ every); by default a staircase: the quotient is rounded down. */
export const exponential =
  (rate: number, every: number, factor: number, staircase = true): Schedule =>
  (step) =>
    rate * factor ** (staircase ? Math.floor(step / every) : step / every);

/** From `rate` down to `end` along half a cosine over `steps` (Loshchilov and Hutter 2017), then `end`. */
export const cosine =
  (rate: number, steps: number, end = 0): Schedule =>
  (step) =>
    end + ((rate - end) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)))) / 2;

/** Linearly up to what `after` begins with, over `steps` updates. */
export const warmUp =
  (steps: number, after: Schedule): Schedule =>
  (step) =>
    step < steps ? (after(0) * (step + 1)) / steps : after(step - steps);

/** `rates[i]` from step `bounds[i − 1]` on. */
export const piecewise =
  (bounds: readonly number[], rates: readonly number[]): Schedule =>
  (step) =>
    rates[bounds.filter((bound) => step >= bound).length]!;
