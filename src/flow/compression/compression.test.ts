/** Calibration, plan and codes of quantisation; pruning; LeNet-5 in 8 bits on held-out digits. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Random } from '#base';
import { openFolder } from '#data';
import { createEngine, hostValues } from '#engine';
import { type Model, parseModel, printModel, type Tensor, tensorNumbers, tensorOf } from '#ir';
import { inferTypes } from '#ops';
import { integerSteps, pipeline, runPasses } from '#passes';
import {
  CALIBRATIONS,
  compareOn,
  digitInput,
  folderSamples,
  lenet5Model,
  optimiseModel,
  pruneWeights,
  type QuantiseOptions,
  quantiseModel,
  randomSamples,
} from '../index.ts';
import { activationCodes, weightCodes } from './codes.ts';
import { Observer } from './observer.ts';
import { planQuantisation } from './plan.ts';
import type { Samples } from './samples.ts';

const engine = await createEngine();

const options: QuantiseOptions = {
  engine,
  calibration: 'minmax',
  percentile: 99.99,
  activations: 'u8',
  perTensor: false,
  reduceRange: false,
  exclude: [],
};

const quantised = (model: Model, change: Partial<QuantiseOptions> = {}) =>
  quantiseModel(model, async (m) => randomSamples(m, { samples: 8, seed: 3 }), { ...options, ...change });

/** Normal values in batches of growing size. */
function observed(scale: number, tail: number): Observer {
  const [observer, random] = [new Observer(), new Random(5)];
  for (let k = 1; k <= 16; k++) {
    observer.see(Float32Array.from({ length: 1000 }, () => scale * k * 0.1 * random.normal()));
  }
  observer.see(Float32Array.of(tail));
  return observer;
}

test('ranges: min-max keeps an outlier, percentile and entropy leave it out; order and units change nothing', () => {
  const observer = observed(1, 100);
  expect(observer.range('minmax', 0)[1]).toBe(100);
  const [low, high] = observer.range('percentile', 99.9);
  expect(high).toBeGreaterThan(3);
  expect(high).toBeLessThan(6);
  expect(low).toBeLessThan(-3);
  const entropy = observer.range('entropy', 0);
  expect(entropy[1]).toBeLessThan(20);
  // In powers of two bins fall together, so that ranges scale exactly.
  const scaled = observed(1 / 1024, 100 / 1024).range('entropy', 0);
  expect(scaled.map((v) => v * 1024)).toEqual([...entropy]);
});

test('what is not finite, or all zero, leaves a range', () => {
  const observer = new Observer();
  observer.see(Float32Array.of(0, 0));
  expect(observer.range('entropy', 0)).toEqual([0, 0]);
  observer.see(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 2));
  for (const calibration of CALIBRATIONS) expect(observer.range(calibration, 100)).toEqual([0, 2]);
});

test('0 is a code, the ends of the range lie within half a step', () => {
  for (const type of ['u8', 'i8'] as const) {
    for (const range of [
      [-1, 3],
      [0, 6],
      [-5, 0],
      [0, 0],
    ] as const) {
      const { scale, zero } = activationCodes(range, type);
      const [s, z] = [tensorNumbers(scale)[0]!, tensorNumbers(zero)[0]!];
      const [least, most] = type === 'u8' ? [0, 255] : [-128, 127];
      expect(z).toBeGreaterThanOrEqual(least);
      expect(z).toBeLessThanOrEqual(most);
      expect(Math.abs((least - z) * s - range[0])).toBeLessThanOrEqual(s / 2 + 1e-6);
      if (range[1] > range[0]) expect(Math.abs((most - z) * s - range[1])).toBeLessThanOrEqual(s / 2 + 1e-6);
    }
  }
});

test('a bias that outweighs its weights widens their scale, so that it fits 32 bits', () => {
  const weights = tensorOf('float32', [2, 1], [1e-9, 1]);
  const bias = tensorOf('float32', [2], [1000, 1]);
  const made = weightCodes(weights, 0, bias, { activation: tensorOf('float32', [], [0.1]), reduced: true });
  expect(tensorNumbers(made.codes)).toEqual(Float64Array.of(0, 63));
  const [codes, scale] = [tensorNumbers(made.bias!.codes), tensorNumbers(made.bias!.scale)];
  codes.forEach((c, i) => {
    expect(Math.abs(c)).toBeLessThanOrEqual(2 ** 30 + 1);
    expect(c * scale[i]!).toBeCloseTo(i === 0 ? 1000 : 1, 2);
  });
});

const RESIDUAL = `
  model ir=8 producer="test" opset {"": 17}
  graph g(x: float32[N,2,4,4]) -> (y: float32[N,2], e: float32[N,2,4,4]) {
    const w: float32[2,2,1,1] = {0.5, -0.25, 0.125, 1.0}
    const b: float32[2] = {0.5, -0.5}
    const six: float32[] = {6.0}
    const none: float32[] = {0.0}
    const m: float32[4,2] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}
    c = Conv(x, w, b) @first
    r = Clip(c, none, six) @cut
    d = Conv(r, w) @second
    s = Add(r, d) @residual
    t = Relu(s) @behind
    p = GlobalAveragePool(t) @pool
    e = Sigmoid(r) @gate
    f = Flatten(p) @flat
    q = Concat[axis=1](f, f) @join
    y = MatMul(q, m) @head
  }`;

test('the plan: layers with what belongs to them, followers with the scale of what they read', () => {
  const model = inferTypes(parseModel(RESIDUAL));
  const plan = planQuantisation(model, () => false);
  expect(plan.nodes.map((n) => `${n.name} → ${plan.results.get(n)}`)).toEqual([
    ...['first → r', 'second → d', 'residual → t', 'pool → p', 'flat → f', 'join → q', 'head → y'],
  ]);
  expect([...plan.values]).toEqual([
    ...[
      ['x', 'x'],
      ['r', 'r'],
      ['d', 'd'],
      ['t', 't'],
    ],
    ...['p', 'f', 'q'].map((name) => [name, 't']),
    ['y', 'y'],
  ]);
  const without = planQuantisation(model, (n) => n.name === 'second');
  expect(without.left.map(({ node, why }) => `${node.name}: ${why.en}`)).toEqual(['second: excluded']);
  expect(without.nodes.map((n) => n.name)).toEqual(['first', 'head']);
});

test('the graph: outputs keep their names and types, floats read what the codes say', async () => {
  const { model } = await quantised(parseModel(RESIDUAL));
  const ops = model.graph.nodes.map((n) => n.op);
  expect(ops.filter((op) => op === 'QuantizeLinear')).toHaveLength(8);
  expect(model.graph.outputs.map((v) => v.name)).toEqual(['y', 'e']);
  const gate = model.graph.nodes.find((n) => n.name === 'gate')!;
  expect(model.graph.nodes.find((n) => n.outputs.includes(gate.inputs[0]!))!.op).toBe('DequantizeLinear');
  const x = tensorOf(
    'float32',
    [3, 2, 4, 4],
    Float32Array.from({ length: 96 }, (_, i) => (i % 7) / 7),
  );
  const [a, b] = await Promise.all(
    [parseModel(RESIDUAL), model].map((m) => hostValues(m, new Map([['x', x]]), undefined, engine)),
  );
  const [y, z] = [tensorNumbers(a!.get('y')!), tensorNumbers(b!.get('y')!)];
  y.forEach((v, i) => {
    expect(Math.abs(v - z[i]!)).toBeLessThan(0.02 * 40);
  });
});

test('what is NaN before and after has not moved', async () => {
  const model = parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[3]) -> (y: float32[3]) { y = Log(x) @log }`);
  const x = tensorOf('float32', [3], [-1, 0, Math.E]);
  const [change] = await compareOn(model, model, new Map([['x', x]]), engine);
  expect(change).toEqual({
    output: 'y',
    decibels: Number.POSITIVE_INFINITY,
    difference: 0,
    largest: Number.POSITIVE_INFINITY,
  });
});

test('means are quantised with dilations of 1 written out, which ONNX Runtime would refuse, and without others', async () => {
  const pooled = (dilations: string): Model =>
    parseModel(`
      model ir=9 producer="test" opset {"": 20}
      graph g(x: float32[N,1,6,6]) -> (y: float32[N,1,4,4]) {
        const w: float32[1,1,1,1] = {0.5}
        c = Conv(x, w) @conv
        y = AveragePool[kernel_shape=[${dilations === '1' ? '3, 3' : '2, 2'}], dilations=[${dilations}, ${dilations}]](c) @mean
      }`);
  const means = async (dilations: string): Promise<number> =>
    (await quantised(pooled(dilations))).plan.nodes.filter((n) => n.op === 'AveragePool').length;
  expect([await means('1'), await means('2')]).toEqual([1, 0]);
});

test('a model of an old opset is raised; a quantised one, unknown nodes and a model without weights are refused', async () => {
  const old = parseModel(RESIDUAL.replace('"": 17', '"": 11'));
  const { model } = await quantised(old);
  expect(model.opsets.get('')).toBeGreaterThanOrEqual(13);
  await expect(quantised(model)).rejects.toMatchObject({ code: 'SYS-FLOW-130' });
  await expect(quantised(old, { exclude: ['hed'] })).rejects.toThrow(/did you mean 'head'/);
  const bare = parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[N,2]) -> (y: float32[N,2]) { y = Relu(x) @relu }`);
  await expect(quantised(bare)).rejects.toMatchObject({ code: 'SYS-FLOW-131' });
});

test('the integers of a quantised LeNet-5 are those of ONNX Runtime', async () => {
  for (const activations of ['u8', 'i8'] as const) {
    const { model } = await quantised(lenet5Model(), { activations, calibration: 'entropy' });
    const integers = (await runPasses(model, { steps: [...pipeline, ...integerSteps], engine, dims: { N: 3 } })).model;
    const ops = integers.graph.nodes.map((n) => n.op);
    expect(
      ops.filter((op) => op === 'QLinearConv'),
      printModel(integers),
    ).toHaveLength(5);
    expect(ops.filter((op) => /^(Conv|Gemm|Relu)$/.test(op))).toEqual([]);
    const feeds = new Map([['input', digitInput(3).feed]]);
    const run = async (m: Model): Promise<Float64Array> => {
      const session = await engine.load(m);
      const result = await session.run(feeds);
      await session.release();
      return tensorNumbers(result.get('output')!);
    };
    expect(await run(integers)).toEqual(await run(model));
  }
});

const FEED_FORWARD = `
  model ir=8 producer="test" opset {"": 13}
  graph g(x: float32[N,3,4]) -> (y: float32[N,3,4]) {
    const two: float32[] = {2.0}
    const epsilon: float32[] = {0.00001}
    const w: float32[4,4] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0}
    const root: float32[] = {1.4142135}
    const one: float32[] = {1.0}
    const half: float32[] = {0.5}
    m = ReduceMean[axes=[-1]](x) @mean
    d = Sub(x, m) @centre
    s = Pow(d, two) @square
    v = ReduceMean[axes=[-1]](s) @variance
    e = Add(v, epsilon) @epsilon
    r = Sqrt(e) @root
    n = Div(d, r) @normalise
    p = MatMul(n, w) @product
    q = Div(p, root) @div
    f = Erf(q) @erf
    g = Add(f, one) @plus
    h = Mul(p, g) @gate
    y = Mul(h, half) @half
  }`;

test('optimise raises a model for the operators that it recognises, unless a node has no equal there', async () => {
  const model = parseModel(FEED_FORWARD);
  const { model: after, notRaised } = await optimiseModel(model, { engine });
  expect(after.graph.nodes.map((n) => n.op)).toEqual(['LayerNormalization', 'MatMul', 'Gelu']);
  expect(notRaised).toBeUndefined();
  const x = tensorOf(
    'float32',
    [2, 3, 4],
    Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * i)),
  );
  const [change] = await compareOn(model, after, new Map([['x', x]]), engine);
  expect(change!.difference).toBeLessThan(1e-4 * change!.largest);
  // A function of the model's own cannot be carried over.
  const foreign = parseModel(
    FEED_FORWARD.replace(
      'y = Mul(h, half) @half',
      'z = Mul(h, half) @half\n    y = com.example::Double(z) @double',
    ).replace('opset {"": 13}', 'opset {"": 13, "com.example": 1}'),
  );
  const kept = await optimiseModel(foreign, { engine });
  expect(kept.model.opsets.get('')).toBe(13);
  expect(kept.notRaised).toBeDefined();
});

test('pruning: exact counts by tensor, over all, and two of four along the reduction', () => {
  const random = new Random(1);
  const tensor = (dims: readonly number[], scale: number): Tensor =>
    tensorOf(
      'float32',
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => scale * random.normal()),
    );
  const model = parseModel(`
    model ir=8 producer="test" opset {"": 17}
    graph g(x: float32[1,8]) -> (z: float32[1,6]) {
      const a: float32[8,4] = splat 1.0
      const b: float32[6,4] = splat 1.0
      y = MatMul(x, a) @first
      z = Gemm[transB=1](y, b) @second
    }`);
  const constants = new Map([
    ['a', tensor([8, 4], 1)],
    ['b', tensor([6, 4], 1e-6)],
  ]);
  const weighted: Model = { ...model, graph: { ...model.graph, constants } };
  const prune = (pattern: 'magnitude' | '2:4', global: boolean, share = 0.25) =>
    pruneWeights(weighted, { share, pattern, global, isExcluded: () => false });
  expect(prune('magnitude', false).layers.map((l) => l.zeros)).toEqual([8, 6]);
  // The second layer's weights are a millionth of the first's: they go first.
  expect(prune('magnitude', true, 24 / 56).layers.map((l) => l.zeros)).toEqual([0, 24]);
  const fours = prune('2:4', false);
  expect(fours.layers.map((l) => l.zeros)).toEqual([16, 12]);
  const values = tensorNumbers(fours.model.graph.constants.get('a')!);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 8; row += 4) {
      const four = [0, 1, 2, 3].map((i) => values[(row + i) * 4 + column]!);
      expect(four.filter((v) => v === 0)).toHaveLength(2);
    }
  }
});

const MNIST = '../shared/data/mnist';
test.skipIf(!existsSync(MNIST))(
  'LeNet-5 in 8 bits loses at most 0.2 points on 10,000 held-out digits (skipped where ../shared/data/mnist is absent)',
  { timeout: 120_000 },
  async () => {
    for (const change of [
      ...CALIBRATIONS.map((calibration) => ({ calibration })),
      { perTensor: true, activations: 'i8', reduceRange: true } as const,
    ]) {
      const sets = { samples: 512, limit: 10_000, seed: 0, normalisation: {} };
      const { comparison } = await quantiseModel(lenet5Model(), (m) => folderSamples(m, openFolder(MNIST), sets), {
        ...options,
        ...change,
      });
      const { before, after } = comparison.accuracy!;
      console.log(`${JSON.stringify(change)}: ${before} → ${after}`);
      expect(comparison.samples).toBe(10_000);
      expect(before).toBeGreaterThanOrEqual(0.99);
      expect(after).toBeGreaterThanOrEqual(before - 0.002);
    }
  },
);

test('poolings whose last windows begin behind the input, where ONNX Runtime infers a row too many', async () => {
  const model = inferTypes(
    parseModel(`model ir=8 producer="systole" opset {"": 17}

graph g(x: float32[1,2,9,9]) -> (y: float32[1,3,3,3]) {
  const w: float32[2,2,1,1] = {0.5, -0.25, 0.75, 1}
  const v: float32[3,2,1,1] = {1, -0.5, 0.25, 0.5, -1, 0.75}
  c = Conv(x, w) @c
  p = MaxPool[kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1](c) @p
  y = Conv(p, v) @y
}
`),
  );
  const { layers } = await quantised(model);
  expect(layers.map((l) => l.node).sort()).toEqual(['c', 'y']);
});

test('a Clip within half a step of the codes, which ONNX Runtime would take out by halves, is left out', async () => {
  const model = inferTypes(
    parseModel(`model ir=8 producer="systole" opset {"": 17}

graph g(x: float32[1,2,9,9]) -> (y: float32[1,2,9,9]) {
  const w: float32[2,2,1,1] = {1, 0, 0, 1}
  const low: float32[] = {-0.5}
  const high: float32[] = {0.75}
  c = Conv(x, w) @c
  y = Clip(c, low, high) @clip
}
`),
  );
  // What is seen reaches −0.5 and not 0.75: so the codes begin at whole steps near −0.5 and end before 0.75.
  const x = Float32Array.from({ length: 162 }, (_, i) => -2 + (2.5716 * (i % 81)) / 80);
  const feeds = new Map([['x', tensorOf('float32', [1, 2, 9, 9], [...x])]]);
  const set: Samples = { name: { en: 'a ramp', zh: '斜坡' }, count: 1, read: async () => feeds };
  const made = await quantiseModel(model, async () => ({ calibration: set, check: set, isRandom: false }), options);
  expect(made.model.graph.nodes.map((n) => n.op)).not.toContain('Clip');
  expect(made.layers).toHaveLength(1);
});

test('means that round up, where ONNX Runtime infers a window too many', async () => {
  const weights = Array.from({ length: 336 }, (_, i) => (((i * 37) % 64) - 31) / 64);
  const model = inferTypes(
    parseModel(`model ir=8 producer="systole" opset {"": 17}

graph g(x: float32[1,2,5,3,5]) -> (z: float32[1,2,1,1,1], y: float32[1,2,1,1,2]) {
  const w: float32[2,2,3,4,7] = {${weights}}
  const b: float32[2] = {0.5, -0.25}
  c = Conv[strides=[5, 5, 3], dilations=[3, 1, 2], pads=[5, 3, 2, 0, 1, 12]](x, w, b) @c
  z = AveragePool[kernel_shape=[1, 1, 1], strides=[6, 5, 6]](c) @small
  y = AveragePool[kernel_shape=[1, 1, 3], strides=[2, 1, 2], pads=[0, 0, 1, 0, 0, 2], ceil_mode=1](c) @mean
}
`),
  );
  const { layers, model: made } = await quantised(model, { activations: 'i8' });
  expect(layers.map((l) => l.node)).toEqual(['c']);
  expect(made.graph.nodes.find((n) => n.name === 'mean')?.attributes.has('ceil_mode')).toBe(false);
});
