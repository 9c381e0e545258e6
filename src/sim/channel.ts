/**
 * A path that serves one whole transfer at a time: the DRAM channel. Its clients are the units that may ask for it, in the
 * order in which they are served when they ask at the same cycle.
 */
import type { Unit } from './unit.ts';

export class Channel {
  /** It can be granted from this cycle on. */
  free = 0;
  readonly #clients: readonly Unit[];

  constructor(clients: readonly Unit[]) {
    this.#clients = clients;
  }

  /** Serves whom it can at cycle `now`, in order of asking; returns whom. */
  grant(now: number): Unit | undefined {
    if (this.free > now) return undefined;
    let next: Unit | undefined;
    for (const unit of this.#clients) {
      if (!unit.awaitsChannel || unit.arrival > now) continue;
      if (next === undefined || unit.arrival < next.arrival) next = unit;
    }
    if (next === undefined) return undefined;
    next.grant(now);
    this.free = now + next.channelCycles;
    return next;
  }

  /** The next cycle at which it can serve somebody; infinite where nobody asks. */
  next(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const unit of this.#clients) if (unit.awaitsChannel && unit.arrival < next) next = unit.arrival;
    return Math.max(next, this.free);
  }
}
