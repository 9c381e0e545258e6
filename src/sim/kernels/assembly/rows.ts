// What surrounds a block of multiply-accumulates: packing neurons that are not contiguous, taking accumulators from ARAM,
// leaving them there, or draining them to NRAM with bias and activation.

/** For each of `count` pixels copies the neurons at `offsets` (u32 byte offsets, `elements` of them) side by side. */
export function gather(pixels: usize, count: i32, offsets: usize, elements: i32, to: usize): void {
  for (let p = 0; p < count; ++p) {
    const x = <usize>load<u32>(pixels + (<usize>p << 2));
    for (let k = 0; k < elements; ++k) {
      store<u32>(to, load<u32>(x + <usize>load<u32>(offsets + (<usize>k << 2))));
      to += 4;
    }
  }
}

/** Accumulators of `count` pixels, `filters` each, from entries `stride` bytes apart into rows `width` bytes apart. */
export function fetchRows(from: usize, stride: usize, to: usize, width: usize, count: i32, filters: i32): void {
  copyRows(from, stride, to, width, count, filters);
}

/** The other way. */
export function keepRows(from: usize, width: usize, to: usize, stride: usize, count: i32, filters: i32): void {
  copyRows(from, width, to, stride, count, filters);
}

@inline function copyRows(from: usize, step: usize, to: usize, width: usize, count: i32, filters: i32): void {
  for (let p = 0; p < count; ++p) {
    let n = 0;
    for (; n + 4 <= filters; n += 4) v128.store(to + (<usize>n << 2), v128.load(from + (<usize>n << 2)));
    for (; n < filters; ++n) store<u32>(to + (<usize>n << 2), load<u32>(from + (<usize>n << 2)));
    from += step; to += width;
  }
}

@inline const CLAMP: i32 = 1;
@inline const LEAKY: i32 = 2;

/**
 * act(acc + bias) of `count` pixels to the addresses in `outputs` (u32). `bias` 0: none.
 * act 1: x < p0 ? p0 : x > p1 ? p1 : x; act 2: x < 0 ? p0·x : x.
 */
export function drainRows(
  from: usize, width: usize, outputs: usize, count: i32, filters: i32, bias: usize, act: i32, p0: f32, p1: f32,
): void {
  const low = f32x4.splat(p0), high = f32x4.splat(p1), zero = f32x4.splat(0);
  for (let p = 0; p < count; ++p) {
    const to = <usize>load<u32>(outputs + (<usize>p << 2));
    for (let n = 0; n < filters; n += 4) {
      const offset = <usize>n << 2;
      let x = v128.load(from + offset);
      if (bias != 0) x = f32x4.add(x, v128.load(bias + offset));
      if (act == CLAMP) {
        const below = f32x4.lt(x, low), above = f32x4.gt(x, high);
        x = v128.bitselect(low, v128.bitselect(high, x, above), below);
      } else if (act == LEAKY) {
        x = v128.bitselect(f32x4.mul(low, x), x, f32x4.lt(x, zero));
      }
      if (n + 4 <= filters) v128.store(to + offset, x);
      else {
        const rest = filters - n;
        f32.store(to + offset, f32x4.extract_lane(x, 0));
        if (rest > 1) f32.store(to + offset, f32x4.extract_lane(x, 1), 4);
        if (rest > 2) f32.store(to + offset, f32x4.extract_lane(x, 2), 8);
      }
    }
    from += width;
  }
}
