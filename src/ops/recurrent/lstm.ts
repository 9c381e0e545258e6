/**
 * LSTM: gates i (input), o (output), f (forget) and candidate c̃, in this order in W, R and B; peepholes P in the order
 * i, o, f. ONNX LSTM-22; Hochreiter & Schmidhuber 1997, peepholes: Gers & Schmidhuber 2000.
 *
 *   i = f(x·Wi + h·Ri + Pi⊙c + b)   f = f(x·Wf + h·Rf + Pf⊙c + b), or 1 − i with `input_forget`
 *   c̃ = g(x·Wc + h·Rc + b)          C = f⊙c + i⊙c̃
 *   o = f(x·Wo + h·Ro + Po⊙C + b)   H = o ⊙ h(C)
 *
 * `clip` bounds the sums that enter i, o, f and c̃; C enters h unbounded, as in ONNX Runtime.
 */
import { float, floats, int, intAttribute, string, strings } from '#ir';
import type { Expression } from '../expression.ts';
import type { Activation } from './activations.ts';
import {
  concat,
  type DirectionValues,
  type Gate,
  gate,
  gateOf,
  plus,
  type StepGradients,
  stepsOf,
  timesR,
} from './backward.ts';
import { recurrent, recurrentOperator } from './recurrence.ts';
import { recurrentSamples } from './samples.ts';

export const lstm = recurrentOperator({
  name: 'LSTM',
  summary: 'A layer of long short-term memory, in one direction or both.',
  versions: [7, 14, 22],
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'W', type: 'T' },
    { name: 'R', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
    { name: 'sequence_lens', type: 'T1', arity: 'optional' },
    { name: 'initial_h', type: 'T', arity: 'optional' },
    { name: 'initial_c', type: 'T', arity: 'optional' },
    { name: 'P', type: 'T', arity: 'optional' },
  ],
  attributes: {
    input_forget: { kind: 'int', doc: '1: the forget gate is 1 − the input gate; default 0' },
  },
  work: { multiplications: 3, additions: 1 },
  uses: [3, 1, 1],
  costRule:
    'a step and sequence: each weight of W and R one MAC; a neuron: biases, peepholes, activations, and three products and one addition that join the gates.',
  step(w, input, { h, c }, node) {
    const n = w.hidden;
    const [f, g, out] = w.activations as [typeof w.clip, typeof w.clip, typeof w.clip];
    const coupled = intAttribute(node, 'input_forget', 0) !== 0;
    const sum = (gate: number, j: number) => input[gate * n + j]! + recurrent(w, gate * n + j, h);
    const peep = (gate: number, j: number, cell: number) => (w.peepholes?.[gate * n + j] ?? 0) * cell;
    const cell = c.map((old, j) => {
      const i = f(w.clip(sum(0, j) + peep(0, j, old)));
      const forget = coupled ? 1 - i : f(w.clip(sum(2, j) + peep(2, j, old)));
      return forget * old + i * g(w.clip(sum(3, j)));
    });
    return { h: cell.map((now, j) => f(w.clip(sum(1, j) + peep(1, j, now))) * out(now)), c: cell };
  },
  backward,
  samples: () => {
    const s = recurrentSamples('LSTM', 4, true);
    return [
      ...s.common(),
      s.make('peepholes', { inputs: ['B', 'P'] }),
      s.make('peepholes in both directions, initial states', {
        attributes: { direction: string('bidirectional') },
        inputs: ['B', 'P', 'initial_h', 'initial_c'],
      }),
      s.make('initial cell state', { inputs: ['initial_c'] }),
      s.make('input_forget', { attributes: { input_forget: int(1) }, inputs: ['B', 'initial_c'] }),
      s.make('clip with peepholes', { attributes: { clip: float(0.4) }, inputs: ['B', 'P', 'initial_c'] }),
      s.make('other activations', {
        attributes: { activations: strings(['HardSigmoid', 'Softsign', 'Relu']) },
        inputs: ['B'],
      }),
      s.make('parameters of activations, in their order', {
        attributes: {
          activations: strings(['HardSigmoid', 'ScaledTanh', 'LeakyRelu', 'Sigmoid', 'Elu', 'Affine']),
          activation_alpha: floats([0.25, 1.5, 0.1, 0.7, 0.9]),
          activation_beta: floats([0.4, 0.6, 0.05]),
          direction: string('bidirectional'),
        },
        inputs: ['B'],
      }),
    ];
  },
});

/** One step: its gates, and the cell state before and after it. */
interface Step {
  readonly i: Gate;
  readonly o: Gate;
  /** undefined where it is 1 − i. */
  readonly f: Gate | undefined;
  readonly candidate: Gate;
  readonly out: Gate;
  readonly before: Expression;
  readonly after: Expression;
}

/** Gates of all steps at once where no peephole makes them wait for the cell state; the state itself step by step. */
function backward(v: DirectionValues) {
  const { hidden, clip } = v;
  const [f, g, out] = v.activations as [Activation, Activation, Activation];
  const coupled = intAttribute(v.node, 'input_forget', 0) !== 0;
  const sums = plus(v.input.add(timesR(v.before, v.r)), v.rb)!;
  const peepholes = v.peepholes && [0, 1, 2].map((k) => gateOf(v.peepholes!, k, hidden));
  const gateAt = (index: number, activation: Activation, weights?: Expression) => {
    const own = gateOf(sums, index, hidden);
    if (weights !== undefined) {
      const each = stepsOf(own);
      return (t: number, cell: Expression): Gate => gate(each[t]!.add(weights.mul(cell)), activation, clip);
    }
    const all = gate(own, activation, clip);
    const [ys, slopes] = [stepsOf(all.y), stepsOf(all.slope)];
    return (t: number): Gate => ({ y: ys[t]!, slope: slopes[t]! });
  };
  const inputGate = gateAt(0, f, peepholes?.[0]);
  const outputGate = gateAt(1, f, peepholes?.[1]);
  const forgetGate = coupled ? undefined : gateAt(2, f, peepholes?.[2]);
  const candidateGate = gateAt(3, g);

  const steps: Step[] = [];
  let state = v.cell ?? v.before.slice([0], [0], [1]).zeros();
  for (const t of v.order) {
    const before = state;
    const [i, forget, candidate] = [inputGate(t, before), forgetGate?.(t, before), candidateGate(t, before)];
    const after = before.mul(forget?.y ?? i.y.neg().add(1)).add(i.y.mul(candidate.y));
    steps[t] = { i, f: forget, candidate, o: outputGate(t, after), out: gate(after, out, undefined), before, after };
    const m = v.mask?.[t];
    state = m === undefined ? after : after.mul(m).add(before.sub(before.mul(m)));
  }

  // Gradients of the three peepholes, step by step.
  const owedToPeepholes: (readonly Expression[])[] = [];
  return {
    step(t: number, owed: { readonly h: Expression; readonly c: Expression | undefined }): StepGradients {
      const { i, o, f: forget, candidate, out: shown, before, after } = steps[t]!;
      const dO = owed.h.mul(shown.y).mul(o.slope);
      let dCell = plus(owed.h.mul(o.y).mul(shown.slope), owed.c)!;
      if (peepholes !== undefined) dCell = dCell.add(dO.mul(peepholes[1]!));
      const dI = dCell.mul(coupled ? candidate.y.sub(before) : candidate.y).mul(i.slope);
      const dF = forget === undefined ? dI.zeros() : dCell.mul(before).mul(forget.slope);
      const dC = dCell.mul(i.y).mul(candidate.slope);
      let dBefore = dCell.mul(forget?.y ?? i.y.neg().add(1));
      if (peepholes !== undefined) {
        dBefore = dBefore.add(dI.mul(peepholes[0]!)).add(dF.mul(peepholes[2]!));
        owedToPeepholes[t] = [dI.mul(before), dO.mul(after), dF.mul(before)];
      }
      const sum = concat([dI, dO, dF, dC], 2);
      return { input: sum, recurrent: sum, before: { h: sum.matMul(v.r), c: dBefore } };
    },
    peepholes: (): Expression =>
      concat(
        [0, 1, 2].map((k) =>
          concat(
            owedToPeepholes.map((parts) => parts[k]!),
            0,
          ).sum([0, 1], false),
        ),
        0,
      ),
  };
}
