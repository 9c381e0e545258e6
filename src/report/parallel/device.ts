/**
 * What a device takes for work: its peaks and the bandwidth of its memory, whichever of them limits (the roofline of Williams, Waterman, Patterson,
 * Roofline, CACM 2009). Of a machine file the bound of `layerwiseBound.ts`; where its forward pass has been timed, each layer keeps the ratio of
 * that time to its bound through the backward pass and for parts of the layer.
 */
import type { DataType } from '#ir';
import type { Program } from '#isa';
import { coresOf, type Machine, type MatrixType, macsPerCycle, typesOf, vectorLanes } from '#machine';
import { layerWork, type Shares, type TrainingNetwork, type Work } from './trainingLayers.ts';

export interface Device {
  readonly name: string;
  /** Bytes a second of its memory. */
  readonly bandwidth: number;
  /** Operations a second of its matrix unit in a type; a multiply-accumulate is two. */
  readonly peak: (dtype: DataType) => number;
  /** Seconds that work takes at the peak of its scarcest resource. */
  readonly seconds: (work: Work, dtype: DataType) => number;
}

/** A device of which figures are given. One peak for all operations, in whatever type. */
export function figureDevice(peak: number, bandwidth: number): Device {
  return {
    ...{ name: 'figures', bandwidth, peak: () => peak },
    seconds: ({ macs, operations, bytes }) => Math.max((2 * macs + operations) / peak, bytes / bandwidth),
  };
}

const TYPES: Readonly<Partial<Record<DataType, MatrixType>>> = { float16: 'f16', bfloat16: 'bf16' };

/** All cores of a machine; a type that it does not have counts as f32. */
export function machineDevice(machine: Machine): Device {
  const { frequency, dram, matrix, vector } = machine;
  const bandwidth = (frequency * dram.bandwidth.bytes) / dram.bandwidth.cycles;
  const macs = (dtype: DataType): number => {
    const type = TYPES[dtype];
    return coresOf(machine) * macsPerCycle(matrix, type !== undefined && typesOf(matrix).includes(type) ? type : 'f32');
  };
  const lanes = (dtype: DataType): number =>
    coresOf(machine) * (vectorLanes(vector, TYPES[dtype] ?? 'f32') ?? vector.lanes);
  return {
    ...{ name: machine.name, bandwidth, peak: (dtype) => 2 * frequency * macs(dtype) },
    seconds: (work, dtype) =>
      Math.max(work.macs / macs(dtype) / frequency, work.operations / lanes(dtype) / frequency, work.bytes / bandwidth),
  };
}

/** Seconds of a layer in the parts of a step. */
export interface LayerSeconds {
  readonly forward: number;
  /** Gradients of its inputs, and of its weights. */
  readonly inputs: number;
  readonly weights: number;
}

/** A network at a batch size on a device. */
export interface PricedNetwork {
  readonly network: TrainingNetwork;
  readonly device: Device;
  /** Samples that go through it at once. */
  readonly samples: number;
  /** Time ÷ bound of each layer; 1 where only the bound is known. */
  readonly ratios: readonly number[];
}

export function layerSeconds({ network, device, ratios }: PricedNetwork, i: number, shares?: Shares): LayerSeconds {
  const layer = network.layers[i]!;
  const work = layerWork(layer, shares);
  const of = (part: keyof typeof work): number => device.seconds(work[part], layer.dtype) * ratios[i]!;
  return { forward: of('forward'), inputs: of('inputs'), weights: of('weights') };
}

/** The gradients of a layer together. */
export const backwardOf = ({ inputs, weights }: LayerSeconds): number => inputs + weights;

/**
 * Time ÷ bound of each layer's forward pass, from the cycles of a program's layers. Cycles of a program's layer go to the contractions in it, of several
 * in proportion to their bounds, and where there is none to whatever else is in it; those of one that holds nothing of this (what only moves)
 * to the layer before. What the compiler folded or fused into a contraction and training computes apart, because the backward pass needs
 * what is between (BatchNormalization and what is behind it), counts with its bound (ratio 1).
 */
export function measuredRatios(
  network: TrainingNetwork,
  device: Device,
  program: Pick<Program, 'layers' | 'machine'>,
  cycles: readonly number[],
): readonly number[] {
  const bounds = network.layers.map((layer) => device.seconds(layerWork(layer).forward, layer.dtype));
  const layerOf = new Map(network.layers.flatMap((layer, i) => layer.nodes.map((w) => [w.node.name, i] as const)));
  const seconds = new Map<number, number>();
  let last: readonly number[] = [];
  let early = 0;
  program.layers.forEach((plan, at) => {
    const all = [...new Set(plan.nodes.flatMap((name) => layerOf.get(name) ?? []))];
    const contractions = all.filter((i) => network.layers[i]!.nodes.some((w) => w.forward.macs > 0));
    const found = contractions.length > 0 ? contractions : all;
    const into = found.length > 0 ? found : last;
    const time = cycles[at]! / program.machine.frequency + (into.length > 0 ? early : 0);
    early = into.length > 0 ? 0 : early + time;
    const sum = into.reduce((n, i) => n + bounds[i]!, 0);
    for (const i of into) {
      const share = sum === 0 ? 1 / into.length : bounds[i]! / sum;
      seconds.set(i, (seconds.get(i) ?? 0) + time * share);
    }
    last = into;
  });
  return bounds.map((bound, i) => (bound === 0 || !seconds.has(i) ? 1 : seconds.get(i)! / bound));
}
