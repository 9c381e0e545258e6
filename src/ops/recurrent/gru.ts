/**
 * GRU: gates z (update) and r (reset) and candidate h̃, in this order in W, R and B. ONNX GRU-22; Cho et al. 2014,
 * `linear_before_reset` as in cuDNN.
 *
 *   z = f(x·Wz + h·Rz + b)   r = f(x·Wr + h·Rr + b)
 *   h̃ = g(x·Wh + Wbh + (r⊙h)·Rh + Rbh), or with linear_before_reset g(x·Wh + Wbh + r⊙(h·Rh + Rbh))
 *   H = (1 − z)⊙h̃ + z⊙h
 */
import { int, intAttribute } from '#ir';
import { recurrent, recurrentOperator } from './recurrence.ts';
import { recurrentSamples } from './samples.ts';

export const gru = recurrentOperator({
  name: 'GRU',
  summary: 'A layer of gated recurrent units, in one direction or both.',
  versions: [7, 14, 22],
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'W', type: 'T' },
    { name: 'R', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
    { name: 'sequence_lens', type: 'T1', arity: 'optional' },
    { name: 'initial_h', type: 'T', arity: 'optional' },
  ],
  attributes: {
    linear_before_reset: {
      kind: 'int',
      doc: '1: the reset gate multiplies h·Rh + Rbh; 0 (default): it multiplies h before Rh',
    },
  },
  work: { multiplications: 3, additions: 2 },
  uses: [2, 1],
  costRule:
    'a step and sequence: each weight of W and R one MAC; a neuron: biases, activations, and three products and two additions that join the gates.',
  step(w, input, { h, c }, node) {
    const n = w.hidden;
    const [f, g] = w.activations as [typeof w.clip, typeof w.clip];
    const gate = (index: number) => h.map((_, j) => f(w.clip(input[index * n + j]! + recurrent(w, index * n + j, h))));
    const [z, r] = [gate(0), gate(1)];
    const after = intAttribute(node, 'linear_before_reset', 0) !== 0;
    const reset = h.map((value, j) => r[j]! * value);
    return {
      h: h.map((old, j) => {
        const row = 2 * n + j;
        const recurrence = after ? r[j]! * recurrent(w, row, h) : recurrent(w, row, reset);
        return (1 - z[j]!) * g(w.clip(input[row]! + recurrence)) + z[j]! * old;
      }),
      c,
    };
  },
  samples: () => {
    const s = recurrentSamples('GRU', 3, false);
    const after = { linear_before_reset: int(1) };
    return [
      ...s.common(),
      s.make('linear_before_reset', { attributes: after, inputs: ['B', 'initial_h'] }),
      s.make('linear_before_reset without biases', { attributes: after, inputs: ['initial_h'] }),
    ];
  },
});
