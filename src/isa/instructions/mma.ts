/** The matrix unit: a tile of convolution or matrix product; bias, activation and conversion on the way out. */

import type { MatrixType } from '#machine';
import type { InstructionDefinition } from '../define.ts';
import { type ElementType, elementType, flag, ra, rb, rd, record, register } from '../fields.ts';

/** Activations of the drain path, by their code. */
export const ACTIVATIONS = ['none', 'clamp', 'leaky'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** Types of results, by their code; `sum`: that of the accumulators, f32, i32 or i64. */
export const RESULT_TYPES = ['sum', 'f32', 'f16', 'bf16', 'i8', 'u8', 'i16'] as const;
export type ResultType = (typeof RESULT_TYPES)[number];

/** Types of operands that the unit may compute, and of their accumulators and results. Which it does says the machine. */
export const MMA_TYPES = {
  f32: { sum: 'f32', results: ['sum', 'f32', 'f16', 'bf16'] },
  f16: { sum: 'f32', results: ['sum', 'f32', 'f16', 'bf16'] },
  bf16: { sum: 'f32', results: ['sum', 'f32', 'f16', 'bf16'] },
  i8: { sum: 'i32', results: RESULT_TYPES },
  u8: { sum: 'i32', results: RESULT_TYPES },
  i16: { sum: 'i64', results: RESULT_TYPES },
} as const satisfies Readonly<
  Record<MatrixType, { readonly sum: ElementType; readonly results: readonly ResultType[] }>
>;

export const mma: InstructionDefinition = {
  mnemonic: 'mma',
  opcode: 0x44,
  unit: 'matrix',
  fields: [
    rd('results in NRAM'),
    ra('neurons in NRAM'),
    rb('weights in WRAM, k-major, one row of n_g elements for each reduction element of each group'),
    record('pixels', 0, 'pixels p over d3…d0: strides of the neurons'),
    record('reduction', 1, 'reduction elements k over d4…d0: strides of the neurons'),
    record('output', 2, 'd3…d0: strides of the results; d4: number of filters N and stride of a group of Tn filters'),
    register('acc', 6, 'first accumulator entry'),
    register('bias', 0, 'biases in WRAM, read with `bias` only; scales behind them'),
    elementType('type of the operands; that of the weights may be another with `cfg.quant`'),
    flag('clear', 53, 'start from 0 instead of the accumulators'),
    flag('drain', 54, 'write results to NRAM instead of leaving them in the accumulators'),
    flag('useBias', 55, 'add the bias on draining', 'bias'),
    {
      name: 'result',
      kind: 'enum',
      bit: 12,
      width: 3,
      names: RESULT_TYPES,
      optional: true,
      lead: 'to',
      doc: 'type of the results on draining; `sum`: that of the accumulators',
    },
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
  summary: 'Multiplies and accumulates P pixels by N filters over K reduction elements.',
  semantics: `e: bytes of an operand; Tn, Ti: of the machine for the type; sums: f32 of f32, f16, bf16; i32 of i8, u8; i64 of i16
for g in 0…⌈N/Tn⌉−1, n_g = min(Tn, N − g·Tn):
  for p in 0…P−1:
    acc[0…n_g) = clear ? 0 : ARAM[racc + g·P + p]
    for each chunk of up to Ti reduction elements k_i:
      acc[n] = acc[n] + SUM_i A[ra + pixels(p) + reduction(k_i)] · W[rb + e·(g·K·Tn + k_i·n_g + n)]
    if drain: NRAM[rd + output(p) + g·output.d4.stride + (bytes of a result)·n] = result(act(acc[n] + (bias ? BIAS[n] : nothing)))
    else:     ARAM[racc + g·P + p] = acc
A: NRAM; of i8 and u8 less za. W: WRAM; of i8 and u8 less zw
BIAS[n]: WRAM[rbias + 4·(g·Tn + n)], f32 for floats, i32 for integers
clamp: x < p0 ? p0 : x > p1 ? p1 : x, p0 and p1 f32 for floats, i32 for integers
leaky: x < 0 ? p0·x : x, p0 f32; of integers the nearest integer to f32(x)·p0, ties to even, saturated, of NaN 0
result of floats: x rounded to f32, f16, bf16, ties to even
result of integers but sum: v = f32(x) · SCALE[n], then v rounded as above, or for i8, u8, i16 the nearest integer to v, ties to even,
  plus zc, saturated, of NaN the least of the type; SCALE[n]: WRAM[rbias + 4·((bias ? N : 0) + g·Tn + n)], f32`,
};
