/** The summary against numbers worked out by hand, and against the published figures of four networks. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Model, parseModel } from '#ir';
import { buildModel } from '#models';
import { readModel } from '#onnx';
import { inferTypes } from '#ops';
import { pipeline, runPasses } from '#passes';
import { networkSummary } from '../../../test/support/networkSummary.ts';
import { type ConventionName, countBy } from './conventions.ts';
import { layerTree } from './layerTree.ts';
import { SUMMARY_PASSES, type SummaryLayer, summarize } from './summary.ts';
import { summaryCsv, summaryMarkdown, summaryText } from './text.ts';

const fold = async (model: Model): Promise<Model> =>
  (await runPasses(model, { steps: pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name)) })).model;

const MODEL = `
  model ir=8 producer="test" opset {"": 13}
  graph net(x: float32[1,4,8,8]) -> (y: float32[1,10], z: float32[1,8,8,8]) {
    const shape: int64[4] = {8, 4, 3, 3}
    const b: float32[8] = splat 1.0
    const scale: float32[8] = splat 1.0
    const low: float32[] = {0.0}
    const half: float32[] = {0.5}
    const fw: float32[128,10] = splat 1.0
    w = ConstantOfShape(shape) @weights
    c = Conv[pads=[1, 1, 1, 1]](x, w, b) @conv
    n = BatchNormalization(c, scale, scale, b, scale) @norm
    r = Clip(n, low) @clip
    z = Mul(r, half) @half
    p = MaxPool[kernel_shape=[2, 2], strides=[2, 2]](r) @pool
    f = Flatten(p) @flatten
    y = MatMul(f, fw) @matmul
  }`;

describe('counts', () => {
  test('by hand', async () => {
    const { layers, totals } = summarize(await fold(inferTypes(parseModel(MODEL))), 'net');
    expect(layers.map((l) => [l.name, l.parameters, l.statistics, l.neurons, l.macs])).toEqual([
      // 8 × 4 × 3 × 3 weights and 8 biases; 512 outputs of 36 MACs.
      ['conv', 296, 0, 512, 18432],
      // Scale, which is shift and variance too, counts once, where it is read first; the mean is the bias of conv.
      ['norm', 8, 0, 0, 0],
      ['clip', 0, 0, 0, 0],
      ['half', 0, 0, 0, 0],
      ['pool', 0, 0, 0, 0],
      ['flatten', 0, 0, 0, 0],
      ['matmul', 1280, 0, 10, 1280],
    ]);
    expect(layers[0]).toMatchObject({ multiplications: 18432, additions: 18432, outputShape: [1, 8, 8, 8] });
    // x 256 + w 288 + b 8 + c 512 elements.
    expect(layers[0]!.bytes).toBe(4 * 1064);
    expect(totals).toMatchObject({
      parameters: 1584,
      parameterBytes: 6336,
      neurons: 522,
      macs: 19712,
      inputElements: 256,
      unknown: 0,
    });
  });

  test('running mean and variance are statistics', async () => {
    const own = MODEL.replace('scale, scale, b, scale) @norm', 'scale, b, mean, var) @norm').replace(
      'w = Constant',
      'const mean: float32[8] = splat 1.0\nconst var: float32[8] = splat 1.0\nw = Constant',
    );
    const { layers, totals } = summarize(await fold(inferTypes(parseModel(own))));
    expect(layers[1]).toMatchObject({ parameters: 8, statistics: 16 });
    expect(totals).toMatchObject({ parameters: 1584, statistics: 16 });
  });

  test('what has no cost rule or no shape is unknown, not nothing', () => {
    const model = inferTypes(
      parseModel(`
      model ir=8 producer="test" opset {"": 13, "own": 1}
      graph net(x: float32[N,4], a: float32[2]) -> (y: float32[N,2], b: float32[2]) {
        const w: float32[4,2] = splat 1.0
        y = MatMul(x, w) @matmul
        b: float32[2] = own::Thing(a) @thing
      }`),
    );
    const { layers, totals } = summarize(model);
    expect(layers.map((l) => [l.parameters, l.macs, l.outputShape])).toEqual([
      [8, null, ['N', 2]],
      [0, null, [2]],
    ]);
    expect(totals.unknown).toBe(2);
  });

  test.each(['en', 'zh'] as const)('text (%s)', async (language) => {
    const text = summaryText(summarize(await fold(inferTypes(parseModel(MODEL))), 'net.onnx'), { language });
    await expect(`# vitest run src/report -u\n${text}`).toMatchFileSnapshot(`goldens/summary.${language}.txt`);
  });

  test('text says what is missing', () => {
    const open = inferTypes(
      parseModel(`
      model ir=8 producer="test" opset {"": 13}
      graph net(x: float32[N,4]) -> (y: float32[N,4]) { y = Relu(x) @relu }`),
    );
    expect(summaryText(summarize(open))).toContain('--dim NAME=N');
    expect(summaryText(summarize(open), { language: 'zh' })).toContain('计算量未知');
  });
});

test('of a quantised network codes of weights and biases are the parameters, scales and zero points are none', async () => {
  const model = await fold(
    parseModel(`
      model ir=8 producer="test" opset {"": 13}
      graph net(x: uint8[1,2,3,3]) -> (y: uint8[1,4,2,2], z: float32[1,4,2,2]) {
        const s: float32[] = {0.5}
        const zero: uint8[] = {0}
        const w: int8[4,2,2,2] = splat 3
        const each: float32[4] = {0.5, 0.25, 0.5, 0.25}
        const zeros: int8[4] = splat 0
        const b: int32[4] = splat 7
        y = QLinearConv(x, s, zero, w, each, zeros, s, zero, b) @integers
        xf = DequantizeLinear(x, s, zero) @dqX
        v = Identity(w) @same
        wf = DequantizeLinear[axis=0](v, each, zeros) @dqW
        z = Conv(xf, wf) @floats
      }`),
  );
  const { layers, totals } = summarize(model);
  expect(layers.find((l) => l.name === 'integers')).toMatchObject({ parameters: 36, neurons: 16, macs: 128 });
  // v is a constant of its own here, after folding: counted where it is dequantised.
  expect(totals).toMatchObject({ parameters: 36 + 32, parameterBytes: 32 + 16 + 32, neurons: 32, macs: 256 });
});

/**
 * Parameters and MACs as the issue states them; those of ResNet50 and SqueezeNet 1.0 and the neurons of VGG19 are the
 * published ones (He et al. 2015 as torchvision counts them; Iandola et al. 2016: 1.24 million).
 */
const NETWORKS = [
  ['light_bvlc_alexnet', { parameters: 60965224, macs: 654560384 }],
  ['light_vgg19', { parameters: 143667240, macs: 19632062464, neurons: 14861288 }],
  ['light_resnet50', { parameters: 25557032, macs: 4089184256 }],
  ['light_squeezenet', { parameters: 1235496, macs: 349151936 }],
] as const;

describe('published networks', () => {
  for (const [name, totals] of NETWORKS) {
    const file = new URL(`../../../../shared/data/onnx-conformance/light/${name}.onnx`, import.meta.url);
    const absent = existsSync(file) ? '' : ' (skipped: ../shared/data is not there)';
    test.skipIf(absent !== '')(`${name}${absent}`, async () => {
      const model = await fold(readModel(new Uint8Array(readFileSync(file))));
      expect(summarize(model).totals).toMatchObject(totals);
    });
  }
});

describe('conventions', () => {
  // Exercise 3.1 (appendix B): the listings of torchinfo 0.0.4 and of a present version, with their megabytes.
  test.each([
    ['alexnet', 714188480, [775278976, 988368, '0.57', '3.77', '233.08', '237.43'], 714682664],
    ['vgg19', 19632062464, [19775715008, 29722576, '0.57', '113.38', '548.05', '662.00'], 19646923752],
    ['resnet152', 11513626624, [11632592320, 90218448, '0.57', '344.16', '229.62', '574.35'], 11513779048],
  ] as const)('%s', async (name, macs, old, present) => {
    const summary = await networkSummary(await buildModel(name, { weights: false }));
    const first = countBy(summary, 'torchinfo-0.0.4')!;
    const m = first.memory!;
    const mb = [m.inputs, m.passes, m.parameters, m.total].map((b) => (b / 2 ** 20).toFixed(2));
    expect([first.total, m.passElements, ...mb]).toEqual(old);
    expect(countBy(summary, 'torchinfo')!.total).toBe(present);
    expect(countBy(summary, 'macs')!.total).toBe(macs);
    expect(countBy(summary, 'systole')).toBeUndefined();
  });

  test('of a batch each counts as it says', async () => {
    const summary = await networkSummary(await buildModel('alexnet', { weights: false }), { N: 8 });
    const total = (name: ConventionName): number => countBy(summary, name)!.total;
    expect([total('macs'), total('torchinfo'), total('torchinfo-0.0.4')]).toEqual([
      8 * 714188480,
      8 * 714682664,
      775278976,
    ]);
  });
});

describe('the tree of modules', () => {
  const rowsOf = (names: readonly string[], depth?: number): string[] =>
    layerTree(
      names.map((name) => ({ name, op: 'Relu' }) as SummaryLayer),
      depth,
    ).map((r) => `${'  '.repeat(r.depth - 1)}${r.name}${r.open ? '/' : ` ${r.layers.length}`}`);

  const names = [
    'conv1/Conv',
    'layer1/0/conv1/Conv',
    'layer1/0/Add',
    'layer1/1/conv1/Conv',
    '/fc/fc.0/Gemm',
    'Softmax',
  ];

  test('opens to a depth, and one node is one row', () => {
    expect(rowsOf(names)).toEqual([
      ...['conv1 1', 'layer1/', '  0/', '    conv1 1', '    Add 1', '  1/conv1 1', 'fc/0 1', 'Softmax 1'],
    ]);
    expect(rowsOf(names, 2)).toEqual(['conv1 1', 'layer1/', '  0 2', '  1/conv1 1', 'fc/0 1', 'Softmax 1']);
    expect(rowsOf(names, 1)).toEqual(['conv1 1', 'layer1 3', 'fc/0 1', 'Softmax 1']);
  });

  test('every layer stands in one closed row, at any depth', async () => {
    const { layers } = await networkSummary(await buildModel('densenet121', { weights: false }));
    for (const depth of [1, 2, 3, 9]) {
      const closed = layerTree(layers, depth).filter((r) => !r.open);
      expect(closed.flatMap((r) => r.layers).sort((a, b) => a - b)).toEqual(layers.map((_, i) => i));
    }
  });
});

test('Markdown and CSV', async () => {
  const summary = summarize(await fold(inferTypes(parseModel(MODEL))), 'net.onnx');
  await expect(summaryMarkdown(summary)).toMatchFileSnapshot('goldens/summary.md');
  const csv = summaryCsv(summary, { convention: 'macs' });
  await expect(csv.replaceAll('\r\n', '\n')).toMatchFileSnapshot('goldens/summary.csv');
  const [heads, ...rows] = csv.trimEnd().split('\r\n');
  expect(rows.map((r) => r.split(',').length)).toEqual(rows.map(() => heads!.split(',').length));
});
