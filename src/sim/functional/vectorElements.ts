/**
 * Elements of the vector unit as numbers: floats as their value, integers as theirs. Of f16 and bf16 a NaN is always the same
 * pattern; everything else is what its bits say.
 */
import {
  bfloat16ToNumber,
  float16ToNumber,
  float32Bits,
  float32OfBits,
  numberToBfloat16,
  numberToFloat16,
} from '#base';
import { ELEMENT_BYTES, type ElementType, INTEGER_RANGES, type IntegerType } from '#isa';
import type { PlainMemory } from './memory.ts';

export const isFloat = (type: ElementType): boolean => type === 'f32' || type === 'f16' || type === 'bf16';

export function readElement(memory: PlainMemory, address: number, type: ElementType): number {
  const bits = Number(memory.readBits(address, ELEMENT_BYTES[type]));
  switch (type) {
    case 'f32':
      return float32OfBits(bits);
    case 'f16':
      return float16ToNumber(bits);
    case 'bf16':
      return bfloat16ToNumber(bits);
    default: {
      const [least] = INTEGER_RANGES[type as IntegerType];
      return least < 0 && bits >= -least ? bits + 2 * least : bits;
    }
  }
}

/** Stores a number that is one of the type, or rounds a float to it; of an integer that is none its low bits. */
export function writeElement(memory: PlainMemory, address: number, type: ElementType, value: number): void {
  const size = ELEMENT_BYTES[type];
  memory.writeBits(address, size, BigInt.asUintN(8 * size, BigInt(bitsOf(type, value))));
}

function bitsOf(type: ElementType, value: number): number {
  switch (type) {
    case 'f32':
      return float32Bits(value);
    case 'f16':
      return Number.isNaN(value) ? 0x7e00 : numberToFloat16(value);
    case 'bf16':
      return Number.isNaN(value) ? 0x7fc0 : numberToBfloat16(value);
    default:
      return value;
  }
}
