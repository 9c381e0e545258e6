/**
 * One unit with its queue: at most one entry executes, the rest wait in order. A transfer that needs a channel (that of DRAM, or
 * the one port of a SharedRAM) runs in two steps: its setup up to `arrival`, then, once the channel is granted, up to `end`. Of a
 * transfer in which several cores take part one unit asks, and the others follow it.
 * Every cycle up to `free` is accounted as busy or as idle by cause.
 */
import { internalError } from '#base';
import { type Program, type Queue, timingOnlyAt } from '#isa';
import { queuesOf } from '#machine';
import { addLanes, type LaneCounts, type Lanes, NO_LANES } from '#timing';
import type { UnitResult } from './counters.ts';
import type { QueueEntry } from './entries.ts';
import type { UnitName } from './events.ts';
import { Idle, type IdleState, type Producer } from './idle.ts';
import type { Plan } from './plan.ts';
import type { Tracked } from './scoreboard.ts';

/** A place in a queue. */
export interface Slot {
  readonly entry: QueueEntry;
  /** Absent for semaphores. */
  readonly plan: Plan | undefined;
  /** Cycle of its dispatch. */
  ready: number;
  /** What its control was behind then (hazards.ts), where there are several cores. */
  readonly behind: readonly number[] | undefined;
  /** Where there is a scoreboard, which watches entries with addresses. */
  tracked: Tracked | undefined;
}

/** Times of a transfer. */
export interface TransferCycles {
  readonly setupCycles: number;
  readonly channelCycles: number;
  readonly transferCycles: number;
}

/** A slot without what follows from its entry. */
export interface SlotState {
  readonly entry: QueueEntry;
  readonly ready: number;
  readonly behind?: readonly number[];
}

const NOBODY: readonly Unit[] = [];

const UNIT_NUMBERS = [
  'began',
  'end',
  'arrival',
  'channelCycles',
  'transferCycles',
  'waited',
  'stalled',
  'free',
  'busy',
  'entries',
] as const;

/** A unit written out: plain data. The numbers are those of `Unit`. */
export interface UnitState extends Readonly<Record<(typeof UNIT_NUMBERS)[number], number>> {
  readonly name: UnitName;
  readonly running: SlotState | undefined;
  readonly awaitsChannel: boolean;
  readonly idle: IdleState;
  readonly producer: Producer;
  readonly lanes: Lanes | undefined;
  /** What waits, the head first. */
  readonly queue: readonly SlotState[];
}

export class Unit {
  readonly name: UnitName;
  /** With its core, where there are several. */
  readonly label: string;
  /** Among the units of the chip. */
  readonly index: number;
  readonly #depth: number;
  /** What waits stands from `#head` on. Depths of ideal machines are far beyond what is used, so room is made as it is needed. */
  #queue: (Slot | undefined)[] = [];
  #head = 0;

  running: Slot | undefined;
  /** Start of the running entry. */
  began = 0;
  /** End of the running entry; infinite while it waits for the channel. */
  end = 0;
  /** Units of other cores whose transfer is this one. */
  #followers = NOBODY;
  /** When the running transfer asks for the channel. */
  arrival = 0;
  /** What it will need of it. */
  channelCycles = 0;
  transferCycles = 0;
  awaitsChannel = false;
  /** Cycles that the running entry has waited for the channel. */
  waited = 0;
  /** Cycles that it took longer than on an ideal channel, for the banks of DRAM. */
  stalled = 0;
  /** End of the last entry. */
  free = 0;
  /** Cycles that the entry taken last has stood at the head of its queue while the unit was idle. */
  blocked = 0;

  busy = 0;
  readonly idle: Idle;
  /** What its last entry that moved or computed counts as. */
  producer: Producer;
  entries = 0;
  #lanes: LaneCounts | undefined;

  constructor(name: UnitName, label: string, index: number, depth: number) {
    this.name = name;
    this.label = label;
    this.index = index;
    this.#depth = depth;
    this.idle = new Idle(name);
    this.producer = name;
  }

  get full(): boolean {
    return this.#queue.length - this.#head === this.#depth;
  }

  /** Entries that wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  get drained(): boolean {
    return this.#queue.length === this.#head && this.running === undefined;
  }

  get head(): Slot | undefined {
    return this.#queue[this.#head];
  }

  /** What executes and what waits. */
  get slots(): readonly Slot[] {
    const waiting = this.#queue.slice(this.#head) as Slot[];
    return this.running === undefined ? waiting : [this.running, ...waiting];
  }

  push(slot: Slot): void {
    this.#queue.push(slot);
  }

  /**
   * Place of the entry that it takes next under a scoreboard, counted from the head; −1 where each waits for others. In order that is
   * the head; out of order the oldest that is ready, but `wait` and `signal` pass nothing, and nothing passes them.
   */
  next(order: 'in-order' | 'out-of-order'): number {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const { tracked, entry } = this.#queue[i]!;
      if (tracked === undefined) {
        const isFence = entry.kind === 'wait' || entry.kind === 'signal';
        if (i === this.#head || !isFence) return i - this.#head;
        return -1;
      }
      if (tracked.pending === 0) return i - this.#head;
      if (order === 'in-order') return -1;
    }
    return -1;
  }

  /** What stands so many places behind the head. */
  at(place: number): Slot | undefined {
    return this.#queue[this.#head + place];
  }

  /** Takes the head at cycle `now`, or what stands so many places behind it, and charges the time since the last entry. */
  pop(now: number, place = 0): Slot {
    const first = this.#queue[this.#head]!;
    if (place > 0) this.#bringForward(place);
    const slot = this.#queue[this.#head]!;
    this.#queue[this.#head++] = undefined;
    if (this.#head === this.#queue.length) {
      if (this.#head > 1024) this.#queue = [];
      else this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024 && 2 * this.#head >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    const empty = Math.max(0, Math.min(now, first.ready) - this.free);
    if (empty > 0) this.idle.emptied(empty);
    this.blocked = now - this.free - empty;
    this.running = slot;
    this.began = now;
    this.waited = 0;
    this.stalled = 0;
    this.entries++;
    return slot;
  }

  /** Puts what stands so many places behind the head before it. */
  #bringForward(place: number): void {
    const slot = this.#queue[this.#head + place];
    this.#queue.copyWithin(this.#head + 1, this.#head, this.#head + place);
    this.#queue[this.#head] = slot;
  }

  /** Starts a transfer, which asks for the channel after its setup, or needs none. */
  transfer(cost: TransferCycles, asks: boolean): void {
    if (!asks) {
      this.occupy(cost.setupCycles + cost.transferCycles);
      return;
    }
    this.awaitsChannel = true;
    this.arrival = this.began + cost.setupCycles;
    this.channelCycles = cost.channelCycles;
    this.transferCycles = cost.transferCycles;
    this.end = Number.POSITIVE_INFINITY;
  }

  /** Lets units of other cores, which have begun the same, take part in the transfer that this one waits with. */
  lead(followers: readonly Unit[]): void {
    this.#followers = followers;
    for (const follower of followers) {
      follower.arrival = this.arrival;
      follower.channelCycles = 0;
      follower.transferCycles = this.transferCycles;
      follower.end = Number.POSITIVE_INFINITY;
    }
  }

  /** Gives the running transfer the channel at cycle `now`, for as long as on an ideal channel or as its banks take. */
  grant(now: number, cycles = this.transferCycles): void {
    for (const follower of this.#followers) follower.grant(now, cycles);
    this.#followers = NOBODY;
    this.awaitsChannel = false;
    this.waited = now - this.arrival;
    this.stalled = cycles - this.transferCycles;
    this.idle.cycles.channel += this.waited;
    this.idle.cycles.dram += this.stalled;
    this.busy += this.arrival - this.began + this.transferCycles;
    this.end = now + cycles;
  }

  /** Lets the running entry take `cycles` from its start. */
  occupy(cycles: number): void {
    this.busy += cycles;
    this.end = this.began + cycles;
  }

  /** Lanes of the entry that it has taken. */
  computed(lanes: Lanes): void {
    this.#lanes ??= { ...NO_LANES };
    addLanes(this.#lanes, lanes);
  }

  /** What it is counted by when a run of so many cycles has ended. */
  result(cycles: number, core: number | undefined): UnitResult {
    this.idle.unblocked();
    const { name, busy, entries } = this;
    const idleBy = { ...this.idle.cycles, tail: cycles - this.free };
    const idle = Object.values(idleBy).reduce((sum, n) => sum + n, 0);
    if (busy + idle !== cycles) {
      throw internalError({ what: `${name}: ${busy} busy and ${idle} idle cycles are not the total of ${cycles}` });
    }
    const lanes = this.#lanes === undefined ? {} : { lanes: { ...this.#lanes } };
    const of = core === undefined ? {} : { core };
    return { name, ...of, busy, idle, idleBy, waits: { ...this.idle.waits }, entries, ...lanes };
  }

  save(): UnitState {
    const numbers = Object.fromEntries(UNIT_NUMBERS.map((key) => [key, this[key]]));
    return {
      name: this.name,
      running: this.running && slotState(this.running),
      queue: this.#queue.slice(this.#head).map((slot) => slotState(slot!)),
      awaitsChannel: this.awaitsChannel,
      idle: this.idle.save(),
      producer: this.producer,
      lanes: this.#lanes && { ...this.#lanes },
      ...(numbers as Record<(typeof UNIT_NUMBERS)[number], number>),
    };
  }

  /** @param slotOf what a saved slot stands for */
  restore(state: UnitState, slotOf: (state: SlotState) => Slot): void {
    this.#queue = state.queue.map(slotOf);
    this.#head = 0;
    this.running = state.running && slotOf(state.running);
    this.#followers = NOBODY;
    this.awaitsChannel = state.awaitsChannel;
    this.idle.restore(state.idle);
    this.producer = state.producer;
    this.#lanes = state.lanes && { ...state.lanes };
    for (const key of UNIT_NUMBERS) this[key] = state[key];
  }

  /** Ends the running entry. */
  complete(): Slot {
    const slot = this.running!;
    this.running = undefined;
    this.free = this.end;
    return slot;
  }
}

export const slotState = ({ entry, ready, behind }: Slot): SlotState =>
  behind === undefined ? { entry, ready } : { entry, ready, behind };

/**
 * The units of a core, whose number is given where there are several, in the order in which they act within a cycle. The textbook's
 * queues have no end: on an ideal machine they never stall a program of its dialect, whose entries take hardly any room, but where
 * the machine gives a queue a depth of its own.
 */
export function unitsOf(program: Program, core: number | undefined): readonly Unit[] {
  const { machine } = program;
  const { queueDepth, queueDepths } = machine.control;
  const endless = !machine.realizable && timingOnlyAt(program) !== undefined;
  const depth = endless ? Number.POSITIVE_INFINITY : queueDepth;
  const names = queuesOf(machine);
  return names.map((name, i) => {
    const label = core === undefined ? name : `core ${core} ${name}`;
    return new Unit(name, label, (core ?? 0) * names.length + i, queueDepths?.[name] ?? depth);
  });
}

/** Which of them takes the entries of each queue. */
export function byQueue(units: readonly Unit[]): Readonly<Record<Queue, Unit>> {
  const unit = (...names: UnitName[]): Unit => units.find((u) => names.includes(u.name))!;
  return {
    load: unit('dma', 'load'),
    store: unit('dma', 'store'),
    // Dispatch has refused what the machine lacks.
    link: unit('link'),
    matrix: unit('matrix'),
    vector: unit('vector'),
    winograd: unit('winograd'),
  };
}
