/**
 * Integers of 8 bits where the vector unit has lanes of f32 alone: each in a word of its own. A tile is loaded byte by byte into words
 * that hold 2²³ (0x4b000000), whose last byte is the last of the mantissa: so a word is the f32 2²³ + byte. On the way out 3·2²² is added,
 * which leaves the integer's last byte in the last byte of the word, and the store takes that. All that lies between is exact, since f32
 * holds every integer that it meets; `quant` and `dequant` are written out as they are defined.
 */
import { type ElementType, INTEGER_RANGES, type VectorFunction } from '#isa';
import { type Machine, vectorTypes } from '#machine';
import {
  add,
  apply,
  div,
  type Expression,
  inOrder,
  max,
  min,
  mul,
  operandsOf,
  reduce,
  type Scalar,
  sub,
  where,
} from './expression.ts';

/** Bits of a word before its byte is loaded. */
export const EMPTY_WORD = 0x4b000000;
/** What a byte is more as the word that it was loaded into; and what an integer is to be more so that its last byte is that of the word. */
export const IN = 2 ** 23;
export const OUT = 3 * 2 ** 22;

const COMPARISONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>(['gt', 'ge', 'lt', 'le', 'eq', 'ne']);

type Bytes = 'i8' | 'u8';
const isBytes = (type: ElementType): type is Bytes => type === 'i8' || type === 'u8';

/**
 * A formula with 8-bit integers in words, and whether its result lies in words: what is stored then is their last bytes. Undefined where
 * it does with them what is not written out.
 */
export function inWords(
  root: Expression,
  result: ElementType,
  machine: Machine,
): { readonly root: Expression; readonly isResultInWords: boolean } | undefined {
  const known = vectorTypes(machine.vector);
  const lacks = (type: ElementType): boolean => isBytes(type) && !known.includes(type);
  if (![result, ...inOrder(root).map((e) => e.type)].some(lacks)) return undefined;
  /** What expressions are worth: integers as floats. */
  const values = new Map<Expression, Expression>();
  const of = (e: Expression): Expression => values.get(e)!;
  const ofOperand = (b: Expression | Scalar): Expression | number => ('kind' in b ? of(b) : b.scalar);
  for (const e of inOrder(root)) {
    const made = operandsOf(e)
      .concat(e)
      .some((x) => lacks(x.type))
      ? written(e, of, ofOperand, lacks)
      : rebuilt(e, of);
    if (made === undefined) return undefined;
    values.set(e, made);
  }
  const value = of(root);
  return lacks(result)
    ? {
        root:
          root.kind === 'apply' && root.f === 'quant'
            ? add(quantised(root, of, ofOperand), OUT + (root.zero ?? 0))
            : add(value, OUT),
        isResultInWords: true,
      }
    : { root: value, isResultInWords: false };
}

/** The same of operands that have changed. */
function rebuilt(e: Expression, of: (e: Expression) => Expression): Expression {
  const operand = <T extends Expression | Scalar>(b: T): T => ('kind' in b ? (of(b) as T) : b);
  switch (e.kind) {
    case 'input':
      return e;
    case 'where':
      return { ...e, condition: of(e.condition), chosen: operand(e.chosen), otherwise: of(e.otherwise) };
    default:
      return { ...e, a: of(e.a), ...(e.b === undefined ? {} : { b: operand(e.b) }) };
  }
}

/** An expression that reads or makes bytes, as one of floats; undefined where that is not known. */
function written(
  e: Expression,
  of: (e: Expression) => Expression,
  operand: (b: Expression | Scalar) => Expression | number,
  lacks: (type: ElementType) => boolean,
): Expression | undefined {
  switch (e.kind) {
    case 'input':
      return byteValue(e, 0);
    case 'where':
      return where(of(e.condition), operand(e.chosen), of(e.otherwise));
    case 'reduce':
      return e.f === 'mov' && e.b === undefined && (e.by === 'max' || e.by === 'min') && e.a.type === e.type
        ? reduce(e.by, of(e.a))
        : undefined;
    case 'apply':
      if (e.f === 'quant' && lacks(e.type) && e.a.type === 'f32') return add(quantised(e, of, operand), e.zero ?? 0);
      if (e.f === 'dequant' && lacks(e.a.type) && e.type === 'f32') return dequantised(e, of, operand);
      if (e.f === 'mov' && e.b === undefined && lacks(e.a.type) && (e.type === 'f32' || e.type === e.a.type))
        return of(e.a);
      if ((e.f === 'max' || e.f === 'min') && e.a.type === e.type && e.b !== undefined)
        return apply(e.f, of(e.a), operand(e.b));
      if (COMPARISONS.has(e.f) && e.b !== undefined && (lacks(e.a.type) || e.a.type === 'f32'))
        return apply(e.f, of(e.a), operand(e.b), 'f32');
      return undefined;
  }
}

type Input = Extract<Expression, { kind: 'input' }>;
type Apply = Extract<Expression, { kind: 'apply' }>;

/** The words of an operand: one expression for each, so that it is loaded once. */
const wordsOf = new WeakMap<Expression, Expression>();

/** An operand's integers less a zero point. */
function byteValue(e: Input, zero: number): Expression {
  const words = wordsOf.get(e) ?? ({ kind: 'input', type: 'f32', view: e.view, bytes: e.type as Bytes } as const);
  wordsOf.set(e, words);
  const unsigned = sub(words, IN + zero);
  // Of two's complement bytes from 128 on are 256 less.
  return e.type === 'u8' ? unsigned : add(unsigned, mul(apply('ge', words, IN + 128), -256));
}

/** (a − zero) · scale. */
function dequantised(
  e: Apply,
  of: (e: Expression) => Expression,
  operand: (b: Expression | Scalar) => Expression | number,
): Expression {
  const zero = e.zero ?? 0;
  const less = zero === 0 ? of(e.a) : e.a.kind === 'input' ? byteValue(e.a, zero) : sub(of(e.a), zero);
  return mul(less, operand(e.b!));
}

/** The nearest integer to a ÷ scale that the type holds less its zero point; the least of the type where that is no number. */
function quantised(
  e: Apply,
  of: (e: Expression) => Expression,
  operand: (b: Expression | Scalar) => Expression | number,
): Expression {
  const [least, greatest] = INTEGER_RANGES[e.type as Bytes].map((limit) => limit - (e.zero ?? 0)) as [number, number];
  const divisor = operand(e.b!);
  const quotient = divisor === 1 ? of(e.a) : div(of(e.a), divisor);
  const held = min(max(apply('round', quotient), least), greatest);
  return where(apply('ne', held, held), least, held);
}
