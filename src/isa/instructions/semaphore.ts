/**
 * Order between queues. 16 counting semaphores, 0 at the start. Each has one signalling and one waiting queue for the
 * whole program; a second one traps, as does a count above 255.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { QUEUES } from '../fields.ts';

const fields: readonly Field[] = [
  { name: 'queue', kind: 'enum', bit: 48, width: 3, names: QUEUES, doc: 'queue in which the entry stands' },
  { name: 'semaphore', kind: 'unsigned', bit: 0, width: 4, doc: 'semaphore' },
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
