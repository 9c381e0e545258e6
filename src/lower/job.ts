/** A job: one piece of program, which becomes one layer; before it is placed, prepared and emitted. */
import type { GraphNode } from '#ir';
import type { HostNode, LayerPrediction, LoopPlan, SparsePlan, WinogradPlan } from '#isa';
import type { Machine } from '#machine';
import type { Emitter } from './emitter.ts';
import type { Neighbour, Surroundings } from './prefetch.ts';
import type { VectorKernel } from './vectorNest.ts';
import type { View } from './views.ts';

/** What a job leaves for reports. */
export interface Emitted {
  readonly loops: readonly LoopPlan[];
  readonly predicted?: LayerPrediction;
  readonly sparse?: SparsePlan;
  readonly winograd?: WinogradPlan;
  /** Bytes that it loads for the job behind it. */
  readonly ahead?: number;
  /** Of the vector unit, as it was emitted, and for which machine. */
  readonly kernel?: { readonly of: VectorKernel; readonly machine: Machine };
}

/** One piece of program: it becomes one layer. */
export interface Job {
  readonly nodes: readonly GraphNode[];
  readonly op: string;
  readonly where: 'matrix' | 'vector' | 'dma' | 'host';
  readonly onHost?: readonly Omit<HostNode, 'merged'>[];
  /** What it reads of values with a place of their own; where it leaves elements out, views of as many as it reads. */
  readonly reads: readonly View[];
  readonly writes: readonly View[];
  readonly macs: number;
  readonly vectorOps: number;
  /** Constants that it brings itself (packed weights), apart from those among `reads`; final with `emit`. */
  packedBytes: number;
  /** Whether another job has these packed weights, too, and counts them. */
  sharesPacked?: boolean;
  /**
   * Cycles predicted of it with operands and results in the memories where they are now, on a machine that is the planner's but for the
   * size of NRAM; undefined where it cannot be had so. Absent: the host does it, or nothing may stay in NRAM meanwhile.
   */
  readonly predict?: (machine: Machine) => number | undefined;
  /**
   * Decides what is left open until all buffers have addresses, and places what it brings itself. Called once, for a machine as in
   * `predict`.
   */
  readonly prepare: (place: (bytes: number) => number, machine: Machine) => Prepared;
}

/** A job before its code is there, which depends on the jobs around it. */
export interface Prepared extends Neighbour {
  /** Emits the code, `sync` included. */
  readonly emit: (e: Emitter, around: Surroundings) => Emitted;
}

/** A reason for the host; returned by a lowering instead of anything else. */
export interface ToHost {
  readonly host: HostNode['reason'];
}
