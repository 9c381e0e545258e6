/** Parameters, neurons and operations of the networks: appendix A of the exercises, the papers, and torchvision's published numbers. */
import { describe, expect, test } from 'vitest';
import { type Model, staticShape, typeOf } from '#ir';
import { bindDims, inferTypes } from '#ops';
import { exportModel, type InputSpec, nn } from '#tensor';
import { networkSummary } from '../../test/support/networkSummary.ts';
import {
  alexnetPaper,
  buildModel,
  densenet121,
  lenet5Original,
  mlp,
  models,
  resnet152,
  VisionTransformer,
  vgg11,
  vgg13,
} from './index.ts';

const exported = (build: () => nn.Module, inputs: Readonly<Record<string, InputSpec>>): Promise<Model> =>
  exportModel(nn.init.skipInit(build), inputs, { name: 'net' });

/** By name: parameters, neurons, MACs, and multiplications and additions of convolutions and fully connected layers. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  'alexnet-paper': [60965224, 659272, 724406816, 724406816, 724406816],
  alexnet: [61100840, 494184, 714188480, 714188480, 714188480],
  vgg16: [138357544, 13547520 + 9192, 15470264320, 15470264320, 15470264320],
  vgg19: [143667240, 14861288, 19632062464, 19632062464, 19632062464],
  resnet152: [60192808, 22555112, 11513626624, 11513626624, 11491072512],
};

const isLinear = (op: string): boolean => op === 'Conv' || op === 'Gemm';

describe('appendix A', () => {
  test.each(Object.entries(COUNTS))('%s', async (name, expected) => {
    const { layers, totals } = await networkSummary(await buildModel(name, { weights: false }));
    const linear = layers.filter((l) => isLinear(l.op));
    const sum = (key: 'multiplications' | 'additions'): number => linear.reduce((n, l) => n + l[key]!, 0);
    const found = [totals.parameters, totals.neurons, totals.macs, sum('multiplications'), sum('additions')];
    expect(found).toEqual(expected);
    expect(totals.unknown).toBe(0);
  });

  test("AlexNet's layers, its towers apart", async () => {
    const model = await buildModel('alexnet-paper', { weights: false });
    const { layers, totals } = await networkSummary(model);
    const linear = layers.filter((l) => isLinear(l.op));
    expect(linear.map((l) => l.parameters)).toEqual([
      34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000,
    ]);
    expect(linear.map((l) => l.neurons)).toEqual([290400, 186624, 64896, 64896, 43264, 4096, 4096, 1000]);
    expect(linear.slice(0, 5).reduce((n, l) => n + l.macs!, 0)).toBe(665784864);
    expect(linear.slice(5).reduce((n, l) => n + l.macs!, 0)).toBe(58621952);
    expect(totals.neurons + totals.inputElements).toBe(813859);
    // Normalisation: of each tower's maps alone; across both, as one tower has it, 2362596.
    const norms = (of: typeof layers, key: 'multiplications' | 'additions'): number =>
      of.filter((l) => l.op === 'LRN').reduce((n, l) => n + l[key]!, 0);
    expect([norms(layers, 'multiplications'), norms(layers, 'additions')]).toEqual([954048, 2340072]);
    const one = await exported(() => alexnetPaper({ towers: false }), { input: ['N', 3, 227, 227] });
    const joint = await networkSummary(one);
    expect(norms(joint.layers, 'additions')).toBe(2362596);
    expect([joint.totals.parameters, joint.totals.macs]).toEqual([62378344, 1135256096]);
  });

  test('ResNet152: layers, normalisation, residuals, pooling', async () => {
    const { layers, totals } = await networkSummary(await buildModel('resnet152', { weights: false }));
    const of = (op: string) => layers.filter((l) => l.op === op);
    const sum = (op: string, key: 'parameters' | 'multiplications' | 'additions'): number =>
      of(op).reduce((n, l) => n + l[key]!, 0);
    expect([of('Conv').length, of('Gemm').length]).toEqual([155, 1]);
    expect(sum('BatchNormalization', 'parameters')).toBe(151424);
    expect(sum('Add', 'additions')).toBe(13146112);
    expect([sum('GlobalAveragePool', 'multiplications'), sum('GlobalAveragePool', 'additions')]).toEqual([2048, 98304]);
    // One multiplication and one addition an element: constants make the factor and the shift of each channel before.
    expect(sum('BatchNormalization', 'multiplications')).toBe(22554112);
    expect(sum('BatchNormalization', 'additions')).toBe(22554112);
    expect(totals.multiplications).toBe(11536182784);
    expect(totals.additions).toBe(11526871040);
    expect(totals.neurons + totals.inputElements).toBe(22705640);
    const paper = await exported(() => resnet152({ strideFirst: true }), { input: ['N', 3, 224, 224] });
    const { totals: first } = await networkSummary(paper);
    expect([first.parameters, first.neurons, first.macs]).toEqual([60192808, 22027264 + 1000, 11282415616]);
  });

  test('VGG19: sizes behind its poolings (exercise 4.9)', async () => {
    const model = inferTypes(bindDims(await buildModel('vgg19', { weights: false }), { N: 1 }));
    const { nodes } = model.graph;
    const count = (op: string): number => nodes.filter((n) => n.op === op).length;
    expect([count('Conv'), count('MaxPool'), count('Gemm')]).toEqual([16, 5, 3]);
    const shapes = (op: string) =>
      nodes.filter((n) => n.op === op).map((n) => staticShape(typeOf(model.graph, n.outputs[0]!)));
    expect(shapes('MaxPool').map((s) => [s![0], s![2], s![3], s![1]])).toEqual([
      [1, 112, 112, 64],
      [1, 56, 56, 128],
      [1, 28, 28, 256],
      [1, 14, 14, 512],
      [1, 7, 7, 512],
    ]);
    expect(shapes('Flatten')).toEqual([[1, 25088]]);
  });
});

test('LeNet-5 today: MACs of its layers (exercise 4.11)', async () => {
  const { layers, totals } = await networkSummary(await buildModel('lenet5'));
  const linear = layers.filter((l) => isLinear(l.op));
  expect(linear.map((l) => l.macs)).toEqual([117600, 240000, 48000, 10080, 840]);
  expect(totals.parameters).toBe(61706);
});

test('LeNet-5 of 1998: trainable parameters of its layers', () => {
  const net = lenet5Original();
  expect(net.size).toBe(60000);
  const layers = net.children().map(([name, child]) => [name, child.size]);
  expect(layers.filter(([, size]) => size !== 0)).toEqual([
    ['c1', 156],
    ['s2', 12],
    ['c3', 1516],
    ['s4', 32],
    ['c5', 48120],
    ['f6', 10164],
  ]);
});

/**
 * Published numbers of parameters: torchvision's documentation of its models; PyTorch's DCGAN example; ours for the rest follow from the
 * layers (LSTM: 4·128·(28 + 128 + 2); …).
 */
const PARAMETERS: Readonly<Record<string, number>> = {
  mlp: 784 * 512 + 512 + 512 * 10 + 10,
  'adder-mlp': 725,
  lenet5: 61706,
  'lenet5-tanh': 61706,
  'lenet5-1998': 60000,
  'alexnet-paper': 60965224,
  alexnet: 61100840,
  vgg16: 138357544,
  vgg19: 143667240,
  resnet18: 11689512,
  resnet34: 21797672,
  resnet50: 25557032,
  resnet101: 44549160,
  resnet152: 60192808,
  'mobilenet-v2': 3504872,
  'squeezenet-1.0': 1248424,
  squeezenet: 1235496,
  densenet121: 7978856,
  'vit-b-16': 86567656,
  'vit-small':
    (3 * 16 + 1) * 128 +
    128 +
    65 * 128 +
    6 * (4 * 128 + 4 * 128 * 128 + 4 * 128 + 2 * 128 * 256 + 256 + 128) +
    256 +
    1290,
  transformer: (256 + 128) * 128 + 2 * (4 * 128 + 4 * 128 * 128 + 4 * 128 + 2 * 128 * 512 + 512 + 128) + 256 + 2 * 129,
  lstm: 4 * 128 * (28 + 128 + 2) + 1290,
  'dcgan-generator': 3576704,
  'dcgan-discriminator': 2765568,
};

test.each([...models])('%s has the published number of parameters', (name, { build }) => {
  expect(nn.init.skipInit(() => build()).size).toBe(PARAMETERS[name]);
});

test('depths and widths without a name in the registry', () => {
  const size = (build: () => nn.Module): number => nn.init.skipInit(build).size;
  expect(size(() => vgg11())).toBe(132863336);
  expect(size(() => vgg13())).toBe(133047848);
  expect(size(() => vgg11({ batchNorm: true }))).toBe(132868840);
  expect(size(() => densenet121({ classes: 10 }))).toBe(7978856 - 990 * 1025);
  // ViT-L/16, torchvision: 304326632.
  const large = { image: 224, patch: 16, layers: 24, heads: 16, size: 1024, inner: 4096 };
  expect(size(() => new VisionTransformer(large))).toBe(304326632);
  // Exercises 2.2 and 3.10.
  expect([mlp([33, 512, 10]).size, mlp([784, 100, 10]).size, mlp([784, 512, 512, 10]).size]).toEqual([
    22538, 79510, 669706,
  ]);
});
