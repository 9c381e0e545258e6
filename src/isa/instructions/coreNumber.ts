/**
 * Where a core is in the chip. All cores run one program from its first instruction; by these numbers they take different
 * parts of the work.
 */
import type { InstructionDefinition } from '../define.ts';
import { CORE_NUMBERS, rd } from '../fields.ts';

export const csr: InstructionDefinition = {
  mnemonic: 'csr',
  opcode: 0x05,
  unit: 'control',
  class: 'alu',
  fields: [
    rd('destination'),
    {
      name: 'number',
      kind: 'enum',
      bit: 48,
      width: 3,
      names: CORE_NUMBERS,
      doc:
        'core: number in the chip; cores: how many run the program; cluster, clusters: the same of clusters; ' +
        'rank: number in its cluster; ranks: cores of its cluster that run the program',
    },
  ],
  summary: 'Reads the number of this core or of cores.',
  semantics: 'rd = number',
};
