/** Floats as bit patterns: float32, float16 and bfloat16; round to nearest, ties to even. */

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Bits of `value` rounded to float32, as an unsigned number. */
export function float32Bits(value: number): number {
  f32[0] = value;
  return u32[0]!;
}

/** Value of a float32 bit pattern, of which the low 32 bits count. */
export function float32OfBits(bits: number): number {
  u32[0] = bits;
  return f32[0]!;
}

/** Value of a bfloat16 bit pattern. */
export function bfloat16ToNumber(bits: number): number {
  u32[0] = bits << 16;
  return f32[0]!;
}

/** bfloat16 bit pattern nearest to `value`. The value is first rounded to float32, as ONNX's Cast does. */
export function numberToBfloat16(value: number): number {
  f32[0] = value;
  const bits = u32[0]!;
  if (Number.isNaN(value)) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** 2^-14, the least normal float16, and 65520, from which values round to infinity, as bits of float32. */
const [LEAST_NORMAL, TO_INFINITY] = [0x38800000, 0x477ff000];

let float16Values: Float64Array | undefined;

/** Value of a float16 bit pattern, of which the low 16 bits count. */
export function float16ToNumber(bits: number): number {
  float16Values ??= Float64Array.from({ length: 0x10000 }, (_, i) => valueOfFloat16(i));
  return float16Values[bits & 0xffff]!;
}

function valueOfFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float16 bit pattern nearest to `value`, rounded once. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  f32[0] = value;
  const bits = u32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  let magnitude = bits & 0x7fffffff;
  if (magnitude < LEAST_NORMAL) return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  // Rounding to float32 first may have made a tie: a number that it moved is put back on its side of it.
  if (f32[0] !== value && (magnitude & 0x1fff) === 0x1000) magnitude += Math.abs(f32[0]!) < Math.abs(value) ? 1 : -1;
  if (magnitude >= TO_INFINITY) return sign | 0x7c00;
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
}

/** Nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
