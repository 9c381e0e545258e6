/**
 * What calibration remembers of a value over all samples: least, greatest, and a histogram of fixed size. Its bins are of one width and
 * lie about 0; where a value lies outside, the width doubles and bins merge in pairs, so that memory does not grow with the samples and
 * nothing is read twice.
 */

/** Bins on either side of 0. At least half of them are in use. */
const BINS = 2048;

export const CALIBRATIONS = ['minmax', 'percentile', 'entropy'] as const;
export type Calibration = (typeof CALIBRATIONS)[number];

export type Range = readonly [low: number, high: number];

export class Observer {
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #width = 0;
  #count = 0;
  readonly #below = new Float64Array(BINS);
  readonly #above = new Float64Array(BINS);

  /** Values that were seen. */
  get count(): number {
    return this.#count;
  }

  see(values: Float32Array): void {
    let [low, high] = [this.#low, this.#high];
    for (const v of values) {
      // What is not finite has no place on any scale.
      if (v < low && v !== Number.NEGATIVE_INFINITY) low = v;
      if (v > high && v !== Number.POSITIVE_INFINITY) high = v;
    }
    this.#low = low;
    this.#high = high;
    this.#widen(Math.max(-low, high));
    const [below, above] = [this.#below, this.#above];
    const scale = this.#width === 0 ? 0 : 1 / this.#width;
    for (const v of values) {
      if (v > 0 && v !== Number.POSITIVE_INFINITY) above[Math.min(BINS - 1, Math.floor(v * scale))]!++;
      else if (v < 0 && v !== Number.NEGATIVE_INFINITY) below[Math.min(BINS - 1, Math.floor(-v * scale))]!++;
    }
    this.#count += values.length;
  }

  #widen(magnitude: number): void {
    if (!(magnitude > 0 && Number.isFinite(magnitude))) return;
    if (this.#width === 0) this.#width = magnitude / BINS;
    while (magnitude > this.#width * BINS) {
      this.#width *= 2;
      for (const bins of [this.#below, this.#above]) {
        for (let i = 0; i < BINS / 2; i++) bins[i] = bins[2 * i]! + bins[2 * i + 1]!;
        bins.fill(0, BINS / 2);
      }
    }
  }

  /**
   * The range that the codes will span; 0 lies in it.
   * @param percentile of `percentile`: this share of all values, in percent, lies below the upper end, and above the lower end
   */
  range(calibration: Calibration, percentile: number): Range {
    const [low, high] = [Math.min(0, this.#low), Math.max(0, this.#high)];
    if (!(low < 0 || high > 0)) return [0, 0];
    switch (calibration) {
      case 'minmax':
        return [low, high];
      case 'percentile':
        return [
          Math.max(low, -this.#tail(this.#below, percentile)),
          Math.min(high, this.#tail(this.#above, percentile)),
        ];
      case 'entropy': {
        const limit = this.#leastDivergence(low < 0 && high > 0 ? 128 : 256);
        return [Math.max(low, -limit), Math.min(high, limit)];
      }
      default:
        return calibration satisfies never;
    }
  }

  /** The magnitude on one side beyond which no more than the rest of the percentile lies. */
  #tail(bins: Float64Array, percentile: number): number {
    let allowed = this.#count * (1 - percentile / 100);
    for (let i = BINS - 1; i >= 0; i--) {
      allowed -= bins[i]!;
      if (allowed < 0) return (i + 1) * this.#width;
    }
    return 0;
  }

  /**
   * The limit whose quantised distribution of magnitudes diverges least from the observed one: S. Migacz, "8-bit Inference with
   * TensorRT", GPU Technology Conference 2017, the calibration by Kullback–Leibler divergence. Zeros are left out: every scale holds them
   * exactly, so they say nothing about which is better.
   * @param levels codes for magnitudes: 128 for values of both signs, 256 for those of one
   */
  #leastDivergence(levels: number): number {
    const bins = this.#above.map((n, i) => n + this.#below[i]!);
    const used = bins.findLastIndex((n) => n > 0) + 1;
    let [best, least] = [used, Number.POSITIVE_INFINITY];
    let outside = 0;
    for (let i = used; i >= levels; i--) {
      const divergence = divergenceOf(bins, i, outside, levels);
      if (divergence < least) [best, least] = [i, divergence];
      outside += bins[i - 1]!;
    }
    return best * this.#width;
  }
}

/** What a bin that quantisation leaves empty counts as, against a bin that is not: no probability is nothing. */
const NEARLY_NOTHING = 1e-9;

/** KL(P‖Q): P the first n bins with all beyond in the last, Q the same bins in `levels` steps, spread evenly over what was not empty. */
function divergenceOf(bins: Float64Array, n: number, outside: number, levels: number): number {
  let total = outside;
  for (let i = 0; i < n; i++) total += bins[i]!;
  const inside = total - outside;
  if (inside === 0) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.floor((level * n) / levels), Math.floor(((level + 1) * n) / levels)];
    let [mass, filled] = [0, 0];
    for (let i = from; i < to; i++) {
      mass += bins[i]!;
      if (bins[i]! > 0) filled++;
    }
    for (let i = from; i < to; i++) {
      const p = (bins[i]! + (i === n - 1 ? outside : 0)) / total;
      if (p === 0) continue;
      const q = bins[i]! > 0 ? mass / filled / inside : NEARLY_NOTHING;
      sum += p * Math.log(p / q);
    }
  }
  return sum;
}

/** A float32 tensor's bytes as numbers, copied only where they are not aligned. */
export function float32s(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
