/**
 * A path that serves one whole transfer at a time: the DRAM channel, or the one port of a SharedRAM. Its clients are the units
 * that may ask for it, in the order in which they are served when they ask at the same cycle: by core, the load before the store. Where
 * DRAM has banks, they say how long a transfer takes.
 */
import type { DramWork } from '#timing';
import type { BankedDram } from './bankedDram.ts';
import type { Unit } from './unit.ts';

export interface Grant {
  readonly unit: Unit;
  /** Of the banks. */
  readonly dram: Readonly<DramWork> | undefined;
}

export class Channel {
  /** It can be granted from this cycle on. */
  free = 0;
  readonly banks: BankedDram | undefined;
  readonly #clients: readonly Unit[];

  constructor(clients: readonly Unit[], banks?: BankedDram) {
    this.#clients = clients;
    this.banks = banks;
  }

  /** Serves whom it can at cycle `now`, in order of asking; returns whom. */
  grant(now: number): Grant | undefined {
    if (this.free > now) return undefined;
    let next: Unit | undefined;
    for (const unit of this.#clients) {
      if (!unit.awaitsChannel || unit.arrival > now) continue;
      if (next === undefined || unit.arrival < next.arrival) next = unit;
    }
    if (next === undefined) return undefined;
    if (this.banks === undefined) {
      next.grant(now);
      this.free = now + next.channelCycles;
      return { unit: next, dram: undefined };
    }
    const { free, transferCycles, work } = this.banks.serve(next.running!, next.arrival, now);
    // A multicast takes as long as the slowest of its scratchpads.
    next.grant(now, Math.max(transferCycles, next.transferCycles));
    this.free = free;
    return { unit: next, dram: work };
  }

  /** The next cycle at which it can serve somebody; infinite where nobody asks. */
  next(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const unit of this.#clients) if (unit.awaitsChannel && unit.arrival < next) next = unit.arrival;
    return Math.max(next, this.free);
  }
}
