// The `dot` unit: chunks of up to Ti products meet in a balanced tree of adjacent lanes, then the accumulator. One tile is
// two pixels by four filters, so that each weight vector serves twice and all partial sums of a tree stay in registers.
// Unused lanes hold +0. Adding them changes nothing but a sum of −0, so trees leave them out and end with one + 0.
import { SEGMENT, chunksOf, neuronsOf, restOf, weightsOf } from './segments';

/** Two adjacent lanes of one output. */
@inline function pair(w0: v128, w1: v128, x: usize): v128 {
  return f32x4.add(f32x4.mul(w0, v128.load32_splat(x, 0)), f32x4.mul(w1, v128.load32_splat(x, 4)));
}

/** Trees over 1 … 16 lanes for both pixels of a tile: x0, x1 neurons, w weight rows `row` bytes apart; sums go to `out`. */
@inline function tree1(x0: usize, x1: usize, w: usize, out: usize): void {
  const w0 = v128.load(w);
  v128.store(out, f32x4.mul(w0, v128.load32_splat(x0)), 0);
  v128.store(out, f32x4.mul(w0, v128.load32_splat(x1)), 16);
}

@inline function tree2(x0: usize, x1: usize, w: usize, row: usize, out: usize): void {
  const w0 = v128.load(w), w1 = v128.load(w + row);
  v128.store(out, pair(w0, w1, x0), 0);
  v128.store(out, pair(w0, w1, x1), 16);
}

@inline function tree4(x0: usize, x1: usize, w: usize, row: usize, out: usize): void {
  let u = v128.load(w), v = v128.load(w + row);
  const a0 = pair(u, v, x0), b0 = pair(u, v, x1);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  v128.store(out, f32x4.add(a0, pair(u, v, x0 + 8)), 0);
  v128.store(out, f32x4.add(b0, pair(u, v, x1 + 8)), 16);
}

@inline function tree8(x0: usize, x1: usize, w: usize, row: usize, out: usize): void {
  let u = v128.load(w), v = v128.load(w + row);
  let a0 = pair(u, v, x0), b0 = pair(u, v, x1);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  a0 = f32x4.add(a0, pair(u, v, x0 + 8)); b0 = f32x4.add(b0, pair(u, v, x1 + 8));
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  const a1 = pair(u, v, x0 + 16), b1 = pair(u, v, x1 + 16);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  v128.store(out, f32x4.add(a0, f32x4.add(a1, pair(u, v, x0 + 24))), 0);
  v128.store(out, f32x4.add(b0, f32x4.add(b1, pair(u, v, x1 + 24))), 16);
}

@inline function tree16(x0: usize, x1: usize, w: usize, row: usize, out: usize): void {
  let u = v128.load(w), v = v128.load(w + row);
  let a0 = pair(u, v, x0), b0 = pair(u, v, x1);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  a0 = f32x4.add(a0, pair(u, v, x0 + 8)); b0 = f32x4.add(b0, pair(u, v, x1 + 8));
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  let a1 = pair(u, v, x0 + 16), b1 = pair(u, v, x1 + 16);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  a0 = f32x4.add(a0, f32x4.add(a1, pair(u, v, x0 + 24))); b0 = f32x4.add(b0, f32x4.add(b1, pair(u, v, x1 + 24)));
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  let a2 = pair(u, v, x0 + 32), b2 = pair(u, v, x1 + 32);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  a2 = f32x4.add(a2, pair(u, v, x0 + 40)); b2 = f32x4.add(b2, pair(u, v, x1 + 40));
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  a1 = pair(u, v, x0 + 48); b1 = pair(u, v, x1 + 48);
  w += 2 * row;
  u = v128.load(w); v = v128.load(w + row);
  v128.store(out, f32x4.add(a0, f32x4.add(a2, f32x4.add(a1, pair(u, v, x0 + 56)))), 0);
  v128.store(out, f32x4.add(b0, f32x4.add(b2, f32x4.add(b1, pair(u, v, x1 + 56)))), 16);
}

/** Tree over any number of lanes: the largest power of two below goes left, the others right. */
function tree(x0: usize, x1: usize, w: usize, row: usize, lanes: i32, out: usize): void {
  if (lanes == 16) tree16(x0, x1, w, row, out);
  else if (lanes == 8) tree8(x0, x1, w, row, out);
  else if (lanes == 4) tree4(x0, x1, w, row, out);
  else if (lanes == 2) tree2(x0, x1, w, row, out);
  else if (lanes == 1) tree1(x0, x1, w, out);
  else {
    const left = 1 << (31 - clz(lanes - 1));
    const bytes = <usize>left << 2;
    tree(x0, x1, w, row, left, out);
    tree(x0 + bytes, x1 + bytes, w + <usize>left * row, row, lanes - left, out + 32);
    v128.store(out, f32x4.add(v128.load(out, 0), v128.load(out, 32)), 0);
    v128.store(out, f32x4.add(v128.load(out, 16), v128.load(out, 48)), 16);
  }
}

/** One tile over the segments of a block: the accumulators at acc0 and acc1 are read, added to, and written back. */
function tile(
  x0: usize, x1: usize, w: usize, row: usize, lanes: i32, from: usize, to: usize, acc0: usize, acc1: usize, out: usize,
): void {
  let a = v128.load(acc0), b = v128.load(acc1);
  for (let s = from; s < to; s += SEGMENT) {
    let u = x0 + neuronsOf(s), v = x1 + neuronsOf(s), rows = w + weightsOf(s) * row;
    const bytes = <usize>lanes << 2;
    if (lanes == 16) {
      for (let i = chunksOf(s); i > 0; --i) {
        tree16(u, v, rows, row, out);
        a = f32x4.add(a, v128.load(out, 0)); b = f32x4.add(b, v128.load(out, 16));
        u += 64; v += 64; rows += 16 * row;
      }
    } else {
      for (let i = chunksOf(s); i > 0; --i) {
        tree(u, v, rows, row, lanes, out);
        a = f32x4.add(a, v128.load(out, 0)); b = f32x4.add(b, v128.load(out, 16));
        u += bytes; v += bytes; rows += <usize>lanes * row;
      }
    }
    const rest = restOf(s);
    if (rest > 0) {
      tree(u, v, rows, row, rest, out);
      const zero = f32x4.splat(0);
      a = f32x4.add(a, f32x4.add(v128.load(out, 0), zero)); b = f32x4.add(b, f32x4.add(v128.load(out, 16), zero));
    }
  }
  v128.store(acc0, a); v128.store(acc1, b);
}

/**
 * Pixels × filters of one group over one list of segments. `pixels`: u32 address of each pixel's neurons, `count` of
 * them; `w`: the group's weights, rows of `row` bytes; `vectors`: filters ÷ 4, rounded up; `acc`: accumulators, `vectors`
 * vectors a pixel; `out`: room for partial sums, 32 bytes a level of the tree.
 */
export function dotBlock(
  pixels: usize, count: i32, w: usize, row: usize, vectors: i32, lanes: i32, from: usize, to: usize, acc: usize, out: usize,
): void {
  const width = <usize>vectors << 4;
  for (let p = 0; p < count; p += 2) {
    const x0 = <usize>load<u32>(pixels + (<usize>p << 2));
    const single = p + 1 == count;
    // A single last pixel runs beside itself; the second accumulator is then scratch.
    const x1 = single ? x0 : <usize>load<u32>(pixels + (<usize>p << 2), 4);
    let acc0 = acc + <usize>p * width, acc1 = acc0 + width;
    for (let v = 0; v < vectors; ++v) {
      tile(x0, x1, w + (<usize>v << 4), row, lanes, from, to, acc0, acc1, out);
      acc0 += 16; acc1 += 16;
    }
  }
}
