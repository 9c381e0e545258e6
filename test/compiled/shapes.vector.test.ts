/**
 * Reductions, pools, normalisations and element-wise operators of awkward shapes against the host, on every test
 * machine.
 */
import { float, int, ints } from '#ir';
import { agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';

const CASES: readonly GraphCase[] = [
  { name: 'softmax 5000', make: (b) => [b.node('Softmax', [b.input([3, 5000]).name])] },
  { name: 'softmax 5000 outer axis', make: (b) => [b.node('LogSoftmax', [b.input([5000, 3]).name], { axis: int(0) })] },
  { name: 'softmax 300 mid axis', make: (b) => [b.node('Softmax', [b.input([2, 300, 5, 3]).name], { axis: int(1) })] },
  { name: 'softmax axis of one', make: (b) => [b.node('Softmax', [b.input([7, 1]).name])] },
  {
    name: 'reduce all large',
    make: (b) => [b.node('ReduceSum', [b.input([3, 40, 50, 20]).name], { keepdims: int(0) })],
  },
  { name: 'reduce mean all 5-D', make: (b) => [b.node('ReduceMean', [b.input([3, 4, 10, 11, 9]).name])] },
  {
    name: 'reduce alternating',
    opset: 11,
    make: (b) => [b.node('ReduceMean', [b.input([7, 11, 13, 17]).name], { axes: ints([0, 2]), keepdims: int(0) })],
  },
  {
    name: 'reduce alternating 2',
    opset: 11,
    make: (b) => [b.node('ReduceMean', [b.input([7, 11, 13, 17]).name], { axes: ints([1, 3]) })],
  },
  {
    name: 'reduce transposed view',
    opset: 11,
    make: (b) => [
      b.node('ReduceMean', [b.node('Transpose', [b.input([40, 50, 30]).name], { perm: ints([2, 0, 1]) })], {
        axes: ints([0, 2]),
      }),
    ],
  },
  {
    name: 'reduce sliced all',
    make: (b) => [
      b.node('ReduceSum', [
        b.node('Slice', [
          b.input([50, 60, 7]).name,
          b.int64s([1, 59]),
          b.int64s([49, -61]),
          b.int64s([0, 1]),
          b.int64s([2, -3]),
        ]),
      ]),
    ],
  },
  { name: 'global pool large', make: (b) => [b.node('GlobalAveragePool', [b.input([2, 37, 41, 43]).name])] },
  {
    name: 'global pool of conv',
    make: (b) => [
      b.node('GlobalAveragePool', [b.node('Conv', [b.input([2, 3, 33, 35]).name, b.weights([50, 3, 3, 3])])]),
    ],
  },
  {
    name: 'maxpool 3x3s2 ceil',
    make: (b) => [
      b.node('MaxPool', [b.input([2, 17, 35, 37]).name], {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        ceil_mode: int(1),
      }),
    ],
  },
  {
    name: 'avgpool 7x7 pads',
    make: (b) => [
      b.node('AveragePool', [b.input([2, 17, 35, 37]).name], { kernel_shape: ints([7, 7]), pads: ints([3, 3, 3, 3]) }),
    ],
  },
  {
    name: 'avgpool huge window',
    make: (b) => [b.node('AveragePool', [b.input([1, 9, 60, 60]).name], { kernel_shape: ints([60, 60]) })],
  },
  {
    name: 'maxpool huge window',
    make: (b) => [b.node('MaxPool', [b.input([1, 9, 60, 60]).name], { kernel_shape: ints([59, 57]) })],
  },
  {
    name: 'sum of 16',
    make: (b) => [
      b.node(
        'Sum',
        Array.from({ length: 16 }, () => b.input([5, 7]).name),
      ),
    ],
  },
  {
    name: 'sum of 40',
    make: (b) => [
      b.node(
        'Sum',
        Array.from({ length: 40 }, () => b.input([5, 7]).name),
      ),
    ],
  },
  {
    name: 'sum of 16 large',
    make: (b) => [
      b.node(
        'Sum',
        Array.from({ length: 16 }, () => b.input([50, 70, 7]).name),
      ),
    ],
  },
  {
    name: 'max of 12 broadcast',
    make: (b) => [
      b.node(
        'Max',
        Array.from({ length: 12 }, (_, i) => b.input([[5, 7], [7], [5, 1], [1]][i % 4]!).name),
      ),
    ],
  },
  {
    name: 'add 5-D broadcast 3 ways',
    make: (b) => [
      b.node('Add', [b.node('Add', [b.input([4, 1, 6, 1, 5]).name, b.input([1, 5, 1, 7, 1]).name]), b.input([5]).name]),
    ],
  },
  {
    name: 'add three levels',
    make: (b) => [
      b.node('Sum', [b.input([40, 50, 60]).name, b.input([60]).name, b.input([50, 1]).name, b.input([40, 1, 1]).name]),
    ],
  },
  {
    name: 'mul 6-D',
    onHost: ['Mul'],
    make: (b) => [b.node('Mul', [b.input([2, 3, 2, 3, 2, 3]).name, b.input([2, 1, 2, 1, 2, 1]).name])],
  },
  {
    name: 'unary chain 30',
    make: (b) => {
      let y = b.input([3, 5, 700]).name;
      for (let i = 0; i < 30; i++)
        y = b.node(['Tanh', 'Sigmoid', 'Neg', 'Relu', 'LeakyRelu', 'HardSigmoid', 'Abs'][i % 7]!, [y]);
      return [y];
    },
  },
  { name: 'lrn 600 channels', make: (b) => [b.node('LRN', [b.input([1, 600, 3, 3]).name], { size: int(5) })] },
  { name: 'lrn 2500 channels', make: (b) => [b.node('LRN', [b.input([1, 2500, 3, 3]).name], { size: int(5) })] },
  {
    name: 'lrn size 9 of 4 channels',
    make: (b) => [b.node('LRN', [b.input([2, 4, 9, 3]).name], { size: int(9), alpha: float(0.9) })],
  },
  {
    name: 'prelu per channel large',
    make: (b) => [b.node('PRelu', [b.input([2, 40, 30, 31]).name, b.constant([40, 1, 1])])],
  },
  {
    name: 'bn 2-D 3-D',
    make: (b) => {
      const p = (c: number) => [b.constant([c]), b.constant([c]), b.constant([c]), b.constant([c], 0.5, 1)];
      return [
        b.node('BatchNormalization', [b.input([9, 300]).name, ...p(300)]),
        b.node('BatchNormalization', [b.input([3, 30, 50]).name, ...p(30)]),
      ];
    },
  },
  {
    name: 'bn 5-D',
    make: (b) => {
      const p = (c: number) => [b.constant([c]), b.constant([c]), b.constant([c]), b.constant([c], 0.5, 1)];
      return [b.node('BatchNormalization', [b.input([2, 7, 3, 4, 5]).name, ...p(7)])];
    },
  },
  {
    name: 'clip only low / none',
    make: (b) => {
      const x = b.input([4, 6]).name;
      return [b.node('Clip', [x, b.scalar(-0.2)]), b.node('Clip', [x]), b.node('Clip', [x, '', b.scalar(0.1)])];
    },
  },
];

agreeOnEveryMachine(CASES);
