/** Elements of memories as numbers: what bits of a type mean, and the bits that a number becomes. */
import {
  bfloat16ToNumber,
  float16ToNumber,
  float32Bits,
  float32OfBits,
  numberToBfloat16,
  numberToFloat16,
} from '#base';
import type { ElementType } from '#isa';

const INTEGER_BITS: Readonly<Partial<Record<ElementType, number>>> = { i8: 8, i16: 16, i32: 32, i64: 64 };

/** An integer element. */
export function integerOf(bits: bigint, type: ElementType): bigint {
  return type === 'u8' ? bits : BigInt.asIntN(INTEGER_BITS[type]!, bits);
}

/** A floating-point element; exact. */
export function floatOf(bits: bigint, type: ElementType): number {
  if (type === 'f16') return float16ToNumber(Number(bits));
  if (type === 'bf16') return bfloat16ToNumber(Number(bits));
  return float32OfBits(Number(bits));
}

/** A number rounded to a floating-point type, ties to even; a NaN of 16 bits is always the same. */
export function floatBits(value: number, type: ElementType): bigint {
  if (type === 'f16') return BigInt(numberToFloat16(value));
  if (type === 'bf16') return BigInt(Number.isNaN(value) ? 0x7fc0 : numberToBfloat16(value));
  return BigInt(float32Bits(value));
}

/** The f32 nearest to an integer, ties to even, in one rounding. */
export function floatOfInteger(x: bigint): number {
  const magnitude = x < 0n ? -x : x;
  const length = magnitude.toString(2).length;
  const dropped = BigInt(Math.max(0, length - 24));
  const kept = magnitude >> dropped;
  const rest = magnitude - (kept << dropped);
  const half = dropped === 0n ? 1n : 1n << (dropped - 1n);
  const up = rest > half || (rest === half && kept % 2n === 1n);
  const rounded = Number((kept + (up ? 1n : 0n)) << dropped);
  return x < 0n ? -rounded : rounded;
}

/** The integer of so many signed bits nearest to x, ties to even; beyond the range its end, of NaN 0. */
export function nearestInteger(x: number, least: bigint, most: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x <= Number(least)) return least;
  if (x >= Number(most)) return most;
  const floor = Math.floor(x);
  const rest = x - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return BigInt(floor) + (isUp ? 1n : 0n);
}
