/** Operations element by element, with NumPy broadcasting; comparisons and logic; the usual activation functions. */
import { type Attribute, float, string } from '#ir';
import { apply } from '../apply.ts';
import { composed } from '../composed.ts';
import { type DType, isFloat, longName } from '../dtypes.ts';
import type { Tensor } from '../tensor.ts';
import { castTo, meet, type Operand, scalarBeside, toFloat, toTensor } from './operands.ts';

const binary =
  (op: string) =>
  (a: Operand, b: Operand): Tensor =>
    apply(op, meet(op, [a, b]));

/** Of floats; integers become f32 first. */
const ofFloat =
  (op: string) =>
  (x: Operand): Tensor =>
    apply(op, [toFloat(x)]);

const unary =
  (op: string) =>
  (x: Operand): Tensor =>
    apply(op, [toTensor(x)]);

export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
/** True division: integers become f32 first, as `/` of the frameworks. */
export const div = (a: Operand, b: Operand): Tensor => {
  const [x, y] = meet('Div', [a, b]) as [Tensor, Tensor];
  return apply('Div', isFloat(x.dataType) ? [x, y] : [castTo(x, 'float32'), castTo(y, 'float32')]);
};
/** ⌊a ÷ b⌋, in the common type. */
export const floorDiv = (a: Operand, b: Operand): Tensor => {
  const [x, y] = meet('Div', [a, b]) as [Tensor, Tensor];
  if (isFloat(x.dataType)) return apply('Floor', [apply('Div', [x, y])]);
  // Division of integers truncates: one less where signs differ and something is left over.
  const quotient = apply('Div', [x, y]);
  const rest = apply('Sub', [x, apply('Mul', [quotient, y])]);
  const zero = scalarBeside(0, x.dataType);
  const down = apply('And', [
    apply('Not', [apply('Equal', [rest, zero])]),
    apply('Xor', [apply('Less', [rest, zero]), apply('Less', [y, zero])]),
  ]);
  return apply('Sub', [quotient, castTo(down, x.dataType)]);
};
/** The rest of the division, with the sign of the divisor. */
export const mod = (a: Operand, b: Operand): Tensor => {
  const [x, y] = meet('Mod', [a, b]) as [Tensor, Tensor];
  if (!isFloat(x.dataType)) return apply('Mod', [x, y]);
  return apply('Sub', [x, apply('Mul', [apply('Floor', [apply('Div', [x, y])]), y])]);
};
export const pow = (a: Operand, b: Operand): Tensor => {
  const x = typeof a === 'number' && typeof b === 'object' ? scalarBeside(a, b.dataType) : toTensor(a);
  return apply('Pow', meet('Pow', [x, b]));
};
export const maximum = binary('Max');
export const minimum = binary('Min');

export const neg = unary('Neg');
export const abs = unary('Abs');
export const sign = unary('Sign');
export const exp = ofFloat('Exp');
export const log = ofFloat('Log');
export const sqrt = ofFloat('Sqrt');
export const square = (x: Operand): Tensor => mul(x, x);
export const reciprocal = ofFloat('Reciprocal');
export const rsqrt = (x: Operand): Tensor => reciprocal(sqrt(x));
export const sin = ofFloat('Sin');
export const cos = ofFloat('Cos');
export const tanh = ofFloat('Tanh');
export const erf = ofFloat('Erf');
export const floor = ofFloat('Floor');
export const ceil = ofFloat('Ceil');
/** To the nearest whole number, halves to the even one. */
export const round = ofFloat('Round');

export const sigmoid = ofFloat('Sigmoid');
export const relu = unary('Relu');
export const softplus = ofFloat('Softplus');
export const softsign = ofFloat('Softsign');
export const hardSwish = ofFloat('HardSwish');
export const leakyRelu = (x: Operand, slope = 0.01): Tensor =>
  apply('LeakyRelu', [toFloat(x)], { alpha: float(slope) });
export const elu = (x: Operand, alpha = 1): Tensor => apply('Elu', [toFloat(x)], { alpha: float(alpha) });
export const hardSigmoid = (x: Operand): Tensor => apply('HardSigmoid', [toFloat(x)], { alpha: float(1 / 6) });
/** max(0, x) + slope·min(0, x), the slope learned. */
export const pRelu = (x: Operand, slope: Tensor): Tensor => apply('PRelu', [toFloat(x), slope]);
/** x·Φ(x); `tanh` takes the approximation. */
export const gelu = (x: Operand, approximate: 'none' | 'tanh' = 'none'): Tensor =>
  apply('Gelu', [toFloat(x)], { approximate: string(approximate) as Attribute });
/** x·sigmoid(x). */
export const silu = (x: Operand): Tensor => {
  const t = toFloat(x);
  return mul(t, sigmoid(t));
};

/**
 * log(1 + x), to the last digits for small x too: u = 1 + x rounds, and log(u) ÷ (u − 1) errs by as much as log(1 + x) ÷ x would (Kahan;
 * Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.14.1).
 */
export const log1p = (x: Operand): Tensor =>
  composed(
    'log1p',
    [toFloat(x)],
    (t) => {
      const u = add(t, 1);
      const small = where(eq(u, 1), t, div(mul(t, log(u)), sub(u, 1)));
      return where(lt(abs(t), 0.5), small, log(u));
    },
    ({ inputs: [t], dy: [dy] }) => [dy!.div(t!.add(1))],
  );

/** eˣ − 1, to the last digits for small x too: (u − 1)·x ÷ log(u) of u = eˣ (Kahan; Higham 2002, section 1.14.1). */
export const expm1 = (x: Operand): Tensor =>
  composed(
    'expm1',
    [toFloat(x)],
    (t) => {
      const u = exp(t);
      const small = where(eq(u, 1), t, div(mul(sub(u, 1), t), log(u)));
      return where(lt(abs(t), 0.5), small, sub(u, 1));
    },
    ({ inputs: [t], dy: [dy] }) => [dy!.mul(t!.apply('Exp'))],
  );

/** Values limited to [low, high]; either may be left out. */
export const clip = (x: Operand, low?: number, high?: number): Tensor => {
  const t = toTensor(x);
  const limit = (v: number | undefined): Tensor | undefined =>
    v === undefined ? undefined : scalarBeside(v, t.dataType);
  return apply('Clip', [t, limit(low), limit(high)]);
};

export const eq = binary('Equal');
export const ne = (a: Operand, b: Operand): Tensor => apply('Not', [eq(a, b)]);
export const lt = binary('Less');
export const le = binary('LessOrEqual');
export const gt = binary('Greater');
export const ge = binary('GreaterOrEqual');
export const and = binary('And');
export const or = binary('Or');
export const xor = binary('Xor');
export const not = unary('Not');
export const isNan = unary('IsNaN');

/** Where the condition (bool) is true, `a`, else `b`, with broadcasting. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => {
  const [x, y] = meet('Where', [a, b]) as [Tensor, Tensor];
  return apply('Where', [condition, x, y]);
};

/**
 * In another element type: floats to integers toward zero, to bool whether ≠ 0.
 * @throws SYS-TEN-019 there is no such type
 */
export const cast = (x: Operand, dtype: DType): Tensor => castTo(toTensor(x), longName(dtype));
