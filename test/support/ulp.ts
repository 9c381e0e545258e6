/** Largest error of an f32 function against f64, in units in the last place of the exact result. */
const words = new Int32Array(1);
const floats = new Float32Array(words.buffer);

/** Distance of two neighbouring f32 at y; that of denormals below 2⁻¹²⁶. */
function unit(y: number): number {
  if (y < 2 ** -126) return 2 ** -149;
  floats[0] = y;
  // Rounding up to a power of two would double the unit: take the exponent of y itself.
  const exponent = (words[0]! >>> 23) - 127;
  return 2 ** ((2 ** exponent > y ? exponent - 1 : exponent) - 23);
}

export interface LargestError {
  readonly ulps: number;
  readonly at: number;
  /** Arguments (at most ten) with a NaN or infinity where there should be none or the other way round, or no f32. */
  readonly wrong: readonly number[];
}

/** Every `step`-th of all 2³² bit patterns as argument. */
export function largestError(ours: (x: number) => number, exact: (x: number) => number, step: number): LargestError {
  let ulps = 0;
  let at = 0;
  const wrong: number[] = [];
  for (let bits = 0; bits < 2 ** 32; bits += step) {
    words[0] = bits;
    const x = floats[0]!;
    const y = ours(x);
    const e = exact(x);
    if (!(Math.abs(e) < 3.402823e38 && Number.isFinite(y))) {
      // Next to overflow either the largest number or infinity is right.
      const agree = Object.is(y, Math.fround(e)) || (Math.abs(y) > 3.40282e38 && Math.abs(e) > 3.40282e38 && y * e > 0);
      if (!agree && wrong.length < 10) wrong.push(x);
      continue;
    }
    if (Math.fround(y) !== y && wrong.length < 10) wrong.push(x);
    const error = Math.abs(y - e) / unit(Math.abs(e));
    if (error > ulps) {
      ulps = error;
      at = x;
    }
  }
  return { ulps, at, wrong };
}
