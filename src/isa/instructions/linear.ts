/**
 * The textbook's programs have sizes but neither addresses nor shapes. Their two instructions count time, traffic and work
 * alone; a program that holds one cannot be run with data. On a machine with a cluster one stream of instructions drives all
 * cores in lockstep: sizes are those of each core, but for transfers between DRAM and SharedRAM, which happen once.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { COMPUTE_TYPES, flag, LINEAR_SPACES } from '../fields.ts';

/** Bytes and operations of one instruction; 2^36 − 1 at most. */
const size = (name: string, doc: string): Field => ({
  name,
  kind: 'unsigned',
  bit: 0,
  width: 36,
  min: 1,
  doc,
});

export const dmaLinear: InstructionDefinition = {
  mnemonic: 'dma.linear',
  opcode: 0x48,
  unit: 'dma',
  fields: [
    { name: 'from', kind: 'enum', bit: 48, width: 2, names: LINEAR_SPACES, doc: 'memory read' },
    { name: 'to', kind: 'enum', bit: 50, width: 2, names: LINEAR_SPACES, doc: 'memory written' },
    size('bytes', 'bytes, of each core where a scratchpad takes part'),
    flag('multicast', 52, 'read once for the scratchpads of all cores', 'mc'),
  ],
  summary: 'Moves so many bytes, whose addresses are not told: counts time and traffic only.',
  semantics: `DRAM <-> scratchpad: DRAM channel, cores x bytes (mc: bytes)
DRAM <-> shared:     DRAM channel, bytes
shared <-> scratchpad: link of each core, bytes; one port for all: cores x bytes (mc: bytes)`,
};

export const macLinear: InstructionDefinition = {
  mnemonic: 'mac.linear',
  opcode: 0x49,
  unit: 'matrix',
  fields: [
    {
      name: 'type',
      kind: 'enum',
      bit: 48,
      width: 6,
      names: COMPUTE_TYPES,
      suffix: true,
      doc: 'operation and bits of its operands',
    },
    size('count', 'operations of each core'),
  ],
  summary: 'So many operations, whose operands are not told: counts time and work only.',
  semantics: 'occupies the matrix unit of each core for ceil(count / (multiply-accumulates a cycle))',
};
