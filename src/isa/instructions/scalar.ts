/** The three-register scalar family: 32-bit two's complement, wrap-around. r0 reads 0; writing it changes nothing. */
import type { InstructionDefinition } from '../define.ts';
import { ra, rb, rd } from '../fields.ts';

const family = [
  ['add', 0x11, 'Sum.', 'rd = ra + rb'],
  ['sub', 0x12, 'Difference.', 'rd = ra - rb'],
  ['mul', 0x13, 'Low 32 bits of the product.', 'rd = ra * rb'],
  ['and', 0x14, 'Bitwise and.', 'rd = ra & rb'],
  ['or', 0x15, 'Bitwise or.', 'rd = ra | rb'],
  ['xor', 0x16, 'Bitwise exclusive or.', 'rd = ra ^ rb'],
  ['shl', 0x17, 'Shift left; only the low five bits of rb count.', 'rd = ra << (rb & 31)'],
  ['sra', 0x18, 'Shift right, keeping the sign; only the low five bits of rb count.', 'rd = ra >> (rb & 31)'],
  ['min', 0x19, 'The smaller one, signed.', 'rd = ra < rb ? ra : rb'],
  ['max', 0x1a, 'The larger one, signed.', 'rd = ra > rb ? ra : rb'],
  ['slt', 0x1b, 'Set if less, signed.', 'rd = ra < rb ? 1 : 0'],
] as const;

export const scalar: readonly InstructionDefinition[] = family.map(([mnemonic, opcode, summary, semantics]) => ({
  mnemonic,
  opcode,
  unit: 'control',
  class: mnemonic === 'mul' ? 'multiply' : 'alu',
  fields: [rd('destination'), ra('first operand'), rb('second operand')],
  summary,
  semantics,
}));
