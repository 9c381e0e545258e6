/** RNN: the simple recurrent layer, H = f(x·W + h·R + Wb + Rb). ONNX RNN-22; Elman 1990. */
import { floats, string, strings } from '#ir';
import type { Expression } from '../expression.ts';
import { gate, plus, type StepGradients, stepsOf, timesR } from './backward.ts';
import { recurrent, recurrentOperator } from './recurrence.ts';
import { recurrentSamples } from './samples.ts';

export const rnn = recurrentOperator({
  name: 'RNN',
  summary: 'A simple recurrent layer, in one direction or both.',
  versions: [7, 14, 22],
  gates: 1,
  activations: ['Tanh'],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'W', type: 'T' },
    { name: 'R', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
    { name: 'sequence_lens', type: 'T1', arity: 'optional' },
    { name: 'initial_h', type: 'T', arity: 'optional' },
  ],
  attributes: {},
  work: {},
  uses: [1],
  costRule: 'a step and sequence: each weight of W and R one MAC; a neuron: biases and the activation.',
  step: (w, input, { h, c }) => ({
    h: h.map((_, j) => w.activations[0]!(w.clip(input[j]! + recurrent(w, j, h)))),
    c,
  }),
  backward: (v) => {
    const sums = plus(v.input.add(timesR(v.before, v.r)), v.rb)!;
    const slopes = stepsOf(gate(sums, v.activations[0]!, v.clip).slope);
    return {
      step(t: number, owed: { readonly h: Expression }): StepGradients {
        const sum = owed.h.mul(slopes[t]!);
        return { input: sum, recurrent: sum, before: { h: sum.matMul(v.r), c: undefined } };
      },
    };
  },
  samples: () => {
    const s = recurrentSamples('RNN', 1, false);
    return [
      ...s.common(),
      s.make('a parameter of the second direction alone', {
        attributes: {
          direction: string('bidirectional'),
          activations: strings(['Tanh', 'LeakyRelu']),
          activation_alpha: floats([0.3]),
        },
        inputs: ['B'],
      }),
    ];
  },
});
