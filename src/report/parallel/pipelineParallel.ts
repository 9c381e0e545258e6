/**
 * Pipeline parallel training: every device has some layers in a row, a stage, and the batch comes in micro-batches. Stages hand activations on and
 * gradients back. Gradients of all micro-batches are summed up before the update, so the result is that of the whole batch.
 *
 * gpipe  all forward passes, then all backward passes, the last micro-batch first (Huang et al., GPipe, NeurIPS 2019)
 * 1f1b   a stage goes back as soon as it can: stage s of p begins with min(M, p − s) forward passes, then one backward and one forward in turn, so
 *        that it holds at most that many micro-batches (Narayanan et al., PipeDream, SOSP 2019, with the flush of Megatron-LM, SC 2021)
 *
 * Stages that take equal time, with nothing for messages, idle (p − 1)/(M + p − 1) of a step under both.
 */
import { diagnostic } from '#base';
import { messageSeconds, portsOf } from './cluster.ts';
import { backwardOf, layerSeconds, type PricedNetwork } from './device.ts';
import { memoryOf } from './memory.ts';
import { updateSeconds } from './optimiser.ts';
import { cuts, partition } from './partition.ts';
import type { ParallelOptions, Schedule, Stage, StepPlan } from './plan.ts';
import { TaskList } from './simulate.ts';

/** Share of a step that stages idle where all take equal time and messages none. */
export const idealBubble = (stages: number, microBatches: number): number => (stages - 1) / (microBatches + stages - 1);

const fewLayers = diagnostic<{ devices: number; layers: number }>('SYS-REPORT-021', 'unsupported', {
  en: (p) =>
    `a pipeline of ${p.devices} stages needs as many layers, and the network has ${p.layers}. Take fewer --devices, or --strategy data or model.`,
  zh: (p) =>
    `${p.devices} 级流水线至少需要同样多的层，而网络只有 ${p.layers} 层。请减小 --devices，或改用 --strategy data 或 model。`,
});

/** @param priced at a micro-batch @throws SYS-REPORT-021 more stages than layers */
export function pipelineParallel(priced: PricedNetwork, options: ParallelOptions): StepPlan {
  const { cluster, microBatches, schedule, optimiser } = options;
  const { layers } = priced.network;
  const stages = cluster.devices;
  if (layers.length < stages) throw fewLayers({ devices: stages, layers: layers.length });
  const seconds = layers.map((_, i) => layerSeconds(priced, i));
  const between = cuts(priced.network);
  const message = (cut: number, device: number, back: boolean): number =>
    messageSeconds(cluster, {
      ...(back ? { from: device + 1, to: device } : { from: device, to: device + 1 }),
      bytes: between[cut]![back ? 'gradients' : 'activations'],
    });
  const starts = partition(
    seconds.map((s) => s.forward + backwardOf(s)),
    stages,
    (cut, device) => Math.max(message(cut, device, false), message(cut, device, true)),
  );
  const list = new TaskList();
  const sent = new Array<number>(stages).fill(0);
  const made = starts.map((start, s): Stage & { readonly start: number; readonly end: number } => {
    const end = starts[s + 1] ?? layers.length;
    const own = seconds.slice(start, end);
    return {
      ...{ device: s, start, end, layers: end - start, from: layers[start]!.name, to: layers[end - 1]!.name },
      forward: own.reduce((n, l) => n + l.forward, 0),
      backward: own.reduce((n, l) => n + backwardOf(l), 0),
      handsOn: s === stages - 1 ? 0 : between[end]!.activations,
      inFlight: schedule === 'gpipe' ? microBatches : Math.min(microBatches, stages - s),
    };
  });
  const orders = made.map((_, s) => orderOf(schedule, s, stages, microBatches));
  /** Tasks by stage and micro-batch; messages by the stage that they arrive at. */
  const place = new Map<string, number>();
  const key = (what: string, s: number, m: number): string => `${what} ${s} ${m}`;
  const next = orders.map(() => 0);
  const chain: (number | undefined)[] = orders.map(() => undefined);
  // Tasks are listed once those before them are, which some stage always has.
  while (next.some((n, s) => n < orders[s]!.length)) {
    for (const [s, order] of orders.entries()) {
      for (let step = order[next[s]!]; step !== undefined; step = order[next[s]!]) {
        const { back, m } = step;
        const needed = back
          ? s === stages - 1
            ? place.get(key('forward', s, m))
            : place.get(key('gradients', s, m))
          : s === 0
            ? -1
            : place.get(key('activations', s, m));
        if (needed === undefined) break;
        const after = [...(needed < 0 ? [] : [needed]), ...(chain[s] === undefined ? [] : [chain[s]])];
        const stage = made[s]!;
        const task = list.compute(
          back ? 'backward' : 'forward',
          String(m + 1),
          s,
          back ? stage.backward : stage.forward,
          after,
        );
        chain[s] = task;
        place.set(key(back ? 'backward' : 'forward', s, m), task);
        const to = back ? s - 1 : s + 1;
        if (to >= 0 && to < stages) {
          const cut = back ? stage.start : stage.end;
          const bytes = between[cut]![back ? 'gradients' : 'activations'];
          sent[s]! += bytes;
          const kind = back ? 'gradients' : 'activations';
          place.set(
            key(kind, to, m),
            list.add({
              ...{ kind, label: String(m + 1), devices: [s], resources: portsOf(cluster, s, to) },
              ...{ seconds: messageSeconds(cluster, { from: s, to, bytes }), after: [task] },
            }),
          );
        }
        next[s]!++;
      }
    }
  }
  const ownLayers = made.map(({ start, end }) => layers.slice(start, end));
  made.forEach((_, s) => {
    list.compute('update', '', s, updateSeconds(ownLayers[s]!, priced.device, optimiser), [chain[s]!]);
  });
  return {
    ...{ strategy: 'pipeline', priced, tasks: list.tasks, sent, buckets: [], replicated: [] },
    memory: made.map(({ inFlight }, s) => memoryOf(ownLayers[s]!, { optimiser, inFlight })),
    stages: made.map(({ start: _start, end: _end, ...stage }) => stage),
  };
}

/** Passes of a stage in the order in which it makes them. */
function orderOf(
  schedule: Schedule,
  stage: number,
  stages: number,
  microBatches: number,
): readonly { readonly back: boolean; readonly m: number }[] {
  const all = Array.from({ length: microBatches }, (_, m) => m);
  const forward = all.map((m) => ({ back: false, m }));
  if (schedule === 'gpipe') return [...forward, ...all.toReversed().map((m) => ({ back: true, m }))];
  const warm = Math.min(microBatches, stages - stage);
  return [
    ...forward.slice(0, warm),
    ...all.flatMap((m) => [{ back: true, m }, ...forward.slice(warm + m, warm + m + 1)]),
  ];
}
