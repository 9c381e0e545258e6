/**
 * Data parallel training: every device has the whole network and a part of the batch. Gradients are summed over all devices in buckets, which close as
 * soon as they hold so many bytes, in the order of the backward pass, and are exchanged one after the other while it goes on (Li et al., PyTorch
 * Distributed: Experiences on Accelerating Data Parallel Training, VLDB 2020). The update waits for all of them.
 */
import { type Cluster, machineOfDevice } from './cluster.ts';
import { allReduce } from './collectives.ts';
import { backwardOf, layerSeconds, type PricedNetwork } from './device.ts';
import { memoryOf } from './memory.ts';
import { updateSeconds } from './optimiser.ts';
import type { Bucket, ParallelOptions, StepPlan } from './plan.ts';
import { TaskList } from './simulate.ts';

interface Segment extends Bucket {
  /** Of the backward pass, from the bucket before to this one's last gradient. */
  readonly seconds: number;
}

/** @param priced at the part of the batch that a device has */
export function dataParallel(priced: PricedNetwork, options: ParallelOptions): StepPlan {
  const { cluster, optimiser } = options;
  const { layers } = priced.network;
  const seconds = layers.map((_, i) => layerSeconds(priced, i));
  const forward = seconds.reduce((n, s) => n + s.forward, 0);
  const segments = segmentsOf(priced, options.bucketBytes, seconds.map(backwardOf));
  const devices = Array.from({ length: cluster.devices }, (_, d) => d);
  const list = new TaskList();
  const passes = devices.map((d) => {
    let before = list.compute('forward', '', d, forward, []);
    return segments.map(({ seconds: time }, k) => {
      before = list.compute('backward', String(k + 1), d, time, [before]);
      return before;
    });
  });
  const sent = new Array<number>(cluster.devices).fill(0);
  let last: readonly number[] = [];
  const ports = everyPort(cluster, devices);
  if (cluster.devices > 1) {
    segments.forEach(({ bytes }, k) => {
      if (bytes === 0) return;
      const exchange = allReduce(cluster, devices, bytes, options.allReduce, elementOf(priced));
      exchange.sent.forEach((n, d) => {
        sent[d]! += n;
      });
      const ready = passes.map((own) => own[options.overlap ? k : own.length - 1]!);
      last = [
        list.add({
          ...{ kind: 'allReduce', label: String(k + 1), devices, resources: ports, seconds: exchange.seconds },
          after: [...ready, ...last],
        }),
      ];
    });
  }
  const update = updateSeconds(layers, priced.device, optimiser);
  for (const d of devices) list.compute('update', '', d, update, [passes[d]!.at(-1)!, ...last]);
  const memory = memoryOf(layers, { optimiser });
  return {
    ...{ strategy: 'data', priced, tasks: list.tasks, sent, stages: [], replicated: [] },
    memory: devices.map(() => memory),
    buckets: segments.flatMap(({ from, to, bytes }) => (bytes === 0 ? [] : [{ from, to, bytes }])),
  };
}

/** Bytes of a gradient's element; 1 where layers differ. */
export function elementOf({ network }: PricedNetwork): number {
  const element = network.parameterBytes / network.parameters;
  return Number.isInteger(element) ? element : 1;
}

/** Every port that a collective of devices may use. */
export function everyPort(cluster: Cluster, devices: readonly number[]): readonly string[] {
  const machines = [...new Set(devices.map((d) => machineOfDevice(cluster, d)))];
  return [
    ...devices.flatMap((d) => [`out ${d}`, `in ${d}`]),
    ...(machines.length < 2 ? [] : machines.flatMap((m) => [`network out ${m}`, `network in ${m}`])),
  ];
}

/** The backward pass cut where buckets close; what is left behind the last parameters has a bucket without bytes. */
function segmentsOf({ network }: PricedNetwork, limit: number, backward: readonly number[]): readonly Segment[] {
  const segments: Segment[] = [];
  let open: { from: string; to: string; bytes: number; seconds: number } | undefined;
  for (let i = network.layers.length - 1; i >= 0; i--) {
    const { name, parameterBytes } = network.layers[i]!;
    open ??= { from: name, to: name, bytes: 0, seconds: 0 };
    // Named by layers that have gradients: not by conversions of types and activations around them.
    if (parameterBytes > 0) {
      if (open.bytes === 0) open.from = name;
      open.to = name;
    }
    open.bytes += parameterBytes;
    open.seconds += backward[i]!;
    if (open.bytes < limit) continue;
    segments.push(open);
    open = undefined;
  }
  if (open !== undefined) segments.push(open);
  return segments;
}
