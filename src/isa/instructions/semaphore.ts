/**
 * Order between queues. 16 counting semaphores a core, 0 at the start, or as many as the machine says, at most 32. Each has one signalling queue, of its own core or of
 * another, and one waiting queue, of its own core, for the whole program; a second one traps, as does a count above 255.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { QUEUES, ra } from '../fields.ts';

const fields: readonly Field[] = [
  { name: 'queue', kind: 'enum', bit: 48, width: 3, names: QUEUES, doc: 'queue in which the entry stands' },
  { name: 'semaphore', kind: 'unsigned', bit: 0, width: 5, doc: 'semaphore' },
];

export const wait: InstructionDefinition = {
  mnemonic: 'wait',
  opcode: 0x40,
  unit: 'named',
  fields,
  summary: 'Blocks its queue until the semaphore is positive and takes one.',
  semantics: 'wait until S[semaphore] > 0; S[semaphore] = S[semaphore] - 1',
};

export const signal: InstructionDefinition = {
  mnemonic: 'signal',
  opcode: 0x41,
  unit: 'named',
  fields,
  summary: 'Adds one once everything before it in its queue has completed.',
  semantics: 'S[semaphore] = S[semaphore] + 1',
};

export const signalTo: InstructionDefinition = {
  mnemonic: 'signal.to',
  opcode: 0x07,
  unit: 'named',
  fields: [...fields, ra('number of the core whose semaphore it is')],
  summary: 'Adds one to a semaphore of another core once everything before it in its queue has completed.',
  semantics: 'core[ra].S[semaphore] = core[ra].S[semaphore] + 1',
};
