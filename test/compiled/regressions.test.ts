/**
 * Graphs on which the compiled program was once wrong, each cut down to what it takes. They run on every test machine.
 */
import { expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel } from '#flow';
import { int, ints, string, tensorOf } from '#ir';
import { presets } from '#machine';
import { evaluateGraph, inferTypes } from '#ops';
import { agreeOnEveryMachine, type GraphCase } from '../support/agreement.ts';
import { difference } from '../support/compareTensors.ts';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';

const CASES: readonly GraphCase[] = [
  {
    name: 'an output that is a reshaped inner value keeps its memory while later layers run',
    onHost: ['Sin'],
    make: (b) => {
      const x = b.input([2, 5, 3, 9]).name;
      const mean = b.node('GlobalAveragePool', [x]);
      const shaped = b.node('Reshape', [mean, b.int64s([2, 5])]);
      let y = mean;
      for (const op of ['Relu', 'Sigmoid', 'Tanh', 'Sin', 'Exp'] as const) y = b.node(op, [y]);
      return [shaped, y];
    },
  },
  {
    name: 'a host node whose operand has no shape before the run has a price all the same',
    onHost: ['ReduceSum', 'Log'],
    make: (b) => {
      const x = b.input([3, 2, 2]).name;
      const axes = b.input([2], 'int64').name;
      b.set(axes, tensorOf('int64', [2], [0, -1]));
      const sum = b.node('ReduceSum', [b.node('Abs', [x]), axes], { keepdims: int(0) });
      const log = b.node('Log', [sum]);
      b.declare(log, [2]);
      return [log];
    },
  },
  {
    name: 'an empty list of axes and an empty shape are parameters, not empty data',
    onHost: [],
    make: (b) => {
      const x = b.input([3, 5]).name;
      const sum = b.node('ReduceSum', [x, b.int64s([])]);
      return [b.node('Reshape', [sum, b.int64s([])])];
    },
  },
  {
    name: 'Dropout that may train runs on the host',
    onHost: ['Dropout'],
    make: (b) => {
      const training = b.input([], 'bool').name;
      b.set(training, tensorOf('bool', [], [0]));
      const half = b.keep(tensorOf('float32', [], [0.5]));
      return [b.node('Dropout', [b.input([4, 4]).name, half, training])];
    },
  },
  {
    name: 'a sum of more operands than a kernel has records for',
    onHost: [],
    make: (b) => {
      const operands = Array.from({ length: 17 }, (_, i) => b.input(i % 2 === 0 ? [5, 7] : [7]).name);
      return [b.node('Relu', [b.node('Sum', operands)]), b.node('Max', operands)];
    },
  },
  {
    name: 'a product of two activations whose inner dimension has no divisor that fits',
    onHost: [],
    make: (b) => [b.node('MatMul', [b.input([5, 1999]).name, b.input([1999, 13]).name])],
  },
  {
    name: 'pools with auto_pad VALID round up with ceil_mode',
    opset: 21,
    onHost: [],
    make: (b) => {
      const x = b.input([1, 2, 18, 4]).name;
      const attributes = {
        kernel_shape: ints([3, 2]),
        strides: ints([3, 3]),
        ceil_mode: int(1),
        auto_pad: string('VALID'),
      };
      return [b.node('MaxPool', [x], attributes), b.node('AveragePool', [x], attributes)];
    },
  },
  {
    name: 'the host does not fuse Pad into MaxPool: zeros are no −∞',
    make: (b) => {
      const padded = b.node('Pad', [b.input([5, 1, 2, 5]).name, b.int64s([0, 0, 0, 2, 0, 0, 0, 0])]);
      return [b.node('MaxPool', [padded], { kernel_shape: ints([2, 3]) })];
    },
  },
  {
    name: 'the host does not fuse Transpose into a product with a vector',
    make: (b) => [b.node('MatMul', [b.node('Transpose', [b.input([3, 45]).name]), b.weights([3])])],
  },
  {
    name: 'a vector times a stack of matrices, and a stack times a vector, are no Gemm',
    onHost: [],
    make: (b) => {
      const x = b.input([3, 8, 20]).name;
      const left = b.node('Add', [b.node('MatMul', [b.weights([8]), x]), b.scalar(1.5)]);
      const right = b.node('Add', [b.node('MatMul', [x, b.weights([20])]), b.constant([8])]);
      return [left, right];
    },
  },
];

agreeOnEveryMachine(CASES);

const SAME: readonly (readonly [string, (b: GraphBuilder, x: string) => string])[] = [
  // ONNX Runtime refuses it: dilation not supported for AutoPadType::SAME_UPPER or AutoPadType::SAME_LOWER.
  [
    'a dilated Conv',
    (b, x) => b.node('Conv', [x, b.weights([4, 3, 3, 2])], { dilations: ints([2, 2]), auto_pad: string('SAME_LOWER') }),
  ],
  [
    'a MaxPool that rounds up',
    (b, x) =>
      b.node('MaxPool', [x], {
        kernel_shape: ints([3, 2]),
        strides: ints([2, 3]),
        auto_pad: string('SAME_UPPER'),
        ceil_mode: int(1),
      }),
  ],
  [
    'an AveragePool without padding',
    (b, x) =>
      b.node('AveragePool', [x], {
        kernel_shape: ints([3, 2]),
        strides: ints([2, 2]),
        auto_pad: string('VALID'),
        ceil_mode: int(1),
      }),
  ],
];

test.each(SAME)('%s with auto_pad gives what the operator says, on processor and host', async (_, make) => {
  const b = new GraphBuilder(1, 19);
  const y = make(b, b.input([1, 3, 10, 9]).name);
  const [model, feeds] = [b.model([y]), b.feeds()];
  const { outputs, faults } = await runCompiled(model, presets.get('textbook-single')!, feeds);
  expect(faults).toEqual([]);
  expect(difference(outputs.get(y), evaluateGraph(inferTypes(model), feeds).get(y)!, 1)).toBeUndefined();
});

test('a layer that is a part of a node names it, and uses no more of its unit than there is', async () => {
  const b = new GraphBuilder(1, 13);
  const y = b.node('Softmax', [b.input([2, 50257]).name]);
  const { compiled, faults } = await runCompiled(b.model([y]), presets.get('textbook-single')!, b.feeds());
  expect(faults).toEqual([]);
  const [node] = compiled.model.graph.nodes;
  expect(compiled.program.layers.map((l) => [l.name, l.nodes])).toEqual(
    [1, 2, 3].map((i) => [`${node!.name} ${i}/3`, [node!.name]]),
  );
});

test('constants that a refused lowering made take no DRAM', async () => {
  const b = new GraphBuilder(1, 18);
  // Seven dimensions none of which merge: more than a record has.
  const y = b.node('Mul', [b.input([2, 3, 2, 3, 2, 3, 2]).name, b.constant([2, 1, 2, 1, 2, 1, 2])]);
  const machine = presets.get('textbook-single')!;
  const { program } = await compileModel(b.model([y]), { machine, engine: await sharedEngine() });
  expect(program.layers.flatMap((l) => l.onHost ?? []).map((n) => n.op)).toEqual(['Mul']);
  expect(program.constants).toEqual([]);
});

test.each([
  ['ReduceMean', (b: GraphBuilder, x: string) => b.node('ReduceMean', [x, b.int64s([1, 3, 5])], { keepdims: int(1) })],
  ['Mul', (b: GraphBuilder, x: string) => b.node('Mul', [x, b.constant([2, 1, 2, 1, 2, 1, 2])])],
] as const)('%s along seven dimensions says why it is on the host', async (op, make) => {
  const b = new GraphBuilder(1, 18);
  const y = make(b, b.input([2, 3, 2, 3, 2, 3, 2]).name);
  const machine = presets.get('textbook-single')!;
  const { program } = await compileModel(b.model([y]), { machine, engine: await sharedEngine() });
  const [node] = program.layers.flatMap((l) => l.onHost ?? []);
  expect(node).toMatchObject({ op, reason: { en: expect.stringContaining('7 dimensions that do not merge') } });
});
