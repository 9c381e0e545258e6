/** What the strategies have in common: what is asked, and the step that a strategy makes of it. */
import type { Cluster } from './cluster.ts';
import type { AllReduce } from './collectives.ts';
import type { PricedNetwork } from './device.ts';
import type { DeviceMemory } from './memory.ts';
import type { OptimiserName } from './optimiser.ts';
import type { Task } from './simulate.ts';

export const STRATEGIES = ['data', 'model', 'pipeline'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const SCHEDULES = ['gpipe', '1f1b'] as const;
export type Schedule = (typeof SCHEDULES)[number];

export interface ParallelOptions {
  readonly cluster: Cluster;
  readonly allReduce: AllReduce;
  /** Gradients are exchanged as soon as so many bytes of them are there. */
  readonly bucketBytes: number;
  /** Whether buckets are exchanged under the backward pass; otherwise behind it. */
  readonly overlap: boolean;
  readonly microBatches: number;
  readonly schedule: Schedule;
  readonly optimiser: OptimiserName;
}

/** A bucket of gradients: of which layers, first in the order of the backward pass. */
export interface Bucket {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** A stage of a pipeline. */
export interface Stage {
  readonly device: number;
  readonly from: string;
  readonly to: string;
  readonly layers: number;
  /** Seconds of a micro-batch. */
  readonly forward: number;
  readonly backward: number;
  /** Bytes that a micro-batch hands on to the next stage, and as gradients back. */
  readonly handsOn: number;
  /** Micro-batches between their forward and backward pass, at most. */
  readonly inFlight: number;
}

/** A step as a strategy has it, before it is simulated. */
export interface StepPlan {
  readonly strategy: Strategy;
  readonly priced: PricedNetwork;
  readonly tasks: readonly Task[];
  /** Bytes that each device sends in a step. */
  readonly sent: readonly number[];
  readonly memory: readonly DeviceMemory[];
  readonly buckets: readonly Bucket[];
  readonly stages: readonly Stage[];
  /** Layers that every device does in full, since they cannot be split: by name, with their share of the whole forward and backward time. */
  readonly replicated: readonly { readonly name: string; readonly op: string }[];
}
