/** Transfers between the SharedRAM of a cluster and a core's scratchpads, record to record, over the core's link. */
import type { Field, InstructionDefinition } from '../define.ts';
import { elementType, flag, ra, rd, record, SCRATCHPADS } from '../fields.ts';

const space: Field = { name: 'space', kind: 'enum', bit: 51, width: 2, names: SCRATCHPADS, doc: 'scratchpad' };

export const get: InstructionDefinition = {
  mnemonic: 'get',
  opcode: 0x4a,
  unit: 'link',
  fields: [
    space,
    rd('scratchpad address'),
    ra('SharedRAM address'),
    record('dst', 0, 'scratchpad side: strides'),
    record('src', 1, 'SharedRAM side: sizes, strides, bounds, fill'),
    elementType('element type; nothing is converted'),
    flag('multicast', 53, 'all cores of the cluster take part, SharedRAM is read once', 'mc'),
  ],
  summary: 'Moves elements from SharedRAM to a scratchpad. Outside the bounds nothing is read and the fill is written.',
  semantics: `for i in src.sizes (d0 fastest):
  space[rd + dst(i)] = src.lo <= i < src.hi in every dimension ? SHARED[ra + src(i)] : src.fill`,
};

export const put: InstructionDefinition = {
  mnemonic: 'put',
  opcode: 0x4b,
  unit: 'link',
  fields: [
    space,
    rd('SharedRAM address'),
    ra('scratchpad address'),
    record('dst', 0, 'SharedRAM side: strides, bounds'),
    record('src', 1, 'scratchpad side: sizes, strides'),
    elementType('element type; nothing is converted'),
  ],
  summary: 'Moves elements from a scratchpad to SharedRAM. Outside the bounds nothing is written.',
  semantics: `for i in src.sizes (d0 fastest):
  if dst.lo <= i < dst.hi in every dimension: SHARED[rd + dst(i)] = space[ra + src(i)]`,
};
