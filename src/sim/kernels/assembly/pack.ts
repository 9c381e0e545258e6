// Operands that are not f32, brought into the form that the multipliers take: integers as i16 less their zero point, halves
// as f32. Runs are written in whole vectors: what lies behind a run is overwritten by the next, behind a row by the next row
// or the padding, and behind the last there is room.

@inline const F16: i32 = 1;
@inline const BF16: i32 = 2;
@inline const I8: i32 = 3;
@inline const U8: i32 = 4;

/** Eight integers of 8 or 16 bits as i16. */
@inline function eight(from: usize, type: i32): v128 {
  return type == I8 ? v128.load8x8_s(from) : type == U8 ? v128.load8x8_u(from) : v128.load(from);
}

@inline function bytesOf(type: i32): usize { return type == I8 || type == U8 ? 1 : 2; }

/** Four halves as f32; exact. Halves are scaled by 2^112, which makes denormals of them normal. */
@inline function four(from: usize, type: i32): v128 {
  const bits = v128.load16x4_u(from);
  if (type == BF16) return i32x4.shl(bits, 16);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(magnitude, f32x4.splat(5.192296858534828e33));
  const special = i32x4.ge_s(magnitude, i32x4.splat(0x7c00 << 13));
  return v128.or(sign, v128.bitselect(v128.or(magnitude, i32x4.splat(0x7f800000)), scaled, special));
}

/**
 * For each of `count` pixels the elements of `runs` runs of `length`, which begin at `starts` (u32 byte offsets), side by side
 * as i16 less `zero` in rows of `row` bytes, padded with zeros.
 */
export function packIntegers(
  pixels: usize, count: i32, starts: usize, runs: i32, length: i32, type: i32, zero: i32, to: usize, row: usize,
): void {
  const z = i16x8.splat(<i16>zero), step = bytesOf(type) << 3;
  for (let p = 0; p < count; ++p) {
    const x = <usize>load<u32>(pixels + (<usize>p << 2));
    let out = to + <usize>p * row;
    for (let r = 0; r < runs; ++r) {
      let from = x + <usize>load<u32>(starts + (<usize>r << 2));
      for (let i = 0; i < length; i += 8) {
        v128.store(out + (<usize>i << 1), i16x8.sub(eight(from, type), z));
        from += step;
      }
      out += <usize>length << 1;
    }
    for (const end = to + <usize>(p + 1) * row; out < end; out += 2) store<i16>(out, 0);
  }
}

/** As `packIntegers`, halves as f32, without padding. */
export function packHalves(
  pixels: usize, count: i32, starts: usize, runs: i32, length: i32, type: i32, to: usize,
): void {
  for (let p = 0; p < count; ++p) {
    const x = <usize>load<u32>(pixels + (<usize>p << 2));
    for (let r = 0; r < runs; ++r) {
      const from = x + <usize>load<u32>(starts + (<usize>r << 2));
      for (let i = 0; i < length; i += 4) v128.store(to + (<usize>i << 2), four(from + (<usize>i << 1), type));
      to += <usize>length << 2;
    }
  }
}

/** `count` halves as f32. */
export function convertHalves(from: usize, count: i32, type: i32, to: usize): void {
  for (let i = 0; i < count; i += 4) v128.store(to + (<usize>i << 2), four(from + (<usize>i << 1), type));
}

/**
 * The weights of a group, `rows` of `filters`, as i16 less `zero`: in panels of eight filters, a last one of up to four being
 * of four, in each `pairs` pairs of rows, filter by filter. Rows that do not exist hold anything.
 */
export function packWeights(
  w: usize, rows: i32, filters: i32, type: i32, zero: i32, pairs: i32, to: usize,
): void {
  const z = i16x8.splat(<i16>zero), bytes = bytesOf(type), row = <usize>filters * bytes;
  for (let n = 0; n < filters; n += 8) {
    const isWide = filters - n > 4;
    let from = w + <usize>n * bytes;
    for (let i = 0; i < pairs; ++i) {
      let u = z, v = z;
      if (2 * i < rows) u = eight(from, type);
      if (2 * i + 1 < rows) v = eight(from + row, type);
      u = i16x8.sub(u, z); v = i16x8.sub(v, z);
      v128.store(to, v128.shuffle<i16>(u, v, 0, 8, 1, 9, 2, 10, 3, 11));
      if (isWide) { v128.store(to, v128.shuffle<i16>(u, v, 4, 12, 5, 13, 6, 14, 7, 15), 16); to += 16; }
      to += 16;
      from += row << 1;
    }
  }
}
