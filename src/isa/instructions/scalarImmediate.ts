/** Scalar operations with a signed 30-bit immediate. */
import type { InstructionDefinition } from '../define.ts';
import { imm30, ra, rd } from '../fields.ts';

export const addi: InstructionDefinition = {
  mnemonic: 'addi',
  opcode: 0x1c,
  unit: 'control',
  class: 'alu',
  fields: [rd('destination'), ra('first operand'), imm30('second operand')],
  summary: 'Adds a constant.',
  semantics: 'rd = ra + imm',
};

export const muli: InstructionDefinition = {
  mnemonic: 'muli',
  opcode: 0x1d,
  unit: 'control',
  class: 'multiply',
  fields: [rd('destination'), ra('first operand'), imm30('second operand')],
  summary: 'Multiplies by a constant; low 32 bits.',
  semantics: 'rd = ra * imm',
};
