/**
 * Model (tensor) parallel training: every device has a part of each layer that can be split, and the whole batch goes through all of them (`sharding.ts`).
 * What is exchanged in the forward pass must have arrived before the next layer begins; the gradient of a layer's inputs is summed up while
 * the gradient of its weights is computed.
 */
import { allGather, allReduce, type Collective } from './collectives.ts';
import { everyPort } from './dataParallel.ts';
import { layerSeconds, type PricedNetwork } from './device.ts';
import { memoryOf } from './memory.ts';
import { updateSeconds } from './optimiser.ts';
import type { ParallelOptions, StepPlan } from './plan.ts';
import { type Exchange, shardNetwork } from './sharding.ts';
import { type TaskKind, TaskList } from './simulate.ts';

/** @param priced at the whole batch */
export function tensorParallel(priced: PricedNetwork, options: ParallelOptions): StepPlan {
  const { cluster, optimiser } = options;
  const { layers } = priced.network;
  const devices = Array.from({ length: cluster.devices }, (_, d) => d);
  const sharded = shardNetwork(priced.network, cluster.devices);
  const seconds = layers.map((_, i) => layerSeconds(priced, i, sharded[i]!.shares));
  const list = new TaskList();
  const sent = new Array<number>(cluster.devices).fill(0);
  const ports = everyPort(cluster, devices);
  /** Of each device the task before; what has to have arrived. */
  let chain: readonly (number | undefined)[] = devices.map(() => undefined);
  let arrived: readonly number[] = [];
  /** What is computed and waits to be one task. */
  let open: { readonly kind: TaskKind; seconds: number; label: string } | undefined;

  const close = (): void => {
    if (open === undefined) return;
    const { kind, seconds: time, label } = open;
    chain = devices.map((d) => {
      const before = chain[d];
      return list.compute(kind, label, d, time, [...(before === undefined ? [] : [before]), ...arrived]);
    });
    arrived = [];
    open = undefined;
  };
  const compute = (kind: TaskKind, label: string, time: number): void => {
    if (time === 0) return;
    if (open !== undefined && open.kind !== kind) close();
    open ??= { kind, seconds: 0, label };
    open.seconds += time;
  };
  const exchange = (what: Exchange, label: string): number => {
    close();
    const done: Collective =
      what.kind === 'allReduce'
        ? allReduce(cluster, devices, what.bytes, options.allReduce)
        : allGather(cluster, devices, what.bytes);
    done.sent.forEach((n, d) => {
      sent[d]! += n;
    });
    const after = [...chain.flatMap((t) => (t === undefined ? [] : [t])), ...arrived];
    return list.add({ kind: what.kind, label, devices, resources: ports, seconds: done.seconds, after });
  };
  const blocking = (what: Exchange, label: string): void => {
    arrived = [...arrived, exchange(what, label)];
  };

  layers.forEach(({ name }, i) => {
    const { before, behind } = sharded[i]!;
    for (const what of before) blocking(what, name);
    compute('forward', name, seconds[i]!.forward);
    for (const what of behind) blocking(what, name);
  });
  for (let i = layers.length - 1; i >= 0; i--) {
    const { name } = layers[i]!;
    const { inputs, weights } = seconds[i]!;
    const { backward } = sharded[i]!;
    if (backward.length === 0) {
      compute('backward', name, inputs + weights);
      continue;
    }
    compute('inputGradient', name, inputs);
    const sums = backward.map((what) => exchange(what, name));
    compute('weightGradient', name, weights);
    close();
    arrived = [...arrived, ...sums];
  }
  const share = (i: number): number => sharded[i]!.shares.weights;
  compute('update', '', updateSeconds(layers, priced.device, optimiser, share));
  close();
  const memory = memoryOf(layers, { optimiser, shares: (i) => sharded[i]!.shares });
  return {
    ...{ strategy: 'model', priced, tasks: list.tasks, sent, buckets: [], stages: [] },
    memory: devices.map(() => memory),
    replicated: layers.flatMap(({ name, op }, i) => (sharded[i]!.isReplicated ? [{ name, op }] : [])),
  };
}
