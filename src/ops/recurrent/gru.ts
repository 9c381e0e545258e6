/**
 * GRU: gates z (update) and r (reset) and candidate h̃, in this order in W, R and B. ONNX GRU-22; Cho et al. 2014,
 * `linear_before_reset` as in cuDNN.
 *
 *   z = f(x·Wz + h·Rz + b)   r = f(x·Wr + h·Rr + b)
 *   h̃ = g(x·Wh + Wbh + (r⊙h)·Rh + Rbh), or with linear_before_reset g(x·Wh + Wbh + r⊙(h·Rh + Rbh))
 *   H = (1 − z)⊙h̃ + z⊙h
 */
import { int, intAttribute } from '#ir';
import type { Expression } from '../expression.ts';
import type { Activation } from './activations.ts';
import {
  concat,
  type DirectionValues,
  gate,
  gateOf,
  outer,
  plus,
  type StepGradients,
  stepsOf,
  timesR,
} from './backward.ts';
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
  backward,
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

/** The gates of all steps at once: they need only the state before each step, which Y holds. */
function backward(v: DirectionValues) {
  const { hidden: n, clip, before } = v;
  const [f, g] = v.activations as [Activation, Activation];
  const after = intAttribute(v.node, 'linear_before_reset', 0) !== 0;
  const rows = (from: number, to: number) => v.r.slice([0], [from * n], [to * n]);
  const bias = (from: number, to: number) => v.rb?.slice([0], [from * n], [to * n]);
  const [rGates, rCandidate] = [rows(0, 2), rows(2, 3)];
  const gates = plus(v.input.slice([2], [0], [2 * n]).add(timesR(before, rGates)), bias(0, 2))!;
  const z = gate(gateOf(gates, 0, n), f, clip);
  const r = gate(gateOf(gates, 1, n), f, clip);
  // What the reset gate multiplies, and what it makes of it.
  const linear = after ? plus(timesR(before, rCandidate), bias(2, 3))! : before;
  const reset = r.y.mul(linear);
  const sum = gateOf(v.input, 2, n).add(after ? reset : plus(timesR(reset, rCandidate), bias(2, 3))!);
  const candidate = gate(sum, g, clip);
  const each = [z.y, z.slope, r.y, r.slope, candidate.y, candidate.slope, linear, before].map(stepsOf);

  return {
    step(t: number, owed: { readonly h: Expression }): StepGradients {
      const [zY, zSlope, rY, rSlope, y, slope, reached, old] = each.map((steps) => steps[t]!) as [
        Expression,
        Expression,
        Expression,
        Expression,
        Expression,
        Expression,
        Expression,
        Expression,
      ];
      const kept = owed.h.mul(zY);
      const dN = owed.h.sub(kept).mul(slope);
      const dZ = owed.h.mul(old.sub(y)).mul(zSlope);
      const dReset = after ? dN : dN.matMul(rCandidate);
      const dR = dReset.mul(reached).mul(rSlope);
      const dLinear = dReset.mul(rY);
      const gradients = concat([dZ, dR], 2);
      const owes = kept.add(gradients.matMul(rGates)).add(after ? dLinear.matMul(rCandidate) : dLinear);
      const input = concat([gradients, dN], 2);
      return { input, recurrent: after ? concat([gradients, dLinear], 2) : input, before: { h: owes, c: undefined } };
    },
    ...(after
      ? {}
      : {
          weights: (sums: Expression): Expression =>
            concat([outer(sums.slice([2], [0], [2 * n]), before), outer(gateOf(sums, 2, n), reset)], 0),
        }),
  };
}
