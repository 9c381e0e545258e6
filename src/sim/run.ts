/** What a simulation is asked for and what it answers. */
import type { SimulationResult } from './counters.ts';
import type { Observer } from './events.ts';

export interface SimulationOptions {
  /** Move and compute the numbers, or count time only. */
  readonly data: boolean;
  /** Detect races and reads of what nobody wrote, in either fidelity; false only for a program that is known to be good. */
  readonly hazards?: boolean;
  readonly observer?: Observer;
  /**
   * Instructions that control may execute: a guard against endless loops. By default 500 million in all and 20 million in a
   * row that give no unit work.
   */
  readonly maxInstructions?: number;
}

export type RunState =
  /** The caller does host part `part` (readTensor, writeTensor) and calls run() again. Only with data. */
  | { readonly state: 'host'; readonly part: number }
  /** As many steps as were asked for are done; run() goes on from here. */
  | { readonly state: 'running'; readonly cycle: number }
  | { readonly state: 'done'; readonly result: SimulationResult };

/** What the next moment of a simulation holds; see `Simulation.moment`. */
export type Moment = 'instruction' | 'units' | 'time' | 'host' | 'done';
