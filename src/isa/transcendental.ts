/**
 * `exp`, `log`, `sigmoid`, `tanh`, `erf`, `softplus` and `rsqrt` of the vector unit, bit by bit: the same numbers on every host and in every model of
 * the processor. Every + − × ÷ is one f32 operation (round to nearest even, denormals kept), everything else works on the
 * 32 bits; no fused multiply-add, no table. Arguments are f32 values; any NaN gives a NaN.
 *
 * Methods: Cody & Waite, Software Manual for the Elementary Functions (1980), for the argument reductions; polynomials are
 * minimax fits of our own (Lawson's iteratively reweighted least squares, coefficients rounded to f32 from the lowest on
 * and the rest fitted again), their approximation errors stand beside them.
 *
 * Largest errors against f64 over every seventh of all 2³² arguments, in units in the last place of the exact result (of
 * denormals: 2⁻¹⁴⁹): exp 0.99, log 0.84, sigmoid 2.33, tanh 1.33, erf 1.29, softplus 2.12, rsqrt 1.49.
 * `transcendental.full.test.ts` of the kernels measures again.
 */
import { float32Bits, float32OfBits } from '#base';

const f = Math.fround;

/** 1.5 · 2²³: adding it to |t| < 2²² rounds t to an integer, which then stands in the low bits of the sum. */
const ROUNDER = 12582912;
// biome-ignore lint/suspicious/noApproximativeNumericConstant: the digits are the definition, whatever a host calls log2 e
const LOG2_E = f(1.4426950408889634);
/** ln 2 in two parts; n · LN2_HIGH is exact for |n| < 2¹⁵ since LN2_HIGH = 355/512 has 9 bits. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = f(-2.121944400546905e-4);

/** (e^r − 1 − r) / r² on |r| ≤ 0.3475; relative error of e^r 3.4e-9. */
const EXP = [0.49999994, 0.16666517, 0.04166824, 0.008369125, 0.0013823463].map(f);
/** (log(1 + t) − t + t²/2) / t³ on √½ − 1 … √2 − 1; relative error of the logarithm 6.6e-9. */
const LOG = [0.3333333, -0.25000843, 0.20001034, -0.16622466, 0.14207241, -0.13174821, 0.1272441, -0.07546305].map(f);
/** (tanh(t) − t) / t³ as a polynomial in t² on 0 … 0.625; relative error of tanh 4.6e-9. */
const TANH = [-0.3333328, 0.13331419, -0.05373826, 0.020635217, -0.005701307].map(f);
/** (erf(a) − a) / a as a polynomial in a² on 0 … 0.921875; relative error of erf 9e-10. */
const ERF = [0.12837917, -0.3761263, 0.11283626, -0.026855724, 0.005192359, -0.00080488832, 7.9912723e-5].map(f);
/** −log(erfc(a)) on 0.921875 … 4; relative error of erf 1.6e-9. */
const ERFC = [
  0.00019855214, 1.1276637, 0.63720232, 0.1039139, -0.022218334, 0.003041042480617762, -0.0001957127096829936,
].map(f);

/** Horner's rule from the highest coefficient down. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = coefficients.at(-1)!;
  for (let i = coefficients.length - 2; i >= 0; i--) sum = f(f(sum * x) + coefficients[i]!);
  return sum;
}

/** e^x. +∞ above 88.7228, denormal results below −87.3365, +0 below −103.97. */
export function expF32(x: number): number {
  // Beyond these bounds the result is +∞ or 0 anyway; inside them the powers of two below are representable.
  const c = x > 89 ? 89 : x < -104 ? -104 : x;
  const t = f(f(c * LOG2_E) + ROUNDER);
  const n = f(t - ROUNDER);
  const r = f(f(c - f(n * LN2_HIGH)) - f(n * LN2_LOW));
  const p = f(f(f(f(polynomial(EXP, r) * r) * r) + r) + 1);
  // 2ⁿ in two factors: the first product is exact, the second one rounds once, into a denormal or +∞ where needed.
  const exponent = (float32Bits(t) - 0x4b400000) | 0;
  const half = exponent >> 1;
  return f(f(p * float32OfBits((half + 127) << 23)) * float32OfBits((exponent - half + 127) << 23));
}

/** Natural logarithm. −∞ at ±0, NaN below 0. */
export function logF32(x: number): number {
  const denormal = x < 1.1754943508222875e-38;
  const y = denormal ? f(x * 8388608) : x;
  // y = m · 2^e with √½ ≤ m < √2: the constant is the distance from the bits of √½ to those of 1.
  const shifted = (float32Bits(y) + (0x3f800000 - 0x3f3504f3)) | 0;
  const e = (shifted >> 23) - (denormal ? 150 : 127);
  const t = f(float32OfBits((shifted & 0x7fffff) + 0x3f3504f3) - 1);
  const square = f(t * t);
  const tail = f(f(f(polynomial(LOG, t) * t) * square) + f(e * LN2_LOW));
  const result = f(f(e * LN2_HIGH) + f(t + f(tail - f(square * 0.5))));
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  return x === Number.POSITIVE_INFINITY ? x : result;
}

/** 1 / (1 + e^−x), without overflow and with full relative accuracy on the negative side. */
export function sigmoidF32(x: number): number {
  const z = expF32(-Math.abs(x));
  return f((x >= 0 ? 1 : z) / f(1 + z));
}

/** Hyperbolic tangent; keeps the sign of a zero. */
export function tanhF32(x: number): number {
  const a = Math.abs(x);
  const square = f(a * a);
  const near = f(f(f(polynomial(TANH, square) * square) * a) + a);
  const far = f(1 - f(2 / f(expF32(f(a + a)) + 1)));
  // NaN compares false and arrives through `far`.
  const magnitude = a < 0.625 ? near : far;
  return float32OfBits((float32Bits(magnitude) & 0x7fffffff) | (float32Bits(x) & 0x80000000));
}

/** The error function; keeps the sign of a zero. Beyond 3.92 it is 1. */
export function erfF32(x: number): number {
  const a = Math.abs(x);
  const square = f(a * a);
  const near = f(f(polynomial(ERF, square) * a) + a);
  // 1 − erfc: what the logarithm of erfc is off by counts only as far as erfc, below 0.2 here, reaches into the result.
  const far = f(1 - expF32(-polynomial(ERFC, a > 4 ? 4 : a)));
  // NaN compares false and arrives through `far`.
  const magnitude = a < 0.921875 ? near : far;
  return float32OfBits((float32Bits(magnitude) & 0x7fffffff) | (float32Bits(x) & 0x80000000));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^−|x|), of which log(1 + t) = log u + (t − (u − 1)) / u where u is 1 + t rounded. */
export function softplusF32(x: number): number {
  const t = expF32(-Math.abs(x));
  const u = f(1 + t);
  const tail = f(logF32(u) + f(f(t - f(u - 1)) / u));
  return f((x > 0 ? x : 0) + tail);
}

/** 1 / √x, both rounded. */
export const rsqrtF32 = (x: number): number => f(1 / f(Math.sqrt(x)));
