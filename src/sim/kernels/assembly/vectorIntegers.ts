// The functions and accumulations of the vector unit on 32-bit integers, by their codes in isa/instructions/vec.ts: wrapping
// ones four at a time, those that saturate or have no vector form one by one.

/** F of four integers, wrapping. */
@inline function apply(f: i32, a: v128, b: v128): v128 {
  const one = i32x4.splat(1), zero = i32x4.splat(0);
  switch (f) {
    case 1: return i32x4.add(a, b);
    case 2: return i32x4.sub(a, b);
    case 3: return i32x4.mul(a, b);
    case 5: return i32x4.max_s(a, b);
    case 6: return i32x4.min_s(a, b);
    case 7: return v128.bitselect(i32x4.mul(b, a), a, i32x4.lt_s(a, zero));
    case 14: return i32x4.abs(a);
    case 15: return i32x4.neg(a);
    case 16: return v128.and(one, i32x4.gt_s(a, b));
    case 17: return v128.and(one, i32x4.ge_s(a, b));
    case 18: return v128.and(one, i32x4.lt_s(a, b));
    case 19: return v128.and(one, i32x4.le_s(a, b));
    case 20: return v128.and(one, i32x4.eq(a, b));
    case 21: return v128.and(one, i32x4.ne(a, b));
    case 33: return v128.and(a, b);
    case 34: return v128.or(a, b);
    case 35: return v128.xor(a, b);
    case 36: return v128.not(a);
    default: return a;
  }
}

@inline function fit(saturate: bool, exact: i64): i32 {
  if (saturate) return <i32>max<i64>(min<i64>(exact, i32.MAX_VALUE), i32.MIN_VALUE);
  return <i32>exact;
}

/** F of one integer, where that is not left to `apply`. */
function applyOne(f: i32, saturate: bool, x: i32, y: i32): i32 {
  const a = <i64>x, b = <i64>y;
  switch (f) {
    case 1: return fit(saturate, a + b);
    case 2: return fit(saturate, a - b);
    case 3: return fit(saturate, a * b);
    case 4: return y == 0 ? -1 : fit(saturate, a / b);
    case 7: return x < 0 ? fit(saturate, a * b) : x;
    case 14: return fit(saturate, x < 0 ? -a : a);
    case 15: return fit(saturate, -a);
    case 37: return fit(saturate, a << (b & 31));
    default: return x >> (y & 31);
  }
}

/** Whether F is one that 32 bits may not hold, or none of vectors. */
@inline function isSingle(f: i32, saturate: bool): bool {
  const overflows = f == 1 || f == 2 || f == 3 || f == 7 || f == 14 || f == 15;
  return f == 4 || f == 37 || f == 38 || (saturate && overflows);
}

/** to[i] = F(a[i], b[i]) for whole vectors of four; a step of 0 repeats one vector. */
export function computeIntegers(
  f: i32, saturate: bool, a: usize, stepA: usize, b: usize, stepB: usize, to: usize, vectors: i32,
): void {
  if (isSingle(f, saturate)) {
    for (; vectors > 0; --vectors) {
      for (let lane: usize = 0; lane < 16; lane += 4) {
        store<i32>(to + lane, applyOne(f, saturate, load<i32>(a + lane), load<i32>(b + lane)));
      }
      a += stepA; b += stepB; to += 16;
    }
    return;
  }
  for (; vectors > 0; --vectors) {
    v128.store(to, apply(f, v128.load(a), v128.load(b)));
    a += stepA; b += stepB; to += 16;
  }
}

/** x ⊕ y: 1 add, 2 max, 3 min, 4 mul. */
@inline export function meetInteger(op: i32, saturate: bool, x: i32, y: i32): i32 {
  if (op == 2) return max<i32>(x, y);
  if (op == 3) return min<i32>(x, y);
  const a = <i64>x, b = <i64>y;
  return fit(saturate, op == 1 ? a + b : a * b);
}

/** Identity of ⊕. */
@inline export function integerIdentity(op: i32): i32 {
  return op == 2 ? i32.MIN_VALUE : op == 3 ? i32.MAX_VALUE : op == 4 ? 1 : 0;
}

/** y[i] = x[i] ⊕ y[i] for whole vectors of four. */
export function meetIntegers(op: i32, saturate: bool, x: usize, y: usize, vectors: i32): void {
  for (; vectors > 0; --vectors) {
    const a = v128.load(x), b = v128.load(y);
    if (op == 2) v128.store(y, i32x4.max_s(a, b));
    else if (op == 3) v128.store(y, i32x4.min_s(a, b));
    else if (!saturate) v128.store(y, op == 1 ? i32x4.add(a, b) : i32x4.mul(a, b));
    else {
      for (let lane: usize = 0; lane < 16; lane += 4) {
        store<i32>(y + lane, meetInteger(op, true, load<i32>(x + lane), load<i32>(y + lane)));
      }
    }
    x += 16; y += 16;
  }
}
