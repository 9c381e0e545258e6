/**
 * Layers to stages of a pipeline: in a row, so that the slowest stage is as fast as it can be, counting what it computes or, where that is more, what it
 * sends (the dynamic programme of PipeDream, Narayanan et al., SOSP 2019, for devices that are all alike).
 */
import type { TrainingNetwork } from './trainingLayers.ts';

export interface Cut {
  /** Bytes of the values that are made before it and read behind it, and of the gradients that come back. */
  readonly activations: number;
  readonly gradients: number;
}

/** What crosses a cut before each layer; before the first there is nothing. */
export function cuts({ layers }: TrainingNetwork): readonly Cut[] {
  const made = new Map<string, { readonly at: number; readonly bytes: number }>();
  const lastRead = new Map<string, { at: number; needsGradient: boolean }>();
  layers.forEach((layer, at) => {
    for (const { name, bytes } of layer.outputs) made.set(name, { at, bytes });
    for (const { name, needsGradient } of layer.inputs) lastRead.set(name, { at, needsGradient });
  });
  const result = layers.map(() => ({ activations: 0, gradients: 0 }));
  for (const [name, { at, bytes }] of made) {
    const read = lastRead.get(name);
    for (let cut = at + 1; read !== undefined && cut <= read.at; cut++) {
      result[cut]!.activations += bytes;
      if (read.needsGradient) result[cut]!.gradients += bytes;
    }
  }
  return result;
}

/**
 * The first layer of each stage.
 * @param cost of each layer
 * @param send of a cut before a layer, to the stage behind a stage
 */
export function partition(
  cost: readonly number[],
  stages: number,
  send: (cut: number, stage: number) => number,
): readonly number[] {
  const sums = [0];
  for (const c of cost) sums.push(sums.at(-1)! + c);
  const count = cost.length;
  /** The least slowest stage of the first layers in so many stages, and where the last of them begins. */
  let best: readonly number[] = sums.map((s, end) => (end === 0 ? Number.POSITIVE_INFINITY : s));
  const begins: number[][] = [];
  for (let stage = 1; stage < stages; stage++) {
    const now = new Array<number>(count + 1).fill(Number.POSITIVE_INFINITY);
    const begin = new Array<number>(count + 1).fill(0);
    const crossing = cost.map((_, cut) => (cut === 0 ? 0 : send(cut, stage - 1)));
    for (let end = stage + 1; end <= count; end++) {
      for (let cut = stage; cut < end; cut++) {
        const slowest = Math.max(best[cut]!, sums[end]! - sums[cut]!, crossing[cut]!);
        if (slowest < now[end]!) [now[end], begin[end]] = [slowest, cut];
      }
    }
    best = now;
    begins.push(begin);
  }
  const starts: number[] = [];
  let end = count;
  for (const begin of begins.toReversed()) {
    end = begin[end]!;
    starts.unshift(end);
  }
  return [0, ...starts];
}
