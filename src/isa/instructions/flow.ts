/** Instructions that order the whole program, of one core or of several. */
import type { InstructionDefinition } from '../define.ts';
import { BARRIER_SCOPES, SYNC_SCOPES } from '../fields.ts';

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
  summary: 'Ends the program of this core after all its queues have drained.',
  semantics: 'wait until every queue is empty and every unit idle; stop',
};

export const sync: InstructionDefinition = {
  mnemonic: 'sync',
  opcode: 0x03,
  unit: 'control',
  class: 'sync',
  fields: [
    {
      name: 'scope',
      kind: 'enum',
      bit: 48,
      width: 2,
      names: SYNC_SCOPES,
      optional: true,
      doc: 'whose queues: of this core, or (then cores meet, as at a barrier) of all cores of its cluster or of the chip',
    },
  ],
  summary: 'Control waits until every queue is empty and every unit idle.',
  semantics: `wait until every queue of this core is empty and every unit idle
if scope is not core: barrier scope
pc = pc + 1`,
};

export const barrier: InstructionDefinition = {
  mnemonic: 'barrier',
  opcode: 0x06,
  unit: 'control',
  class: 'barrier',
  fields: [{ name: 'scope', kind: 'enum', bit: 48, width: 1, names: BARRIER_SCOPES, doc: 'which cores meet' }],
  summary: 'Control waits until that of every core of its cluster or of the chip has come to a barrier of this scope.',
  semantics: `meet all cores of the scope; pc = pc + 1
queues go on meanwhile; what was dispatched behind the barrier is after what was drained before it`,
};
