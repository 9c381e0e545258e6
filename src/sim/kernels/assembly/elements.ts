// Elements of any type from memory into 32-bit lanes side by side, and back: floats as f32, integers sign- or zero-extended.
// Types by their code in isa/fields.ts.
@inline export const F32: i32 = 0;
@inline const F16: i32 = 1;
@inline const BF16: i32 = 2;
@inline const I8: i32 = 3;
@inline const U8: i32 = 4;
@inline const I16: i32 = 5;
@inline export const I32: i32 = 6;

@inline export function isFloat(type: i32): bool { return type <= BF16; }
/** Bytes of an element as a shift. */
@inline export function sizeShift(type: i32): usize { return type == F32 || type == I32 ? 2 : type == I8 || type == U8 ? 0 : 1; }

/** f16 in the low halves of four lanes: as a denormal or normal f32 that is 2¹¹² too small, then scaled, which is exact. */
@inline function ofHalf(h: v128): v128 {
  const magnitude = v128.and(h, i32x4.splat(0x7fff));
  const sign = i32x4.shl(v128.xor(h, magnitude), 16);
  const scaled = f32x4.mul(i32x4.shl(magnitude, 13), i32x4.splat((127 + 112) << 23));
  // Infinities and NaNs have all exponent bits set, here and there.
  const special = v128.and(i32x4.ge_s(magnitude, i32x4.splat(0x7c00)), i32x4.splat(0x7f800000));
  return v128.or(v128.or(scaled, special), sign);
}

/** The nearest f16 of four f32, ties to even. */
@inline function toHalf(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000));
  // Normal: half of what is cut off, less one, plus the last bit that stays, carries where it is to be rounded up.
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, odd), i32x4.splat(0xfff - (112 << 23))), 13);
  // Denormal: the last place of numbers from 0.5 on is 2⁻²⁴, that of denormal f16.
  const denormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let bits = v128.bitselect(denormal, normal, i32x4.lt_s(magnitude, i32x4.splat(113 << 23)));
  bits = v128.bitselect(i32x4.splat(0x7c00), bits, i32x4.ge_s(magnitude, i32x4.splat(143 << 23)));
  const nan = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  return v128.bitselect(i32x4.splat(0x7e00), v128.or(bits, sign), nan);
}

/** The nearest bf16 of four f32, ties to even. */
@inline function toBrain(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const bits = i32x4.shr_u(i32x4.add(i32x4.add(x, odd), i32x4.splat(0x7fff)), 16);
  return v128.bitselect(bits, i32x4.splat(0x7fc0), f32x4.eq(x, x));
}

/** Four elements side by side. */
@inline function take(type: i32, from: usize): v128 {
  switch (type) {
    case F16: return ofHalf(i32x4.extend_low_i16x8_u(v128.load64_zero(from)));
    case BF16: return i32x4.shl(i32x4.extend_low_i16x8_u(v128.load64_zero(from)), 16);
    case I8: return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from)));
    case U8: return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
    case I16: return i32x4.extend_low_i16x8_s(v128.load64_zero(from));
    default: return v128.load(from);
  }
}

@inline function takeRow(type: i32, from: usize, to: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    v128.store(to, take(type, from));
    from += <usize>4 << sizeShift(type); to += 16;
  }
}

/** n elements `stride` bytes apart as lanes side by side, in whole vectors: up to three lanes more hold anything. */
export function widen(type: i32, from: usize, stride: usize, to: usize, n: i32): void {
  if (stride == <usize>1 << sizeShift(type)) {
    switch (type) {
      case F16: takeRow(F16, from, to, n); break;
      case BF16: takeRow(BF16, from, to, n); break;
      case I8: takeRow(I8, from, to, n); break;
      case U8: takeRow(U8, from, to, n); break;
      case I16: takeRow(I16, from, to, n); break;
      default: takeRow(F32, from, to, n);
    }
    return;
  }
  const lanes = to;
  for (let i = 0; i < n; ++i) {
    switch (type) {
      case F16: case BF16: store<u32>(to, load<u16>(from)); break;
      case I8: store<i32>(to, load<i8>(from)); break;
      case U8: store<u32>(to, load<u8>(from)); break;
      case I16: store<i32>(to, load<i16>(from)); break;
      default: store<u32>(to, load<u32>(from));
    }
    from += stride; to += 4;
  }
  if (type != F16 && type != BF16) return;
  for (let at = lanes; at < to; at += 16) {
    const bits = v128.load(at);
    v128.store(at, type == F16 ? ofHalf(bits) : i32x4.shl(bits, 16));
  }
}

/** Lanes as the nearest values of an integer type. */
@inline export function clamped(type: i32, x: v128): v128 {
  switch (type) {
    case I8: return i32x4.max_s(i32x4.min_s(x, i32x4.splat(127)), i32x4.splat(-128));
    case U8: return i32x4.max_s(i32x4.min_s(x, i32x4.splat(255)), i32x4.splat(0));
    case I16: return i32x4.max_s(i32x4.min_s(x, i32x4.splat(32767)), i32x4.splat(-32768));
    default: return x;
  }
}

export function least(type: i32): i32 {
  return type == I8 ? -128 : type == U8 ? 0 : type == I16 ? -32768 : i32.MIN_VALUE;
}

/** Lanes with the bits of the type in their lower end. */
@inline function bitsOf(type: i32, saturate: bool, x: v128): v128 {
  if (type == F16) return toHalf(x);
  if (type == BF16) return toBrain(x);
  return saturate && type != F32 ? clamped(type, x) : x;
}

/** Whole vectors of lanes as elements side by side; `type` and `saturate` are known where this is inlined. */
@inline function putRow(type: i32, saturate: bool, from: usize, to: usize, vectors: i32): void {
  const size = sizeShift(type);
  for (; vectors > 0; --vectors) {
    const x = bitsOf(type, saturate, v128.load(from));
    if (size == 2) v128.store(to, x);
    else {
      const halves = i16x8.narrow_i32x4_u(v128.and(x, i32x4.splat(size == 1 ? 0xffff : 0xff)), x);
      if (size == 1) store<i64>(to, i64x2.extract_lane(halves, 0));
      else store<i32>(to, i32x4.extract_lane(i8x16.narrow_i16x8_u(halves, halves), 0));
    }
    from += 16; to += <usize>4 << size;
  }
}

/** n lanes side by side as elements `stride` bytes apart, in order; integers that do not fit are clamped or cut off. */
export function narrow(type: i32, saturate: bool, from: usize, to: usize, stride: usize, n: i32): void {
  const size = sizeShift(type);
  if (stride == <usize>1 << size) {
    const vectors = n >> 2;
    switch (type) {
      case F16: putRow(F16, false, from, to, vectors); break;
      case BF16: putRow(BF16, false, from, to, vectors); break;
      case I8: if (saturate) putRow(I8, true, from, to, vectors); else putRow(I8, false, from, to, vectors); break;
      case U8: if (saturate) putRow(U8, true, from, to, vectors); else putRow(U8, false, from, to, vectors); break;
      case I16: if (saturate) putRow(I16, true, from, to, vectors); else putRow(I16, false, from, to, vectors); break;
      default: putRow(F32, false, from, to, vectors);
    }
    from += <usize>vectors << 4; to += <usize>vectors << (2 + size);
    n &= 3;
  }
  for (; n > 0; n -= 4) {
    v128.store(from, bitsOf(type, saturate, v128.load(from)));
    for (let i = min(n, 4); i > 0; --i) {
      const bits = load<u32>(from);
      if (size == 2) store<u32>(to, bits);
      else if (size == 1) store<u16>(to, <u16>bits);
      else store<u8>(to, <u8>bits);
      from += 4; to += stride;
    }
  }
}

/** n elements of 1 << size bytes from one place to another, in order; what an earlier one wrote no later one reads. */
export function copyElements(size: usize, from: usize, step: usize, to: usize, stride: usize, n: i32): void {
  const width = <usize>1 << size;
  if (step == width && stride == width) {
    memory.copy(to, from, <usize>n << size);
    return;
  }
  for (; n > 0; --n) {
    copyElement(size, from, to);
    from += step; to += stride;
  }
}

@inline export function copyElement(size: usize, from: usize, to: usize): void {
  if (size == 2) store<u32>(to, load<u32>(from));
  else if (size == 1) store<u16>(to, load<u16>(from));
  else store<u8>(to, load<u8>(from));
}
