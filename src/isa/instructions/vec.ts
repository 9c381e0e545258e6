/** The vector unit: element-wise functions, pooling and reductions over NRAM. */
import type { InstructionDefinition } from '../define.ts';
import { elementType, flag, ra, rb, rd, record } from '../fields.ts';

/** Functions of the vector unit, by their code. */
export const VECTOR_FUNCTIONS = [
  'mov',
  'add',
  'sub',
  'mul',
  'div',
  'max',
  'min',
  'leaky',
  'exp',
  'log',
  'sqrt',
  'recip',
  'sigmoid',
  'tanh',
  'abs',
  'neg',
  'gt',
  'ge',
  'lt',
  'le',
  'eq',
] as const;
export type VectorFunction = (typeof VECTOR_FUNCTIONS)[number];

/** Functions of two operands: B must be a record or a scalar. */
export const BINARY_FUNCTIONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>([
  ...(['add', 'sub', 'mul', 'div', 'max', 'min', 'leaky', 'gt', 'ge', 'lt', 'le', 'eq'] as const),
]);

/** Where the second operand comes from, by its code. */
export const B_MODES = ['none', 'record', 'scalar'] as const;
export type BMode = (typeof B_MODES)[number];

/** How results meet what C holds, by its code. */
export const ACCUMULATIONS = ['none', 'add', 'max', 'min', 'mul'] as const;
export type Accumulation = (typeof ACCUMULATIONS)[number];

export const vec: InstructionDefinition = {
  mnemonic: 'vec',
  opcode: 0x45,
  unit: 'vector',
  fields: [
    { name: 'function', kind: 'enum', bit: 51, width: 5, names: VECTOR_FUNCTIONS, suffix: true, doc: 'function F' },
    rd('results C in NRAM'),
    ra('operands A in NRAM'),
    rb('operands B in NRAM, or the scalar itself'),
    record('a', 0, 'sizes of the index space; strides of A'),
    record('b', 1, 'strides of B'),
    record('c', 2, 'strides of C; 0 reduces'),
    elementType('operand type'),
    {
      name: 'bMode',
      kind: 'enum',
      bit: 13,
      width: 2,
      names: B_MODES,
      optional: true,
      doc: 'whether B is not used, comes from NRAM, or is the scalar in rb',
    },
    {
      name: 'accumulate',
      kind: 'enum',
      bit: 10,
      width: 3,
      names: ACCUMULATIONS,
      optional: true,
      doc: 'how results meet what C holds',
    },
    flag('init', 9, 'the first result for an element of C meets the identity instead'),
  ],
  summary: 'Applies F to every element of the index space, or reduces with it.',
  semantics: `for i in a.sizes (d0 fastest), v = F(NRAM[ra + a(i)], record ? NRAM[rb + b(i)] : rb):
  no accumulation: NRAM[rd + c(i)] = v
  otherwise:       NRAM[rd + c(i)] = NRAM[rd + c(i)] ⊕ v
init: where every dimension with c.stride 0 has index 0, C counts as the identity of ⊕ (0, −inf, +inf, 1)
c.d0.stride = 0 and a.d0.size > 1: lane l takes elements i ≡ l (mod lanes), the lanes meet in a balanced tree, then C
A or B may share words with C only with the same address and strides, each element of C being a word of its own`,
};
