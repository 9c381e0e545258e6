/** The vector unit: element-wise functions, conversion, pooling and reductions over NRAM. */
import type { InstructionDefinition } from '../define.ts';
import { type ElementType, elementType, flag, isFloatType, ra, rb, rd, record } from '../fields.ts';

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
  'ne',
  'select',
  'unless',
  'round',
  'floor',
  'ceil',
  'trunc',
  'rsqrt',
  'erf',
  'softplus',
  'quant',
  'dequant',
  'and',
  'or',
  'xor',
  'not',
  'shl',
  'shr',
] as const;
export type VectorFunction = (typeof VECTOR_FUNCTIONS)[number];

/** Functions of two operands: B must be a record or a scalar. */
export const BINARY_FUNCTIONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>([
  ...(['add', 'sub', 'mul', 'div', 'max', 'min', 'leaky', 'gt', 'ge', 'lt', 'le', 'eq', 'ne'] as const),
  ...(['select', 'unless', 'quant', 'dequant', 'and', 'or', 'xor', 'shl', 'shr'] as const),
]);

/** Functions that leave C as it is where their condition does not hold. */
export const SELECTING_FUNCTIONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>(['select', 'unless']);

const FLOATS_ONLY: ReadonlySet<VectorFunction> = new Set<VectorFunction>([
  ...(['exp', 'log', 'sqrt', 'recip', 'sigmoid', 'tanh', 'round', 'floor', 'ceil', 'trunc', 'rsqrt', 'erf'] as const),
  'softplus',
]);
const INTEGERS_ONLY: ReadonlySet<VectorFunction> = new Set<VectorFunction>([
  ...(['dequant', 'and', 'or', 'xor', 'not', 'shl', 'shr'] as const),
]);

/** Which types a function is defined for: of its operands and of its result. */
export interface FunctionTypes {
  readonly operands: 'any' | 'floats' | 'integers';
  readonly result: 'any' | 'floats' | 'integers';
}

export const FUNCTION_TYPES: ReadonlyMap<VectorFunction, FunctionTypes> = new Map(
  VECTOR_FUNCTIONS.map((name) => {
    const operands = FLOATS_ONLY.has(name) ? 'floats' : INTEGERS_ONLY.has(name) ? 'integers' : 'any';
    return [name, { operands, result: name === 'quant' ? 'integers' : name === 'dequant' ? 'floats' : 'any' }];
  }),
);

/** Functions whose B is a scale: f32 whatever the type of A. They take the zero point of `cfg.zero`. */
export const SCALING_FUNCTIONS: ReadonlySet<VectorFunction> = new Set<VectorFunction>(['quant', 'dequant']);

/** Type of the elements of B where those of A are of `type`. */
export const secondType = (name: VectorFunction, type: ElementType): ElementType =>
  SCALING_FUNCTIONS.has(name) ? 'f32' : type;

/** Whether a scalar B holds the bits of an f32, and not an integer. */
export const scalarIsFloat = (name: VectorFunction, type: ElementType): boolean => isFloatType(secondType(name, type));

/** Result types by their code: that of A, or one of its own. */
const RESULT_TYPES = ['as A', 'f32', 'f16', 'bf16', 'i8', 'u8', 'i16', 'i32'] as const;

/** The type of C, from its code and that of A. */
export const resultType = (code: number, type: ElementType): ElementType =>
  code === 0 ? type : (RESULT_TYPES[code] as ElementType);

/** The code of a result type. */
export const resultCode = (type: ElementType, result: ElementType): number =>
  type === result ? 0 : (RESULT_TYPES as readonly string[]).indexOf(result);

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
    {
      name: 'function',
      kind: 'enum',
      bit: 51,
      width: 5,
      high: { bit: 8, width: 1 },
      names: VECTOR_FUNCTIONS,
      suffix: true,
      doc: 'function F',
    },
    rd('results C in NRAM'),
    ra('operands A in NRAM'),
    rb('operands B in NRAM, or the scalar itself'),
    record('a', 0, 'sizes of the index space; strides of A'),
    record('b', 1, 'strides of B'),
    record('c', 2, 'strides of C; 0 reduces'),
    elementType('operand type T'),
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
    {
      name: 'result',
      kind: 'enum',
      bit: 0,
      width: 3,
      names: RESULT_TYPES,
      optional: true,
      lead: 'to',
      doc: 'result type R, where it is not that of A',
    },
    flag('saturate', 3, 'of integers: what does not fit becomes the nearest that does, instead of its low bits', 'sat'),
  ],
  summary:
    'Applies F to every element of the index space, or reduces with it; converts where the result has another type.',
  semantics: `for i in a.sizes (d0 fastest), v = F(NRAM[ra + a(i)], record ? NRAM[rb + b(i)] : rb):
  select, unless:  if the condition holds: NRAM[rd + c(i)] = R(B)
  no accumulation: NRAM[rd + c(i)] = R(v)
  otherwise:       NRAM[rd + c(i)] = R(NRAM[rd + c(i)] ⊕ v)
init: where every dimension with c.stride 0 has index 0, C counts as the identity of ⊕ (0, least, greatest, 1)
c.d0.stride = 0 and a.d0.size > 1: lane l takes elements i ≡ l (mod lanes), the lanes meet in a balanced tree, then C
A or B may share bytes with C only with the same address, strides and element size, each element of C being apart
floats are computed in f32, integers in i32; what F and R( ) are for each type stands in ARCHITECTURE.md, "Vector types"`,
};
