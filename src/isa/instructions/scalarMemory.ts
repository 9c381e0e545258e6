/** Loads and stores of the scalar memory SMEM: 32-bit words at word-aligned byte addresses. */
import type { InstructionDefinition } from '../define.ts';
import { imm30, ra, rd } from '../fields.ts';

export const lw: InstructionDefinition = {
  mnemonic: 'lw',
  opcode: 0x28,
  unit: 'control',
  class: 'load',
  fields: [rd('destination'), ra('base address'), imm30('byte offset')],
  summary: 'Loads a word from scalar memory.',
  semantics: 'rd = SMEM[ra + imm]',
};

export const sw: InstructionDefinition = {
  mnemonic: 'sw',
  opcode: 0x29,
  unit: 'control',
  class: 'store',
  fields: [rd('value'), ra('base address'), imm30('byte offset')],
  summary: 'Stores a word to scalar memory.',
  semantics: 'SMEM[ra + imm] = rd',
};
