/**
 * Floats of 8 and 4 bits as bit patterns (OCP OFP8 and Microscaling formats, and the `fnuz` variants without negative
 * zero). Each format is the table of its values; rounding takes the nearest, ties to the even pattern.
 */

export interface Minifloat {
  readonly bits: number;
  /** Largest finite value. */
  readonly max: number;
  /** Smallest value above zero. */
  readonly min: number;
  toNumber(pattern: number): number;
  /** Pattern nearest to `value`; beyond the range infinity or NaN, whichever the format has, else its largest value. */
  fromNumber(value: number): number;
}

interface Layout {
  readonly exponentBits: number;
  readonly fractionBits: number;
  readonly bias: number;
  /** The pattern that stands for NaN (where the format has none: what NaN becomes). */
  readonly nan: number;
  /** The positive infinity, if there is one. */
  readonly infinity?: number;
  /** Positive patterns from here on are no finite numbers. */
  readonly finiteUntil: number;
  /** The format has −0. */
  readonly negativeZero: boolean;
  /** Nothing stands for what is out of range: the largest value is taken. */
  readonly saturates?: boolean;
}

function minifloat(layout: Layout): Minifloat {
  const { exponentBits, fractionBits, bias, nan, infinity, finiteUntil, negativeZero } = layout;
  const bits = 1 + exponentBits + fractionBits;
  const signBit = 1 << (bits - 1);
  const positive = Array.from({ length: finiteUntil }, (_, pattern) => {
    const exponent = pattern >> fractionBits;
    const fraction = (pattern & ((1 << fractionBits) - 1)) / (1 << fractionBits);
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  });
  const max = positive.at(-1)!;
  const top = finiteUntil - 1;
  return {
    bits,
    max,
    min: positive[1]!,
    toNumber(pattern) {
      const magnitude = pattern & (signBit - 1);
      if (pattern === signBit && !negativeZero) return Number.NaN;
      const sign = pattern & signBit ? -1 : 1;
      if (magnitude < finiteUntil) return sign * positive[magnitude]!;
      return magnitude === infinity ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    },
    fromNumber(value) {
      if (Number.isNaN(value)) return nan;
      const sign = value < 0 || Object.is(value, -0) ? signBit : 0;
      const pattern = nearest(positive, Math.abs(value));
      if (pattern === 0) return negativeZero ? sign : 0;
      if (pattern <= top) return sign | pattern;
      if (layout.saturates) return sign | top;
      return infinity === undefined ? (negativeZero ? sign | nan : nan) : sign | infinity;
    },
  };
}

/** Index of the value nearest to x, ties to the even index; one past the end where x rounds out of range. */
function nearest(ascending: readonly number[], x: number): number {
  const top = ascending.length - 1;
  const beyond = 2 * ascending[top]! - ascending[top - 1]!;
  let low = 0;
  let high = top + 1;
  const at = (i: number): number => ascending[i] ?? beyond;
  if (x >= beyond) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(middle) <= x) low = middle;
    else high = middle;
  }
  const [below, above] = [x - at(low), at(high) - x];
  if (below !== above) return below < above ? low : high;
  return low % 2 === 0 ? low : high;
}

/** Powers of two from 2^−127 to 2^127, no sign, no zero: the scales of microscaling formats. */
const float8e8m0: Minifloat = {
  bits: 8,
  max: 2 ** 127,
  min: 2 ** -127,
  toNumber: (pattern) => (pattern === 0xff ? Number.NaN : 2 ** (pattern - 127)),
  fromNumber(value) {
    if (Number.isNaN(value) || value < 0) return 0xff;
    if (value <= 2 ** -127) return 0;
    const exponent = Math.floor(Math.log2(value));
    // log2 can be off by one next to a power of two; halfway between two powers the upper one is taken.
    const floor = value < 2 ** exponent ? exponent - 1 : value >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
    const rounded = value >= 1.5 * 2 ** floor ? floor + 1 : floor;
    return rounded > 127 ? 0xff : rounded + 127;
  },
};

const five2 = { exponentBits: 5, fractionBits: 2 };
const four3 = { exponentBits: 4, fractionBits: 3 };

export const MINIFLOATS = {
  float8e4m3fn: minifloat({ ...four3, bias: 7, nan: 0x7f, finiteUntil: 0x7f, negativeZero: true }),
  float8e4m3fnuz: minifloat({ ...four3, bias: 8, nan: 0x80, finiteUntil: 0x80, negativeZero: false }),
  float8e5m2: minifloat({ ...five2, bias: 15, nan: 0x7e, infinity: 0x7c, finiteUntil: 0x7c, negativeZero: true }),
  float8e5m2fnuz: minifloat({ ...five2, bias: 16, nan: 0x80, finiteUntil: 0x80, negativeZero: false }),
  float4e2m1: minifloat({
    exponentBits: 2,
    fractionBits: 1,
    bias: 1,
    nan: 0x8,
    finiteUntil: 8,
    negativeZero: true,
    saturates: true,
  }),
  float8e8m0,
} as const;

export type MinifloatName = keyof typeof MINIFLOATS;

/** Whether an element type is one of these. */
export const isMinifloat = (name: string): name is MinifloatName => Object.hasOwn(MINIFLOATS, name);
