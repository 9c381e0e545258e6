/** Distributions as TensorBoard takes them: counts in buckets that grow by a tenth, both ways from 0. */
import { diagnostic } from '#base';

export interface Histogram {
  readonly min: number;
  readonly max: number;
  /** How many numbers. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Upper limits of the buckets, ascending; a bucket holds what is at least the limit before its own and below that. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

const notFinite = diagnostic<{ found: number; index: number }>('SYS-DAT-086', 'invalid', {
  en: (p) =>
    `element ${p.index} of the histogram's numbers is ${p.found}; a distribution needs finite numbers, and at least one`,
  zh: (p) => `直方图的第 ${p.index} 个数为 ${p.found}；分布需要至少一个数，且均为有限值`,
});

/** Limits of TensorFlow's default buckets: 10⁻¹² · 1.1ᵏ up to 10²⁰ (core/lib/histogram/histogram.cc). */
const LIMITS: readonly number[] = (() => {
  const positive: number[] = [];
  for (let v = 1e-12; v < 1e20; v *= 1.1) positive.push(v);
  positive.push(Number.MAX_VALUE);
  return [...positive.map((v) => -v).reverse(), 0, ...positive];
})();

/**
 * The distribution of numbers. Runs of empty buckets are one.
 * @throws SYS-DAT-086 a number is not finite, or there is none
 */
export function histogramOf(values: ArrayLike<number>): Histogram {
  const all = new Float64Array(LIMITS.length);
  let [min, max, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < Math.max(1, values.length); i++) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(value)) throw notFinite({ found: value, index: i });
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumOfSquares += value * value;
    all[bucketOf(value)]!++;
  }
  const limits: number[] = [];
  const counts: number[] = [];
  for (const [i, count] of all.entries()) {
    if (count === 0 && counts.at(-1) === 0) limits[limits.length - 1] = LIMITS[i]!;
    else {
      limits.push(LIMITS[i]!);
      counts.push(count);
    }
  }
  // What is empty behind the last number says nothing.
  if (counts.at(-1) === 0) {
    limits.pop();
    counts.pop();
  }
  return { min, max, count: values.length, sum, sumOfSquares, limits, counts };
}

/** The first bucket whose limit is above the value. */
function bucketOf(value: number): number {
  let [low, high] = [0, LIMITS.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (LIMITS[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
