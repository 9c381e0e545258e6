/** The host call: the opaque rest of the network that the processor does not run. */
import type { InstructionDefinition } from '../define.ts';

export const host: InstructionDefinition = {
  mnemonic: 'host',
  opcode: 0x04,
  unit: 'control',
  class: 'host',
  fields: [{ name: 'part', kind: 'unsigned', bit: 0, width: 30, doc: "index in the program's table of host parts" }],
  summary: 'Runs one host part between DRAM tensors; control goes on when it is done.',
  semantics: 'sync; run host part `part`; pc = pc + 1',
};
