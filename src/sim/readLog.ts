/**
 * Who has read which bytes of one memory since the last sync, for the writes that may follow. In pages, each with the reads
 * of each unit: a read costs as much as it has intervals, and only a write that is not ordered behind all reads of its pages
 * looks at their bytes. Of reads of the very same bytes of a page the newest is kept, since tiles are read again and again;
 * where that does not keep the list short, it is thinned to the newest read of each byte, so that the page bounds its length.
 * Reads stay listed when their bytes are written: who is behind that write is behind them.
 */
import { eachPage, PAGE_BYTES } from './accessMap.ts';
import { difference, firstCommon, type Intervals } from './region.ts';

interface Read {
  readonly epoch: number;
  readonly intervals: Intervals;
  readonly shift: number;
  /** Positions of the first and last interval that reach into the page. */
  readonly first: number;
  readonly last: number;
}

interface Reads {
  /** By rising epoch; keys follow from the bytes read. */
  readonly byBytes: Map<number, Read>;
  newest: number;
  /** Size at which they are thinned. */
  limit: number;
}

/** A log written out: plain data by page and unit, shared with the log until it changes a page. */
export type ReadLogState = ReadonlyMap<number, readonly (Readonly<Reads> | undefined)[]>;

/** Reads that are kept of a page and unit before anything is thrown away. */
const LIMIT = 256;

export class ReadLog {
  /** For each page the reads of each unit. */
  #pages = new Map<number, (Reads | undefined)[]>();
  /** Pages made since the last `save` or `restore`, by number; all others are shared with it. */
  #owned: boolean[] = [];

  /** Everything so far is ordered before everything to come. */
  forget(): void {
    if (this.#pages.size > 0) this.restore(new Map());
  }

  /** @param floor the epoch of this unit that everything to come is behind, wherever it executes */
  add(unit: number, epoch: number, intervals: Intervals, shift: number, floor: () => number): void {
    eachPage(intervals, shift, (number, first, last) => {
      const page = this.#page(number);
      page[unit] ??= { byBytes: new Map(), newest: 0, limit: LIMIT };
      const reads = page[unit];
      const read = { epoch, intervals, shift, first, last };
      let key = keyOf(read);
      for (let other = reads.byBytes.get(key); other !== undefined; other = reads.byBytes.get(key)) {
        if (isSame(other, read)) {
          reads.byBytes.delete(key);
          break;
        }
        key++;
      }
      reads.byBytes.set(key, read);
      reads.newest = epoch;
      if (reads.byBytes.size > reads.limit) thin(reads, number, floor());
    });
  }

  save(): ReadLogState {
    this.#owned = [];
    return new Map(this.#pages);
  }

  restore(pages: ReadLogState): void {
    this.#owned = [];
    this.#pages = new Map(pages as ReadonlyMap<number, (Reads | undefined)[]>);
  }

  /** The reads of a page, to add to. */
  #page(number: number): (Reads | undefined)[] {
    const before = this.#pages.get(number);
    if (before !== undefined && this.#owned[number]) return before;
    const page = (before ?? []).map((reads) => reads && { ...reads, byBytes: new Map(reads.byBytes) });
    this.#pages.set(number, page);
    this.#owned[number] = true;
    return page;
  }

  /** The first byte among those given that a unit has read and the clock is not behind, and its newest reader. */
  unordered(
    intervals: Intervals,
    shift: number,
    clock: readonly number[],
  ): { readonly address: number; readonly unit: number; readonly epoch: number } | undefined {
    let found: { address: number; unit: number; epoch: number } | undefined;
    const consider = (unit: number, read: Read): void => {
      const address = firstCommon(intervals, shift, read.intervals, read.shift);
      if (address < 0) return;
      const before = found ?? { address: Number.POSITIVE_INFINITY, unit, epoch: 0 };
      // A read that reaches into several pages is met in each: the newest counts, not the last met.
      const isNewer = address === before.address && unit === before.unit && read.epoch > before.epoch;
      if (address < before.address || isNewer) found = { address, unit, epoch: read.epoch };
    };
    eachPage(intervals, shift, (number) => {
      this.#pages.get(number)?.forEach((reads, unit) => {
        if (reads === undefined || reads.newest <= clock[unit]!) return;
        for (const read of reads.byBytes.values()) if (read.epoch > clock[unit]!) consider(unit, read);
      });
    });
    return found;
  }

  /** Number of reads that are kept, for tests and measurements. */
  size(): number {
    let size = 0;
    for (const page of this.#pages.values()) for (const reads of page) size += reads?.byBytes.size ?? 0;
    return size;
  }
}

/** FNV-1a over the addresses (Fowler, Noll, Vo). */
function keyOf({ intervals, shift, first, last }: Read): number {
  let hash = 0x811c9dc5;
  for (let i = first; i <= last + 1; i++) hash = Math.imul(hash ^ (intervals[i]! + shift), 0x01000193);
  return hash;
}

function isSame(a: Read, b: Read): boolean {
  if (a.last - a.first !== b.last - b.first) return false;
  const by = b.first - a.first;
  for (let i = a.first; i <= a.last + 1; i++) {
    if (a.intervals[i]! + a.shift !== b.intervals[i + by]! + b.shift) return false;
  }
  return true;
}

/** Leaves of each byte its newest read, and none that everything to come is behind. */
function thin(reads: Reads, number: number, floor: number): void {
  const kept: Read[] = [];
  /** Bytes of the page that no newer read has touched. */
  let open: Intervals = [number * PAGE_BYTES, (number + 1) * PAGE_BYTES];
  for (const { epoch, intervals, shift } of [...reads.byBytes.values()].reverse()) {
    if (epoch <= floor || open.length === 0) break;
    const left = difference(open, intervals, shift);
    const taken = difference(open, left);
    if (taken.length > 0) kept.push({ epoch, intervals: taken, shift: 0, first: 0, last: taken.length - 2 });
    open = left;
  }
  reads.byBytes.clear();
  for (const read of kept.reverse()) {
    let key = keyOf(read);
    while (reads.byBytes.has(key)) key++;
    reads.byBytes.set(key, read);
  }
  reads.limit = 2 * kept.length + LIMIT;
}
