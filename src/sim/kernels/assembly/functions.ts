// The functions and accumulations of the vector unit over strips of contiguous elements, by their codes in
// isa/instructions/vec.ts.
import { erf4, exp4, log4, sigmoid4, softplus4, tanh4 } from './transcendental';

/** F of four elements. */
@inline function apply(f: i32, a: v128, b: v128): v128 {
  const one = f32x4.splat(1);
  switch (f) {
    case 1: return f32x4.add(a, b);
    case 2: return f32x4.sub(a, b);
    case 3: return f32x4.mul(a, b);
    case 4: return f32x4.div(a, b);
    case 5: return f32x4.max(a, b);
    case 6: return f32x4.min(a, b);
    case 7: return v128.bitselect(f32x4.mul(b, a), a, f32x4.lt(a, f32x4.splat(0)));
    case 8: return exp4(a);
    case 9: return log4(a);
    case 10: return f32x4.sqrt(a);
    case 11: return f32x4.div(one, a);
    case 12: return sigmoid4(a);
    case 13: return tanh4(a);
    case 14: return f32x4.abs(a);
    case 15: return f32x4.neg(a);
    case 16: return v128.and(one, f32x4.gt(a, b));
    case 17: return v128.and(one, f32x4.ge(a, b));
    case 18: return v128.and(one, f32x4.lt(a, b));
    case 19: return v128.and(one, f32x4.le(a, b));
    case 20: return v128.and(one, f32x4.eq(a, b));
    case 21: return v128.and(one, f32x4.ne(a, b));
    case 24: return f32x4.nearest(a);
    case 25: return f32x4.floor(a);
    case 26: return f32x4.ceil(a);
    case 27: return f32x4.trunc(a);
    case 28: return f32x4.div(one, f32x4.sqrt(a));
    case 29: return erf4(a);
    case 30: return softplus4(a);
    default: return a;
  }
}

/** to[i] = F(a[i], b[i]) for whole vectors of four; a step of 0 repeats one vector. */
@inline function loop(f: i32, a: usize, stepA: usize, b: usize, stepB: usize, to: usize, vectors: i32): void {
  for (; vectors > 0; --vectors) {
    v128.store(to, apply(f, v128.load(a), v128.load(b)));
    a += stepA; b += stepB; to += 16;
  }
}

/** As `loop`, with one loop for each function, so that nothing is decided inside. */
export function compute(f: i32, a: usize, stepA: usize, b: usize, stepB: usize, to: usize, vectors: i32): void {
  switch (f) {
    case 0: loop(0, a, stepA, b, stepB, to, vectors); break;
    case 1: loop(1, a, stepA, b, stepB, to, vectors); break;
    case 2: loop(2, a, stepA, b, stepB, to, vectors); break;
    case 3: loop(3, a, stepA, b, stepB, to, vectors); break;
    case 4: loop(4, a, stepA, b, stepB, to, vectors); break;
    case 5: loop(5, a, stepA, b, stepB, to, vectors); break;
    case 6: loop(6, a, stepA, b, stepB, to, vectors); break;
    case 7: loop(7, a, stepA, b, stepB, to, vectors); break;
    default: loop(f, a, stepA, b, stepB, to, vectors);
  }
}

/** a ⊕ b: 1 add, 2 max, 3 min, 4 mul; 0 b alone. */
@inline export function meet(op: i32, a: v128, b: v128): v128 {
  switch (op) {
    case 1: return f32x4.add(a, b);
    case 2: return f32x4.max(a, b);
    case 3: return f32x4.min(a, b);
    case 4: return f32x4.mul(a, b);
    default: return b;
  }
}

@inline export function meetOne(op: i32, a: f32, b: f32): f32 {
  switch (op) {
    case 1: return a + b;
    case 2: return max<f32>(a, b);
    case 3: return min<f32>(a, b);
    case 4: return a * b;
    default: return b;
  }
}

/** Identity of ⊕. */
@inline export function identity(op: i32): f32 {
  return op == 2 ? -Infinity : op == 3 ? Infinity : op == 4 ? 1 : 0;
}

/** c[i] = (first ? identity : c[i]) ⊕ v[i] for n elements, c `stride` bytes apart. */
export function accumulate(op: i32, first: bool, c: usize, stride: usize, v: usize, n: i32): void {
  const start = identity(op);
  if (stride == 4) {
    const starts = f32x4.splat(start);
    for (; n >= 4; n -= 4) {
      v128.store(c, meet(op, first ? starts : v128.load(c), v128.load(v)));
      c += 16; v += 16;
    }
  }
  for (; n > 0; --n) {
    f32.store(c, meetOne(op, first ? start : f32.load(c), f32.load(v)));
    c += stride; v += 4;
  }
}

/** n words, `stride` bytes apart, side by side. */
export function pack(from: usize, stride: usize, to: usize, n: i32): void {
  for (; n > 0; --n) {
    store<u32>(to, load<u32>(from));
    from += stride; to += 4;
  }
}

/** n words from side by side to `stride` bytes apart, in order. */
export function spread(from: usize, to: usize, stride: usize, n: i32): void {
  for (; n > 0; --n) {
    store<u32>(to, load<u32>(from));
    from += 4; to += stride;
  }
}
