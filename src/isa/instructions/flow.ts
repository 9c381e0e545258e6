/** Instructions without operands that order the whole program. */
import type { InstructionDefinition } from '../define.ts';

export const nop: InstructionDefinition = {
  mnemonic: 'nop',
  opcode: 0x01,
  unit: 'control',
  class: 'alu',
  fields: [],
  summary: 'Nothing.',
  semantics: 'pc = pc + 1',
};

export const halt: InstructionDefinition = {
  mnemonic: 'halt',
  opcode: 0x02,
  unit: 'control',
  class: 'halt',
  fields: [],
  summary: 'Ends the program after all queues have drained.',
  semantics: 'wait until every queue is empty and every unit idle; stop',
};

export const sync: InstructionDefinition = {
  mnemonic: 'sync',
  opcode: 0x03,
  unit: 'control',
  class: 'sync',
  fields: [],
  summary: 'Control waits until every queue is empty and every unit idle.',
  semantics: 'wait until every queue is empty and every unit idle; pc = pc + 1',
};
