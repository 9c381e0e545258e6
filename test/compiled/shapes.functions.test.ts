/**
 * Functions, normalisations and reductions of awkward shapes against the host, on every test machine: chains that are computed in one
 * kernel, rows that fit no tile and go in passes, operands of other ranks.
 */
import { expect, test } from 'vitest';
import { float, int, ints, string, tensorOf } from '#ir';
import { presets } from '#machine';
import { agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { inHalf } from '../support/halfGraphs.ts';

const layerNorm = (b: GraphBuilder, dims: readonly number[], axis: number): string[] => {
  const from = axis < 0 ? axis + dims.length : axis;
  const row = dims.slice(from);
  const inputs = [b.input(dims).name, b.constant(row, 0.5, 1.5), b.constant(row)];
  return [b.node('LayerNormalization', inputs, { axis: int(axis), epsilon: float(1e-3) })];
};

const CASES: readonly GraphCase[] = [
  { name: 'layer norm of short rows', make: (b) => layerNorm(b, [9, 11, 13], -1) },
  { name: 'layer norm over two axes', make: (b) => layerNorm(b, [5, 11, 13], 1) },
  { name: 'layer norm of rows that fit no small tile', make: (b) => layerNorm(b, [3, 4000], -1) },
  { name: 'layer norm of rows that fit no tile', make: (b) => layerNorm(b, [2, 50257], -1) },
  {
    name: 'log-sum-exp and arg-max of rows that fit no tile',
    types: ['i32'],
    make: (b) => {
      const x = b.input([2, 50257]).name;
      return [b.node('ReduceLogSumExp', [x, b.int64s([1])]), b.node('ArgMax', [x], { axis: int(1), keepdims: int(0) })];
    },
  },
  {
    name: 'layer norm of rows that fit no tile and are all the same',
    make: (b) => {
      const x = b.node('Expand', [b.input([1, 1, 900]).name, b.int64s([3, 3, 900])]);
      return [b.node('LayerNormalization', [x, b.constant([3, 900]), b.constant([3, 900])], { axis: int(1) })];
    },
  },
  { name: 'layer norm of everything', make: (b) => layerNorm(b, [7, 9, 8], 0) },
  {
    name: 'layer norm without bias, of a transposed view',
    make: (b) => [
      b.node('LayerNormalization', [
        b.node('Transpose', [b.input([12, 5, 7]).name], { perm: ints([2, 1, 0]) }),
        b.constant([12]),
      ]),
    ],
  },
  {
    name: 'layer norm, gelu, residual',
    opset: 20,
    make: (b) => {
      const x = b.input([6, 10, 32]).name;
      const norm = b.node('LayerNormalization', [x, b.constant([32]), b.constant([32])]);
      return [b.node('Add', [b.node('Gelu', [norm]), x])];
    },
  },
  {
    name: 'gelu by tanh of a sum',
    opset: 20,
    make: (b) => [
      b.node('Gelu', [b.node('Add', [b.input([30, 41]).name, b.input([41]).name])], { approximate: string('tanh') }),
    ],
  },
  {
    name: 'gelu written out',
    make: (b) => {
      const x = b.input([17, 65]).name;
      const erf = b.node('Erf', [b.node('Div', [x, b.scalar(Math.SQRT2)])]);
      return [b.node('Mul', [b.node('Mul', [x, b.node('Add', [erf, b.scalar(1)])]), b.scalar(0.5)])];
    },
  },
  {
    name: 'swish: a value that is read twice',
    make: (b) => {
      const x = b.node('Add', [b.input([3, 50, 7]).name, b.scalar(0.25)]);
      return [b.node('Mul', [x, b.node('Sigmoid', [x])])];
    },
  },
  {
    name: 'instance norm of planes that fit no small tile',
    make: (b) => [b.node('InstanceNormalization', [b.input([2, 3, 60, 61]).name, b.constant([3]), b.constant([3])])],
  },
  {
    name: 'instance norm of a convolution',
    make: (b) => {
      const y = b.node('Conv', [b.input([2, 3, 12, 13]).name, b.weights([20, 3, 3, 3])]);
      return [b.node('Relu', [b.node('InstanceNormalization', [y, b.constant([20]), b.constant([20])])])];
    },
  },
  {
    name: 'group norm',
    opset: 21,
    make: (b) => [
      b.node('GroupNormalization', [b.input([2, 12, 9, 7]).name, b.constant([12]), b.constant([12])], {
        num_groups: int(3),
      }),
    ],
  },
  {
    name: 'rms norm',
    opset: 23,
    make: (b) => [b.node('RMSNormalization', [b.input([3, 9, 70]).name, b.constant([70])])],
  },
  {
    name: 'mean variance norm',
    make: (b) => [b.node('MeanVarianceNormalization', [b.input([3, 5, 9, 11]).name])],
  },
  {
    // By ONNX's definition 0; ONNX Runtime's kernel gives NaN, or ±1 where the mean was rounded.
    name: 'mean variance norm of equal elements',
    make: (b) => {
      const of = (...values: number[]): string => b.keep(tensorOf('float32', [values.length, 1, 1], values));
      const some = b.node('Mul', [b.input([2, 4, 3, 7]).name, of(0, 0, 0, 1)]);
      return [b.node('MeanVarianceNormalization', [b.node('Add', [some, of(0, 0.1, 3, 0)])])];
    },
  },
  {
    name: 'lp norms',
    make: (b) => {
      const x = b.input([6, 50, 9]).name;
      return [
        b.node('LpNormalization', [x], { axis: int(1) }),
        b.node('LpNormalization', [x], { axis: int(-1), p: int(1) }),
      ];
    },
  },
  {
    name: 'batch norm with computed parameters',
    make: (b) => {
      const p = (): string => b.input([7]).name;
      const variance = b.node('Add', [b.node('Abs', [p()]), b.scalar(0.5)]);
      return [b.node('BatchNormalization', [b.input([2, 7, 5, 6]).name, p(), p(), p(), variance])];
    },
  },
  ...['ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].map(
    (op): GraphCase => ({
      name: `${op}, of some axes and of many elements`,
      make: (b) => {
        const x = b.input([5, 6, 70, 8]).name;
        const near = op === 'ReduceProd' ? b.node('Add', [b.node('Mul', [x, b.scalar(0.01)]), b.scalar(1)]) : x;
        return [
          b.node(op, [near, b.int64s([1, 3])]),
          b.node(op, [near, b.int64s([0, 2])], { keepdims: int(0) }),
          b.node(op, [near]),
        ];
      },
    }),
  ),
  {
    name: 'ReduceLogSum',
    make: (b) => {
      const x = b.node('Abs', [b.input([9, 40, 5]).name]);
      return [b.node('ReduceLogSum', [x, b.int64s([1])])];
    },
  },
  ...['ArgMax', 'ArgMin'].map(
    (op): GraphCase => ({
      name: `${op}, with equal elements`,
      types: ['i32'],
      make: (b) => {
        // Eighths, so that many are equal.
        const x = b.node('Floor', [b.node('Mul', [b.input([5, 90, 7]).name, b.scalar(8)])]);
        return [
          b.node(op, [x], { axis: int(1) }),
          b.node(op, [x], { axis: int(-1), keepdims: int(0), select_last_index: int(1) }),
          b.node(op, [x], { axis: int(0), keepdims: int(0) }),
        ];
      },
    }),
  ),
  {
    name: 'functions of one operand',
    make: (b) => {
      const x = b.node('Mul', [b.input([7, 130]).name, b.scalar(5)]);
      const ops = 'Erf Softplus Softsign HardSwish Mish Sign Floor Ceil Round Elu Selu Celu ThresholdedRelu'.split(' ');
      return ops.map((op) => b.node(op, [x]));
    },
  },
  {
    name: 'functions that keep digits near 0',
    make: (b) => {
      const x = b.node('Mul', [b.input([7, 13]).name, b.scalar(1e-5)]);
      return [b.node('Elu', [x], { alpha: float(0.7) }), b.node('Celu', [x], { alpha: float(0.3) })];
    },
  },
  {
    name: 'powers',
    make: (b) => {
      const x = b.node('Add', [b.node('Abs', [b.input([6, 33]).name]), b.scalar(0.5)]);
      const powers = [0, 0.5, 1, 2, 3, 7, 2.5, -1, -0.5, -2].map((e) => b.node('Pow', [x, b.scalar(e)]));
      return [...powers, b.node('Pow', [b.scalar(1.5), x]), b.node('Pow', [x, b.keep(tensorOf('int64', [1], [4]))])];
    },
  },
  {
    name: 'means, limits that are computed and cross',
    make: (b) => {
      const x = b.input([6, 33]).name;
      const [low, high] = [b.input([]).name, b.input([]).name];
      const many = Array.from({ length: 9 }, () => b.input([33]).name);
      return [
        b.node('Mean', [x, ...many]),
        b.node('Clip', [x, low, high]),
        b.node('Clip', [x, b.scalar(0.3), b.scalar(-0.3)]),
      ];
    },
  },
  {
    name: 'a choice by a comparison that no memory holds',
    make: (b) => {
      const [x, y] = [b.input([5, 60]).name, b.input([60]).name];
      const first = b.node('Where', [b.node('Greater', [x, y]), x, y]);
      return [first, b.node('Where', [b.node('Less', [y, x]), b.scalar(1), x])];
    },
  },
];

agreeOnEveryMachine(CASES);

/** Conditions and integers lie in types that only some machines compute. */
const TYPED: readonly GraphCase[] = [
  {
    name: 'logic',
    make: (b) => {
      const [x, y] = [b.input([7, 45]).name, b.input([45]).name];
      const [more, less] = [b.node('GreaterOrEqual', [x, y]), b.node('LessOrEqual', [x, b.scalar(0.5)])];
      const all = b.node('And', [more, less]);
      return [
        all,
        b.node('Or', [more, b.node('Not', [less])]),
        b.node('Xor', [more, less]),
        b.node('Where', [all, x, y]),
      ];
    },
  },
  {
    name: 'conversions',
    make: (b) => {
      const x = b.node('Mul', [b.input([9, 31]).name, b.scalar(50)]);
      const i = b.node('Cast', [x], { to: int(6) });
      const c = b.node('Cast', [i], { to: int(1) });
      return [i, b.node('Mul', [c, b.scalar(0.5)]), b.node('Cast', [b.node('Floor', [x])], { to: int(9) })];
    },
  },
  {
    name: 'integers of 32 bits',
    make: (b) => {
      const [x, y] = [b.input([9, 31], 'int32').name, b.input([31], 'int32').name];
      return [
        b.node('Add', [x, y]),
        b.node('Mul', [x, y]),
        b.node('Sub', [x, y]),
        b.node('Max', [x, y]),
        b.node('Less', [x, y]),
      ];
    },
  },
];

test('a normalisation and a Gelu that a file has in nodes are a kernel each, but in half precision', async () => {
  const decomposed = (b: GraphBuilder): string => {
    const x = b.node('MatMul', [b.input([6, 40]).name, b.weights([40, 48], 40)]);
    const mean = (of: string): string => b.node('ReduceMean', [of, b.int64s([-1])]);
    const centred = b.node('Sub', [x, mean(x)]);
    const variance = mean(b.node('Pow', [centred, b.scalar(2)]));
    const row = b.node('Div', [centred, b.node('Sqrt', [b.node('Add', [variance, b.scalar(1e-5)])])]);
    const y = b.node('Add', [b.node('Mul', [row, b.constant([48])]), b.constant([48])]);
    const gate = b.node('Add', [b.node('Erf', [b.node('Div', [y, b.scalar(Math.SQRT2)])]), b.scalar(1)]);
    return b.node('Mul', [b.node('Mul', [y, gate]), b.scalar(0.5)]);
  };
  const single = presets.get('textbook-single')!;
  const b = new GraphBuilder(1, 20);
  const model = b.model([decomposed(b)]);
  const { faults, compiled } = await runCompiled(model, single, b.feeds());
  expect(faults).toEqual([]);
  expect(compiled.optimized.graph.nodes.map((n) => n.op)).toEqual(['MatMul', 'LayerNormalization', 'Gelu']);
  const halves = inHalf({ model, feeds: b.feeds() }, 'float16')!;
  const run = await runCompiled(halves.model, single, halves.feeds);
  expect(run.faults).toEqual([]);
  expect(run.compiled.optimized.graph.nodes.map((n) => n.op)).toContain('Erf');
});

agreeOnEveryMachine(TYPED.map((c) => ({ ...c, name: `types: ${c.name}`, types: ['u8', 'i8', 'i32'] })));
