/** DMA between DRAM and scratchpads or SharedRAM, record to record. */
import type { Field, InstructionDefinition } from '../define.ts';
import { elementType, MULTICASTS, ra, rd, record, SPACES } from '../fields.ts';

const space: Field = {
  name: 'space',
  kind: 'enum',
  bit: 51,
  width: 2,
  names: SPACES,
  doc: 'scratchpad, or SharedRAM of the cluster',
};
const multicast: Field = {
  name: 'multicast',
  kind: 'enum',
  bit: 53,
  width: 2,
  names: MULTICASTS,
  optional: true,
  doc: 'all cores of the cluster (mc) or chip (mc.chip) take part, DRAM is read once; not into SharedRAM',
};

export const load: InstructionDefinition = {
  mnemonic: 'load',
  opcode: 0x42,
  unit: 'load',
  fields: [
    space,
    rd('scratchpad address'),
    ra('DRAM address'),
    record('dst', 0, 'scratchpad side: strides'),
    record('src', 1, 'DRAM side: sizes, strides, bounds, fill'),
    elementType('element type; nothing is converted'),
    multicast,
  ],
  summary:
    'Moves elements from DRAM to a scratchpad or SharedRAM. Outside the bounds nothing is read and the fill is written.',
  semantics: `for i in src.sizes (d0 fastest):
  space[rd + dst(i)] = src.lo <= i < src.hi in every dimension ? DRAM[ra + src(i)] : src.fill`,
};

export const store: InstructionDefinition = {
  mnemonic: 'store',
  opcode: 0x43,
  unit: 'store',
  fields: [
    space,
    rd('DRAM address'),
    ra('scratchpad address'),
    record('dst', 0, 'DRAM side: strides, bounds'),
    record('src', 1, 'scratchpad side: sizes, strides'),
    elementType('element type; nothing is converted'),
  ],
  summary: 'Moves elements from a scratchpad or SharedRAM to DRAM. Outside the bounds nothing is written.',
  semantics: `for i in src.sizes (d0 fastest):
  if dst.lo <= i < dst.hi in every dimension: DRAM[rd + dst(i)] = space[ra + src(i)]`,
};
