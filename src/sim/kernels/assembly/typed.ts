// Rows of the vector unit with types: elements come in as 32-bit lanes, are computed as f32 or as 32-bit integers, become what
// C's type computes, meet C, and go out as elements.
import { clamped, copyElement, copyElements, F32, I32, isFloat, least, narrow, sizeShift, widen } from './elements';
import { compute, identity, meet, meetOne } from './functions';
import { computeIntegers, integerIdentity, meetInteger, meetIntegers } from './vectorIntegers';
import { shift, size, strideA, strideB, strideC, word } from './job';

@inline const SELECT: i32 = 22;
@inline const UNLESS: i32 = 23;
@inline const QUANT: i32 = 31;
@inline const DEQUANT: i32 = 32;
@inline const SHL: i32 = 37;

@inline function typeOfB(job: usize): i32 {
  const f = word(job, 0);
  return f == QUANT || f == DEQUANT ? F32 : word(job, 28);
}

/** A row's operand as lanes: `n` of them, or one vector repeated where it does not advance. */
@inline function lanesOf(type: i32, from: usize, stride: usize, to: usize, n: i32): void {
  widen(type, from, stride, to, stride == 0 ? 1 : n);
  if (stride == 0) v128.store(to, v128.load32_splat(to));
}

@inline function lanesOfB(job: usize, b: usize, to: usize, n: i32): void {
  if (word(job, 32) == 2) v128.store(to, v128.load32_splat(b));
  else lanesOf(typeOfB(job), b, strideB(job, 0), to, n);
}

/** trunc_sat of four: toward zero, the nearest where out of range, NaN 0. */
@inline function toIntegers(at: usize, vectors: i32): void {
  for (; vectors > 0; --vectors) {
    v128.store(at, i32x4.trunc_sat_f32x4_s(v128.load(at)));
    at += 16;
  }
}

@inline function toFloats(at: usize, vectors: i32): void {
  for (; vectors > 0; --vectors) {
    v128.store(at, f32x4.convert_i32x4_s(v128.load(at)));
    at += 16;
  }
}

/** Integers plus one number, stopping at the ends of 32 bits. */
@inline function plus(x: v128, y: i32): v128 {
  const other = i32x4.splat(y), sum = i32x4.add(x, other);
  // Overflow: both have the sign that the sum has not.
  const over = i32x4.shr_s(v128.and(v128.xor(x, sum), v128.xor(other, sum)), 31);
  return v128.bitselect(v128.xor(i32x4.shr_s(x, 31), i32x4.splat(i32.MAX_VALUE)), sum, over);
}

function quantize(type: i32, zero: i32, a: usize, stepA: usize, b: usize, stepB: usize, to: usize, vectors: i32): void {
  const nothing = i32x4.splat(least(type));
  for (; vectors > 0; --vectors) {
    const q = f32x4.div(v128.load(a), v128.load(b));
    const x = clamped(type, plus(i32x4.trunc_sat_f32x4_s(f32x4.nearest(q)), zero));
    v128.store(to, v128.bitselect(x, nothing, f32x4.eq(q, q)));
    a += stepA; b += stepB; to += 16;
  }
}

function dequantize(
  saturate: bool, zero: i32, a: usize, stepA: usize, b: usize, stepB: usize, to: usize, vectors: i32,
): void {
  const other = i32x4.splat(zero);
  for (; vectors > 0; --vectors) {
    const x = v128.load(a);
    let difference = i32x4.sub(x, other);
    if (saturate) {
      const over = i32x4.shr_s(v128.and(v128.xor(x, other), v128.xor(x, difference)), 31);
      difference = v128.bitselect(v128.xor(i32x4.shr_s(x, 31), i32x4.splat(i32.MAX_VALUE)), difference, over);
    }
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(difference), v128.load(b)));
    a += stepA; b += stepB; to += 16;
  }
}

/** F of n elements of a row as lanes at `to`, in what C's type computes. `x`, `y`: room for a strip each. */
function values(job: usize, a: usize, b: usize, n: i32, x: usize, y: usize, to: usize): void {
  const f = word(job, 0), type = word(job, 28), result = word(job, 29), saturate = word(job, 30) != 0;
  const stepA: usize = strideA(job, 0) == 0 ? 0 : 16;
  const stepB: usize = word(job, 32) == 2 || strideB(job, 0) == 0 ? 0 : 16;
  const vectors = (n + 3) >> 2;
  lanesOf(type, a, strideA(job, 0), x, n);
  if (word(job, 32) != 0) lanesOfB(job, b, y, n);
  let float = isFloat(type);
  if (f == QUANT) {
    if (!float) toFloats(x, stepA == 0 ? 1 : vectors);
    quantize(result, word(job, 31), x, stepA, y, stepB, to, vectors);
    float = false;
  } else if (f == DEQUANT) {
    dequantize(saturate, word(job, 31), x, stepA, y, stepB, to, vectors);
    float = true;
  } else if (float) {
    compute(f, x, stepA, y, stepB, to, vectors);
  } else {
    // Of two elements of 8 or 16 bits nothing leaves 32, but for a shift.
    const mayOverflow = saturate && (type == I32 || word(job, 32) == 2 || f == SHL);
    computeIntegers(f, mayOverflow, x, stepA, y, stepB, to, vectors);
  }
  if (float && !isFloat(result)) toIntegers(to, vectors);
  if (!float && isFloat(result)) toFloats(to, vectors);
}

export function typedRow(job: usize, a: usize, b: usize, c: usize, op: i32, first: bool, room: usize): void {
  const f = word(job, 0), type = word(job, 28), result = word(job, 29), saturate = word(job, 30) != 0;
  const strip = word(job, 7), bytes = <usize>strip << 2;
  const sa = strideA(job, 0), sb = strideB(job, 0), sc = strideC(job, 0);
  const roomB = room + bytes, roomV = roomB + bytes, roomC = roomV + bytes;
  for (let left = size(job, 0); left > 0; left -= strip) {
    const n = min(left, strip);
    if (f == SELECT || f == UNLESS) {
      selectRow(job, a, b, c, n, f == UNLESS, room);
    } else if (f == 0 && op == 0 && type == result) {
      copyElements(sizeShift(type), a, sa, c, sc, n);
    } else {
      values(job, a, b, n, room, roomB, roomV);
      if (op != 0) meetRow(result, op, saturate, first, c, sc, roomC, roomV, n);
      narrow(result, saturate, roomV, c, sc, n);
    }
    a += sa << shift(strip); b += sb << shift(strip); c += sc << shift(strip);
  }
}

/** v[i] = (first ? identity : c[i]) ⊕ v[i]. */
function meetRow(
  result: i32, op: i32, saturate: bool, first: bool, c: usize, sc: usize, roomC: usize, v: usize, n: i32,
): void {
  const vectors = (n + 3) >> 2, float = isFloat(result);
  if (first) {
    const start = float ? f32x4.splat(identity(op)) : i32x4.splat(integerIdentity(op));
    for (let i = 0; i < vectors; ++i) v128.store(roomC + (<usize>i << 4), start);
  } else widen(result, c, sc, roomC, n);
  if (!float) {
    meetIntegers(op, saturate, roomC, v, vectors);
    return;
  }
  for (let i = 0; i < vectors; ++i) {
    const at = <usize>i << 4;
    v128.store(v + at, meet(op, v128.load(roomC + at), v128.load(v + at)));
  }
}

/** c[i] = b[i] where a[i] is not 0 (or is), in order. */
function selectRow(job: usize, a: usize, b: usize, c: usize, n: i32, unless: bool, room: usize): void {
  const type = word(job, 28), result = word(job, 29), mode = word(job, 32), saturate = word(job, 30) != 0;
  const bytes = <usize>word(job, 7) << 2, vectors = (n + 3) >> 2;
  const roomB = room + bytes, elements = roomB + bytes;
  const sc = strideC(job, 0), shiftC = sizeShift(result);
  const mask: u32 = isFloat(type) ? 0x7fffffff : 0xffffffff;
  const stepA: usize = strideA(job, 0) == 0 ? 0 : 4;
  lanesOf(type, a, strideA(job, 0), room, n);
  let from = b, step = strideB(job, 0);
  if (mode == 2 || type != result) {
    lanesOfB(job, b, roomB, n);
    step = mode == 2 || step == 0 ? 0 : <usize>1 << shiftC;
    if (isFloat(type) && !isFloat(result)) toIntegers(roomB, step == 0 ? 1 : vectors);
    if (!isFloat(type) && isFloat(result)) toFloats(roomB, step == 0 ? 1 : vectors);
    narrow(result, saturate, roomB, elements, <usize>1 << shiftC, step == 0 ? 1 : n);
    from = elements;
  }
  for (let i = 0; i < n; ++i) {
    const isZero = (load<u32>(room) & mask) == 0;
    if (isZero == unless) copyElement(shiftC, from, c);
    room += stepA; from += step; c += sc;
  }
}

/** Lane l meets elements i ≡ l (mod lanes) in order, then adjacent lanes meet in a balanced tree, then C. */
export function typedReduceRow(job: usize, a: usize, b: usize, c: usize, op: i32, first: bool, room: usize): void {
  const result = word(job, 29), saturate = word(job, 30) != 0, float = isFloat(result);
  const strip = word(job, 7), bytes = <usize>strip << 2, length = size(job, 0);
  const sa = strideA(job, 0), sb = strideB(job, 0);
  const roomB = room + bytes, roomV = roomB + bytes, roomC = roomV + bytes, lane = roomC + bytes;
  // Lanes that no element reaches hold the identity, which changes nothing in the tree (a sum from +0 is never −0).
  let lanes = word(job, 3);
  while (lanes > 1 && lanes >> 1 >= length) lanes >>= 1;
  const start = float ? reinterpret<i32>(identity(op)) : integerIdentity(op);
  const mask = lanes - 1;
  for (let l = 0; l < lanes; ++l) store<i32>(lane + (<usize>l << 2), start);
  for (let left = length; left > 0; left -= strip) {
    const n = min(left, strip);
    values(job, a, b, n, room, roomB, roomV);
    for (let i = 0; i < n; ++i) {
      const at = lane + (<usize>(i & mask) << 2);
      meetInto(op, float, saturate, at, at, roomV + (<usize>i << 2));
    }
    a += sa << shift(strip); b += sb << shift(strip);
  }
  for (; lanes > 1; lanes >>= 1) {
    for (let l = 0; l < lanes; l += 2) {
      const at = lane + (<usize>l << 2);
      meetInto(op, float, saturate, lane + (<usize>l << 1), at, at + 4);
    }
  }
  if (first) store<i32>(roomC, start);
  else widen(result, c, 0, roomC, 1);
  meetInto(op, float, saturate, lane, roomC, lane);
  narrow(result, saturate, lane, c, 0, 1);
}

/** to = x ⊕ y of one lane each. */
@inline function meetInto(op: i32, float: bool, saturate: bool, to: usize, x: usize, y: usize): void {
  if (float) store<f32>(to, meetOne(op, load<f32>(x), load<f32>(y)));
  else store<i32>(to, meetInteger(op, saturate, load<i32>(x), load<i32>(y)));
}
