/**
 * Why a unit was idle. An idle cycle has the first cause that holds:
 *
 *   channel    its transfer has asked for the DRAM channel, or the port of SharedRAM, and waits
 *   dram       its transfer takes longer than on an ideal channel: rows of banks, turns of the bus, refresh
 *   tail       nothing comes to its queue any more
 *   host       its queue is empty, the host works
 *   sync       its queue is empty, control stands at `sync`, `barrier` or before the host until all units are idle and other cores come
 *   empty      its queue is empty, control has not come further
 *   dependence what stands in its queue waits for older entries (scoreboard)
 *   bank       the head of its queue waits for a bank of a scratchpad
 *   semaphore  the head of its queue waits for a semaphore, or for other cores of a multicast
 *
 * What is waited for at a semaphore or `sync` is charged to the producer that arrives last: of waits one behind the other in a queue
 * all blocked cycles to that of the last which blocked, of a `sync` to the unit that becomes idle last. Producers are told by what
 * they moved or computed last, so that the one transfer queue of a machine counts as `load` or `store`; other cores count as `core`.
 */
import type { QueueEntry } from './entries.ts';
import type { UnitName } from './events.ts';

/** Who is waited for: a unit of the core, or another core; `dma` where a shared transfer queue has not moved anything yet. */
export type Producer = UnitName | 'core';

/** Idle cycles by cause. */
export interface IdleCycles {
  channel: number;
  dram: number;
  tail: number;
  host: number;
  sync: number;
  empty: number;
  dependence: number;
  bank: number;
  semaphore: number;
}

/** Cycles that were waited for each producer. */
export type Waits = Partial<Record<Producer, number>>;

/** What an entry counts as when somebody waits for it; undefined for semaphores. */
export function producerOf(entry: QueueEntry): Producer | undefined {
  switch (entry.kind) {
    case 'load':
    case 'loadSparse':
      return 'load';
    case 'store':
      return 'store';
    case 'mma':
    case 'mmaSparse':
    case 'compute':
      return 'matrix';
    case 'vec':
      return 'vector';
    case 'winograd':
      return 'winograd';
    case 'get':
    case 'put':
      return 'link';
    case 'move':
      if (entry.from === 'dram') return 'load';
      return entry.to === 'dram' ? 'store' : 'link';
    case 'wait':
    case 'signal':
      return undefined;
  }
}

export interface IdleState {
  readonly cycles: Readonly<IdleCycles>;
  readonly waits: Readonly<Waits>;
  readonly host: number;
  readonly sync: Readonly<Waits>;
  readonly blocked: number;
  readonly by: Producer;
}

/** The account of one unit. */
export class Idle {
  cycles: IdleCycles = {
    channel: 0,
    dram: 0,
    tail: 0,
    host: 0,
    sync: 0,
    empty: 0,
    dependence: 0,
    bank: 0,
    semaphore: 0,
  };
  /** Of the cycles under `semaphore` and `sync`. */
  waits: Waits = {};
  /** Since its last entry; they count once another follows, and are part of the tail otherwise. */
  #host = 0;
  #sync: Waits = {};
  #hasSync = false;
  /** Blocked cycles of waits one behind the other, and by whom the last was. */
  #blocked = 0;
  #by: Producer;

  constructor(name: UnitName) {
    this.#by = name;
  }

  /** The host works for so many cycles. */
  hosted(cycles: number): void {
    this.#host += cycles;
  }

  /** Control stood at `sync` for so many cycles while the queue was empty. */
  synced(cycles: number, by: Producer): void {
    if (cycles <= 0) return;
    this.#sync[by] = (this.#sync[by] ?? 0) + cycles;
    this.#hasSync = true;
  }

  /** An entry comes to an empty queue after so many cycles. */
  emptied(cycles: number): void {
    let rest = cycles;
    if (this.#host > 0) {
      this.cycles.host += this.#host;
      rest -= this.#host;
      this.#host = 0;
    }
    if (this.#hasSync) {
      for (const [by, waited] of Object.entries(this.#sync) as [Producer, number][]) {
        this.cycles.sync += waited;
        this.#charge(by, waited);
        rest -= waited;
      }
      this.#sync = {};
      this.#hasSync = false;
    }
    this.cycles.empty += rest;
  }

  /** A `wait` goes on, whose signal has come from `by`. */
  blocked(cycles: number, by: Producer): void {
    if (cycles === 0) return;
    this.cycles.semaphore += cycles;
    this.#blocked += cycles;
    this.#by = by;
  }

  /** What the waits were for begins. */
  unblocked(): void {
    if (this.#blocked === 0) return;
    this.#charge(this.#by, this.#blocked);
    this.#blocked = 0;
  }

  save(): IdleState {
    const { cycles, waits } = this;
    const [host, sync, blocked, by] = [this.#host, { ...this.#sync }, this.#blocked, this.#by];
    return { cycles: { ...cycles }, waits: { ...waits }, host, sync, blocked, by };
  }

  restore({ cycles, waits, host, sync, blocked, by }: IdleState): void {
    this.cycles = { ...cycles };
    this.waits = { ...waits };
    this.#host = host;
    this.#sync = { ...sync };
    this.#hasSync = Object.keys(sync).length > 0;
    this.#blocked = blocked;
    this.#by = by;
  }

  #charge(by: Producer, cycles: number): void {
    this.waits[by] = (this.waits[by] ?? 0) + cycles;
  }
}
