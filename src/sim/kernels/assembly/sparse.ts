// `mma.sparse`: each filter has neurons of its own, so four filters gather theirs, row after row of kept weights. Products of a
// chunk meet in a balanced tree of adjacent lanes (`dot`) or down a column (`systolic`), then the accumulator, which never is −0:
// lanes without a product, which hold +0, can therefore be left out.

/** Neurons of four filters: `offsets` has a byte offset for each, from the pixel at `x`. */
@inline function neurons(x: usize, offsets: usize): v128 {
  let v = v128.load32_splat(x + <usize>load<u32>(offsets, 0));
  v = v128.load32_lane(x + <usize>load<u32>(offsets, 4), v, 1);
  v = v128.load32_lane(x + <usize>load<u32>(offsets, 8), v, 2);
  return v128.load32_lane(x + <usize>load<u32>(offsets, 12), v, 3);
}

/** Products of row `r`; +0 for filters that keep no more than `r` weights. */
@inline function products(x: usize, w: usize, offsets: usize, kept: v128, r: i32): v128 {
  return v128.and(f32x4.mul(v128.load(w), neurons(x, offsets)), i32x4.gt_s(kept, i32x4.splat(r)));
}

/**
 * Pixels × filters of one group over `rows` rows of kept weights, of which `run` at a time are cut into chunks of up to `lanes`.
 * `pixels`: u32 address of each pixel's neurons, `count` of them; `w`: values, rows of `row` bytes; `offsets`, `kept`, `acc`: for
 * each row, once, and for each pixel `vectors` vectors of four filters; `stack`: 16 bytes a level of the tree.
 */
export function sparseBlock(
  pixels: usize, count: i32, w: usize, row: usize, vectors: i32, lanes: i32, rows: i32, run: i32,
  offsets: usize, kept: usize, acc: usize, stack: usize, chain: bool,
): void {
  const width = <usize>vectors << 4;
  for (let p = 0; p < count; ++p) {
    const x = <usize>load<u32>(pixels + (<usize>p << 2));
    for (let v = 0; v < vectors; ++v) {
      const column = <usize>v << 4;
      const limit = v128.load(kept + column);
      let sum = v128.load(acc + column);
      for (let start = 0; start < rows; start += run) {
        const end = min(start + run, rows);
        for (let first = start; first < end; first += lanes) {
          const last = min(first + lanes, end);
          let weights = w + <usize>first * row + column, places = offsets + <usize>first * width + column;
          if (chain) {
            let chunk = f32x4.splat(0);
            for (let r = first; r < last; ++r) {
              chunk = f32x4.add(chunk, products(x, weights, places, limit, r));
              weights += row; places += width;
            }
            sum = f32x4.add(sum, chunk);
            continue;
          }
          // A sum of 2ᵏ adjacent products stands at level k until its neighbour is there.
          let top = stack;
          for (let r = first; r < last; ++r) {
            let value = products(x, weights, places, limit, r);
            for (let n = r - first; n & 1; n >>= 1) {
              top -= 16;
              value = f32x4.add(v128.load(top), value);
            }
            v128.store(top, value);
            top += 16;
            weights += row; places += width;
          }
          top -= 16;
          let tree = v128.load(top);
          while (top > stack) {
            top -= 16;
            tree = f32x4.add(v128.load(top), tree);
          }
          sum = f32x4.add(sum, tree);
        }
      }
      v128.store(acc + column, sum);
    }
    acc += width;
  }
}
