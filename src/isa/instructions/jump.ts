/** Unconditional jumps and subroutines. */
import type { InstructionDefinition } from '../define.ts';
import { ra, rd, target } from '../fields.ts';

export const jmp: InstructionDefinition = {
  mnemonic: 'jmp',
  opcode: 0x24,
  unit: 'control',
  class: 'jump',
  fields: [target(30, 'where to go on')],
  summary: 'Jumps.',
  semantics: 'pc = pc + target',
};

export const call: InstructionDefinition = {
  mnemonic: 'call',
  opcode: 0x25,
  unit: 'control',
  class: 'jump',
  fields: [rd('receives the address to return to'), target(30, 'first instruction of the subroutine')],
  summary: 'Calls a subroutine; the link is an instruction index.',
  semantics: 'rd = pc + 1; pc = pc + target',
};

export const ret: InstructionDefinition = {
  mnemonic: 'ret',
  opcode: 0x26,
  unit: 'control',
  class: 'jump',
  fields: [ra('link')],
  summary: 'Returns to the instruction index in a register.',
  semantics: 'pc = ra',
};
