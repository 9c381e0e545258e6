/** A job: one piece of program, which becomes one layer; before it is placed, prepared and emitted. */
import type { GraphNode } from '#ir';
import type { HostNode, KeptValue, LayerPrediction, LoopPlan, SparsePlan, WinogradPlan } from '#isa';
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
  /** Weights that it finds in WRAM, or leaves there. */
  readonly held?: KeptValue;
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
  /** What it has of WRAM, where it has contraction weights; absent: nothing, or all of it. */
  readonly wram?: WramUse;
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

/** The part of WRAM that a job has for its weights. */
export interface WramUse {
  /** Which constant weights they are: jobs that say the same have the same. Undefined: no other job has them. */
  readonly weights: string | undefined;
  /** Bytes that they take where they lie there whole; undefined where they cannot. */
  readonly wholeBytes: () => number | undefined;
  /** Bytes that are left to it, beside what is held. */
  room: number;
  /** Where its own weights lie whole through several jobs, and how much room there is. */
  held?: { readonly address: number; readonly bytes: number };
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
