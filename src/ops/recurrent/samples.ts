/**
 * Samples that RNN, GRU and LSTM share: directions, lengths, states, biases, clipping, each activation, types. Small
 * sizes that all differ: 4 steps, 3 sequences, 2 inputs, 5 neurons.
 */
import { type Attribute, type DataType, float, floats, int, string, strings, type Tensor, tensorOf } from '#ir';
import type { Sample } from '../define.ts';
import { data, type SampleOptions, sample } from '../sampling.ts';

const [STEPS, BATCH, INPUT, HIDDEN] = [4, 3, 2, 5];

type OptionalInput = 'B' | 'sequence_lens' | 'initial_h' | 'initial_c' | 'P';
const OPTIONAL: readonly OptionalInput[] = ['B', 'sequence_lens', 'initial_h', 'initial_c', 'P'];

interface Options extends SampleOptions {
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly inputs?: readonly OptionalInput[];
  readonly lengths?: readonly number[];
  readonly dtype?: DataType;
}

/** Makers of samples for one of the three. */
export function recurrentSamples(op: 'RNN' | 'GRU' | 'LSTM', gates: number, hasCellState: boolean) {
  const functions = { RNN: 1, GRU: 2, LSTM: 3 }[op];
  const every = hasCellState ? 3 : 2;

  function make(name: string, options: Options): Sample {
    const { opset = 14, attributes = {}, inputs = [], lengths = [4, 1, 3], dtype = 'float32', ...rest } = options;
    const direction = attributes.direction?.kind === 'string' ? attributes.direction.value : 'forward';
    const directions = direction === 'bidirectional' ? 2 : 1;
    const batchFirst = attributes.layout?.kind === 'int' && attributes.layout.value === 1n;
    const tensor = (seed: number, dims: readonly number[], high = 1) => data(dims, { seed, dtype, low: -high, high });
    const state = batchFirst ? [BATCH, directions, HIDDEN] : [directions, BATCH, HIDDEN];
    const optional: Record<OptionalInput, () => Tensor> = {
      B: () => tensor(4, [directions, 2 * gates * HIDDEN]),
      sequence_lens: () => tensorOf('int32', [BATCH], lengths),
      initial_h: () => tensor(5, state),
      initial_c: () => tensor(6, state),
      P: () => tensor(7, [directions, 3 * HIDDEN]),
    };
    const all = [
      tensor(1, batchFirst ? [BATCH, STEPS, INPUT] : [STEPS, BATCH, INPUT], 2),
      tensor(2, [directions, gates * HIDDEN, INPUT]),
      tensor(3, [directions, gates * HIDDEN, HIDDEN]),
      ...OPTIONAL.map((input) => (inputs.includes(input) ? optional[input]() : undefined)),
    ];
    while (all.at(-1) === undefined) all.pop();
    const hidden = { hidden_size: int(HIDDEN) };
    return sample(name, op, opset, { ...hidden, ...attributes }, all, { outputs: every, constants: [1, 2], ...rest });
  }

  const both = { direction: string('bidirectional') };
  const repeat = (name: string) => strings(new Array<string>(functions).fill(name));
  const layout = { layout: int(1) };
  const batchwise = 'ONNX Runtime has no kernel for layout 1';
  const activation = (name: string, alpha?: number, beta?: number) =>
    make(`activation ${name}`, {
      attributes: {
        activations: repeat(name),
        ...(alpha === undefined ? {} : { activation_alpha: floats(new Array<number>(functions).fill(alpha)) }),
        ...(beta === undefined ? {} : { activation_beta: floats(new Array<number>(functions).fill(beta)) }),
      },
      inputs: ['B'],
    });

  const common = (): readonly Sample[] => [
    make('forward', { opset: 7 }),
    make('biases', { inputs: ['B'] }),
    make('reverse', { attributes: { direction: string('reverse') }, inputs: ['B'] }),
    make('bidirectional', { attributes: both, inputs: ['B', 'initial_h'], opset: 22 }),
    make('lengths', { inputs: ['B', 'sequence_lens', 'initial_h'] }),
    make('lengths in both directions', { attributes: both, inputs: ['B', 'sequence_lens', 'initial_h'] }),
    make('a sequence of no steps', {
      inputs: ['B', 'sequence_lens', 'initial_h'],
      lengths: [2, 0, 4],
      ...(op === 'RNN' ? { noHost: 'its RNN reads outside its buffer for a sequence of length 0' } : {}),
    }),
    make('final state alone', { inputs: ['B'], outputs: ['', 'y1'] }),
    make('sequence alone', { inputs: ['B'], outputs: 1 }),
    make('clip', { attributes: { clip: float(0.5) }, inputs: ['B'] }),
    make('clip without biases', { attributes: { ...both, clip: float(0.35) } }),
    make('layout 1', { attributes: layout, inputs: ['B', 'initial_h'], noHost: batchwise }),
    make('layout 1, both directions, lengths', {
      attributes: { ...layout, ...both },
      inputs: ['B', 'sequence_lens'],
      noHost: batchwise,
    }),
    activation('Relu'),
    // ONNX Runtime's RNN knows the exact spelling alone.
    activation(op === 'RNN' ? 'Sigmoid' : 'sigmoid'),
    activation('Tanh'),
    activation('Affine', 0.8, -0.1),
    activation('LeakyRelu', 0.2),
    activation('ThresholdedRelu', 0.3),
    activation('ScaledTanh', 1.2, 0.7),
    activation('HardSigmoid', 0.3, 0.4),
    activation('Elu'),
    activation('Softsign'),
    // As the gates of an LSTM it would let the state grow without bound.
    make('activation Softplus', {
      attributes: {
        activations: strings(
          op === 'LSTM' ? ['Sigmoid', 'Softplus', 'Softplus'] : new Array<string>(functions).fill('Softplus'),
        ),
      },
      inputs: ['B'],
    }),
    make('defaults of parameters', { attributes: { activations: repeat('LeakyRelu') } }),
    make('defaults of parameters that ONNX Runtime takes as 0', {
      attributes: { activations: repeat('ThresholdedRelu') },
      inputs: ['B'],
      noHost: 'it takes 0 for alpha where ONNX says that of the operator ThresholdedRelu, 1',
    }),
    make('float64', { dtype: 'float64', inputs: ['B'], noHost: 'its kernel takes float32 alone' }),
    make('float16', { dtype: 'float16', inputs: ['B'], opset: 22 }),
  ];

  return { make, common };
}
