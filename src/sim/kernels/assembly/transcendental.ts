// exp, log, sigmoid, tanh, erf and softplus, four at a time: the operations of isa/transcendental.ts in the same order, with selections
// in place of branches. What they do and why is explained there; a test holds both to the same bits.

@inline function horner(sum: v128, x: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(sum, x), f32x4.splat(c));
}

@inline const LN2_HIGH: f32 = 0.693359375;
@inline const LN2_LOW: f32 = -2.121944400546905e-4;

export function exp4(x: v128): v128 {
  const high = f32x4.splat(89), low = f32x4.splat(-104), rounder = f32x4.splat(12582912);
  let c = v128.bitselect(high, x, f32x4.gt(x, high));
  c = v128.bitselect(low, c, f32x4.lt(x, low));
  const t = f32x4.add(f32x4.mul(c, f32x4.splat(1.4426950408889634)), rounder);
  const n = f32x4.sub(t, rounder);
  const r = f32x4.sub(f32x4.sub(c, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.splat(0.0013823463);
  p = horner(p, r, 0.008369125);
  p = horner(p, r, 0.04166824);
  p = horner(p, r, 0.16666517);
  p = horner(p, r, 0.49999994);
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const exponent = i32x4.sub(t, i32x4.splat(0x4b400000));
  const half = i32x4.shr_s(exponent, 1);
  const bias = i32x4.splat(127);
  p = f32x4.mul(p, i32x4.shl(i32x4.add(half, bias), 23));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.sub(exponent, half), bias), 23));
}

export function log4(x: v128): v128 {
  const zero = f32x4.splat(0), infinity = f32x4.splat(f32.MAX_VALUE * 2);
  const denormal = f32x4.lt(x, f32x4.splat(1.1754943508222875e-38));
  const y = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, denormal);
  const shifted = i32x4.add(y, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const bias = v128.bitselect(i32x4.splat(150), i32x4.splat(127), denormal);
  const e = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(shifted, 23), bias));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const t = f32x4.sub(m, f32x4.splat(1));
  const square = f32x4.mul(t, t);
  let p = f32x4.splat(-0.07546305);
  p = horner(p, t, 0.1272441);
  p = horner(p, t, -0.13174821);
  p = horner(p, t, 0.14207241);
  p = horner(p, t, -0.16622466);
  p = horner(p, t, 0.20001034);
  p = horner(p, t, -0.25000843);
  p = horner(p, t, 0.3333333);
  const tail = f32x4.add(f32x4.mul(f32x4.mul(p, t), square), f32x4.mul(e, f32x4.splat(LN2_LOW)));
  const inner = f32x4.add(t, f32x4.sub(tail, f32x4.mul(square, f32x4.splat(0.5))));
  let result = f32x4.add(f32x4.mul(e, f32x4.splat(LN2_HIGH)), inner);
  result = v128.bitselect(x, result, f32x4.eq(x, infinity));
  result = v128.bitselect(result, f32x4.splat(f32.NaN), f32x4.gt(x, zero));
  return v128.bitselect(f32x4.neg(infinity), result, f32x4.eq(x, zero));
}

export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const z = exp4(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(one, z, f32x4.ge(x, f32x4.splat(0))), f32x4.add(one, z));
}

export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1), a = f32x4.abs(x);
  const square = f32x4.mul(a, a);
  let p = f32x4.splat(-0.005701307);
  p = horner(p, square, 0.020635217);
  p = horner(p, square, -0.05373826);
  p = horner(p, square, 0.13331419);
  p = horner(p, square, -0.3333328);
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, square), a), a);
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(a, a)), one)));
  const magnitude = v128.bitselect(near, far, f32x4.lt(a, f32x4.splat(0.625)));
  return v128.bitselect(x, magnitude, i32x4.splat(0x80000000));
}

export function erf4(x: v128): v128 {
  const a = f32x4.abs(x), square = f32x4.mul(a, a);
  let p = f32x4.splat(7.9912723e-5);
  p = horner(p, square, -0.00080488832);
  p = horner(p, square, 0.0051923590);
  p = horner(p, square, -0.026855724);
  p = horner(p, square, 0.11283626);
  p = horner(p, square, -0.3761263);
  p = horner(p, square, 0.12837917);
  const near = f32x4.add(f32x4.mul(p, a), a);
  const four = f32x4.splat(4), b = v128.bitselect(four, a, f32x4.gt(a, four));
  let q = f32x4.splat(-0.0001957127096829936);
  q = horner(q, b, 0.003041042480617762);
  q = horner(q, b, -0.022218334);
  q = horner(q, b, 0.1039139);
  q = horner(q, b, 0.63720232);
  q = horner(q, b, 1.1276637);
  q = horner(q, b, 0.00019855214);
  const far = f32x4.sub(f32x4.splat(1), exp4(f32x4.neg(q)));
  const magnitude = v128.bitselect(near, far, f32x4.lt(a, f32x4.splat(0.921875)));
  return v128.bitselect(x, magnitude, i32x4.splat(0x80000000));
}

export function softplus4(x: v128): v128 {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  const t = exp4(f32x4.neg(f32x4.abs(x)));
  const u = f32x4.add(one, t);
  const tail = f32x4.add(log4(u), f32x4.div(f32x4.sub(t, f32x4.sub(u, one)), u));
  return f32x4.add(v128.bitselect(x, zero, f32x4.gt(x, zero)), tail);
}
