/** Concatenations, slices, transpositions, padding and what reads them, against the host on every test machine. */
import { int, ints, tensorOf } from '#ir';
import { agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';

const CASES: readonly GraphCase[] = [
  {
    name: 'a copy along seven dimensions',
    make: (b) => {
      const x = b.input([2, 3, 2, 3, 2, 3, 2]).name;
      const turned = b.node('Transpose', [x], { perm: ints([6, 4, 2, 0, 1, 3, 5]) });
      return [b.node('Reshape', [turned, b.int64s([16, 27])])];
    },
  },
  {
    name: 'Gather of unevenly spaced rows, of one row again and again, along an inner axis, inside a concatenation',
    onHost: [],
    make: (b) => {
      const x = b.node('Exp', [b.input([9, 4, 7]).name]);
      const rows = b.node('Gather', [x, b.int64s([0, 1, 5, -1, 8, 8, 3])]);
      const again = b.node('Gather', [x, b.int64s([2, 2, 2])], { axis: int(2) });
      const square = b.node('Gather', [x, b.keep(tensorOf('int64', [2, 2], [6, 1, 0, 3]))], { axis: int(-1) });
      return [rows, again, b.node('Relu', [square]), b.node('Concat', [rows, x], { axis: int(0) })];
    },
  },
  ...[0, 1, 2, 3].map(
    (axis): GraphCase => ({
      name: `concat axis ${axis}`,
      opset: 11,
      make: (b) => {
        const x = b.input([2, 3, 5, 7]).name;
        const c = (_p: number) => b.node('Conv', [x, b.weights([3, 3, 3, 3])], { pads: ints([1, 1, 1, 1]) });
        const one = c(1);
        const two = b.node('Relu', [c(2)]);
        const y = b.node('Concat', [one, x, two, one, b.constant([2, 3, 5, 7])], { axis: int(axis) });
        return [y, b.node('Relu', [one]), b.node('ReduceMean', [y], { axes: ints([1]) })];
      },
    }),
  ),
  {
    name: 'concat nested all axes',
    make: (b) => {
      const x = b.input([2, 4, 6, 6]).name;
      const y = b.node('Concat', [b.node('Relu', [x]), b.node('Tanh', [x])], { axis: int(1) });
      const z = b.node('Concat', [b.node('Sigmoid', [y]), y], { axis: int(2) });
      const u = b.node('Concat', [z, b.node('MaxPool', [z], { kernel_shape: ints([1, 1]) })], { axis: int(3) });
      return [b.node('Concat', [u, b.node('Neg', [u])], { axis: int(0) }), y];
    },
  },
  {
    name: 'concat then flatten then gemm',
    make: (b) => {
      const x = b.input([2, 4, 6, 6]).name;
      const c = () => b.node('Relu', [b.node('Conv', [x, b.weights([5, 4, 3, 3])])]);
      const f = b.node('Flatten', [b.node('Concat', [c(), c()], { axis: int(1) })]);
      return [b.node('Gemm', [f, b.weights([160, 9])])];
    },
  },
  {
    name: 'concat of sums of many',
    make: (b) => {
      const x = b.input([3, 50]).name;
      return [
        b.node(
          'Concat',
          Array.from({ length: 40 }, (_, i) => b.node(i % 2 ? 'Relu' : 'Tanh', [x])),
          { axis: int(1) },
        ),
      ];
    },
  },
  {
    name: 'softmax of transposed',
    make: (b) => [
      b.node('Softmax', [b.node('Transpose', [b.input([2, 30, 5, 7]).name], { perm: ints([0, 2, 3, 1]) })], {
        axis: int(-1),
      }),
    ],
  },
  {
    name: 'gemm transposed sliced',
    make: (b) => {
      const x = b.node('Slice', [
        b.input([40, 50]).name,
        b.int64s([39, 1]),
        b.int64s([-41, 50]),
        b.int64s([0, 1]),
        b.int64s([-2, 3]),
      ]);
      return [b.node('Gemm', [x, b.weights([20, 11])], { transA: int(1) })];
    },
  },
  {
    name: 'pad large',
    make: (b) => [b.node('Pad', [b.input([2, 3, 40, 41]).name, b.int64s([1, 0, 7, 50, 0, 2, 9, 60]), b.scalar(-1)])],
  },
  {
    name: 'pad crop',
    make: (b) => [b.node('Pad', [b.input([2, 3, 40, 41]).name, b.int64s([0, -1, -7, 5, 0, 0, -9, -6])])],
  },
  { name: 'pad crop beyond', make: (b) => [b.node('Pad', [b.input([9, 8]).name, b.int64s([-9, 3, 4, 0])])] },
  {
    name: 'transpose reshape large',
    make: (b) => [
      b.node('Reshape', [
        b.node('Transpose', [b.input([30, 40, 50]).name], { perm: ints([2, 0, 1]) }),
        b.int64s([-1, 60]),
      ]),
    ],
  },
  {
    name: 'reverse reshape',
    make: (b) => [
      b.node('Reshape', [
        b.node('Slice', [
          b.input([6, 10, 15]).name,
          b.int64s([-1, -1]),
          b.int64s([-99, -99]),
          b.int64s([0, 2]),
          b.int64s([-1, -1]),
        ]),
        b.int64s([25, 36]),
      ]),
    ],
  },
  {
    name: 'expand large then add',
    make: (b) => [
      b.node('Add', [b.node('Expand', [b.input([1, 60, 1]).name, b.int64s([50, 60, 70])]), b.input([70]).name]),
    ],
  },
  { name: 'expand output', make: (b) => [b.node('Expand', [b.input([3, 1]).name, b.int64s([2, 3, 4])])] },
  {
    name: 'expand of constant by matmul',
    make: (b) => [
      b.node('MatMul', [
        b.node('Expand', [b.input([1, 5]).name, b.int64s([7, 5])]),
        b.node('Expand', [b.input([5, 1]).name, b.int64s([5, 9])]),
      ]),
    ],
  },
  {
    name: 'expand reduce',
    make: (b) => [b.node('ReduceSum', [b.node('Expand', [b.input([3, 1]).name, b.int64s([2, 3, 400])])])],
  },
  {
    name: 'expand softmax conv pool',
    make: (b) => {
      const e = b.node('Expand', [b.input([1, 3, 1, 8]).name, b.int64s([2, 3, 9, 8])]);
      return [
        b.node('Softmax', [e], { axis: int(2) }),
        b.node('Conv', [e, b.weights([4, 3, 3, 3])]),
        b.node('MaxPool', [e], { kernel_shape: ints([2, 2]) }),
        b.node('LRN', [e], { size: int(3) }),
      ];
    },
  },
  {
    name: 'reversed conv input',
    make: (b) => {
      const e = b.node('Slice', [
        b.input([2, 3, 19, 18]).name,
        b.int64s([-1, -1, -1]),
        b.int64s([-99, -99, -99]),
        b.int64s([1, 2, 3]),
        b.int64s([-1, -2, -1]),
      ]);
      return [
        b.node('Conv', [e, b.weights([4, 3, 3, 3])], { pads: ints([1, 1, 1, 1]) }),
        b.node('MaxPool', [e], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }),
        b.node('Softmax', [e], { axis: int(1) }),
        b.node('Reshape', [e, b.int64s([-1])]),
      ];
    },
  },
  {
    name: 'all outputs are one input',
    make: (b) => {
      const x = b.input([4, 6]).name;
      return [b.node('Reshape', [x, b.int64s([24])]), b.node('Transpose', [x]), b.node('Identity', [x])];
    },
  },
  {
    name: 'identity output twice',
    make: (b) => {
      const y = b.node('Relu', [b.input([4, 6]).name]);
      return [b.node('Identity', [y]), b.node('Identity', [y]), y];
    },
  },
  {
    name: 'split slice output of split',
    make: (b) => {
      const s = b.nodeOf('Split', [b.input([2, 12, 5]).name, b.int64s([3, 4, 5])], { axis: int(1) }, 3);
      return [b.node('Relu', [s[1]!]), s[0]!, b.node('Concat', [s[2]!, s[0]!], { axis: int(1) })];
    },
  },
];

agreeOnEveryMachine(CASES);
