// The vector unit: an index space of up to five dimensions, d0 innermost, taken row by row (d0) and each row in strips.
// Where d0 is reduced, a row's strips meet in lanes and a tree; elsewhere each element of C is met in index order.
import { accumulate, compute, identity, meet, meetOne, pack, spread } from './functions';
import { isTyped, shift, size, strideA, strideB, strideC, word } from './job';
import { typedReduceRow, typedRow } from './typed';

/** Four elements from `from` on as contiguous operands: in place, one vector repeated, or packed into `room`. */
@inline function operand(from: usize, stride: usize, room: usize, n: i32): usize {
  if (stride == 4) return from;
  if (stride == 0) v128.store(room, v128.load32_splat(from));
  else pack(from, stride, room, n);
  return room;
}

/**
 * Runs a job. `room`: four strips and as many lanes as the machine has, 16 bytes aligned. Reads up to 12 bytes beyond
 * the last element of A and B, and ignores them.
 */
export function vec(job: usize, room: usize): void {
  const op = word(job, 1), init = word(job, 2) != 0;
  const n4 = size(job, 4), n3 = size(job, 3), n2 = size(job, 2), n1 = size(job, 1);
  for (let i4 = 0; i4 < n4; ++i4) {
    for (let i3 = 0; i3 < n3; ++i3) {
      for (let i2 = 0; i2 < n2; ++i2) {
        for (let i1 = 0; i1 < n1; ++i1) {
          const a = strideA(job, 4) * i4 + strideA(job, 3) * i3 + strideA(job, 2) * i2 + strideA(job, 1) * i1;
          const b = strideB(job, 4) * i4 + strideB(job, 3) * i3 + strideB(job, 2) * i2 + strideB(job, 1) * i1;
          const c = strideC(job, 4) * i4 + strideC(job, 3) * i3 + strideC(job, 2) * i2 + strideC(job, 1) * i1;
          const first = init
            && (i4 == 0 || strideC(job, 4) != 0) && (i3 == 0 || strideC(job, 3) != 0)
            && (i2 == 0 || strideC(job, 2) != 0) && (i1 == 0 || strideC(job, 1) != 0);
          const x = <usize>word(job, 4) + a, y = <usize>word(job, 5) + b, z = <usize>word(job, 6) + c;
          const reduces = word(job, 3) != 0;
          if (isTyped(job)) {
            if (reduces) typedReduceRow(job, x, y, z, op, first, room);
            else typedRow(job, x, y, z, op, first, room);
          } else if (reduces) reduceRow(job, x, y, z, op, first, room);
          else mapRow(job, x, y, z, op, first, room);
        }
      }
    }
  }
}

function mapRow(job: usize, a: usize, b: usize, c: usize, op: i32, first: bool, room: usize): void {
  const f = word(job, 0), strip = word(job, 7), bytes = <usize>strip << 2;
  const sa = strideA(job, 0), sb = strideB(job, 0), sc = strideC(job, 0);
  const stepA: usize = sa == 0 ? 0 : 16, stepB: usize = sb == 0 ? 0 : 16;
  const roomB = room + bytes, roomV = roomB + bytes;
  for (let left = size(job, 0); left > 0; left -= strip) {
    const n = min(left, strip);
    const x = operand(a, sa, room, n), y = operand(b, sb, roomB, n);
    if (op == 0 && sc == 4) {
      const whole = n >> 2, done = <usize>whole << 4;
      compute(f, x, stepA, y, stepB, c, whole);
      if (n & 3) {
        compute(f, x + (stepA != 0 ? done : 0), 0, y + (stepB != 0 ? done : 0), 0, roomV, 1);
        spread(roomV, c + done, 4, n & 3);
      }
    } else if (f == 0 && sa == 4) {
      if (op == 0) spread(a, c, sc, n);
      else accumulate(op, first, c, sc, a, n);
    } else {
      compute(f, x, stepA, y, stepB, roomV, (n + 3) >> 2);
      if (op == 0) spread(roomV, c, sc, n);
      else accumulate(op, first, c, sc, roomV, n);
    }
    a += sa << shift(strip); b += sb << shift(strip); c += sc << shift(strip);
  }
}

/** Lane l meets elements i ≡ l (mod lanes) in order, then adjacent lanes meet in a balanced tree, then C. */
function reduceRow(job: usize, a: usize, b: usize, c: usize, op: i32, first: bool, room: usize): void {
  const f = word(job, 0), strip = word(job, 7), bytes = <usize>strip << 2, length = size(job, 0);
  const sa = strideA(job, 0), sb = strideB(job, 0);
  const stepA: usize = sa == 0 ? 0 : 16, stepB: usize = sb == 0 ? 0 : 16;
  const roomB = room + bytes, roomV = roomB + bytes, lane = roomV + bytes;
  // Lanes that no element reaches hold the identity, which changes nothing in the tree (a sum from +0 is never −0).
  let lanes = word(job, 3);
  while (lanes > 1 && lanes >> 1 >= length) lanes >>= 1;
  const start = identity(op), mask = lanes - 1;
  for (let l = 0; l < lanes; ++l) f32.store(lane + (<usize>l << 2), start);
  for (let left = length; left > 0; left -= strip) {
    const n = min(left, strip);
    const x = operand(a, sa, room, n), y = operand(b, sb, roomB, n);
    compute(f, x, stepA, y, stepB, roomV, (n + 3) >> 2);
    let i = 0;
    if (lanes >= 4) {
      for (; i + 4 <= n; i += 4) {
        const at = lane + (<usize>(i & mask) << 2);
        v128.store(at, meet(op, v128.load(at), v128.load(roomV + (<usize>i << 2))));
      }
    }
    for (; i < n; ++i) {
      const at = lane + (<usize>(i & mask) << 2);
      f32.store(at, meetOne(op, f32.load(at), f32.load(roomV + (<usize>i << 2))));
    }
    a += sa << shift(strip); b += sb << shift(strip);
  }
  for (; lanes > 1; lanes >>= 1) {
    for (let l = 0; l < lanes; l += 2) {
      const at = lane + (<usize>l << 2);
      f32.store(lane + (<usize>l << 1), meetOne(op, f32.load(at, 0), f32.load(at, 4)));
    }
  }
  f32.store(c, meetOne(op, first ? start : f32.load(c), f32.load(lane)));
}
