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
