/** Compressed operands: a load that decompresses, and a matrix product that leaves out what is not kept. */
import type { InstructionDefinition } from '../define.ts';
import { elementType, flag, ra, rb, rd, record, register, SCRATCHPADS } from '../fields.ts';
import { STREAM_FORMATS } from '../sparse/stream.ts';
import { WEIGHT_FORMATS } from '../sparse/weights.ts';
import { ACTIVATIONS } from './mma.ts';

export const loadSparse: InstructionDefinition = {
  mnemonic: 'load.sparse',
  opcode: 0x46,
  unit: 'load',
  fields: [
    { name: 'space', kind: 'enum', bit: 51, width: 1, names: SCRATCHPADS, doc: 'scratchpad' },
    rd('scratchpad address'),
    ra('DRAM address of the stream, a multiple of 4'),
    rb('bytes of the stream, a multiple of 4'),
    record('dst', 0, 'scratchpad side: sizes, strides'),
    elementType('element type; nothing is converted'),
    { name: 'format', kind: 'enum', bit: 52, width: 1, names: STREAM_FORMATS, doc: 'format of the stream' },
  ],
  summary: 'Reads a compressed stream from DRAM and writes all its elements, zeros included, to a scratchpad.',
  semantics: `stream = DRAM[ra … ra + rb − 1], blocks of 32 elements, each at a multiple of 4 bytes:
  bitmap: u32, bit i set: element i is among the values; the values in order; zero bytes to a multiple of 4
  two4:   u32, i0 | i1 << 2 at bit 4·g for group g of four elements, i0 < i1: the two that are kept; both values of each group; zero bytes
for i in dst.sizes (d0 fastest): space[rd + dst(i)] = next element of the stream, 0 where it is left out
a stream that does not hold exactly the elements of dst in rb bytes traps`,
};

export const mmaSparse: InstructionDefinition = {
  mnemonic: 'mma.sparse',
  opcode: 0x4c,
  unit: 'matrix',
  fields: [
    rd('results in NRAM'),
    ra('neurons in NRAM'),
    rb('compressed weights in WRAM, group after group: index words, then rows of n_g values'),
    record('pixels', 0, 'pixels p over d3…d0: strides of the neurons; size of d4: rows R of `bitmap`'),
    record(
      'reduction',
      1,
      'reduction elements k over d4…d0: strides of the neurons; two4: d0 holds whole groups of four',
    ),
    record('output', 2, 'd3…d0: strides of the results; d4: number of filters N and stride of a group of Tn filters'),
    register('acc', 6, 'first accumulator entry'),
    register('bias', 0, 'biases in WRAM, read with `bias` only'),
    elementType('operand type'),
    { name: 'format', kind: 'enum', bit: 12, width: 1, names: WEIGHT_FORMATS, doc: 'format of the weights' },
    flag('clear', 53, 'start from 0 instead of the accumulators'),
    flag('drain', 54, 'write results to NRAM instead of leaving them in the accumulators'),
    flag('useBias', 55, 'add the bias on draining', 'bias'),
    {
      name: 'act',
      kind: 'enum',
      bit: 51,
      width: 2,
      names: ACTIVATIONS,
      optional: true,
      doc: 'activation on draining, with p0 and p1 of `cfg.act`',
    },
  ],
  summary: 'An mma whose weights are compressed: elements of the reduction that are not kept take no time.',
  semantics: `as mma, with for each filter n the kept elements k_r, r = 0…, and their weights V[r]:
  two4:   k_2q = 4·q + i0, k_2q+1 = 4·q + i1; index of group of four q: 4 bits i0 | i1 << 2 at bit 4·(n mod 8) of
          WRAM word q·⌈n_g/8⌉ + ⌊n/8⌋ of the group; R = K/2
  bitmap: k_r = place of the r-th set bit of the filter's ⌈K/32⌉ words; R = pixels.d4.size; more than R set bits trap
  V[r] = word (index words) + r·n_g + n of the group
  acc[n] = acc[n] + SUM_i NRAM[ra + pixels(p) + reduction(k_i)] · V[i] for chunks of up to Ti kept elements in order;
  two4 with lane packing 'run': a chunk does not cross a run of d0; bitmap: all kept elements are one sequence`,
};
