/**
 * Writing address-generator records. Each of the five dimensions d0 (innermost) … d4 has a size, a stride in bytes and the
 * bounds lo ≤ i < hi inside which an element exists.
 */
import type { Field, InstructionDefinition } from '../define.ts';
import { RECORD_DIMENSIONS, ra, rb } from '../fields.ts';

const dim: Field = {
  name: 'dim',
  kind: 'unsigned',
  bit: 53,
  width: 3,
  max: RECORD_DIMENSIONS - 1,
  doc: 'dimension, 0 is the innermost',
};
const record: Field = { name: 'record', kind: 'record', bit: 48, width: 5, doc: 'record to write' };

export const cfgDim: InstructionDefinition = {
  mnemonic: 'cfg.dim',
  opcode: 0x30,
  unit: 'control',
  class: 'config',
  fields: [record, dim, ra('size'), rb('stride in bytes, signed')],
  summary: 'Sets size and stride of a dimension from registers; the bounds become the whole dimension.',
  semantics: 'record.dim = { size: ra, stride: rb, lo: 0, hi: ra }',
};

export const cfgDimi: InstructionDefinition = {
  mnemonic: 'cfg.dimi',
  opcode: 0x31,
  unit: 'control',
  class: 'config',
  fields: [
    record,
    dim,
    { name: 'size', kind: 'unsigned', bit: 28, width: 20, doc: 'size' },
    { name: 'stride', kind: 'signed', bit: 0, width: 28, doc: 'stride in bytes' },
  ],
  summary: 'Sets size and stride of a dimension to constants; the bounds become the whole dimension.',
  semantics: 'record.dim = { size, stride, lo: 0, hi: size }',
};

export const cfgBound: InstructionDefinition = {
  mnemonic: 'cfg.bound',
  opcode: 0x32,
  unit: 'control',
  class: 'config',
  fields: [record, dim, ra('first index inside, signed'), rb('first index behind the inside, signed')],
  summary: 'Sets the bounds of a dimension, after its size: this is how padding and ragged edges are written.',
  semantics: 'record.dim.lo = ra; record.dim.hi = rb',
};

export const cfgFill: InstructionDefinition = {
  mnemonic: 'cfg.fill',
  opcode: 0x33,
  unit: 'control',
  class: 'config',
  fields: [record, ra('bits of the element')],
  summary: 'Sets what a load writes for elements outside the bounds.',
  semantics: 'record.fill = ra',
};

export const cfgClear: InstructionDefinition = {
  mnemonic: 'cfg.clear',
  opcode: 0x34,
  unit: 'control',
  class: 'config',
  fields: [record],
  summary: 'Makes a record of one element.',
  semantics: 'record.d0…d4 = { size: 1, stride: 0, lo: 0, hi: 1 }; record.fill = 0',
};

export const cfgAct: InstructionDefinition = {
  mnemonic: 'cfg.act',
  opcode: 0x35,
  unit: 'control',
  class: 'config',
  fields: [ra('p0, bits of an f32'), rb('p1, bits of an f32')],
  summary: "Sets the parameters of the matrix unit's drain path, which each mma snapshots.",
  semantics: 'p0 = ra; p1 = rb',
};

/** Types of weights that stand beside the type of an `mma` of 8-bit operands, by their code. */
export const WEIGHT_TYPES = ['same', 'i8', 'u8'] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

const zero = (name: string, bit: number, doc: string): Field => ({ name, kind: 'signed', bit, width: 16, doc });

export const cfgQuant: InstructionDefinition = {
  mnemonic: 'cfg.quant',
  class: 'config',
  opcode: 0x36,
  unit: 'control',
  fields: [
    zero('za', 32, 'zero point of the neurons'),
    zero('zw', 16, 'zero point of the weights'),
    zero('zc', 0, 'zero point of results of 8 or 16 bits'),
    {
      name: 'weights',
      kind: 'enum',
      bit: 48,
      width: 2,
      names: WEIGHT_TYPES,
      optional: true,
      lead: 'weights',
      doc: 'type of the weights of an mma of 8-bit operands; `same`: that of the mma',
    },
  ],
  summary: "Sets zero points and the weights' type of the matrix unit's integers, which each mma snapshots.",
  semantics: 'za, zw, zc, weights = the immediates; at the start zero points are 0 and weights `same`',
};

export const cfgZero: InstructionDefinition = {
  mnemonic: 'cfg.zero',
  opcode: 0x38,
  unit: 'control',
  class: 'config',
  fields: [ra('zero point, signed')],
  summary: 'Sets the zero point of `vec.quant` and `vec.dequant`, which each of them snapshots.',
  semantics: 'zero = ra',
};
