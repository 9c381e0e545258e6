/** Multiply-add of scalars: one address of a tile in one instruction. */
import type { InstructionDefinition } from '../define.ts';
import { ra, rb, rd, register } from '../fields.ts';

export const mad: InstructionDefinition = {
  mnemonic: 'mad',
  opcode: 0x1e,
  unit: 'control',
  class: 'multiply',
  fields: [rd('destination'), ra('first factor'), rb('second factor'), register('rc', 24, 'summand')],
  summary: 'Multiplies and adds; low 32 bits.',
  semantics: 'rd = ra * rb + rc',
};
