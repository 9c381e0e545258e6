/**
 * The scoreboard in plain sets of bytes, asked anew every cycle: which entries conflict, how many versions of a range are live, whether an
 * entry may start. What an entry touches comes from the simulator's accesses.
 */
import type { Machine } from '#machine';
import { type AccessMode, accessesOf, type Memory } from '../../src/sim/accesses.ts';
import type { DataEntry } from '../../src/sim/entries.ts';

interface Touched {
  readonly memory: Memory;
  readonly mode: AccessMode;
  readonly bytes: ReadonlySet<number>;
}

interface Watched {
  readonly entry: DataEntry;
  readonly touched: readonly Touched[];
  isOver: boolean;
}

const overlap = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => [...a].some((byte) => b.has(byte));
const isWithin = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => [...a].every((byte) => b.has(byte));

export class ClockedScoreboard {
  readonly #machine: Machine;
  #watched: Watched[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get #settings() {
    return this.#machine.control.scoreboard!;
  }

  get inOrder(): boolean {
    return this.#settings.order === 'in-order';
  }

  get full(): boolean {
    return this.#watched.length === this.#settings.entries;
  }

  dispatch(entry: DataEntry): void {
    const touched = accessesOf(entry, this.#machine).map((access) => {
      const bytes = new Set<number>();
      const shift = access.shift(entry);
      for (let i = 0; i < access.intervals.length; i += 2) {
        for (let b = access.intervals[i]!; b < access.intervals[i + 1]!; b++) bytes.add(b + shift);
      }
      return { memory: access.memory, mode: access.mode, bytes };
    });
    this.#watched.push({ entry, touched, isOver: false });
  }

  complete(entry: DataEntry): void {
    this.#watched.find((w) => w.entry === entry)!.isOver = true;
    while (this.#watched[0]?.isOver) this.#watched.shift();
  }

  mayStart(entry: DataEntry): boolean {
    const place = this.#watched.findIndex((w) => w.entry === entry);
    const older = this.#watched.slice(0, place);
    return this.#watched[place]!.touched.every((mine) => this.#isFree(mine, older));
  }

  #isFree(mine: Touched, older: readonly Watched[]): boolean {
    const { versions } = this.#settings;
    const isRenamed = versions > 1 && mine.mode !== 'read' && ['nram', 'wram', 'aram'].includes(mine.memory);
    /** Versions before this one, the newest first: whether any entry of them is under way. */
    const live = [false];
    for (const { touched, isOver } of older.toReversed()) {
      const met = touched.filter((other) => other.memory === mine.memory && overlap(other.bytes, mine.bytes));
      const conflicts = met.filter((other) => other.mode !== 'read' || mine.mode !== 'read');
      const isWhole = (other: Touched): boolean => isWithin(other.bytes, mine.bytes);
      if (!isOver && conflicts.some((other) => !isRenamed || !isWhole(other))) return false;
      if (!isRenamed) continue;
      const writes = conflicts.filter((other) => other.mode !== 'read');
      if (!isOver && writes.some(isWhole)) live[0] = true;
      if (writes.length > 0) live.unshift(false);
      if (!isOver && conflicts.some((other) => other.mode === 'read' && isWhole(other))) live[0] = true;
    }
    return !isRenamed || live.filter(Boolean).length < versions;
  }
}
