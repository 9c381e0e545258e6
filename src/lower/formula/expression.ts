/**
 * Formulas: what a vector kernel computes, as expressions over whole tensors. All operands have the rank of the index space and
 * broadcast to it; a reduction takes away the axes that the formula reduces. An expression that is used twice is computed once, so a
 * value that is cheaper to compute again than to keep is written twice.
 */
import { internalError } from '#base';
import type { Accumulation, ElementType, VectorFunction } from '#isa';
import type { View } from '../views.ts';

/** A scalar of the instruction, known when the program is made. */
export interface Scalar {
  readonly scalar: number;
}

export type Expression =
  | {
      readonly kind: 'input';
      readonly type: ElementType;
      readonly view: View;
      /** Of f32 words: the view has bytes, and a word holds one (`words.ts`). */
      readonly bytes?: 'i8' | 'u8';
    }
  | {
      /** f(a, b), elements of `type`. */
      readonly kind: 'apply';
      readonly type: ElementType;
      readonly f: VectorFunction;
      readonly a: Expression;
      readonly b?: Expression | Scalar;
      readonly saturate?: boolean;
      /** Zero point of `quant` and `dequant`. */
      readonly zero?: number;
    }
  | {
      /** condition ≠ 0 ? chosen : otherwise; all of one type. */
      readonly kind: 'where';
      readonly type: ElementType;
      readonly condition: Expression;
      readonly chosen: Expression | Scalar;
      readonly otherwise: Expression;
    }
  | {
      /** ⊕ over the reduced axes of f(a, b). */
      readonly kind: 'reduce';
      readonly type: ElementType;
      readonly by: Exclude<Accumulation, 'none'>;
      readonly f: VectorFunction;
      readonly a: Expression;
      readonly b?: Expression | Scalar;
    };

export type Operand = Expression | number;

const operand = (b: Operand | undefined): { readonly b?: Expression | Scalar } =>
  b === undefined ? {} : { b: typeof b === 'number' ? { scalar: b } : b };

/** f(a, b), elements of `type`; both operands of one type. */
export function apply(f: VectorFunction, a: Expression, b?: Operand, type: ElementType = a.type): Expression {
  if (typeof b === 'object' && b.type !== a.type) throw internalError({ what: `${f} of ${a.type} and ${b.type}` });
  return { kind: 'apply', f, type, a, ...operand(b) };
}

/** Integers of a type from floats: nearest(a ÷ scale) + zero, saturated. */
export const quantise = (a: Expression, scale: Operand, zero: number, type: ElementType): Expression => ({
  ...{ kind: 'apply', f: 'quant', type, a, zero },
  ...operand(scale),
});

/** Floats from integers: (a − zero) · scale. */
export const dequantise = (a: Expression, scale: Operand, zero: number): Expression => ({
  ...{ kind: 'apply', f: 'dequant', type: 'f32', a, zero },
  ...operand(scale),
});

/** Conversion by the rules of ONNX Cast for what fits the type. */
export const convert = (a: Expression, type: ElementType): Expression =>
  a.type === type ? a : apply('mov', a, undefined, type);

export const add = (a: Expression, b: Operand): Expression => apply('add', a, b);
export const sub = (a: Expression, b: Operand): Expression => apply('sub', a, b);
export const mul = (a: Expression, b: Operand): Expression => apply('mul', a, b);
export const div = (a: Expression, b: Operand): Expression => apply('div', a, b);
export const max = (a: Expression, b: Operand): Expression => apply('max', a, b);
export const min = (a: Expression, b: Operand): Expression => apply('min', a, b);

/** condition ≠ 0 ? chosen : otherwise. */
export const where = (condition: Expression, chosen: Operand, otherwise: Expression): Expression => ({
  kind: 'where',
  type: otherwise.type,
  condition,
  chosen: typeof chosen === 'number' ? { scalar: chosen } : chosen,
  otherwise,
});

/** The same number everywhere; `like` says where, and must hold no NaN. */
export const fill = (like: Expression, value: number): Expression => max(min(like, value), value);

/** ⊕ over the reduced axes of f(a, b). */
export const reduce = (
  by: Exclude<Accumulation, 'none'>,
  a: Expression,
  f: VectorFunction = 'mov',
  b?: Operand,
): Expression => ({ kind: 'reduce', type: a.type, by, f, a, ...operand(b) });

/** Sum over the reduced axes. */
export const sum = (a: Expression): Expression => reduce('add', a);
/** Sum of squares over the reduced axes, a multiply-add an element. */
export const sumOfSquares = (a: Expression): Expression => reduce('add', a, 'mul', a);

/** The expressions that an expression is made of. */
export function operandsOf(e: Expression): readonly Expression[] {
  const isExpression = (b: Expression | Scalar | undefined): b is Expression => b !== undefined && 'kind' in b;
  switch (e.kind) {
    case 'input':
      return [];
    case 'where':
      return [e.condition, e.chosen, e.otherwise].filter(isExpression);
    default:
      return [e.a, e.b].filter(isExpression);
  }
}

/** All expressions below one, each once, operands first. */
export function inOrder(root: Expression): readonly Expression[] {
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    for (const o of operandsOf(e)) visit(o);
    seen.add(e);
  };
  visit(root);
  return [...seen];
}

/** An expression with some of those below it replaced. What is shared stays shared. */
export function replace(root: Expression, by: ReadonlyMap<Expression, Expression>): Expression {
  const done = new Map<Expression, Expression>(by);
  for (const e of inOrder(root)) {
    if (done.has(e)) continue;
    const of = <T extends Expression | Scalar>(x: T): T => ('kind' in x ? ((done.get(x) ?? x) as T) : x);
    if (e.kind === 'input') done.set(e, e);
    else if (e.kind === 'where')
      done.set(e, { ...e, condition: of(e.condition), chosen: of(e.chosen), otherwise: of(e.otherwise) });
    else done.set(e, { ...e, a: of(e.a), ...(e.b === undefined ? {} : { b: of(e.b) }) });
  }
  return done.get(root)!;
}
