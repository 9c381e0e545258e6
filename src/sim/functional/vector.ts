/**
 * The vector unit in plain loops: the executable form of "Vector types" in ARCHITECTURE.md. Floats are computed in f32, each
 * operation rounded at once; integers in 32 bits, which wrap or, with `sat`, stop at the ends. A number is a float or an
 * integer by the type it came from; `Value` says which.
 */
import { roundHalfEven } from '#base';
import {
  type Accumulation,
  ELEMENT_BYTES,
  type ElementType,
  erfF32,
  expF32,
  INTEGER_RANGES,
  type IntegerType,
  logF32,
  rsqrtF32,
  sigmoidF32,
  softplusF32,
  tanhF32,
  type VectorFunction,
} from '#isa';
import { type Machine, vectorLanes } from '#machine';
import { SIZE, STRIDE } from '#timing';
import type { VecEntry } from '../entries.ts';
import { balancedTree } from './arithmetic.ts';
import type { PlainMemory } from './memory.ts';
import { isFloat, readElement, writeElement } from './vectorElements.ts';
import { address, type Index, indices, offset } from './walk.ts';

const f = Math.fround;
const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;

const floatOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

/** An exact integer in 32 bits: its low bits, or the nearest. */
type Hold = (exact: number) => number;
const wrap: Hold = (exact) => Number(BigInt.asIntN(32, BigInt(exact)));
// No integer is −0, which `+ 0` makes 0.
const clamp: Hold = (exact) => Math.min(MOST, Math.max(LEAST, exact)) + 0;

/** Of an integer result: the nearest value of its type. */
function nearestIn(type: ElementType, value: number): number {
  const [least, most] = INTEGER_RANGES[type as IntegerType];
  return Math.min(most, Math.max(least, value));
}

/** Nearest integer, ties to even, with the sign of what it came from. */
function roundEven(x: number): number {
  const rounded = roundHalfEven(x);
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

/** F of two f32. Math.max and Math.min give NaN for a NaN and order −0 below +0, as the unit does. */
function floatFunction(name: VectorFunction, a: number, b: number): number {
  switch (name) {
    case 'mov':
      return a;
    case 'add':
      return f(a + b);
    case 'sub':
      return f(a - b);
    case 'mul':
      return f(a * b);
    case 'div':
      return f(a / b);
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
    case 'leaky':
      return a < 0 ? f(b * a) : a;
    case 'exp':
      return expF32(a);
    case 'log':
      return logF32(a);
    case 'sqrt':
      return f(Math.sqrt(a));
    case 'recip':
      return f(1 / a);
    case 'rsqrt':
      return rsqrtF32(a);
    case 'sigmoid':
      return sigmoidF32(a);
    case 'tanh':
      return tanhF32(a);
    case 'erf':
      return erfF32(a);
    case 'softplus':
      return softplusF32(a);
    case 'abs':
      return Math.abs(a);
    case 'neg':
      return -a;
    case 'round':
      return roundEven(a);
    case 'floor':
      return Math.floor(a);
    case 'ceil':
      return Math.ceil(a);
    case 'trunc':
      return Math.trunc(a);
    default:
      return comparison(name, a, b);
  }
}

function comparison(name: VectorFunction, a: number, b: number): number {
  switch (name) {
    case 'gt':
      return a > b ? 1 : 0;
    case 'ge':
      return a >= b ? 1 : 0;
    case 'lt':
      return a < b ? 1 : 0;
    case 'le':
      return a <= b ? 1 : 0;
    case 'eq':
      return a === b ? 1 : 0;
    case 'ne':
      return a !== b ? 1 : 0;
    default:
      // Dispatch has refused what is not defined for these types.
      throw new TypeError(`vec.${name} is not defined here`);
  }
}

/** F of two 32-bit integers. */
function integerFunction(name: VectorFunction, a: number, b: number, hold: Hold): number {
  switch (name) {
    case 'mov':
      return a;
    case 'add':
      return hold(a + b);
    case 'sub':
      return hold(a - b);
    case 'mul':
      return product(a, b, hold);
    case 'div':
      // Division by zero as in the M extension of RISC-V: all ones.
      return b === 0 ? -1 : hold(Math.trunc(a / b));
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
    case 'leaky':
      return a < 0 ? product(a, b, hold) : a;
    case 'abs':
      return hold(Math.abs(a));
    case 'neg':
      return hold(-a);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'not':
      return ~a;
    case 'shl':
      return hold(a * 2 ** (b & 31));
    case 'shr':
      return a >> (b & 31);
    default:
      return comparison(name, a, b);
  }
}

/** Products of 62 bits are no exact numbers here, but those are far outside. */
const product = (a: number, b: number, hold: Hold): number => (hold === wrap ? Math.imul(a, b) : hold(a * b));

interface Value {
  readonly float: boolean;
  readonly number: number;
}

/** f32 to 32 bits: toward zero, what is outside becomes the nearest, a NaN 0. */
const truncated = (x: number): number => (Number.isNaN(x) ? 0 : clamp(Math.trunc(x)));

/** A value as C's type computes: f32, or 32-bit integer. */
function inDomain(result: ElementType, { float, number }: Value): number {
  if (isFloat(result)) return f(number);
  return float ? truncated(number) : number;
}

/** ⊕ and its identity for floats and integers. */
interface Meeting {
  readonly identity: number;
  readonly meet: (x: number, y: number) => number;
}

function meetingOf(op: Exclude<Accumulation, 'none'>, result: ElementType, hold: Hold): Meeting {
  const float = isFloat(result);
  switch (op) {
    case 'add':
      return { identity: 0, meet: float ? (x, y) => f(x + y) : (x, y) => hold(x + y) };
    case 'mul':
      return { identity: 1, meet: float ? (x, y) => f(x * y) : (x, y) => product(x, y, hold) };
    case 'max':
      return { identity: float ? Number.NEGATIVE_INFINITY : LEAST, meet: Math.max };
    case 'min':
      return { identity: float ? Number.POSITIVE_INFINITY : MOST, meet: Math.min };
  }
}

export function vec(e: VecEntry, machine: Machine, nram: PlainMemory): void {
  const { function: name, type, result } = e;
  const bType = name === 'quant' || name === 'dequant' ? 'f32' : type;
  const hold = e.saturate ? clamp : wrap;
  const at = { a: e.aRecord, b: e.bRecord, c: e.cRecord };
  const place = (operand: 'a' | 'b' | 'c', index: Index): number => address(e[operand], offset(at[operand], index));
  const a = (index: Index): number => readElement(nram, place('a', index), type);
  const scalar = isFloat(bType) ? floatOf(e.b) : e.b | 0;
  const b = (index: Index): number => {
    if (e.bMode === 'none') return 0;
    return e.bMode === 'scalar' ? scalar : readElement(nram, place('b', index), bType);
  };
  const write = (index: Index, number: number): void => {
    writeElement(nram, place('c', index), result, !isFloat(result) && e.saturate ? nearestIn(result, number) : number);
  };
  const copy = (from: number, index: Index): void => {
    const size = ELEMENT_BYTES[type];
    nram.writeBits(place('c', index), size, nram.readBits(from, size));
  };

  const value = (index: Index): Value => {
    if (name === 'quant') return { float: false, number: quantized(f(a(index)), b(index), e) };
    if (name === 'dequant') return { float: true, number: f(f(hold(a(index) - e.zero)) * b(index)) };
    return isFloat(type)
      ? { float: true, number: floatFunction(name, a(index), b(index)) }
      : { float: false, number: integerFunction(name, a(index), b(index), hold) };
  };

  if (name === 'select' || name === 'unless') {
    for (const index of indices(e.aRecord)) {
      const isChosen = (a(index) !== 0) === (name === 'select');
      const chosen = b(index);
      // What stays is read all the same, so that whether it was written does not depend on data.
      nram.readBits(place('c', index), ELEMENT_BYTES[result]);
      if (!isChosen) continue;
      if (type === result && e.bMode === 'record') copy(place('b', index), index);
      else write(index, inDomain(result, { float: isFloat(type), number: chosen }));
    }
    return;
  }
  if (e.accumulate === 'none') {
    for (const index of indices(e.aRecord)) {
      if (name === 'mov' && type === result) copy(place('a', index), index);
      else write(index, inDomain(result, value(index)));
    }
    return;
  }

  const { identity, meet } = meetingOf(e.accumulate, result, hold);
  /** C as it counts at this index: with `init`, the identity before anything met it. */
  const before = (index: Index): number => {
    const first = index.every((i, d) => e.cRecord[4 * d + STRIDE] !== 0 || i === 0);
    return e.init && first ? identity : readElement(nram, place('c', index), result);
  };
  const d0 = e.aRecord[SIZE]!;
  if (e.cRecord[STRIDE] !== 0 || d0 === 1) {
    for (const index of indices(e.aRecord)) write(index, meet(before(index), inDomain(result, value(index))));
    return;
  }
  const lanes = Math.min(vectorLanes(machine.vector, type)!, vectorLanes(machine.vector, result)!);
  let lane: number[] = [];
  for (const index of indices(e.aRecord)) {
    const [i] = index as [number];
    if (i === 0) lane = new Array<number>(lanes).fill(identity);
    lane[i % lanes] = meet(lane[i % lanes]!, inDomain(result, value(index)));
    if (i !== d0 - 1) continue;
    const row = [0, ...index.slice(1)];
    write(row, meet(before(row), balancedTree(lane, meet)));
  }
}

/** The nearest of the result's values to round(a ÷ scale) + zero; of a NaN the least, as ONNX Runtime has it. */
function quantized(a: number, scale: number, { zero, result }: VecEntry): number {
  const quotient = f(a / scale);
  if (Number.isNaN(quotient)) return INTEGER_RANGES[result as IntegerType][0];
  return nearestIn(result, clamp(roundHalfEven(quotient)) + zero);
}
