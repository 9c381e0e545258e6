/** Training on several devices across layers: works against the graph of a real training step, splits against the counts of papers, times against runs. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '#engine';
import { bindSizes, compileModel, executeProgram } from '#flow';
import type { Model } from '#ir';
import { resolveMachine } from '#machine';
import { buildModel, lenet5, mlp } from '#models';
import { inferTypes, nodeCost } from '#ops';
import { pipeline, runPasses } from '#passes';
import {
  figureDevice,
  machineDevice,
  measuredRatios,
  type ParallelOptions,
  type PricedNetwork,
  ringBytes,
  SUMMARY_PASSES,
  strategyReport,
  trainingNetwork,
} from '#report';
import { compile, crossEntropy, grad, type nn, type Tensor, tensor } from '#tensor';
import { layerSeconds } from '../src/report/parallel/device.ts';
import { RELATIONS } from '../src/report/parallel/relations.ts';
import { shardNetwork } from '../src/report/parallel/sharding.ts';
import type { Task } from '../src/report/parallel/simulate.ts';
import { tensorParallel } from '../src/report/parallel/tensorParallel.ts';
import { layerWork, type TrainingNetwork } from '../src/report/parallel/trainingLayers.ts';

const engine = await createEngine();

async function networkOf(model: Model, batch: number): Promise<TrainingNetwork> {
  const bound = bindSizes(model, { batch });
  const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
  return trainingNetwork(
    (await runPasses(bound.model, { engine, declared: bound.declared, steps })).model,
    'test',
    model,
  );
}

const built = async (name: string, batch: number): Promise<TrainingNetwork> =>
  networkOf(await buildModel(name, { weights: false }), batch);

const priced = (network: TrainingNetwork, samples: number): PricedNetwork => ({
  ...{ network, samples, device: figureDevice(1e12, 1e11), ratios: network.layers.map(() => 1) },
});

const OPTIONS: ParallelOptions = {
  cluster: { devices: 4, perNode: 4, intra: { bandwidth: 1e10, latency: 1e-6 }, inter: null },
  ...{ allReduce: 'ring', bucketBytes: 25e6, overlap: true, microBatches: 4, schedule: '1f1b', optimiser: 'momentum' },
};

/** MACs of a training step: those of the graph that gradients make. */
async function macsOfStep(network: nn.Sequential, shape: readonly number[]): Promise<number> {
  const weights = [...network.parameters()];
  const step = compile((x: Tensor, t: Tensor) => grad(crossEntropy(network.forward(x), t), weights));
  const [batch = 1] = shape;
  const x = tensor(new Float32Array(shape.reduce((a, b) => a * b)), { shape: [...shape] });
  const model = inferTypes(await step.model(x, tensor(new BigInt64Array(batch), { shape: [batch] })));
  return model.graph.nodes.reduce((n, node) => n + nodeCost(model, node).macs, 0);
}

describe('work', () => {
  test.each([
    ['mlp', mlp([784, 512, 10]), [4, 784]],
    ['lenet5', lenet5(), [4, 1, 28, 28]],
  ] as const)('of %s: the MACs of a real training step', async (name, module, shape) => {
    const { layers } = await built(name, 4);
    const sum = layers.reduce((n, layer) => {
      const { forward, inputs, weights } = layerWork(layer);
      return n + forward.macs + inputs.macs + weights.macs;
    }, 0);
    expect(sum).toBe(await macsOfStep(module, shape));
  });
});

describe('split over devices', () => {
  test('a transformer has two all-reduces forward and two backward in each block, as in Megatron-LM', async () => {
    const network = await built('transformer', 8);
    const sharded = shardNetwork(network, 4);
    const blocks = 2;
    const count = (of: 'before' | 'behind' | 'backward', kind: string): number =>
      sharded.reduce((n, s) => n + s[of].filter((e) => e.kind === kind).length, 0);
    expect([count('behind', 'allReduce'), count('backward', 'allReduce')]).toEqual([2 * blocks, 2 * blocks]);
    expect(count('before', 'allGather') + count('behind', 'allGather')).toBe(0);
    const size = 4 * 8 * 128 * 128;
    for (const { behind, backward } of sharded)
      for (const { bytes } of [...behind, ...backward]) expect(bytes).toBe(size);
    // Heads do a fourth each.
    const products = network.layers.filter((l) => l.op.startsWith('MatMul'));
    for (const layer of products) {
      const { shares } = sharded[network.layers.indexOf(layer)]!;
      expect(layerWork(layer, shares).forward.macs * 4, layer.name).toBe(layerWork(layer).forward.macs);
    }
  });

  test('two fully connected layers: columns, then rows', async () => {
    const network = await built('mlp', 16);
    const { tasks, sent, memory, replicated } = tensorParallel(priced(network, 16), {
      ...OPTIONS,
      cluster: { ...OPTIONS.cluster, devices: 2, perNode: 2 },
    });
    // The first layer has no input that needs a gradient; the sums of the second are the logits.
    const exchanges = tasks.filter((t) => t.kind === 'allReduce' || t.kind === 'allGather');
    expect(exchanges.map((t) => [t.kind, t.label])).toEqual([['allReduce', network.layers.at(-1)!.name]]);
    expect(sent).toEqual([ringBytes(4 * 16 * 10, 2), ringBytes(4 * 16 * 10, 2)]);
    expect(replicated).toEqual([]);
    expect(memory[0]!.weights).toBeCloseTo((4 * 407_050) / 2, -2);
  });

  test('what cannot be split is done in full, and named', async () => {
    const network = await built('lstm', 4);
    const report = strategyReport('model', priced(network, 4), 4, OPTIONS);
    expect(report.replicated.map((r) => r.op)).toContain('LSTM');
    expect(report.sent.total).toBe(0);
    expect(report.speedUp).toBeCloseTo(1, 12);
  });

  test('waits are those of the tasks', async () => {
    const { tasks } = tensorParallel(priced(await built('transformer', 8), 8), OPTIONS);
    const before = tasks.map((t) => new Set(t.after));
    tasks.forEach((t, i) => {
      for (const b of t.after) for (const earlier of before[b]!) before[i]!.add(earlier);
    });
    const at = (kind: Task['kind'], d: number) =>
      tasks.flatMap((t, i) => (t.kind === kind && t.devices.includes(d) ? [i] : []));
    for (const { rule, first, second, scope } of RELATIONS.model) {
      const what = `${second} ${rule} ${first}`;
      for (const d of scope === 'all' ? [0, 1, 2, 3] : [scope === 'own' ? 0 : 1]) {
        const [ones, others] = [at(first, d), at(second, 0)];
        expect(Math.min(ones.length, others.length), what).toBeGreaterThan(0);
        if (rule === 'waits')
          for (const b of others)
            expect(
              ones.some((a) => before[b]!.has(a)),
              what,
            ).toBe(true);
        else
          expect(
            ones.some((a) => others.some((b) => !before[b]!.has(a) && !before[a]!.has(b))),
            what,
          ).toBe(true);
      }
    }
  });
});

describe('a machine', () => {
  test('whose forward pass is simulated takes that time for it, and in proportion backward', async () => {
    const model = await buildModel('lenet5', { weights: false });
    const machine = resolveMachine('textbook-single');
    const network = await networkOf(model, 4);
    const device = machineDevice(machine);
    const { program } = await compileModel(model, { machine, engine, batch: 4 });
    const { result } = await executeProgram(program, { data: false });
    const ratios = measuredRatios(
      network,
      device,
      program,
      result.layers.map((l) => l.cycles),
    );
    const timed = { network, device, samples: 4, ratios };
    const bound = { ...timed, ratios: ratios.map(() => 1) };
    const forward = (p: PricedNetwork): number => network.layers.reduce((n, _, i) => n + layerSeconds(p, i).forward, 0);
    expect(forward(timed)).toBeCloseTo(result.cycles / machine.frequency, 9);
    expect(forward(timed)).toBeGreaterThan(forward(bound));
    const i = 1;
    const [a, b] = [layerSeconds(timed, i), layerSeconds(bound, i)];
    expect(a.weights / b.weights).toBeCloseTo(a.forward / b.forward, 9);
  });

  test('computes halves at their own rate', () => {
    const device = machineDevice(resolveMachine('tpu-v3'));
    const single = machineDevice(resolveMachine('textbook-single'));
    expect(single.peak('float32')).toBe(512e9);
    expect(single.seconds({ macs: 256e9, operations: 0, bytes: 0 }, 'float32')).toBe(1);
    expect(single.seconds({ macs: 0, operations: 0, bytes: 64e9 }, 'float32')).toBe(1);
    expect(device.peak('bfloat16')).toBeGreaterThanOrEqual(device.peak('float32'));
  });
});

test('a parameter that is repeated for each sample counts once', async () => {
  const [one, many] = [await built('vit-small', 1), await built('vit-small', 16)];
  expect([one.parameters, many.parameters]).toEqual([811_146, 811_146]);
});

test('a quantised network has nothing to train', async () => {
  const text =
    'model ir=8 producer="test" opset {"": 17}\ngraph g(x: float32[1,4]) -> (y: float32[1,4]) {\n  y = Relu(x) @relu\n}\n';
  const { parseModel } = await import('#ir');
  await expect(networkOf(parseModel(text, 'g.txt'), 1)).rejects.toThrow('no parameters');
});
