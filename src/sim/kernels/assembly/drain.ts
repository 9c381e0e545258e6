// The drain path of accumulators whose results are not f32 of f32: halves, and integers with bias, activation, scale and
// zero point. Types of results by their code in `isa/fields.ts`.

@inline const F32: i32 = 0;
@inline const F16: i32 = 1;
@inline const BF16: i32 = 2;
@inline const I8: i32 = 3;
@inline const U8: i32 = 4;
@inline const I16: i32 = 5;
@inline const I32: i32 = 6;
@inline const CLAMP: i32 = 1;
@inline const LEAKY: i32 = 2;

/** f32 as bits of f16, ties to even; NaN is 0x7e00. */
@inline function toF16(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const sign = i32x4.shr_u(v128.and(x, i32x4.splat(0x80000000)), 16);
  // Denormals of f16: adding 0.5 leaves multiples of 2^−24, rounded, in the low bits.
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff)), odd), 13);
  let h = v128.bitselect(small, i32x4.sub(rounded, i32x4.splat(112 << 10)), i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  h = v128.bitselect(i32x4.splat(0x7c00), h, i32x4.ge_s(magnitude, i32x4.splat(0x477ff000)));
  h = v128.or(h, sign);
  return v128.bitselect(i32x4.splat(0x7e00), h, i32x4.gt_s(magnitude, i32x4.splat(0x7f800000)));
}

/** f32 as bits of bf16, ties to even; NaN is 0x7fc0. */
@inline function toBf16(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd), 16);
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  return v128.bitselect(i32x4.splat(0x7fc0), rounded, i32x4.gt_s(magnitude, i32x4.splat(0x7f800000)));
}

/** Low bytes of up to four lanes. */
@inline function put(to: usize, x: v128, result: i32, n: i32): void {
  if (result == F32 || result == I32) {
    if (n >= 4) { v128.store(to, x); return; }
    v128.store32_lane(to, x, 0);
    if (n > 1) v128.store32_lane(to, x, 1, 4);
    if (n > 2) v128.store32_lane(to, x, 2, 8);
  } else if (result == I8 || result == U8) {
    const bytes = i8x16.shuffle(x, x, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    if (n >= 4) { v128.store32_lane(to, bytes, 0); return; }
    v128.store8_lane(to, bytes, 0);
    if (n > 1) v128.store8_lane(to, bytes, 1, 1);
    if (n > 2) v128.store8_lane(to, bytes, 2, 2);
  } else {
    const halves = i8x16.shuffle(x, x, 0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13);
    if (n >= 4) { v128.store64_lane(to, halves, 0); return; }
    v128.store16_lane(to, halves, 0);
    if (n > 1) v128.store16_lane(to, halves, 1, 2);
    if (n > 2) v128.store16_lane(to, halves, 2, 4);
  }
}

@inline function bytesOf(result: i32): usize {
  return result == I8 || result == U8 ? 1 : result == F32 || result == I32 ? 4 : 2;
}

@inline function least(result: i32): i32 { return result == I8 ? -128 : result == U8 ? 0 : -32768; }
@inline function most(result: i32): i32 { return result == I8 ? 127 : result == U8 ? 255 : 32767; }

/** Scaled sums as a result: halves, or integers saturated with their zero point, of NaN the least. */
@inline function convert(v: v128, result: i32, zero: i32): v128 {
  if (result == F32) return v;
  if (result == F16) return toF16(v);
  if (result == BF16) return toBf16(v);
  const low = f32x4.splat(<f32>(least(result) - zero)), high = f32x4.splat(<f32>(most(result) - zero));
  const limited = f32x4.min(f32x4.pmax(low, v), high);
  return i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.nearest(limited)), i32x4.splat(zero));
}

/** act(acc + bias) of f32 as halves. Arguments as in `drainRows`. */
export function drainHalves(
  from: usize, width: usize, outputs: usize, count: i32, filters: i32, bias: usize, act: i32, p0: f32, p1: f32,
  result: i32,
): void {
  const low = f32x4.splat(p0), high = f32x4.splat(p1), zero = f32x4.splat(0);
  for (let p = 0; p < count; ++p) {
    const to = <usize>load<u32>(outputs + (<usize>p << 2));
    for (let n = 0; n < filters; n += 4) {
      let x = v128.load(from + (<usize>n << 2));
      if (bias != 0) x = f32x4.add(x, v128.load(bias + (<usize>n << 2)));
      if (act == CLAMP) x = v128.bitselect(low, v128.bitselect(high, x, f32x4.gt(x, high)), f32x4.lt(x, low));
      else if (act == LEAKY) x = v128.bitselect(f32x4.mul(low, x), x, f32x4.lt(x, zero));
      put(to + (<usize>n << 1), convert(x, result, 0), result, filters - n);
    }
    from += width;
  }
}

/** Sums of i32. `bias`, `scale` 0: none; p0, p1: bits of i32, or of f32 where it is leaky; `zero`: of the results. */
export function drainIntegers(
  from: usize, width: usize, outputs: usize, count: i32, filters: i32, bias: usize, scale: usize, act: i32, p0: i32, p1: i32,
  result: i32, zero: i32,
): void {
  const low = i32x4.splat(p0), high = i32x4.splat(p1), slope = f32x4.splat(f32.reinterpret_i32(p0)), none = i32x4.splat(0);
  for (let p = 0; p < count; ++p) {
    const to = <usize>load<u32>(outputs + (<usize>p << 2));
    for (let n = 0; n < filters; n += 4) {
      const offset = <usize>n << 2;
      let x = v128.load(from + offset);
      if (bias != 0) x = i32x4.add(x, v128.load(bias + offset));
      if (act == CLAMP) x = v128.bitselect(low, v128.bitselect(high, x, i32x4.gt_s(x, high)), i32x4.lt_s(x, low));
      else if (act == LEAKY) {
        const scaled = f32x4.nearest(f32x4.mul(f32x4.convert_i32x4_s(x), slope));
        x = v128.bitselect(i32x4.trunc_sat_f32x4_s(scaled), x, i32x4.lt_s(x, none));
      }
      if (scale != 0) x = convert(f32x4.mul(f32x4.convert_i32x4_s(x), v128.load(scale + offset)), result, zero);
      put(to + <usize>n * bytesOf(result), x, result, filters - n);
    }
    from += width;
  }
}

/** Sums of i64, as `drainIntegers`; biases are of i32. */
export function drainLongs(
  from: usize, width: usize, outputs: usize, count: i32, filters: i32, bias: usize, scale: usize, act: i32, p0: i32, p1: i32,
  result: i32, zero: i32,
): void {
  const low = <i64>p0, high = <i64>p1, slope = f32.reinterpret_i32(p0);
  for (let p = 0; p < count; ++p) {
    const to = <usize>load<u32>(outputs + (<usize>p << 2));
    for (let n = 0; n < filters; ++n) {
      let x = load<i64>(from + (<usize>n << 3));
      if (bias != 0) x += <i64>load<i32>(bias + (<usize>n << 2));
      if (act == CLAMP) x = x < low ? low : x > high ? high : x;
      else if (act == LEAKY && x < 0) x = <i64>nearest<f32>(<f32>x * slope);
      if (scale == 0) store<i64>(to + (<usize>n << 3), x);
      else {
        const v = convert(f32x4.splat(<f32>x * load<f32>(scale + (<usize>n << 2))), result, zero);
        put(to + <usize>n * bytesOf(result), v, result, 1);
      }
    }
    from += width;
  }
}
