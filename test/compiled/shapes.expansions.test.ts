/**
 * Operators that are written out in others (recurrent layers, resizing, transposed and three-dimensional convolution, Einsum, …) against
 * the host on every test machine.
 */
import { expect, test } from 'vitest';
import { type Attribute, float, int, ints, string, tensorOf } from '#ir';
import { presets } from '#machine';
import { agreeInHalves, agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';

/** A layer with all operands that it may have. */
function recurrent(
  b: GraphBuilder,
  op: 'LSTM' | 'GRU' | 'RNN',
  attributes: Record<string, Attribute>,
  { biases = true, initial = true }: { biases?: boolean; initial?: boolean } = {},
): string[] {
  const [steps, batch, size, hidden] = [3, 2, 5, 4];
  const directions = attributes.direction?.kind === 'string' && attributes.direction.value === 'bidirectional' ? 2 : 1;
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op];
  const inputs = [
    b.input([steps, batch, size]).name,
    b.weights([directions, gates * hidden, size], size),
    b.weights([directions, gates * hidden, hidden], hidden),
    biases ? b.constant([directions, 2 * gates * hidden]) : '',
    '',
    ...(initial ? [b.input([directions, batch, hidden]).name] : []),
    ...(initial && op === 'LSTM' ? [b.input([directions, batch, hidden]).name] : []),
  ];
  return b.nodeOf(op, inputs, { hidden_size: int(hidden), ...attributes }, op === 'LSTM' ? 3 : 2);
}

const resized = (
  name: string,
  dims: readonly number[],
  scales: readonly number[],
  attributes: Record<string, Attribute>,
): GraphCase => ({
  name: `resize ${name}`,
  make: (b) => [
    b.node('Resize', [b.input(dims).name, '', b.keep(tensorOf('float32', [scales.length], scales))], attributes),
  ],
});

const transposed = (
  name: string,
  dims: readonly number[],
  kernel: readonly number[],
  attributes: Record<string, Attribute>,
  group = 1,
): GraphCase => ({
  name: `transposed convolution ${name}`,
  make: (b) => {
    const w = b.weights(kernel, (dims[1]! / group) * 4);
    const bias = b.constant([kernel[1]! * group]);
    return [b.node('ConvTranspose', [b.input(dims).name, w, bias], { group: int(group), ...attributes })];
  },
});

const CASES: readonly GraphCase[] = [
  { name: 'LSTM', make: (b) => recurrent(b, 'LSTM', {}) },
  { name: 'LSTM without states or biases', make: (b) => recurrent(b, 'LSTM', {}, { biases: false, initial: false }) },
  { name: 'LSTM in both directions', make: (b) => recurrent(b, 'LSTM', { direction: string('bidirectional') }) },
  {
    name: 'LSTM backwards, clipped',
    make: (b) => recurrent(b, 'LSTM', { direction: string('reverse'), clip: float(0.4) }),
  },
  { name: 'GRU', make: (b) => recurrent(b, 'GRU', {}) },
  { name: 'GRU with the reset behind', make: (b) => recurrent(b, 'GRU', { linear_before_reset: int(1) }) },
  {
    name: 'RNN in both directions',
    make: (b) => recurrent(b, 'RNN', { direction: string('bidirectional') }, { initial: false }),
  },
  resized('nearest by 2', [2, 3, 5, 7], [1, 1, 2, 2], {
    mode: string('nearest'),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
  }),
  {
    name: 'upsample',
    opset: 9,
    make: (b) => {
      const x = b.input([2, 3, 4, 5]).name;
      const scales = b.keep(tensorOf('float32', [4], [1, 1, 2, 3]));
      return ['nearest', 'linear'].map((mode) => b.node('Upsample', [x, scales], { mode: string(mode) }));
    },
  },
  resized('nearest, uneven', [1, 3, 5, 7], [1, 1, 1.7, 2.3], { mode: string('nearest') }),
  resized('linear by 2', [2, 3, 6, 5], [1, 1, 2, 2], { mode: string('linear') }),
  resized('linear, corners aligned', [1, 4, 6, 5], [1, 1, 1.5, 2.5], {
    mode: string('linear'),
    coordinate_transformation_mode: string('align_corners'),
  }),
  resized('cubic, smaller', [1, 2, 12, 9], [1, 1, 0.6, 0.5], { mode: string('cubic') }),
  transposed('2 × 2 by 2', [2, 5, 4, 3], [5, 6, 2, 2], { strides: ints([2, 2]) }),
  transposed('3 × 3 by 2 with padding', [1, 8, 5, 6], [8, 3, 3, 3], {
    strides: ints([2, 2]),
    pads: ints([1, 1, 1, 1]),
    output_padding: ints([1, 1]),
  }),
  transposed('3 × 3 by 1, dilated', [1, 4, 5, 6], [4, 3, 3, 3], { dilations: ints([2, 2]) }),
  transposed('of groups', [1, 6, 5, 6], [6, 2, 3, 2], { strides: ints([3, 2]) }, 3),
  transposed('of one axis, kernel below its stride', [2, 3, 9], [3, 4, 2], { strides: ints([3]) }),
  {
    name: 'depthwise convolution of two filters a channel',
    make: (b) => {
      const w = b.weights([24, 1, 3, 3]);
      const conv = b.node('Conv', [b.input([2, 12, 9, 7]).name, w, b.constant([24])], {
        ...{ group: int(12), pads: ints([1, 1, 1, 1]), strides: ints([2, 1]) },
      });
      return [b.node('Relu', [conv])];
    },
  },
  {
    name: 'depthwise convolution of three filters a channel along one axis',
    make: (b) => [b.node('Conv', [b.input([2, 6, 19]).name, b.weights([18, 1, 4])], { group: int(6) })],
  },
  {
    name: 'three-dimensional convolution',
    make: (b) => [
      b.node('Conv', [b.input([2, 3, 5, 6, 4]).name, b.weights([4, 3, 3, 2, 3]), b.constant([4])], {
        pads: ints([1, 0, 1, 1, 1, 1]),
        strides: ints([2, 1, 1]),
      }),
    ],
  },
  {
    // Slices of that opset have no steps.
    name: 'three-dimensional convolution of opset 9',
    opset: 9,
    make: (b) => {
      const x = b.input([2, 3, 5, 6, 4]).name;
      return [b.node('Conv', [x, b.weights([4, 3, 3, 2, 3]), b.constant([4])], { strides: ints([2, 1, 1]) })];
    },
  },
  {
    // Expand came with opset 8.
    name: 'tile of opset 7',
    opset: 7,
    make: (b) => [b.node('Tile', [b.input([3, 4, 5]).name, b.int64s([2, 1, 3])])],
    onHost: ['Tile'],
  },
  {
    name: 'three-dimensional convolution of groups',
    make: (b) => [b.node('Conv', [b.input([1, 4, 4, 5, 4]).name, b.weights([6, 2, 2, 3, 2])], { group: int(2) })],
  },
  {
    name: 'convolution by computed weights and bias',
    make: (b) => {
      const w = b.node('Tanh', [b.input([4, 3, 3, 2]).name]);
      return [
        b.node('Conv', [b.input([2, 3, 6, 7]).name, w, b.input([4]).name], {
          pads: ints([1, 0, 1, 1]),
          strides: ints([1, 2]),
        }),
      ];
    },
  },
  {
    name: 'convolution by computed weights in groups',
    make: (b) => [b.node('Conv', [b.input([2, 6, 9]).name, b.input([4, 3, 3]).name], { group: int(2) })],
  },
  ...['MaxPool', 'AveragePool'].map(
    (op): GraphCase => ({
      name: `three-dimensional ${op}`,
      make: (b) => [
        b.node(op, [b.input([2, 3, 7, 8, 5]).name], {
          kernel_shape: ints([3, 2, 3]),
          strides: ints([2, 1, 2]),
          pads: ints([1, 0, 1, 1, 1, 1]),
          ceil_mode: int(1),
        }),
      ],
    }),
  ),
  {
    name: 'depth to space and back',
    make: (b) => {
      const x = b.input([2, 12, 3, 5]).name;
      const crd = b.node('DepthToSpace', [x], { blocksize: int(2), mode: string('CRD') });
      return [
        b.node('DepthToSpace', [x], { blocksize: int(2) }),
        b.node('SpaceToDepth', [b.node('Relu', [crd])], { blocksize: int(2) }),
      ];
    },
  },
  { name: 'tile', make: (b) => [b.node('Tile', [b.input([3, 4, 5]).name, b.int64s([2, 1, 3])])] },
  ...['reflect', 'edge', 'wrap'].map(
    (mode): GraphCase => ({
      name: `pad by ${mode}`,
      opset: 19,
      make: (b) => [
        b.node('Pad', [b.input([2, 3, 6, 7]).name, b.int64s([0, 0, 2, 3, 0, 0, 1, 2])], { mode: string(mode) }),
      ],
    }),
  ),
  {
    name: 'running sums',
    make: (b) => {
      const x = b.input([4, 9, 5]).name;
      const axis = (a: number): string => b.keep(tensorOf('int64', [], [a]));
      return [
        b.node('CumSum', [x, axis(1)]),
        b.node('CumSum', [x, axis(2)], { exclusive: int(1) }),
        b.node('CumSum', [x, axis(0)], { reverse: int(1) }),
      ];
    },
  },
  ...(
    [
      [
        'ij,jk->ik',
        [
          [4, 5],
          [5, 6],
        ],
      ],
      [
        'bhid,bhjd->bhij',
        [
          [2, 3, 4, 5],
          [2, 3, 6, 5],
        ],
      ],
      ['...ij->...ji', [[2, 3, 4]]],
      ['ijk->j', [[3, 4, 5]]],
      ['ij,kj,k->i', [[3, 4], [5, 4], [5]]],
      ['i,j->ij', [[4], [5]]],
      [
        'bi,bi->b',
        [
          [4, 5],
          [4, 5],
        ],
      ],
    ] as const
  ).map(
    ([equation, shapes]): GraphCase => ({
      name: `einsum ${equation}`,
      make: (b) => [
        b.node(
          'Einsum',
          shapes.map((s) => b.input(s).name),
          { equation: string(equation) },
        ),
      ],
    }),
  ),
];

test('depthwise convolution of several filters a channel takes the unit that is predicted to need less time', async () => {
  const placesOn = async (channels: number, filters: number, name: string): Promise<string[]> => {
    const b = new GraphBuilder(3, 17);
    const w = b.weights([channels * filters, 1, 3, 3]);
    const y = b.node('Conv', [b.input([1, channels, 28, 28]).name, w], { group: int(channels) });
    const { faults, compiled } = await runCompiled(b.model([y]), presets.get(name)!, b.feeds());
    expect(faults).toEqual([]);
    return compiled.program.layers.map((l) => l.where);
  };
  expect(await placesOn(32, 2, 'textbook-single')).toEqual(['dma', 'vector']);
  expect(await placesOn(32, 2, 'systolic-16x16')).toEqual(['dma', 'vector']);
  expect(await placesOn(16, 8, 'systolic-16x16')).toEqual(['matrix']);
});

agreeOnEveryMachine(CASES);
agreeInHalves(CASES);
