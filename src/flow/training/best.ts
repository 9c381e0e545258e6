/** The best epoch of a training: what it was judged by, and, where early stopping asks for it, what the network was then. */
import type { Tensor as Data } from '#ir';
import type { nn } from '#tensor';

/** The values of modules, by module and variable. */
export type ModuleStates = ReadonlyMap<string, ReadonlyMap<string, Data>>;

export interface BestRecord {
  /** From 1. */
  readonly epoch: number;
  readonly value: number;
}

export class BestEpoch {
  readonly #modules: Readonly<Record<string, nn.Module>>;
  readonly #isSmallerBetter: boolean;
  readonly #keeps: boolean;
  #record: BestRecord | undefined;
  #states: ModuleStates | undefined;

  /**
   * @param options.keeps whether the modules' values are kept
   * @param options.record of a checkpoint
   */
  constructor(
    modules: Readonly<Record<string, nn.Module>>,
    options: { readonly isSmallerBetter: boolean; readonly keeps: boolean; readonly record: BestRecord | undefined },
  ) {
    this.#modules = modules;
    this.#isSmallerBetter = options.isSmallerBetter;
    this.#keeps = options.keeps;
    this.#record = options.record;
  }

  get record(): BestRecord | undefined {
    return this.#record;
  }

  /** What the modules were after that epoch; undefined where that was not kept. */
  get states(): ModuleStates | undefined {
    return this.#states;
  }

  /** Judges the epoch that has ended; whether it is better than all before it. */
  async judge(epoch: number, value: number): Promise<boolean> {
    const before = this.#record?.value;
    const isBetter =
      !Number.isNaN(value) && (before === undefined || (this.#isSmallerBetter ? value < before : value > before));
    if (!isBetter) return false;
    this.#record = { epoch, value };
    // An optimiser replaces what a variable holds and does not write into it, so that nothing need be copied.
    const states = Object.entries(this.#modules).map(async ([name, m]) => [name, await m.state()] as const);
    this.#states = this.#keeps ? new Map(await Promise.all(states)) : undefined;
    return true;
  }

  /** Of a checkpoint. */
  restore(states: ModuleStates): void {
    this.#states = states;
  }

  /** Puts the values of the best epoch into the modules; undefined where they were not kept. */
  use(): BestRecord | undefined {
    if (this.#states === undefined) return undefined;
    for (const [name, state] of this.#states) this.#modules[name]!.load(state);
    return this.#record;
  }
}
