/**
 * Groups of a convolution of integers merged into block-diagonal ones: the integers of ONNX Runtime, busy cycles and bytes as predicted,
 * MACs those of the node (`runCompiled` holds all three); fewer cycles where the vector unit has no lanes; never of floats.
 */
import { expect, test } from 'vitest';
import { Random } from '#base';
import { sharedEngine } from '#engine';
import { type Explained, explainModel } from '#flow';
import { type Attribute, int, ints, type Model, type Tensor, tensorOf, tensorType } from '#ir';
import { type Machine, presets } from '#machine';
import { modelOf } from '#onnx';
import { inferTypes } from '#ops';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { MACHINES } from '../support/machines.ts';
import { byteTensor } from '../support/randomQuantised.ts';
import { withTypes } from '../support/typedMachines.ts';

interface Case {
  readonly name: string;
  readonly groups: number;
  /** Channels and filters of a group. */
  readonly channels: number;
  readonly filters: number;
  readonly kernel: readonly number[];
  readonly size: readonly number[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly types?: readonly ['uint8' | 'int8', 'uint8' | 'int8'];
}

const around = { pads: ints([1, 1, 1, 1]) };
const CASES: readonly Case[] = [
  { name: 'depthwise', groups: 32, channels: 1, filters: 1, kernel: [3, 3], size: [14, 15], attributes: around },
  {
    ...{ name: 'depthwise, strided and dilated', groups: 24, channels: 1, filters: 1, kernel: [3, 2], size: [17, 13] },
    attributes: { strides: ints([2, 1]), dilations: ints([2, 3]), pads: ints([2, 0, 1, 3]) },
    types: ['uint8', 'int8'],
  },
  { name: 'a prime number of channels', groups: 17, channels: 1, filters: 1, kernel: [3, 3], size: [9, 8] },
  { name: 'three filters a channel', groups: 8, channels: 1, filters: 3, kernel: [3, 3], size: [10, 10] },
  {
    ...{ name: 'groups of two channels and three filters', groups: 12, channels: 2, filters: 3, kernel: [3, 3] },
    ...{ size: [9, 11], attributes: around, types: ['uint8', 'uint8'] },
  },
  { name: 'along one axis', groups: 20, channels: 1, filters: 1, kernel: [5], size: [40] },
];

function modelOfCase(c: Case, seed: number): { model: Model; feeds: Map<string, Tensor> } {
  const random = new Random(seed);
  const [xType, wType] = c.types ?? ['int8', 'int8'];
  const all = c.groups * c.filters;
  const scalar = (type: 'float32' | 'uint8' | 'int8', v: number): Tensor => tensorOf(type, [], [v]);
  const x = byteTensor(random, [2, c.groups * c.channels, ...c.size], xType);
  const constants = new Map<string, Tensor>([
    ['xs', scalar('float32', 0.02)],
    ['xz', scalar(xType, xType === 'int8' ? -7 : 131)],
    ['w', byteTensor(random, [all, c.channels, ...c.kernel], wType, true)],
    [
      'ws',
      tensorOf(
        'float32',
        [all],
        Array.from({ length: all }, () => 0.01 + 0.02 * random.uniform()),
      ),
    ],
    ['wz', tensorOf(wType, [all], new Array(all).fill(wType === 'int8' ? 0 : 128))],
    ['ys', scalar('float32', 0.1)],
    ['yz', scalar(xType, xType === 'int8' ? 3 : 120)],
    [
      'b',
      tensorOf(
        'int32',
        [all],
        Array.from({ length: all }, () => random.integer(-900, 900)),
      ),
    ],
  ]);
  const node = {
    ...{ name: 'conv', op: 'QLinearConv', domain: '', inputs: ['x', ...constants.keys()], outputs: ['y'] },
    attributes: new Map(Object.entries({ group: int(c.groups), ...c.attributes })),
  };
  const graph = {
    ...{ name: 'grouped', nodes: [node], constants, types: new Map() },
    inputs: [{ name: 'x', type: tensorType(xType, x.dims) }],
    outputs: [{ name: 'y', type: undefined }],
  };
  return { model: inferTypes(modelOf(graph, 17, 8)), feeds: new Map([['x', x]]) };
}

const PRESETS = ['gemmini-16x16', 'tpu-v1', 'textbook-single', 'textbook-single-i8x4', 'textbook-cluster'];
const machines: readonly Machine[] = [
  ...PRESETS.map((name) => presets.get(name)!),
  ...MACHINES.slice(0, 6).map((machine, i) => withTypes(machine, i)),
];

/** How a convolution's groups may be merged, the way that was chosen, and what each is predicted to take. */
const mergesOf = async (model: Model, machine: Machine) => {
  const { layers }: Explained = await explainModel(model, { machine, engine: await sharedEngine() });
  return layers[0]!.contraction?.merges ?? [];
};

test.each(CASES.map((c, i) => [c.name, c, i] as const))('%s: the integers of the host', async (_, c, seed) => {
  const { model, feeds } = modelOfCase(c, seed);
  for (const machine of machines) {
    const { faults, compiled } = await runCompiled(model, machine, feeds);
    expect(faults, machine.name).toEqual([]);
    expect(compiled.program.layers.flatMap((l) => l.onHost ?? [])).toEqual([]);
  }
});

test.each(['gemmini-16x16', 'tpu-v1'])('on %s groups are merged, in a fraction of the cycles', async (name) => {
  const machine = presets.get(name)!;
  for (const [seed, c] of CASES.entries()) {
    const merges = await mergesOf(modelOfCase(c, seed).model, machine);
    const chosen = merges.find((m) => m.isChosen)!;
    expect(chosen.groups, c.name).toBeGreaterThan(1);
    expect(chosen.predicted.cycles).toBe(Math.min(...merges.map((m) => m.predicted.cycles)));
  }
});

test('a channel at a time takes several times as long as the blocks that are chosen', async () => {
  const { model } = modelOfCase(CASES[0]!, 0);
  const machine = presets.get('gemmini-16x16')!;
  const [layer] = (await explainModel(model, { machine, engine: await sharedEngine() })).layers;
  const { form } = layer!.contraction!;
  expect(form.text).toContain('w[g0, n, ky, kx, c] = 0 where n ≠ c');
  // 16 channels in blocks of 144 × 16: nine folds of all pixels for each half of the channels, where a channel at a time takes 32.
  const pixels = 2 * 14 * 15;
  expect(layer!.run.cycles).toBeLessThan(1.5 * 2 * 9 * pixels);
});

test('floats stay apart: 0 · ∞ is not 0', async () => {
  const b = new GraphBuilder(3, 17);
  const x = b.input([1, 8, 9, 9]).name;
  const y = b.node('Conv', [x, b.weights([16, 2, 3, 3])], { group: int(4) });
  for (const name of ['gemmini-16x16', 'tpu-v1']) expect(await mergesOf(b.model([y]), presets.get(name)!)).toEqual([]);
});
