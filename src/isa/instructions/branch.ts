/** Conditional branches, relative to their own place. A hardware loop must not be left or entered by a branch. */
import type { InstructionDefinition } from '../define.ts';
import { ra, rb, target } from '../fields.ts';

const family = [
  ['beq', 0x20, 'equal', 'ra == rb'],
  ['bne', 0x21, 'not equal', 'ra != rb'],
  ['blt', 0x22, 'less, signed', 'ra < rb'],
  ['bge', 0x23, 'greater or equal, signed', 'ra >= rb'],
] as const;

export const branch: readonly InstructionDefinition[] = family.map(([mnemonic, opcode, words, condition]) => ({
  mnemonic,
  opcode,
  unit: 'control',
  class: 'branch',
  fields: [ra('left side'), rb('right side'), target(30, 'where to go on')],
  summary: `Branches if ${words}.`,
  semantics: `pc = pc + (${condition} ? target : 1)`,
}));
