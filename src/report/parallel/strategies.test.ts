/** The strategies on networks whose steps have closed forms. */
import { describe, expect, test } from 'vitest';
import type { GraphNode, Model } from '#ir';
import type { Cluster } from './cluster.ts';
import { dataParallel } from './dataParallel.ts';
import type { Device, PricedNetwork } from './device.ts';
import { strategyReport } from './parallelReport.ts';
import { partition } from './partition.ts';
import { idealBubble, pipelineParallel } from './pipelineParallel.ts';
import { type ParallelOptions, SCHEDULES, STRATEGIES, type Strategy } from './plan.ts';
import { RELATIONS, relationsOf } from './relations.ts';
import { simulate, type Task } from './simulate.ts';
import type { TrainingLayer } from './trainingLayers.ts';
import { relationText } from './words.ts';

/** A MAC takes a second, and nothing else takes time. */
const DEVICE: Device = { name: 'test', bandwidth: 1, peak: () => 2, seconds: ({ macs }) => macs };

/** Layers in a row that hand on so many bytes. */
function chain(forward: readonly number[], { bytes = 0, parameterBytes = 400 } = {}): PricedNetwork {
  const model = {
    graph: { nodes: [], inputs: [], outputs: [], constants: new Map(), types: new Map() },
  } as unknown as Model;
  const layers = forward.map((macs, i): TrainingLayer => {
    const work = { macs, operations: 0 };
    return {
      ...{ name: `l${i}`, op: 'Gemm', dtype: 'float32', weightBytes: parameterBytes, readsPart: false },
      nodes: [{ node: { name: `l${i}`, op: 'Gemm' } as GraphNode, forward: work, inputs: work, weights: work }],
      inputs: [{ name: `v${i}`, bytes, needsGradient: true }],
      outputs: [{ name: `v${i + 1}`, bytes }],
      ...{ parameters: parameterBytes / 4, parameterBytes },
      saved: [{ name: `v${i}`, bytes }],
    };
  });
  const sum = (of: (l: TrainingLayer) => number): number => layers.reduce((n, l) => n + of(l), 0);
  const network = {
    ...{ model, layers, root: (name: string) => name },
    ...{ parameters: sum((l) => l.parameters), parameterBytes: sum((l) => l.parameterBytes) },
  };
  return { network, device: DEVICE, samples: 1, ratios: layers.map(() => 1) };
}

const FAST = { bandwidth: Number.MAX_VALUE, latency: 0 };
const clusterOf = (devices: number, intra = FAST): Cluster => ({ devices, perNode: devices, intra, inter: null });

const options = (given: Partial<ParallelOptions>): ParallelOptions => ({
  ...{ cluster: clusterOf(4), allReduce: 'ring', bucketBytes: 1, overlap: true },
  ...{ microBatches: 8, schedule: '1f1b', optimiser: 'sgd' },
  ...given,
});

const stepOf = (tasks: readonly Task[]): number => Math.max(...simulate(tasks).map((s) => s.to));

describe('a pipeline', () => {
  test.each([
    [2, 2],
    [4, 8],
    [4, 3],
    [8, 32],
  ])('of %i equal stages with %i micro-batches idles (p − 1)/(M + p − 1)', (p, microBatches) => {
    const priced = chain(new Array(p).fill(2));
    for (const schedule of SCHEDULES) {
      const given = options({ cluster: clusterOf(p), microBatches, schedule });
      const report = strategyReport('pipeline', priced, microBatches, given);
      expect(report.seconds).toBe((microBatches + p - 1) * 6);
      expect(report.idle).toBeCloseTo(idealBubble(p, microBatches), 12);
      expect(report.speedUp).toBeCloseTo((p * microBatches) / (microBatches + p - 1), 12);
    }
  });

  test('holds as many micro-batches as it says, and no more', () => {
    for (const schedule of SCHEDULES) {
      const plan = pipelineParallel(chain([2, 3, 1, 2]), options({ microBatches: 7, schedule }));
      const spans = simulate(plan.tasks);
      for (const { device, inFlight } of plan.stages) {
        const at = (kind: 'forward' | 'backward') =>
          plan.tasks.flatMap((t, i) => (t.kind === kind && t.devices[0] === device ? [spans[i]!] : []));
        const most = Math.max(
          ...at('forward').map(
            ({ to }) => at('forward').filter((s) => s.to <= to).length - at('backward').filter((s) => s.to < to).length,
          ),
        );
        expect(most, `${schedule}, stage ${device}`).toBe(inFlight);
      }
      const first = plan.memory[0]!;
      expect(first.activations).toBe(0);
    }
  });

  test('waits for messages, and needs a layer for every stage', () => {
    const slow = clusterOf(2, { bandwidth: 10, latency: 1 });
    const given = options({ cluster: slow, microBatches: 1 });
    const { seconds, sent } = strategyReport('pipeline', chain([2, 2], { bytes: 40 }), 1, given);
    expect(seconds).toBe(2 * 6 + 2 * (1 + 4));
    expect(sent).toEqual({ most: 40, total: 80 });
    expect(() => pipelineParallel(chain([1, 1, 1]), options({}))).toThrow('has 3');
  });

  test('is cut where the slowest stage is fastest', () => {
    const cost = [4, 1, 1, 7, 2, 2, 3, 5];
    const send = (cut: number): number => [0, 6, 1, 9, 2, 3, 1, 8][cut]!;
    const slowest = (starts: readonly number[]): number =>
      Math.max(
        ...starts.map((s, i) => cost.slice(s, starts[i + 1]).reduce((a, b) => a + b, 0)),
        ...starts.slice(1).map(send),
      );
    for (const stages of [1, 2, 3, 4]) {
      const every = (from: number, left: number): number[][] =>
        left === 0
          ? [[]]
          : Array.from({ length: cost.length - from }, (_, i) => from + i).flatMap((s) =>
              every(s + 1, left - 1).map((rest) => [s, ...rest]),
            );
      const best = Math.min(...every(1, stages - 1).map((rest) => slowest([0, ...rest])));
      expect(slowest(partition(cost, stages, send)), `${stages} stages`).toBe(best);
    }
  });
});

describe('data parallel', () => {
  const link = { bandwidth: 100, latency: 0.5 };
  const ring = (bytes: number, p: number): number => 2 * (p - 1) * (0.5 + bytes / p / 100);

  test('without overlap takes passes and exchange one after the other', () => {
    const given = options({ cluster: clusterOf(4, link), overlap: false, bucketBytes: 1e9 });
    const report = strategyReport('data', chain([1, 2, 3]), 4, given);
    expect(report.seconds).toBeCloseTo(18 + ring(1200, 4), 12);
    expect(report.exposed).toBeCloseTo(ring(1200, 4), 12);
    expect(report.sent).toEqual({ most: 1800, total: 7200 });
  });

  test('with it, each bucket waits for its gradients and for the bucket before', () => {
    const report = strategyReport('data', chain([1, 2, 3]), 4, options({ cluster: clusterOf(4, link) }));
    let end = 0;
    let ready = 6;
    for (const macs of [3, 2, 1]) {
      ready += 2 * macs;
      end = Math.max(end, ready) + ring(400, 4);
    }
    expect(report.seconds).toBeCloseTo(end, 12);
    expect(report.buckets.map((b) => [b.from, b.to, b.bytes])).toEqual([
      ['l2', 'l2', 400],
      ['l1', 'l1', 400],
      ['l0', 'l0', 400],
    ]);
    expect(report.timeline).toHaveLength(1);
    expect(report.timeline[0]!.devices).toEqual([0, 1, 2, 3]);
  });

  test('buckets close when they are full', () => {
    const plan = dataParallel(chain([1, 1, 1, 1, 1]), options({ bucketBytes: 800 }));
    expect(plan.buckets.map((b) => b.bytes)).toEqual([800, 800, 400]);
  });

  test('buckets are named by layers with gradients', () => {
    const priced = chain([1, 1, 1, 1]);
    const layers = priced.network.layers.map((l, i) => (i === 1 || i === 2 ? l : { ...l, parameterBytes: 0 }));
    const plan = dataParallel({ ...priced, network: { ...priced.network, layers } }, options({ bucketBytes: 1e6 }));
    expect(plan.buckets).toEqual([{ from: 'l2', to: 'l1', bytes: 800 }]);
  });

  test('on one device exchanges nothing', () => {
    const report = strategyReport('data', chain([1, 2]), 1, options({ cluster: clusterOf(1) }));
    expect([report.seconds, report.speedUp, report.communication, report.sent.total]).toEqual([9, 1, 0, 0]);
  });
});

test('memory: weights, gradients, what the optimiser has, activations', () => {
  const priced = chain([1, 1], { bytes: 50 });
  const memory = (optimiser: ParallelOptions['optimiser']) =>
    strategyReport('data', priced, 4, options({ optimiser }), 3500).memory[0]!;
  expect(memory('sgd')).toEqual({ weights: 800, gradients: 800, optimiser: 0, activations: 100, total: 1700 });
  expect(memory('adam').optimiser).toBe(1600);
  const fits = (capacity: number) => strategyReport('data', priced, 4, options({}), capacity).fits;
  expect([fits(1700), fits(1699)]).toEqual([true, false]);
  expect(strategyReport('data', priced, 4, options({})).fits).toBeNull();
});

/** Whether there is a way from one task to another. */
function leads(tasks: readonly Task[], from: number, to: number): boolean {
  return to > from && tasks[to]!.after.some((before) => before === from || leads(tasks, from, before));
}

describe('what waits and what does not', () => {
  // Of the model strategy a network that can be split: in parallel.test.ts of test/, with all the rest.
  test.each(['data', 'pipeline'] satisfies Strategy[])('%s: as the tasks say', (strategy) => {
    const priced = chain([2, 2, 2], { bytes: 10 });
    const given = options({
      cluster: clusterOf(3, { bandwidth: 100, latency: 0.1 }),
      microBatches: 3,
      optimiser: 'adam',
    });
    const { tasks } = strategy === 'data' ? dataParallel(priced, given) : pipelineParallel(priced, given);
    const at = (kind: string, device: number): number[] =>
      tasks.flatMap((t, i) => (t.kind === kind && t.devices.includes(device) ? [i] : []));
    for (const { rule, first, second, scope } of RELATIONS[strategy]) {
      const what = `${strategy}: ${second} ${rule} ${first} (${scope})`;
      for (const device of [0, 1, 2]) {
        const others = scope === 'own' ? [device] : scope === 'all' ? [0, 1, 2] : [(device + 1) % 3];
        for (const other of others) {
          if (at(first, other).length === 0 || at(second, device).length === 0) continue;
          if (rule === 'waits') {
            for (const b of at(second, device))
              expect(
                at(first, other).some((a) => leads(tasks, a, b)),
                what,
              ).toBe(true);
          } else {
            const free = at(first, other).some((a) =>
              at(second, device).some((b) => !leads(tasks, a, b) && !leads(tasks, b, a)),
            );
            expect(free, what).toBe(true);
          }
        }
      }
    }
    expect(relationsOf(strategy, tasks, simulate(tasks)).length).toBeGreaterThan(3);
  });

  test('each has words in both languages', () => {
    for (const strategy of STRATEGIES)
      for (const relation of RELATIONS[strategy]) {
        expect(relationText(strategy, relation, 'en')).toMatch(/[a-z]/);
        expect(relationText(strategy, relation, 'zh')).toMatch(/\p{Script=Han}/u);
      }
  });
});

test('a step of the tasks is the step of the report', () => {
  const given = options({});
  expect(strategyReport('data', chain([1, 2]), 4, given).seconds).toBe(
    stepOf(dataParallel(chain([1, 2]), given).tasks),
  );
});
