/**
 * Networks on machines of several cores: how close to the bound, what one transfer brings to all, and that chips of other shapes than
 * the textbook's agree with the host. Random graphs on random chips are in `random.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { int, ints, type Model } from '#ir';
import type { Program } from '#isa';
import { type Machine, presets } from '#machine';
import { buildModel } from '#models';
import { runCompiled } from '../support/compiledRun.ts';
import { GraphBuilder } from '../support/graphBuilder.ts';
import { predictionFaults } from '../support/predictionFaults.ts';
import { machineWith } from '../support/processor.ts';

const cluster = presets.get('textbook-cluster')!;
const withCores = (cores: number, count: number, more: Partial<Machine> = {}): Machine => ({
  ...machineWith('textbook-cluster', more),
  name: `${count} × ${cores} cores`,
  cluster: { ...cluster.cluster!, cores, count },
});

async function timed(model: Model, machine: Machine) {
  const { program } = await compileModel(model, { machine, engine: await sharedEngine(), batch: 1 });
  const { result } = await executeProgram(program, { data: false });
  expect(predictionFaults(program, result)).toEqual([]);
  return { program, result };
}

/** Loops that are dealt, with the number of cores. */
const dealt = ({ layers }: Program): string[] =>
  layers.flatMap((l) => l.loops.flatMap(({ dim, cores }) => (cores === undefined ? [] : [`${dim} ${cores}`])));

function convolution(channels: number, size: number, filters: number, kernel: number): Model {
  const b = new GraphBuilder(1, 16);
  const x = b.input([1, channels, size, size]).name;
  const pads = ints(Array.from({ length: 4 }, () => (kernel - 1) / 2));
  return b.model([b.node('Conv', [x, b.weights([filters, channels, kernel, kernel])], { pads })]);
}

describe('close to the limit on four cores', () => {
  test.each([
    ['alexnet-paper', 0.98],
    ['alexnet', 0.97],
    ['vgg19', 0.98],
    ['resnet152', 0.97],
    ['mobilenet-v2', 1.05],
  ] as const)('%s', async (name, least) => {
    const { program, result } = await timed(await buildModel(name, { weights: false }), cluster);
    expect(program.cores).toBeUndefined();
    expect(program.layerwise!.cycles / result.cycles).toBeGreaterThan(least);
  });
});

test('activations that all cores want cross the channel once', async () => {
  const { program, result } = await timed(convolution(256, 14, 64, 1), cluster);
  expect(dealt(program)).toEqual(['n 4']);
  const [layer] = program.layers;
  // WRAM is written with what each core has of the weights; the rest of what is read are activations, which each has in its NRAM.
  expect(result.total.readBytes - result.total.wramWriteBytes).toBe(layer!.inputBytes);
  expect(result.total.nramWriteBytes).toBeGreaterThan(4 * layer!.inputBytes);
});

test('weights that all cores want cross the channel once', async () => {
  const { program, result } = await timed(convolution(64, 56, 16, 1), cluster);
  expect(dealt(program)).toEqual(['y 4']);
  const [layer] = program.layers;
  expect(result.total.readBytes).toBe(layer!.inputBytes + layer!.weightBytes);
});

test('four cores take a quarter of the time of one with the same bandwidth for each', async () => {
  const model = convolution(256, 14, 512, 3);
  const one = await timed(model, withCores(1, 1, { dram: { ...cluster.dram, bandwidth: { bytes: 32, cycles: 1 } } }));
  const four = await timed(model, cluster);
  expect(one.result.cycles / four.result.cycles).toBeGreaterThan(3.8);
});

test('what has one tile runs on one core, and the others wait for it', async () => {
  const b = new GraphBuilder(1, 16);
  const model = b.model([b.node('Relu', [b.input([3, 5]).name])]);
  const { program, result } = await timed(model, cluster);
  expect(dealt(program)).toEqual([]);
  expect(result.units.filter((u) => u.name === 'vector' && u.busy > 0).map((u) => u.core)).toEqual([0]);
});

describe('values between layers stay in SharedRAM', () => {
  const b = new GraphBuilder(5, 16);
  const x = b.input([1, 16, 20, 20]).name;
  const filters = (count: number): string => b.weights([count, 16, 3, 3]);
  const same = { pads: ints([1, 1, 1, 1]) };
  const first = b.node('Relu', [b.node('Conv', [x, filters(16)], same)]);
  const second = b.node('Conv', [first, filters(16)], same);
  const sum = b.node('Add', [first, second]);
  const pooled = b.node('MaxPool', [sum], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const model = b.model([b.node('Conv', [pooled, filters(24)], same)]);
  const feeds = b.feeds();

  const shared = (bytes: number, count = 1, machine: Machine = cluster): Machine => ({
    ...machine,
    cluster: { ...cluster.cluster!, count, sharedRam: { ...cluster.cluster!.sharedRam, bytes } },
  });
  const traffic = async (machine: Machine) => {
    // A pooling behind the sum would leave nothing of it to be kept.
    const { compiled, faults } = await runCompiled(model, machine, feeds, { fusePools: false });
    expect(faults).toEqual([]);
    const { result } = await executeProgram(compiled.program, { data: false });
    const { compulsory } = compiled.program;
    return {
      spilt: result.total.writeBytes - compulsory!.writeBytes,
      link: result.total.sharedReadBytes + result.total.sharedWriteBytes,
      cycles: result.cycles,
    };
  };
  const IMAGE = 4 * 16 * 20 * 20;

  test('DRAM is written with the result alone, and the network takes less time', async () => {
    const [here, there] = [await traffic(cluster), await traffic(shared(64))];
    expect(here.spilt).toBe(0);
    expect(there).toMatchObject({ spilt: 2 * IMAGE + IMAGE / 4, link: 0 });
    expect(here.cycles).toBeLessThan(there.cycles);
  });

  test('as far as they fit, those that spare most first', async () => {
    // The first result and the sum, which the second convolution makes, are needed together; the pooled one behind them.
    expect((await traffic(shared(IMAGE / 4))).spilt).toBe(2 * IMAGE);
    expect((await traffic(shared(IMAGE))).spilt).toBe(IMAGE);
    expect((await traffic(shared(2 * IMAGE))).spilt).toBe(0);
  });

  test('not where a link is slower than DRAM, and not across clusters', async () => {
    const slow = { ...cluster.cluster!.sharedRam, link: { bytes: 127, cycles: 1 } };
    expect((await traffic({ ...cluster, cluster: { ...cluster.cluster!, sharedRam: slow } })).link).toBe(0);
    expect((await traffic(shared(2 ** 21, 2))).link).toBe(0);
  });

  test('through one port, with two transfer queues, full queues and latencies', async () => {
    const slow = machineWith('textbook-cluster', {
      dma: { queues: 2, setupCycles: 7 },
      control: { cyclesPerInstruction: 1, queueCycles: 2, queueDepth: 2, signalLatency: 9 },
    });
    const port = { ...cluster.cluster!.sharedRam, ports: 'one' } as const;
    expect((await traffic({ ...slow, cluster: { ...cluster.cluster!, sharedRam: port } })).spilt).toBe(0);
  });
});

describe('a part of the cores', () => {
  const chip = withCores(4, 2);
  const compiled = async (cores: number) =>
    compileModel(convolution(32, 20, 64, 3), { machine: chip, engine: await sharedEngine(), cores });

  test('runs on the first ones, and the others are left alone', async () => {
    const b = new GraphBuilder(2, 16);
    const model = b.model([b.node('Conv', [b.input([1, 32, 20, 20]).name, b.weights([64, 32, 3, 3])])]);
    for (const cores of [1, 3, 4]) {
      const run = await runCompiled(model, chip, b.feeds(), { cores });
      expect(run.faults).toEqual([]);
      expect(run.compiled.program).toMatchObject({ cores, machine: chip });
    }
    expect((await runCompiled(model, chip, b.feeds(), { cores: 8 })).compiled.program.cores).toBeUndefined();
  });

  test('is some of one cluster, or whole clusters', async () => {
    for (const cores of [0, 5, 9, 1.5]) await expect(compiled(cores)).rejects.toMatchObject({ code: 'SYS-LOWER-060' });
  });
});

const CHIPS: readonly Machine[] = [
  withCores(16, 1),
  withCores(4, 4),
  withCores(1, 3),
  withCores(5, 2, { dma: { ...cluster.dma, queues: 2, setupCycles: 5 } }),
  {
    ...withCores(8, 2, { control: { ...cluster.control, cyclesPerInstruction: 1, queueDepth: 1, signalLatency: 9 } }),
    cluster: { ...cluster.cluster!, cores: 8, count: 2, barrierLatency: 33, remoteSignalLatency: 21 },
  },
];

test.each(CHIPS.map((machine) => [machine.name, machine] as const))(
  'agreement with the host on %s',
  async (_, machine) => {
    const b = new GraphBuilder(3, 16);
    const x = b.input([2, 24, 23, 19]);
    const conv = b.node('Relu', [b.node('Conv', [x.name, b.weights([70, 24, 3, 3]), b.constant([70])])]);
    const pooled = b.node('MaxPool', [conv], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) });
    const depthwise = b.node('Conv', [pooled, b.weights([70, 1, 3, 3])], { group: int(70) });
    const normal = b.node('LRN', [depthwise], { size: int(5) });
    const flat = b.node('Flatten', [normal]);
    const product = b.node('Gemm', [flat, b.weights([70 * 8 * 6, 90]), b.constant([90])]);
    const { faults, compiled } = await runCompiled(b.model([b.node('Softmax', [product])]), machine, b.feeds(), {
      rounding: 1e-4,
    });
    expect(faults).toEqual([]);
    expect(dealt(compiled.program).length).toBeGreaterThan(3);
  },
);
