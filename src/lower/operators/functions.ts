/**
 * Element-wise operators as formulas, one line each. Functions that lose digits where they cancel are written so that they do not:
 * eˣ − 1 as tanh(x/2)·(eˣ + 1), which is the same number.
 */
import { floatAttribute, type GraphNode, intAttribute, stringAttribute, tensorNumbers } from '#ir';
import type { ElementType, VectorFunction } from '#isa';
import { isFloating } from '../elementTypes.ts';
import {
  add,
  apply,
  convert,
  type Expression,
  fill,
  max,
  min,
  mul,
  type Operand,
  sub,
  where,
} from '../formula/expression.ts';
import type { Planner, ToHost } from '../planner.ts';
import { toHost } from '../reasons.ts';
import { elementOf } from './formulas.ts';
import { dequantizeLinear, quantizeLinear } from './quantisers.ts';

/** What a function sees of its node. */
export interface Arguments {
  readonly node: GraphNode;
  readonly p: Planner;
  /** Operand i as an expression. */
  readonly at: (i: number) => Expression;
  /** Operand i, a constant of one element as a number. */
  readonly operand: (i: number) => Operand;
  readonly has: (i: number) => boolean;
  /** Element type of the result. */
  readonly result: ElementType;
}

export interface ElementwiseFunction {
  /** Element types of the operands that are computed with: floats; integers; all the vector unit's; bool; or the function says itself. */
  readonly types: 'floats' | 'integers' | 'numbers' | 'bool' | 'any';
  readonly of: (c: Arguments) => Expression | ToHost;
  /** Operands that are parameters, and read as constants only. */
  readonly parameters?: number;
}

const floats = (of: ElementwiseFunction['of']): ElementwiseFunction => ({ types: 'floats', of });
const numbers = (of: ElementwiseFunction['of']): ElementwiseFunction => ({ types: 'numbers', of });
const simple = (f: VectorFunction): ElementwiseFunction => floats((c) => apply(f, c.at(0)));

/** f over all operands, from the left. */
const fold = (f: VectorFunction, c: Arguments): Expression =>
  c.node.inputs.slice(1).reduce<Expression>((e, _, i) => apply(f, e, c.operand(i + 1)), c.at(0));
const folding = (f: VectorFunction): ElementwiseFunction => numbers((c) => fold(f, c));

/** a ∘ b, answered with 1 or 0 in the type of the result. */
const comparison = (f: VectorFunction): ElementwiseFunction =>
  numbers((c) => apply(f, c.at(0), c.operand(1), c.result));
const logic = (f: VectorFunction): ElementwiseFunction => ({
  types: 'bool',
  of: (c) => apply(f, c.at(0), c.at(1)),
});

/** eˣ − 1. */
const expMinusOne = (x: Expression): Expression => mul(apply('tanh', mul(x, 0.5)), add(apply('exp', x), 1));

/** A condition as numbers of another type: what compares answers in any type. */
const asCondition = (e: Expression, type: ElementType): Expression =>
  e.kind === 'apply' && COMPARISONS.has(e.f) ? { ...e, type } : convert(e, type);
const COMPARISONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>(['gt', 'ge', 'lt', 'le', 'eq', 'ne']);

const alpha = (c: Arguments, otherwise: number): number => floatAttribute(c.node, 'alpha', otherwise);

/** x to a power that is known: by multiplications, roots and reciprocals, which are exact to a few roundings. */
function power(c: Arguments): Expression | ToHost {
  const constant = c.p.constant(c.node.inputs[1]);
  const values = constant === undefined ? [] : [...new Set(tensorNumbers(constant))];
  const [exponent] = values;
  const base = c.p.constant(c.node.inputs[0]);
  if (exponent === undefined || values.length > 1) {
    const known = base === undefined ? [] : [...new Set(tensorNumbers(base))];
    const dtype = c.p.dtype(c.node.inputs[1]!);
    if (known.length === 1 && known[0]! > 0 && isFloating(dtype))
      return apply('exp', mul(c.at(1), Math.log(known[0]!)));
    return toHost(
      'its exponent is not one known number, and its base is not known to be positive',
      '其指数不是单一已知数，其底数也无法确定为正',
    );
  }
  const x = c.at(0);
  if (exponent === 0) return fill(apply('gt', x, 0), 1);
  const root = Math.abs(exponent) % 1;
  const whole = Math.floor(Math.abs(exponent));
  if ((root !== 0 && root !== 0.5) || whole > MOST_POWER)
    return toHost(
      `its exponent is ${exponent}; whole numbers and halves up to ${MOST_POWER} are multiplied out`,
      `其指数为 ${exponent}；不超过 ${MOST_POWER} 的整数和半整数以乘法实现`,
    );
  const powers = [...timesItself(x, whole), ...(root === 0 ? [] : [apply('sqrt', x)])];
  const product = powers.reduce((a, b) => mul(a, b));
  if (exponent > 0) return product;
  return exponent === -0.5 ? apply('rsqrt', x) : apply('recip', product);
}
const MOST_POWER = 16;

/** Factors whose product is xⁿ: squares of squares. */
function timesItself(x: Expression, n: number): Expression[] {
  const out: Expression[] = [];
  let square = x;
  for (let bits = n; bits > 0; bits >>= 1) {
    if (bits % 2 === 1) out.push(square);
    if (bits > 1) square = mul(square, square);
  }
  return out;
}

/** What Cast makes of a value: truth is ≠ 0, everything else is the vector unit's conversion. */
function cast(c: Arguments): Expression {
  const x = c.at(0);
  const [from, to] = [c.p.dtype(c.node.inputs[0]!), c.p.dtype(c.node.outputs[0]!)];
  if (to === 'bool' && from !== 'bool') return apply('ne', x, 0, 'u8');
  return from === 'bool' ? asCondition(x, c.result) : convert(x, c.result);
}

function gelu(c: Arguments): Expression {
  const x = c.at(0);
  if (stringAttribute(c.node, 'approximate', 'none') !== 'tanh')
    return mul(mul(x, 0.5), add(apply('erf', mul(x, Math.SQRT1_2)), 1));
  const inner = mul(mul(add(mul(mul(x, x), 0.044715), 1), x), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(apply('tanh', inner), 1));
}

function isInfinite(c: Arguments): Expression {
  const x = c.at(0);
  const [low, high] = ['detect_negative', 'detect_positive'].map((name) => intAttribute(c.node, name, 1) !== 0);
  const infinity = Number.POSITIVE_INFINITY;
  if (low && high) return apply('eq', apply('abs', x), infinity, 'u8');
  if (!low && !high) return apply('gt', x, infinity, 'u8');
  return apply('eq', x, high ? infinity : -infinity, 'u8');
}

const hardSigmoid = (x: Expression, slope: number, shift: number): Expression =>
  min(max(add(mul(x, slope), shift), 0), 1);

export const FUNCTIONS: Readonly<Record<string, ElementwiseFunction>> = {
  Add: folding('add'),
  Sum: folding('add'),
  Sub: folding('sub'),
  Mul: folding('mul'),
  Div: folding('div'),
  Max: folding('max'),
  Min: folding('min'),
  Mean: floats((c) => (c.node.inputs.length === 1 ? c.at(0) : mul(fold('add', c), 1 / c.node.inputs.length))),
  Relu: numbers((c) => max(c.at(0), 0)),
  LeakyRelu: floats((c) => apply('leaky', c.at(0), alpha(c, 0.01))),
  PRelu: floats((c) => apply('leaky', c.at(0), c.operand(1))),
  Sigmoid: simple('sigmoid'),
  Tanh: simple('tanh'),
  Exp: simple('exp'),
  Log: simple('log'),
  Sqrt: simple('sqrt'),
  Reciprocal: simple('recip'),
  Erf: simple('erf'),
  Softplus: simple('softplus'),
  Floor: simple('floor'),
  Ceil: simple('ceil'),
  Round: simple('round'),
  Abs: numbers((c) => apply('abs', c.at(0))),
  Neg: numbers((c) => apply('neg', c.at(0))),
  Sign: numbers((c) => {
    const x = c.at(0);
    return sub(apply('gt', x, 0), apply('lt', x, 0));
  }),
  // With crossing limits ONNX gives the upper one everywhere, as the later minimum does.
  Clip: numbers((c) => {
    const limit = (i: number, name: string): Operand | undefined =>
      floatAttribute(c.node, name) ?? (c.has(i) ? c.operand(i) : undefined);
    const [low, high] = [limit(1, 'min'), limit(2, 'max')];
    const x = c.at(0);
    const above = low === undefined || low === Number.NEGATIVE_INFINITY ? x : max(x, low);
    return high === undefined || high === Number.POSITIVE_INFINITY ? above : min(above, high);
  }),
  HardSigmoid: floats((c) => hardSigmoid(c.at(0), alpha(c, 0.2), floatAttribute(c.node, 'beta', 0.5))),
  HardSwish: floats((c) => mul(hardSigmoid(c.at(0), 1 / 6, 0.5), c.at(0))),
  Softsign: floats((c) => apply('div', c.at(0), add(apply('abs', c.at(0)), 1))),
  Mish: floats((c) => mul(apply('tanh', apply('softplus', c.at(0))), c.at(0))),
  Gelu: floats(gelu),
  Elu: floats((c) => add(mul(expMinusOne(min(c.at(0), 0)), alpha(c, 1)), max(c.at(0), 0))),
  Selu: floats((c) => {
    const gamma = floatAttribute(c.node, 'gamma', 1.0507009873554805);
    return mul(add(mul(expMinusOne(min(c.at(0), 0)), alpha(c, 1.6732632423543772)), max(c.at(0), 0)), gamma);
  }),
  Celu: floats((c) => {
    const a = alpha(c, 1);
    return a > 0
      ? add(mul(expMinusOne(mul(min(c.at(0), 0), 1 / a)), a), max(c.at(0), 0))
      : toHost(`its alpha is ${a}; positive ones run on the processor`, `其 alpha 为 ${a}；处理器支持正值`);
  }),
  // Chosen and not multiplied, so that −∞ becomes 0.
  ThresholdedRelu: floats((c) => where(apply('le', c.at(0), alpha(c, 1)), 0, c.at(0))),
  Pow: { types: 'floats', parameters: 1, of: power },
  Greater: comparison('gt'),
  GreaterOrEqual: comparison('ge'),
  Less: comparison('lt'),
  LessOrEqual: comparison('le'),
  Equal: comparison('eq'),
  IsNaN: floats((c) => apply('ne', c.at(0), c.at(0), 'u8')),
  IsInf: floats(isInfinite),
  And: logic('and'),
  Or: logic('or'),
  Xor: logic('xor'),
  Not: { types: 'bool', of: (c) => apply('xor', c.at(0), 1) },
  Where: {
    types: 'any',
    of: (c) => {
      const otherwise = c.at(2);
      return where(asCondition(c.at(0), otherwise.type), c.at(1), otherwise);
    },
  },
  Cast: { types: 'any', of: cast },
  QuantizeLinear: { types: 'floats', parameters: 1, of: quantizeLinear },
  DequantizeLinear: { types: 'integers', parameters: 1, of: dequantizeLinear },
};

/** Whether the function computes with operand i of this type. */
export function acceptsType(f: ElementwiseFunction, dtype: string, i: number): boolean {
  if (f.parameters !== undefined && i >= f.parameters) return true;
  switch (f.types) {
    case 'floats':
      return isFloating(dtype);
    case 'integers':
      return dtype !== 'bool' && !isFloating(dtype) && elementOf(dtype) !== undefined;
    case 'numbers':
    case 'any':
      return elementOf(dtype) !== undefined;
    default:
      return dtype === 'bool';
  }
}
