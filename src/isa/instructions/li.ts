/** Load immediate: the only instruction with a whole 32-bit constant. */
import type { InstructionDefinition } from '../define.ts';
import { rd } from '../fields.ts';

export const li: InstructionDefinition = {
  mnemonic: 'li',
  opcode: 0x10,
  unit: 'control',
  class: 'alu',
  fields: [
    rd('destination'),
    { name: 'imm', kind: 'word', bit: 0, width: 32, doc: 'integer from −2^31 to 2^32−1, or a float such as `1.5f`' },
  ],
  summary: 'Loads a 32-bit constant.',
  semantics: 'rd = imm',
};
