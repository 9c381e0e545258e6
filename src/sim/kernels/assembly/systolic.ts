// The `systolic` unit: down a column each chunk is the chain ((0 + x0) + x1) + …, then the accumulator. One tile is four
// pixels by eight filters: eight chains run side by side, so that the latency of an addition is hidden.
// Unused rows hold +0; a chain that began with +0 is never −0, so adding them changes nothing and they are left out.
import { SEGMENT, chunksOf, neuronsOf, restOf, weightsOf } from './segments';

function tile(
  x0: usize, x1: usize, x2: usize, x3: usize, w: usize, row: usize, lanes: i32, from: usize, to: usize,
  acc: usize, width: usize,
): void {
  for (let s = from; s < to; s += SEGMENT) {
    const offset = neuronsOf(s);
    let p0 = x0 + offset, p1 = x1 + offset, p2 = x2 + offset, p3 = x3 + offset, rows = w + weightsOf(s) * row;
    const chunks = chunksOf(s), all = chunks + i32(restOf(s) > 0);
    for (let i = 0; i < all; ++i) {
      let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
      for (let n = i < chunks ? lanes : restOf(s); n > 0; --n) {
        const u = v128.load(rows, 0), v = v128.load(rows, 16);
        let x = v128.load32_splat(p0);
        a0 = f32x4.add(a0, f32x4.mul(u, x)); b0 = f32x4.add(b0, f32x4.mul(v, x));
        x = v128.load32_splat(p1);
        a1 = f32x4.add(a1, f32x4.mul(u, x)); b1 = f32x4.add(b1, f32x4.mul(v, x));
        x = v128.load32_splat(p2);
        a2 = f32x4.add(a2, f32x4.mul(u, x)); b2 = f32x4.add(b2, f32x4.mul(v, x));
        x = v128.load32_splat(p3);
        a3 = f32x4.add(a3, f32x4.mul(u, x)); b3 = f32x4.add(b3, f32x4.mul(v, x));
        p0 += 4; p1 += 4; p2 += 4; p3 += 4; rows += row;
      }
      let at = acc;
      v128.store(at, f32x4.add(v128.load(at, 0), a0), 0); v128.store(at, f32x4.add(v128.load(at, 16), b0), 16);
      at += width;
      v128.store(at, f32x4.add(v128.load(at, 0), a1), 0); v128.store(at, f32x4.add(v128.load(at, 16), b1), 16);
      at += width;
      v128.store(at, f32x4.add(v128.load(at, 0), a2), 0); v128.store(at, f32x4.add(v128.load(at, 16), b2), 16);
      at += width;
      v128.store(at, f32x4.add(v128.load(at, 0), a3), 0); v128.store(at, f32x4.add(v128.load(at, 16), b3), 16);
    }
  }
}

/** As `dotBlock`, with `vectors` even and room for accumulators of a multiple of four pixels. */
export function systolicBlock(
  pixels: usize, count: i32, w: usize, row: usize, vectors: i32, lanes: i32, from: usize, to: usize, acc: usize,
): void {
  const width = <usize>vectors << 4;
  for (let p = 0; p < count; p += 4) {
    const at = pixels + (<usize>p << 2);
    const x0 = <usize>load<u32>(at);
    const x1 = p + 1 < count ? <usize>load<u32>(at, 4) : x0;
    const x2 = p + 2 < count ? <usize>load<u32>(at, 8) : x0;
    const x3 = p + 3 < count ? <usize>load<u32>(at, 12) : x0;
    for (let v = 0; v < vectors; v += 2) {
      tile(x0, x1, x2, x3, w + (<usize>v << 4), row, lanes, from, to, acc + <usize>p * width + (<usize>v << 4), width);
    }
  }
}
