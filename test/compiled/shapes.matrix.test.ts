/** Convolutions and matrix products of awkward shapes against the host, on every test machine. */
import { float, int, ints, string } from '#ir';
import { agreeOnEveryMachine, convolution, type GraphCase } from '../support/agreement.ts';

const CASES: readonly GraphCase[] = [
  {
    name: 'Gemm of two activations with alpha, with beta and a C of any shape',
    onHost: [],
    make: (b) => {
      const [x, w, c] = [b.input([9, 20]).name, b.input([20, 33]).name, b.input([9, 1]).name];
      const both = { alpha: float(0.5), beta: float(-1.5) };
      return [
        b.node('Relu', [b.node('Gemm', [x, w], { alpha: float(0.25) })]),
        b.node('Gemm', [x, w, c], both),
        b.node('Gemm', [x, w, b.constant([33])], both),
        b.node('Gemm', [x, b.weights([20, 33]), c], both),
        b.node('Gemm', [x, w, c], { beta: float(2) }),
      ];
    },
  },
  { name: '1x1 spatial, 5003 channels', make: convolution([1, 5003, 1, 1], [7, 5003, 1, 1]) },
  {
    name: 'fc 25088 batch 7',
    make: (b) => {
      const x = b.input([7, 25088]).name;
      return [b.node('Gemm', [x, b.weights([13, 25088]), b.constant([13])], { transB: int(1) })];
    },
  },
  {
    name: 'fc 25088x33 no transB relu',
    make: (b) => {
      const x = b.input([7, 25088]).name;
      return [b.node('Relu', [b.node('Gemm', [x, b.constant([25088, 33], -0.01, 0.01), b.constant([33])])])];
    },
  },
  { name: 'stride > kernel', make: convolution([2, 3, 23, 29], [5, 3, 2, 2], { strides: ints([5, 7]) }) },
  { name: 'stride > kernel 1x1', make: convolution([2, 3, 23, 29], [5, 3, 1, 1], { strides: ints([5, 3]) }) },
  {
    name: '1x1 strided with pads',
    make: convolution([2, 3, 13, 11], [5, 3, 1, 1], { strides: ints([2, 3]), pads: ints([1, 2, 3, 4]) }),
  },
  { name: 'kernel larger than input', make: convolution([1, 4, 3, 2], [6, 4, 7, 5], { pads: ints([3, 2, 3, 2]) }) },
  {
    name: 'kernel much larger, huge pads',
    make: convolution([1, 2, 2, 2], [3, 2, 9, 9], { pads: ints([20, 20, 20, 20]) }),
  },
  {
    name: 'dilation 3 groups',
    make: convolution([2, 12, 17, 19], [18, 4, 3, 3], {
      dilations: ints([3, 3]),
      group: int(3),
      pads: ints([3, 3, 3, 3]),
    }),
  },
  {
    name: 'primes',
    make: convolution([3, 13, 31, 37], [17, 13, 5, 3], { strides: ints([2, 3]), pads: ints([1, 2, 0, 1]) }),
  },
  { name: 'one channel one filter', make: convolution([1, 1, 41, 43], [1, 1, 3, 3], {}) },
  { name: 'one filter many channels', make: convolution([1, 67, 11, 11], [1, 67, 3, 3], { pads: ints([1, 1, 1, 1]) }) },
  { name: 'batch 9', make: convolution([9, 8, 13, 13], [24, 8, 3, 3], { pads: ints([1, 1, 1, 1]) }) },
  { name: 'batch 9 1x1 spatial out', make: convolution([9, 8, 3, 3], [24, 8, 3, 3], {}) },
  {
    name: 'batch 9 groups tiles',
    make: convolution([9, 20, 19, 19], [30, 10, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }),
  },
  {
    name: 'depthwise big dilated',
    make: convolution([2, 45, 33, 35], [45, 1, 3, 5], {
      group: int(45),
      dilations: ints([2, 3]),
      pads: ints([2, 6, 2, 6]),
      strides: ints([2, 1]),
    }),
  },
  { name: 'depthwise multiplier 2', make: convolution([2, 15, 17, 9], [30, 1, 3, 3], { group: int(15) }) },
  {
    name: 'depthwise kernel 31 1-D',
    make: convolution([2, 9, 200], [9, 1, 31], { group: int(9), pads: ints([15, 15]) }),
  },
  {
    name: 'depthwise 300 channels leaky',
    make: (b) => {
      const x = b.input([1, 300, 7, 7]).name;
      return [b.node('LeakyRelu', [b.node('Conv', [x, b.weights([300, 1, 3, 3])], { group: int(300) })])];
    },
  },
  {
    name: 'conv 1-D long',
    make: convolution([1, 3, 5000], [8, 3, 25], { strides: ints([4]), pads: ints([12, 12]), dilations: ints([2]) }),
  },
  { name: 'conv 11x11 stride 4', make: convolution([1, 3, 99, 99], [20, 3, 11, 11], { strides: ints([4, 4]) }) },
  { name: 'conv wide row', make: convolution([1, 2, 1, 3000], [4, 2, 1, 7], { auto_pad: string('SAME_UPPER') }) },
  { name: 'conv 600 filters', make: convolution([1, 30, 5, 5], [601, 30, 3, 3], {}) },
  {
    name: 'conv big groups',
    make: convolution([1, 128, 9, 9], [128, 4, 3, 3], { group: int(32), pads: ints([1, 1, 1, 1]) }),
  },
  {
    name: 'matmul batched 3x4',
    make: (b) => [b.node('MatMul', [b.input([3, 4, 31, 29]).name, b.input([3, 4, 29, 23]).name])],
  },
  {
    name: 'matmul broadcast both',
    make: (b) => [b.node('MatMul', [b.input([3, 1, 31, 29]).name, b.input([4, 29, 23]).name])],
  },
  {
    name: 'matmul K 3000 dynamic',
    make: (b) => [
      b.node('Mul', [b.node('MatMul', [b.input([5, 3000]).name, b.input([3000, 17]).name]), b.scalar(0.02)]),
    ],
  },
  {
    name: 'matmul K prime dynamic',
    make: (b) => [b.node('MatMul', [b.input([50, 1999]).name, b.input([1999, 37]).name])],
  },
  { name: 'matmul N 1000 dynamic', make: (b) => [b.node('MatMul', [b.input([9, 33]).name, b.input([33, 1000]).name])] },
  {
    name: 'matmul N 960 dynamic',
    make: (b) => [b.node('Relu', [b.node('MatMul', [b.input([19, 33]).name, b.input([33, 960]).name])])],
  },
  { name: 'matmul 1-D 1-D', make: (b) => [b.node('MatMul', [b.input([999]).name, b.input([999]).name])] },
  { name: 'matmul 1-D N-D', make: (b) => [b.node('MatMul', [b.input([29]).name, b.input([3, 4, 29, 23]).name])] },
  { name: 'matmul N-D 1-D', make: (b) => [b.node('MatMul', [b.input([3, 4, 29, 23]).name, b.input([23]).name])] },
  {
    name: 'matmul 5-D batch',
    make: (b) => [b.node('MatMul', [b.input([2, 1, 3, 7, 5]).name, b.input([1, 4, 3, 5, 9]).name])],
  },
  {
    name: 'attention',
    make: (b) => {
      const x = b.input([2, 60, 32]).name;
      const p = () =>
        b.node(
          'Transpose',
          [b.node('Reshape', [b.node('MatMul', [x, b.weights([32, 32])]), b.int64s([2, 60, 4, 8])])],
          { perm: ints([0, 2, 1, 3]) },
        );
      const [q, k, v] = [p(), p(), p()];
      const kt = b.node('Transpose', [k], { perm: ints([0, 1, 3, 2]) });
      const s = b.node('Softmax', [b.node('Div', [b.node('MatMul', [q, kt]), b.scalar(2.8)])], { axis: int(-1) });
      const o = b.node('Reshape', [
        b.node('Transpose', [b.node('MatMul', [s, v])], { perm: ints([0, 2, 1, 3]) }),
        b.int64s([2, 60, 32]),
      ]);
      return [b.node('MatMul', [o, b.weights([32, 32])])];
    },
  },
  {
    name: 'matmul on channels-last conv',
    make: (b) => {
      const c = b.node('Conv', [b.input([2, 3, 12, 14]).name, b.weights([9, 3, 3, 3])]);
      return [b.node('MatMul', [c, b.weights([12, 7])]), b.node('MatMul', [b.constant([5, 10]), c])];
    },
  },
  {
    name: 'gemm C column',
    make: (b) => [b.node('Gemm', [b.input([9, 8]).name, b.weights([8, 300]), b.constant([9, 1])])],
  },
  {
    name: 'conv clip conv leaky',
    make: (b) => {
      const x = b.input([1, 3, 40, 40]).name;
      const y = b.node('Clip', [b.node('Conv', [x, b.weights([8, 3, 3, 3])]), b.scalar(0), b.scalar(0.5)]);
      return [
        b.node('LeakyRelu', [b.node('Conv', [y, b.weights([8, 8, 3, 3]), b.constant([8])])], { alpha: float(0.3) }),
      ];
    },
  },
];

agreeOnEveryMachine(CASES);
