/** The matrix unit: a tile of convolution or matrix product, with bias and activation on the way out. */
import type { InstructionDefinition } from '../define.ts';
import { elementType, flag, ra, rb, rd, record, register } from '../fields.ts';

/** Activations of the drain path, by their code. */
export const ACTIVATIONS = ['none', 'clamp', 'leaky'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export const mma: InstructionDefinition = {
  mnemonic: 'mma',
  opcode: 0x44,
  unit: 'matrix',
  fields: [
    rd('results in NRAM'),
    ra('neurons in NRAM'),
    rb('weights in WRAM, k-major, one row of n_g words for each reduction element of each group'),
    record('pixels', 0, 'pixels p over d3…d0: strides of the neurons'),
    record('reduction', 1, 'reduction elements k over d4…d0: strides of the neurons'),
    record('output', 2, 'd3…d0: strides of the results; d4: number of filters N and stride of a group of Tn filters'),
    register('acc', 6, 'first accumulator entry'),
    register('bias', 0, 'biases in WRAM, read with `bias` only'),
    elementType('operand type'),
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
  summary: 'Multiplies and accumulates P pixels by N filters over K reduction elements.',
  semantics: `for g in 0…⌈N/Tn⌉−1, n_g = min(Tn, N − g·Tn):
  for p in 0…P−1:
    acc[0…n_g) = clear ? 0 : ARAM[racc + g·P + p]
    for each chunk of up to Ti reduction elements k_i:
      acc[n] = acc[n] + SUM_i NRAM[ra + pixels(p) + reduction(k_i)] · WRAM[rb + 4·(g·K·Tn + k_i·n_g + n)]
    if drain: NRAM[rd + output(p) + g·output.d4.stride + 4·n] = act(acc[n] + (bias ? WRAM[rbias + 4·(g·Tn + n)] : nothing))
    else:     ARAM[racc + g·P + p] = acc
clamp: x < p0 ? p0 : x > p1 ? p1 : x
leaky: x < 0 ? p0·x : x`,
};
