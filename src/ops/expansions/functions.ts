/** Operators that ONNX itself defines by others, and functions that others give. */
import { DATA_TYPES, type DataType, floatAttribute, int, intAttribute } from '#ir';
import type { Expression } from '../expression.ts';
import { type Expansion, notExpanded } from './expansion.ts';
import { MOST_POWER, powerOf, rootOf } from './pooling.ts';

export const swish: Expansion = (c) => {
  const x = c.inputs[0]!;
  const alpha = floatAttribute(c.node, 'alpha', 1);
  if (x.dtype !== 'float32') return notExpanded(`it computes in ${x.dtype}`, `它以 ${x.dtype} 计算`);
  return [x.mul((alpha === 1 ? x : x.mul(alpha)).sigmoid())];
};

/** x + bias below −lambd, x − bias above lambd, 0 between. */
export const shrink: Expansion = (c) => {
  const x = c.inputs[0]!;
  if (x.dtype !== 'float32') return notExpanded(`it shrinks ${x.dtype}`, `它收缩 ${x.dtype}`);
  const bias = floatAttribute(c.node, 'bias', 0);
  const limit = floatAttribute(c.node, 'lambd', 0.5);
  const above = x.greater(limit).where(x.sub(bias), 0);
  return [x.less(-limit).where(x.add(bias), above)];
};

export const castLike: Expansion = (c) => {
  const [from, to] = [c.inputs[0]!.dtype, c.inputs[1]!.dtype];
  // Floats of 8 bits and what is narrower: whether they saturate is an attribute, and the host has few kernels for them.
  const isNarrow = [from, to].find((dtype) => /float8|float4|int4|int2/.test(dtype));
  if (isNarrow !== undefined) return notExpanded(`it converts ${from} to ${to}`, `它将 ${from} 转换为 ${to}`);
  return [c.inputs[0]!.apply('Cast', [], { to: typeNumber(to) })];
};

const typeNumber = (dtype: DataType) => int(DATA_TYPES.indexOf(dtype) + 1);

/** eˣ − 1 as tanh(x/2)·(eˣ + 1), which does not cancel. */
const expMinusOne = (x: Expression): Expression => x.mul(0.5).tanh().mul(x.exp().add(1));

/** ln(1 + x): what 1 + x has lost is made good by the ratio (Kahan; in HP-15C Advanced Functions Handbook, 1982). */
function logOnePlus(x: Expression): Expression {
  const u = x.add(1);
  const isOne = u.equal(1);
  const ratio = x.div(isOne.where(1, u.sub(1)));
  return isOne.where(x, u.log().mul(ratio));
}

const ofFloat =
  (f: (x: Expression) => Expression): Expansion =>
  (c) => {
    const x = c.inputs[0]!;
    if (x.dtype !== 'float32') return notExpanded(`it computes in ${x.dtype}`, `它以 ${x.dtype} 计算`);
    return [f(x)];
  };

export const cosh = ofFloat((x) => x.exp().add(x.neg().exp()).mul(0.5));
/** (eˣ − 1)(1 + e⁻ˣ) ÷ 2. */
export const sinh = ofFloat((x) => expMinusOne(x).mul(x.neg().exp().add(1)).mul(0.5));
/** sign(x)·ln(1 + |x| + x² ÷ (1 + √(x² + 1))). */
export const asinh = ofFloat((x) => {
  const [a, square] = [x.apply('Abs'), x.mul(x)];
  return x.sign().mul(logOnePlus(a.add(square.div(square.add(1).sqrt().add(1)))));
});
/** ln(1 + t + √(2t + t²)) with t = x − 1. */
export const acosh = ofFloat((x) => {
  const t = x.sub(1);
  return logOnePlus(t.add(t.mul(t.add(2)).sqrt()));
});
/** ½·ln(1 + 2x ÷ (1 − x)). */
export const atanh = ofFloat((x) => logOnePlus(x.mul(2).div(x.neg().add(1))).mul(0.5));

export const globalLpPool: Expansion = (c) => {
  const x = c.inputs[0]!;
  const p = intAttribute(c.node, 'p', 2);
  if (p < 1 || p > MOST_POWER || x.dtype !== 'float32')
    return notExpanded(
      `its norm is ${p}, of ${x.dtype}; norms from 1 to ${MOST_POWER} of float32 run on the processor`,
      `其范数为 ${p}，类型 ${x.dtype}；处理器支持 float32 的 1 到 ${MOST_POWER} 范数`,
    );
  const axes = x.shape.map((_, i) => i).slice(2);
  return [rootOf(powerOf(x, p).sum(axes, true), p)];
};
