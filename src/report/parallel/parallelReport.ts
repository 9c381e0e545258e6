/**
 * What a training step on several devices takes: by data, model (tensor) or pipeline parallelism, with its timeline, what overlaps and what waits, bytes
 * that are sent, and memory. docs/parallel.md says what is modelled and what is not.
 */
import type { Cluster } from './cluster.ts';
import { ALL_REDUCES, type AllReduce, allReduce } from './collectives.ts';
import { dataParallel, elementOf } from './dataParallel.ts';
import { backwardOf, layerSeconds, type PricedNetwork } from './device.ts';
import { type DeviceMemory, memoryOf } from './memory.ts';
import { type OptimiserName, updateSeconds } from './optimiser.ts';
import { idealBubble, pipelineParallel } from './pipelineParallel.ts';
import type { Bucket, ParallelOptions, Schedule, Stage, StepPlan, Strategy } from './plan.ts';
import { occupation, type Relation, relationsOf } from './relations.ts';
import { isComputing, type Span, simulate, type TaskKind } from './simulate.ts';
import { tensorParallel } from './tensorParallel.ts';

/** The same work on one device: the batch in pieces of the size that a pass has, one update. */
export interface SingleDevice {
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
  readonly seconds: number;
  /** With one piece in flight. */
  readonly memory: DeviceMemory;
}

export interface TimelineSpan extends Span {
  readonly kind: TaskKind;
  readonly label: string;
}

/** Devices that do the same at the same time share a row. */
export interface TimelineRow {
  readonly devices: readonly number[];
  readonly compute: readonly TimelineSpan[];
  readonly links: readonly TimelineSpan[];
}

export interface StrategyReport {
  readonly strategy: Strategy;
  /** Samples of one pass through a device. */
  readonly samples: number;
  readonly microBatches: number;
  readonly schedule: Schedule | null;
  /** Of a step. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly single: SingleDevice;
  readonly speedUp: number;
  /** Speed-up ÷ devices. */
  readonly efficiency: number;
  /** Seconds of a device in the mean: computing; its links at work; of that not under computing. */
  readonly compute: number;
  readonly communication: number;
  readonly exposed: number;
  /** Share of the step that devices do not compute, in the mean. */
  readonly idle: number;
  /** Of a pipeline: (p − 1)/(M + p − 1), for equal stages and free messages. */
  readonly idealBubble: number | null;
  /** Bytes that devices send. */
  readonly sent: { readonly most: number; readonly total: number };
  readonly memory: readonly DeviceMemory[];
  /** Of the fullest device; null where no capacity is given. */
  readonly fits: boolean | null;
  readonly buckets: readonly Bucket[];
  readonly stages: readonly Stage[];
  readonly replicated: StepPlan['replicated'];
  readonly relations: readonly Relation[];
  readonly timeline: readonly TimelineRow[];
}

/** All gradients exchanged at once among all devices, without anything beside it. */
export interface GradientExchange {
  /** Bytes that the device sends that sends most, and all devices. */
  readonly most: number;
  readonly total: number;
  readonly rounds: number;
  readonly seconds: number;
}

export interface ParallelReport {
  readonly network: string;
  readonly device: string;
  /** Where times of layers come from: forward passes simulated on a machine, its bound, or given figures. */
  readonly pricing: 'simulated' | 'bound' | 'figures';
  readonly cluster: Cluster;
  readonly batch: number;
  readonly optimiser: OptimiserName;
  readonly allReduce: AllReduce;
  readonly bucketBytes: number;
  readonly overlap: boolean;
  readonly parameters: number;
  readonly gradientBytes: number;
  readonly exchange: Readonly<Record<AllReduce, GradientExchange>>;
  readonly strategies: readonly StrategyReport[];
}

/** Samples of one pass of a strategy; a fraction where the batch cannot be dealt out. */
export const samplesOf = (
  strategy: Strategy,
  batch: number,
  { devices, microBatches }: { readonly devices: number; readonly microBatches: number },
): number => (strategy === 'data' ? batch / devices : strategy === 'pipeline' ? batch / microBatches : batch);

const PLANS: Readonly<Record<Strategy, (priced: PricedNetwork, options: ParallelOptions) => StepPlan>> = {
  data: dataParallel,
  model: tensorParallel,
  pipeline: pipelineParallel,
};

/**
 * A step by a strategy.
 * @param priced at the samples of one pass (`samplesOf`)
 * @param capacity bytes of a device's memory
 * @throws SYS-REPORT-021
 */
export function strategyReport(
  strategy: Strategy,
  priced: PricedNetwork,
  batch: number,
  options: ParallelOptions,
  capacity?: number,
): StrategyReport {
  const plan = PLANS[strategy](priced, options);
  const { tasks, sent, memory } = plan;
  const spans = simulate(tasks);
  const seconds = spans.reduce((n, s) => Math.max(n, s.to), 0);
  const { devices } = options.cluster;
  const single = singleDevice(priced, batch, options.optimiser);
  const each = Array.from({ length: devices }, (_, d) => occupation(tasks, spans, d));
  const mean = (of: (o: (typeof each)[number]) => number): number => each.reduce((n, o) => n + of(o), 0) / devices;
  const isPipeline = strategy === 'pipeline';
  return {
    ...{ strategy, samples: priced.samples, microBatches: isPipeline ? options.microBatches : 1 },
    schedule: isPipeline ? options.schedule : null,
    ...{ seconds, samplesPerSecond: batch / seconds, single, speedUp: single.seconds / seconds },
    efficiency: single.seconds / seconds / devices,
    ...{
      compute: mean((o) => o.compute),
      communication: mean((o) => o.communication),
      exposed: mean((o) => o.exposed),
    },
    idle: 1 - mean((o) => o.compute) / seconds,
    idealBubble: isPipeline ? idealBubble(devices, options.microBatches) : null,
    sent: { most: Math.max(...sent), total: sent.reduce((a, b) => a + b, 0) },
    memory,
    fits: capacity === undefined ? null : memory.every((m) => m.total <= capacity),
    ...{ buckets: plan.buckets, stages: plan.stages, replicated: plan.replicated },
    relations: relationsOf(strategy, tasks, spans),
    timeline: rowsOf(plan, spans, devices),
  };
}

function singleDevice(priced: PricedNetwork, batch: number, optimiser: OptimiserName): SingleDevice {
  const { layers } = priced.network;
  const passes = batch / priced.samples;
  const seconds = layers.map((_, i) => layerSeconds(priced, i));
  const forward = passes * seconds.reduce((n, s) => n + s.forward, 0);
  const backward = passes * seconds.reduce((n, s) => n + backwardOf(s), 0);
  const update = updateSeconds(layers, priced.device, optimiser);
  return { forward, backward, update, seconds: forward + backward + update, memory: memoryOf(layers, { optimiser }) };
}

function rowsOf({ tasks }: StepPlan, spans: readonly Span[], devices: number): readonly TimelineRow[] {
  const own: { compute: TimelineSpan[]; links: TimelineSpan[] }[] = Array.from({ length: devices }, () => ({
    compute: [],
    links: [],
  }));
  tasks.forEach(({ kind, label, devices: at }, i) => {
    const { from, to } = spans[i]!;
    if (to === from) return;
    for (const d of at) own[d]![isComputing(kind) ? 'compute' : 'links'].push({ kind, label, from, to });
  });
  const rows = new Map<string, { devices: number[] } & (typeof own)[number]>();
  own.forEach((row, device) => {
    for (const list of [row.compute, row.links]) list.sort((a, b) => a.from - b.from);
    const key = JSON.stringify(row);
    const same = rows.get(key);
    if (same === undefined) rows.set(key, { devices: [device], ...row });
    else same.devices.push(device);
  });
  return [...rows.values()];
}

/** How all gradients of a network are exchanged, both ways. */
export function gradientExchange(priced: PricedNetwork, cluster: Cluster): ParallelReport['exchange'] {
  const members = Array.from({ length: cluster.devices }, (_, d) => d);
  const bytes = priced.network.parameterBytes;
  const of = (kind: AllReduce): GradientExchange => {
    const { sent, rounds, seconds } = allReduce(cluster, members, bytes, kind, elementOf(priced));
    return { most: Math.max(...sent), total: sent.reduce((a, b) => a + b, 0), rounds, seconds };
  };
  return Object.fromEntries(ALL_REDUCES.map((kind) => [kind, of(kind)])) as Record<AllReduce, GradientExchange>;
}
