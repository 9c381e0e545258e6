// Sums of integers. Their order does not matter, since addition wraps around, so that all units share these: neurons and
// weights as `pack` leaves them, pairs of i16 whose products are added at once. One tile is four pixels by eight filters.

/** Pairs of rows that pass while their weights stay in the first-level cache: 16 KB of eight filters. An even number. */
@inline const BLOCK: i32 = 512;

@inline function dot(w: v128, x: usize): v128 { return i32x4.dot_i16x8_s(w, v128.load32_splat(x)); }

/** `pairs`: even. Accumulators of i32, `width` bytes a pixel. */
function wide(x0: usize, x1: usize, x2: usize, x3: usize, w: usize, pairs: i32, acc: usize, width: usize): void {
  const acc1 = acc + width, acc2 = acc1 + width, acc3 = acc2 + width;
  let a0 = v128.load(acc, 0), b0 = v128.load(acc, 16), a1 = v128.load(acc1, 0), b1 = v128.load(acc1, 16);
  let a2 = v128.load(acc2, 0), b2 = v128.load(acc2, 16), a3 = v128.load(acc3, 0), b3 = v128.load(acc3, 16);
  for (; pairs > 0; pairs -= 2) {
    let u = v128.load(w, 0), v = v128.load(w, 16);
    let x = v128.load32_splat(x0);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(u, x)); b0 = i32x4.add(b0, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x1);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(u, x)); b1 = i32x4.add(b1, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x2);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(u, x)); b2 = i32x4.add(b2, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x3);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(u, x)); b3 = i32x4.add(b3, i32x4.dot_i16x8_s(v, x));
    u = v128.load(w, 32); v = v128.load(w, 48);
    x = v128.load32_splat(x0, 4);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(u, x)); b0 = i32x4.add(b0, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x1, 4);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(u, x)); b1 = i32x4.add(b1, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x2, 4);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(u, x)); b2 = i32x4.add(b2, i32x4.dot_i16x8_s(v, x));
    x = v128.load32_splat(x3, 4);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(u, x)); b3 = i32x4.add(b3, i32x4.dot_i16x8_s(v, x));
    w += 64; x0 += 8; x1 += 8; x2 += 8; x3 += 8;
  }
  v128.store(acc, a0, 0); v128.store(acc, b0, 16); v128.store(acc1, a1, 0); v128.store(acc1, b1, 16);
  v128.store(acc2, a2, 0); v128.store(acc2, b2, 16); v128.store(acc3, a3, 0); v128.store(acc3, b3, 16);
}

/** A panel of four filters. */
function narrow(x0: usize, x1: usize, x2: usize, x3: usize, w: usize, pairs: i32, acc: usize, width: usize): void {
  const acc1 = acc + width, acc2 = acc1 + width, acc3 = acc2 + width;
  let a0 = v128.load(acc), a1 = v128.load(acc1), a2 = v128.load(acc2), a3 = v128.load(acc3);
  for (; pairs > 0; --pairs) {
    const u = v128.load(w);
    a0 = i32x4.add(a0, dot(u, x0)); a1 = i32x4.add(a1, dot(u, x1));
    a2 = i32x4.add(a2, dot(u, x2)); a3 = i32x4.add(a3, dot(u, x3));
    w += 16; x0 += 4; x1 += 4; x2 += 4; x3 += 4;
  }
  v128.store(acc, a0); v128.store(acc1, a1); v128.store(acc2, a2); v128.store(acc3, a3);
}

// Two products of i16 have a sum from −2·32768·32767 to 2³¹, which alone does not fit i32. Raised by this it fits u32.
@inline const RAISE: i32 = 2147418112;

/** Pairs' sums of four filters on accumulators of i64; raised by RAISE each, which the caller takes off. */
@inline function lift(w: v128, x: usize): v128 { return i32x4.add(dot(w, x), i32x4.splat(RAISE)); }

/** Two pixels by four filters, i64. `step`: bytes of a pair in the panel. */
function long(x0: usize, x1: usize, w: usize, step: usize, pairs: i32, acc: usize, width: usize): void {
  const acc1 = acc + width, raised = i64x2.splat(<i64>pairs * <i64>RAISE);
  let a0 = i64x2.sub(v128.load(acc, 0), raised), b0 = i64x2.sub(v128.load(acc, 16), raised);
  let a1 = i64x2.sub(v128.load(acc1, 0), raised), b1 = i64x2.sub(v128.load(acc1, 16), raised);
  for (; pairs > 0; --pairs) {
    const u = v128.load(w);
    let d = lift(u, x0);
    a0 = i64x2.add(a0, i64x2.extend_low_i32x4_u(d)); b0 = i64x2.add(b0, i64x2.extend_high_i32x4_u(d));
    d = lift(u, x1);
    a1 = i64x2.add(a1, i64x2.extend_low_i32x4_u(d)); b1 = i64x2.add(b1, i64x2.extend_high_i32x4_u(d));
    w += step; x0 += 4; x1 += 4;
  }
  v128.store(acc, a0, 0); v128.store(acc, b0, 16); v128.store(acc1, a1, 0); v128.store(acc1, b1, 16);
}

/**
 * Pixels × filters of one group. `x`: rows of `row` bytes of packed neurons, `count` of them, and what follows the last may be
 * read; `w`: packed weights; `pairs`: even; `acc`: accumulators, `width` bytes a pixel, room for a multiple of four pixels and
 * of eight filters. `isLong`: they are of 64 bits.
 */
export function multiplyIntegers(
  x: usize, row: usize, count: i32, w: usize, filters: i32, pairs: i32, acc: usize, width: usize, isLong: bool,
): void {
  const panel = <usize>pairs << 5;
  for (let k = 0; k < pairs; k += BLOCK) {
    const n = min(BLOCK, pairs - k);
    for (let f = 0; f < filters; f += 8) {
      const isWide = filters - f > 4;
      const step: usize = isWide ? 32 : 16;
      const from = w + <usize>(f >> 3) * panel + <usize>k * step;
      const to = acc + (<usize>f << (isLong ? 3 : 2));
      for (let p = 0; p < count; p += 4) {
        const x0 = x + <usize>p * row + (<usize>k << 2);
        const x1 = p + 1 < count ? x0 + row : x0, x2 = p + 2 < count ? x1 + row : x0, x3 = p + 3 < count ? x2 + row : x0;
        const at = to + <usize>p * width;
        if (isLong) {
          long(x0, x1, from, step, n, at, width); long(x2, x3, from, step, n, at + 2 * width, width);
          if (isWide) {
            long(x0, x1, from + 16, step, n, at + 32, width); long(x2, x3, from + 16, step, n, at + 2 * width + 32, width);
          }
        } else if (isWide) wide(x0, x1, x2, x3, from, n, at, width);
        else narrow(x0, x1, x2, x3, from, n, at, width);
      }
    }
  }
}
