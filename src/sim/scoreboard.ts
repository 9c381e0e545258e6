/**
 * The scoreboard of a core, where the machine has one: at dispatch an entry is compared, byte range by byte range, with the entries
 * before it that are not over, and it starts only when those it depends on are complete. Entries leave in the order of dispatch.
 * (Thornton, "Parallel Operation in the Control Data 6600", AFIPS FJCC, 1964; ranges of bytes in place of registers.)
 *
 * Renaming (`versions` above 1) keeps several versions of a range of NRAM, WRAM or accumulators. An entry that overwrites a range whole does
 * not wait for readers and writers of versions before its own, as long as fewer than `versions` of them are live. A version is live
 * until the entry that writes it and all that read it are complete. DRAM has one version.
 *
 * Numbers are those of the program in the order of dispatch: an entry that has started takes effect once all older ones that it conflicts
 * with have. Without renaming that is at its start.
 */
import type { Machine } from '#machine';
import type { Access, Memory } from './accesses.ts';
import type { DataEntry, LinearEntry } from './entries.ts';
import { difference, firstCommon } from './region.ts';
import type { Slot } from './unit.ts';

/** A core's own memories; SharedRAM and DRAM have one version. */
const RENAMED: ReadonlySet<Memory> = new Set<Memory>(['nram', 'wram', 'aram']);

type TrackedEntry = DataEntry | LinearEntry;
type Configuration = NonNullable<Machine['control']['scoreboard']>;

/** A range that an entry writes, and the versions before its own that are live. */
interface Renaming {
  readonly entry: Tracked;
  live: number;
}

/** Entries of one version that are not complete, and who waits for it to die. */
interface Version {
  readonly renaming: Renaming;
  entries: number;
}

/** A slot's place in the scoreboard. */
export interface Tracked {
  readonly entry: TrackedEntry;
  readonly accesses: readonly Access[];
  state: 'waits' | 'runs' | 'over';
  hasEffect: boolean;
  /** What keeps it from starting: entries and renamings. */
  pending: number;
  /** Older entries that it conflicts with and that have not taken effect. */
  before: number;
  /** Younger entries that wait for its end, whose versions it is of, that take effect after it. */
  readonly waiters: Tracked[];
  readonly versions: Version[];
  readonly followers: Tracked[];
}

/** A place written out. Its entry is the very object that stands in a queue or executes, unless it is over. */
export interface TrackedState {
  readonly entry: TrackedEntry;
  readonly state: Tracked['state'];
  readonly hasEffect: boolean;
}

export class Scoreboard {
  readonly order: Configuration['order'];
  readonly #versions: number;
  readonly #entries: number;
  /** In the order of dispatch, from the oldest that is not over. */
  #window: Tracked[] = [];

  constructor({ order, versions, entries }: Configuration) {
    this.order = order;
    this.#versions = versions;
    this.#entries = entries;
  }

  get full(): boolean {
    return this.#window.length >= this.#entries;
  }

  /** Takes in an entry at its dispatch; anything but `wait` and `signal`. */
  add(slot: Slot, accesses: readonly Access[]): Tracked {
    const tracked: Tracked = {
      entry: slot.entry as TrackedEntry,
      accesses,
      state: 'waits',
      hasEffect: false,
      pending: 0,
      before: 0,
      waiters: [],
      versions: [],
      followers: [],
    };
    const renamings = accesses.map((access) => this.#renamingOf(tracked, access));
    for (let i = this.#window.length - 1; i >= 0; i--) this.#compare(tracked, renamings, this.#window[i]!);
    for (const renaming of renamings) {
      if (renaming !== undefined && renaming.of.live >= this.#versions) tracked.pending++;
    }
    this.#window.push(tracked);
    slot.tracked = tracked;
    return tracked;
  }

  /** An entry starts; calls `effect` for all that take effect now, in the order in which they may. */
  start(tracked: Tracked, effect: (able: Tracked) => void): void {
    tracked.state = 'runs';
    const able = tracked.before === 0 ? [tracked] : [];
    for (let next = able.shift(); next !== undefined; next = able.shift()) {
      effect(next);
      next.hasEffect = true;
      for (const follower of next.followers) {
        if (--follower.before === 0 && follower.state !== 'waits') able.push(follower);
      }
      next.followers.length = 0;
    }
  }

  complete(tracked: Tracked): void {
    tracked.state = 'over';
    for (const waiter of tracked.waiters) waiter.pending--;
    tracked.waiters.length = 0;
    for (const version of tracked.versions) {
      const { renaming } = version;
      // Dead; the renaming waits no more once one of the versions that it had to many is.
      if (--version.entries === 0 && --renaming.live === this.#versions - 1) renaming.entry.pending--;
    }
    tracked.versions.length = 0;
    let over = 0;
    while (over < this.#window.length && this.#window[over]!.state === 'over') over++;
    this.#window.splice(0, over);
  }

  save(): readonly TrackedState[] {
    return this.#window.map(({ entry, state, hasEffect }) => ({ entry, state, hasEffect }));
  }

  /** @param slotOf the slot of an entry: that which stands in a queue or executes, unless it is over */
  restore(states: readonly TrackedState[], slotOf: (entry: TrackedEntry) => Slot): void {
    this.#window = [];
    for (const { entry, state, hasEffect } of states) {
      const slot = slotOf(entry);
      const tracked = this.add(slot, slot.plan!.accesses);
      tracked.state = state;
      tracked.hasEffect = hasEffect;
    }
  }

  /** The versions of the range that an access overwrites, the newest first, if it can be renamed. */
  #renamingOf(entry: Tracked, access: Access): Renamings | undefined {
    if (this.#versions === 1 || access.mode === 'read' || !RENAMED.has(access.memory)) return undefined;
    const of: Renaming = { entry, live: 0 };
    return { of, version: { renaming: of, entries: 0 } };
  }

  /** What a younger entry has to do with an older one. */
  #compare(young: Tracked, renamings: readonly (Renamings | undefined)[], old: Tracked): void {
    let waits = false;
    let conflicts = false;
    young.accesses.forEach((access, i) => {
      const renaming = renamings[i];
      let writes = false;
      let reads = false;
      let isBoundary = false;
      for (const other of old.accesses) {
        if (other.memory !== access.memory || (access.mode === 'read' && other.mode === 'read')) continue;
        const shift = access.shift(young.entry);
        const otherShift = other.shift(old.entry);
        if (firstCommon(access.intervals, shift, other.intervals, otherShift) < 0) continue;
        conflicts = true;
        if (other.mode !== 'read') isBoundary = true;
        const whole = difference(other.intervals, access.intervals, shift - otherShift).length === 0;
        if (renaming === undefined || !whole) waits = true;
        else if (other.mode === 'read') reads = true;
        else writes = true;
      }
      if (renaming === undefined) return;
      if (writes) this.#belongs(old, renaming.version);
      // What it overwrote, and what read that, is of an older version.
      if (isBoundary) renaming.version = { renaming: renaming.of, entries: 0 };
      if (reads) this.#belongs(old, renaming.version);
    });
    if (waits && old.state !== 'over') {
      young.pending++;
      old.waiters.push(young);
    }
    if (conflicts && !old.hasEffect) {
      young.before++;
      old.followers.push(young);
    }
  }

  #belongs(old: Tracked, version: Version): void {
    if (old.state === 'over') return;
    if (version.entries++ === 0) version.renaming.live++;
    old.versions.push(version);
  }
}

/** While an entry is taken in: its renaming, and the version that older entries are met of. */
interface Renamings {
  readonly of: Renaming;
  version: Version;
}
