/**
 * Operators on quantised values as compiled programs, bit for bit what ONNX Runtime makes of them: random uses of every operator on the
 * test machines with the types, and quantised networks.
 */
import { describe, expect, test } from 'vitest';
import { Random, SystoleError } from '#base';
import { sharedEngine } from '#engine';
import { quantiseModel, randomSamples } from '#flow';
import {
  type Attribute,
  int,
  ints,
  type Model,
  printModel,
  type Tensor,
  tensorNumbers,
  tensorOf,
  tensorType,
} from '#ir';
import { type Machine, presets } from '#machine';
import { modelOf } from '#onnx';
import { inferTypes, type Sample } from '#ops';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';
import { ROUNDING, randomProcessorGraph } from '../support/processorGraphs.ts';
import { randomMachine } from '../support/randomMachine.ts';
import { byteTensor, HAS_VNNI, RANDOM_QUANTISED } from '../support/randomQuantised.ts';
import { withTypes } from '../support/typedMachines.ts';

/** A case as a model: parameters and weights as constants, the first input fed. */
function modelOfCase(c: Sample): { model: Model; feeds: Map<string, Tensor> } {
  const names = c.node.inputs;
  const isConstant = (i: number): boolean => i > 0;
  const given = names.flatMap((name, i) => (name === '' ? [] : [{ name, i, value: c.inputs[i]! }]));
  const model = inferTypes(
    modelOf(
      {
        name: 'test',
        inputs: given
          .filter(({ i }) => !isConstant(i))
          .map(({ name, value }) => ({ name, type: tensorType(value.dtype, value.dims) })),
        outputs: c.node.outputs.map((name) => ({ name, type: undefined })),
        nodes: [c.node],
        constants: new Map(given.filter(({ i }) => isConstant(i)).map(({ name, value }) => [name, value])),
        types: new Map(),
      },
      c.opset,
      8,
    ),
  );
  return { model, feeds: new Map(given.filter(({ i }) => !isConstant(i)).map(({ name, value }) => [name, value])) };
}

const CASES = 40;

test.each(Object.keys(RANDOM_QUANTISED))('%s', async (op) => {
  const random = new Random(7);
  const hosts = new Map<string, number>();
  for (let i = 0; i < CASES; i++) {
    const { model, feeds } = modelOfCase(RANDOM_QUANTISED[op]!(random));
    const machine: Machine =
      i % 4 === 0 ? presets.get('textbook-single')! : withTypes(MACHINES[i % MACHINES.length]!, i);
    const text = (): string => `case ${i} on ${machine.name}\n${printModel(model)}`;
    try {
      const { faults, compiled } = await runCompiled(model, machine, feeds);
      expect(faults, text()).toEqual([]);
      for (const { reason } of compiled.program.layers.flatMap((l) => l.onHost ?? []))
        hosts.set(reason.en, (hosts.get(reason.en) ?? 0) + 1);
    } catch (error) {
      throw error instanceof SystoleError ? new Error(`${error.code} ${error.text('en')}: ${text()}`) : error;
    }
  }
  console.log(`${op}: ${hosts.size === 0 ? 'without the host' : JSON.stringify([...hosts])}`);
});

/** LeNet-5's layers; with a residual addition and a depthwise convolution where that is asked for. */
function network(seed: number, more: boolean): GraphBuilder & { readonly result: string } {
  const b = new GraphBuilder(seed, 17);
  const x = b.input([1, 1, 28, 28]).name;
  const pool = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  const around = { pads: ints([1, 1, 1, 1]) };
  const conv = (name: string, dims: readonly number[], attributes: Record<string, Attribute> = {}): string =>
    b.node('Conv', [name, b.weights(dims), b.constant([dims[0]!])], attributes);
  let at = b.node('MaxPool', [b.node('Relu', [conv(x, [6, 1, 5, 5], { pads: ints([2, 2, 2, 2]) })])], pool);
  if (more) {
    const depthwise = b.node('Clip', [conv(at, [6, 1, 3, 3], { ...around, group: int(6) }), b.scalar(0), b.scalar(6)]);
    at = b.node('Relu', [b.node('Add', [conv(depthwise, [6, 6, 3, 3], around), at])]);
  }
  at = b.node('MaxPool', [b.node('Relu', [conv(at, [16, 6, 5, 5])])], pool);
  const gemm = (name: string, from: number, to: number): string =>
    b.node('Gemm', [name, b.weights([to, from], from), b.constant([to])], { transB: int(1) });
  const hidden = b.node('Relu', [gemm(b.node('Relu', [gemm(b.node('Flatten', [at]), 400, 120)]), 120, 84)]);
  return Object.assign(b, { result: gemm(hidden, 84, 10) });
}

const MACHINES_OF_I8: readonly Machine[] = [
  ...['textbook-single', 'textbook-single-i8x4', 'textbook-cluster', 'gemmini-16x16', 'tpu-v1'].map(
    (name) => presets.get(name)!,
  ),
  ...MACHINES.slice(0, 4).map((machine, i) => withTypes(machine, i)),
];

describe.each([
  ['LeNet-5', false],
  ['a residual network with a depthwise convolution', true],
] as const)('%s, quantised', (_, more) => {
  test.each(['i8', 'u8'] as const)('%s activations: the integers of ONNX Runtime', async (activations) => {
    const engine = await sharedEngine();
    const b = network(more ? 2 : 1, more);
    const { model } = await quantiseModel(b.model([b.result]), async (m) => randomSamples(m, { samples: 4, seed: 3 }), {
      ...{ calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false, reduceRange: !HAS_VNNI },
      ...{ activations, engine },
    });
    for (const machine of MACHINES_OF_I8) {
      const feeds = b.feeds();
      const { faults, compiled, outputs } = await runCompiled(model, machine, feeds);
      expect(faults, machine.name).toEqual([]);
      const products = compiled.program.layers.filter((l) => /QLinear(Conv|MatMul)/.test(l.op));
      expect(products.map((l) => l.where)).not.toContain('host');
      expect(compiled.program.layers.filter((l) => /^(Conv|Gemm|MatMul)/.test(l.op))).toEqual([]);
      if (more) continue;
      // At its higher levels ONNX Runtime makes the same integers of the graph as it was written.
      const session = await engine.load(model, { optimize: true });
      const [expected] = (await session.run(feeds)).values();
      await session.release();
      expect([...tensorNumbers([...outputs.values()][0]!)]).toEqual([...tensorNumbers(expected!)]);
    }
  });
});

/** What is rectified beside what is not, with one scale: Relu and Clip leave a part of the codes; a BatchNormalization that no layer takes in. */
function branches(): GraphBuilder & { readonly result: string } {
  const b = new GraphBuilder(6, 17);
  const x = b.input([1, 8, 12, 12]).name;
  const conv = (name: string, dims: readonly number[], group = 1): string =>
    b.node('Conv', [name, b.weights(dims), b.constant([dims[0]!])], { pads: ints([1, 1, 1, 1]), group: int(group) });
  const cut = (name: string, low: number, high: number): string =>
    b.node('Clip', [name, b.scalar(low), b.scalar(high)]);
  const parts = [
    conv(x, [8, 8, 3, 3]),
    b.node('Relu', [conv(x, [8, 8, 3, 3])]),
    cut(conv(x, [8, 8, 3, 3]), -0.3, 0.4),
    b.node('Relu', [conv(x, [8, 1, 3, 3], 8)]),
    cut(conv(x, [8, 1, 3, 3], 8), -0.25, 0.2),
    // Two filters a channel.
    b.node('Relu', [conv(x, [16, 1, 3, 3], 8)]),
  ];
  const all = b.node('Concat', parts, { axis: int(1) });
  const positive = b.keep(
    tensorOf(
      'float32',
      [56],
      Float32Array.from({ length: 56 }, () => 0.5 + b.random.uniform()),
    ),
  );
  const [scale, shift, mean] = [b.constant([56]), b.constant([56]), b.constant([56])];
  const normal = b.node('BatchNormalization', [all, scale, shift, mean, positive]);
  return Object.assign(b, { result: conv(b.node('Relu', [normal]), [4, 56, 3, 3]) });
}

test.each(['i8', 'u8'] as const)(
  '%s: codes that Relu and Clip leave a part of, to the last bit',
  async (activations) => {
    const engine = await sharedEngine();
    const b = branches();
    const { model } = await quantiseModel(b.model([b.result]), async (m) => randomSamples(m, { samples: 4, seed: 3 }), {
      ...{ calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false, reduceRange: !HAS_VNNI },
      ...{ activations, engine },
    });
    for (const machine of MACHINES_OF_I8.slice(0, 6)) {
      const { faults, compiled } = await runCompiled(model, machine, b.feeds());
      expect(faults, machine.name).toEqual([]);
      const ops = compiled.program.layers.map((l) => l.op);
      expect(ops.filter((op) => /(^|\+)Conv/.test(op))).toEqual([]);
      // A Relu is the drain path's, or the window kernel's.
      expect(ops.filter((op) => op === 'QLinearConv+Clip').length).toBeGreaterThanOrEqual(2);
    }
  },
);

test('on machines without integers of 8 bits a quantised network is one of floats, without the host', async () => {
  const engine = await sharedEngine();
  const b = network(2, true);
  const float = b.model([b.result]);
  const { model } = await quantiseModel(float, async (m) => randomSamples(m, { samples: 4, seed: 3 }), {
    ...{ calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: false, reduceRange: !HAS_VNNI },
    ...{ activations: 'u8', engine },
  });
  for (const machine of [presets.get('systolic-16x16')!, presets.get('eyeriss')!]) {
    const feeds = b.feeds();
    const { faults, compiled, cycles } = await runCompiled(model, machine, feeds);
    expect(faults, machine.name).toEqual([]);
    expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
    // Beside the products there is what rounds activations.
    expect(cycles).toBeLessThan(1.5 * (await runCompiled(float, machine, feeds)).cycles);
  }
});

const GRAPHS = 1500;

test('random graphs, quantised: as the host computes their integers', async () => {
  const engine = await sharedEngine();
  let ran = 0;
  let onProcessor = 0;
  for (let seed = 0; seed < GRAPHS; seed++) {
    const graph = randomProcessorGraph(seed);
    // The quantiser stacks samples along the first dimension of all inputs.
    const [fed, ...others] = graph.feeds.values();
    if (others.length > 0 || fed!.dims.length === 0) continue;
    // Of codes that are all alike the deviation is 0, or what rounding makes of that.
    if (graph.operators.some((op) => op.endsWith('Normalization'))) continue;
    // A mean of codes may lie just between two, and then the last bit of a sum in floats decides.
    if (graph.operators.some((op) => op.includes('Average') || op.includes('Mean'))) continue;
    const options = { calibration: 'minmax', percentile: 99.99, exclude: [], perTensor: seed % 3 === 0 } as const;
    let model: Model;
    try {
      const made = await quantiseModel(graph.model, async (m) => randomSamples(m, { samples: fed!.dims[0]!, seed }), {
        ...options,
        reduceRange: !HAS_VNNI,
        activations: seed % 2 === 0 ? 'i8' : 'u8',
        engine,
      });
      model = made.model;
    } catch (error) {
      // Nothing to quantise, or nothing to calibrate on.
      if (error instanceof SystoleError && error.code.startsWith('SYS-FLOW-13')) continue;
      throw error;
    }
    const machine =
      seed % 3 === 0
        ? presets.get('textbook-single')!
        : withTypes(seed % 3 === 1 ? MACHINES[seed % MACHINES.length]! : randomMachine(seed), seed, seed % 4 !== 0);
    const text = (): string => `seed ${seed} on ${machine.name}\n${printModel(model).replace(/"[^"]{80,}"/g, '…')}`;
    try {
      const { faults, compiled } = await runCompiled(model, machine, graph.feeds, { rounding: ROUNDING });
      expect(faults, text()).toEqual([]);
      ran++;
      if (compiled.program.layers.every((l) => l.where !== 'host')) onProcessor++;
    } catch (error) {
      throw error instanceof SystoleError ? new Error(`${error.code} ${error.text('en')}: ${text()}`) : error;
    }
  }
  console.log(`${ran} graphs, ${onProcessor} without the host`);
  expect(onProcessor).toBeGreaterThan(50);
});

test.each([
  ['int8', -5],
  ['uint8', 200],
  ['float16', 0.75],
  ['int32', -70000],
] as const)('Pad of %s with %d', async (dtype, value) => {
  const b = new GraphBuilder(4, 19);
  const x = b.input([2, 3, 4], dtype).name;
  const padded = b.node('Pad', [x, b.int64s([0, 1, 2, 1, 0, 3]), b.keep(tensorOf(dtype, [], [value]))]);
  const { faults, compiled } = await runCompiled(b.model([padded]), presets.get('textbook-single')!, b.feeds());
  expect(faults).toEqual([]);
  expect(compiled.program.layers.map((l) => l.where)).toEqual(['dma']);
});

test('a product quantised while it runs: the integers of ONNX Runtime, without the host', async () => {
  const b = new GraphBuilder(5, 17);
  const x = b.input([4, 30]).name;
  const [codes, scale, zero] = b.nodeOf('DynamicQuantizeLinear', [x], {}, 3) as [string, string, string];
  const weights = b.keep(byteTensor(b.random, [30, 17], 'int8', true));
  const sums = b.node('MatMulInteger', [codes, weights, zero, b.keep(tensorOf('int8', [], [3]))]);
  const floats = b.node('Mul', [b.node('Cast', [sums], { to: int(1) }), scale]);
  for (const machine of [presets.get('textbook-single')!, ...MACHINES.slice(0, 4).map((m, i) => withTypes(m, i))]) {
    const { faults, compiled } = await runCompiled(b.model([floats, sums, codes]), machine, b.feeds());
    expect(faults, machine.name).toEqual([]);
    expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
  }
});
