/**
 * Who wrote which byte last, for one memory. Kept as spans of equal state in pages of 64 KiB (a page nobody touched has only
 * the state that the memory began with), so that cost follows the number of intervals, not of bytes. States are immutable
 * and shared between spans.
 */
import { type Intervals, merged } from './region.ts';

export interface AccessState {
  /** Unit and epoch of the last writer; epoch 0 of any unit is ordered before everything. */
  readonly writer: number;
  readonly epoch: number;
}

/** Written, and ordered before all that follows. */
export const SETTLED: AccessState = { writer: 0, epoch: 0 };

interface Page {
  /** Span k reaches from the end before (0 for the first) to ends[k]; the last end is the page's size. */
  ends: number[];
  /** undefined: nobody wrote. */
  states: (AccessState | undefined)[];
  /** How often all had been settled when it was last looked at. */
  settled: number;
}

export const PAGE_BYTES = 2 ** 16;

/**
 * Calls `body` for every page that intervals, each moved by `shift`, reach into, with the positions of the first and last
 * of them that do; for one page perhaps more than once.
 */
export function eachPage(
  intervals: Intervals,
  shift: number,
  body: (number: number, first: number, last: number) => void,
): void {
  for (let i = 0; i < intervals.length; ) {
    const number = Math.floor((intervals[i]! + shift) / PAGE_BYTES);
    const end = (number + 1) * PAGE_BYTES - shift;
    // All intervals that begin in this page, and the head of one that leaves it.
    let last = i;
    while (last + 2 < intervals.length && intervals[last + 2]! < end) last += 2;
    body(number, i, last);
    for (let n = number + 1; n * PAGE_BYTES < intervals[last + 1]! + shift; n++) {
      // The tail of the last interval; intervals behind it that begin in its last page come with the next round.
      body(n, last, last);
    }
    i = last + 2;
  }
}

/** A map written out: plain data, its pages shared with the map until it changes them. */
export interface AccessMapState {
  readonly pages: readonly (Readonly<Page> | undefined)[];
  /** How often all has been settled. */
  readonly settled: number;
}

/** State after an access, from the state before; the address is for messages. */
export type Transition = (state: AccessState | undefined, address: number) => AccessState | undefined;

export class AccessMap {
  readonly #initial: Intervals;
  #pages: (Page | undefined)[] = [];
  /** Pages made since the last `save` or `restore`, by number; all others are shared with it. */
  #owned: boolean[] = [];
  #settled = 0;

  /** @param written what counts as written from the start */
  constructor(written: readonly Intervals[] = []) {
    this.#initial = written.reduce<Intervals>((all, one) => merged(all, one), []);
  }

  /** Applies a transition to every byte of the intervals, each moved by `shift`. */
  apply(intervals: Intervals, shift: number, transition: Transition): void {
    eachPage(intervals, shift, (number, first, last) => {
      this.#applyToPage(this.#page(number), number * PAGE_BYTES - shift, shift, intervals, first, last, transition);
    });
  }

  /** Shows every state that bytes of the intervals have, at least once, with the first address that has it. */
  visit(intervals: Intervals, shift: number, look: (state: AccessState | undefined, address: number) => void): void {
    eachPage(intervals, shift, (number, first, last) => {
      const { ends, states } = this.#page(number);
      const base = number * PAGE_BYTES;
      const at = (j: number): number => Math.max(0, intervals[j]! + shift - base);
      let seen = states[0];
      if (ends.length === 1) {
        look(seen, base + at(first));
        return;
      }
      let isFirst = true;
      let span = spanAt(ends, at(first));
      for (let j = first; j <= last; j += 2) {
        const from = at(j);
        const to = Math.min(PAGE_BYTES, intervals[j + 1]! + shift - base);
        while (ends[span]! <= from) span++;
        for (let k = span; k === span || ends[k - 1]! < to; k++) {
          if (k === ends.length) break;
          if (!isFirst && states[k] === seen) continue;
          isFirst = false;
          seen = states[k];
          look(seen, base + Math.max(from, k === 0 ? 0 : ends[k - 1]!));
        }
      }
    });
  }

  /** Everything written so far is ordered before everything to come. */
  settle(): void {
    this.#settled++;
  }

  save(): AccessMapState {
    this.#owned = [];
    return { pages: this.#pages.slice(), settled: this.#settled };
  }

  restore({ pages, settled }: AccessMapState): void {
    this.#owned = [];
    this.#pages = pages.slice();
    this.#settled = settled;
  }

  #put(number: number, page: Page): Page {
    this.#pages[number] = page;
    this.#owned[number] = true;
    return page;
  }

  /** Number of spans, for tests and measurements. */
  spans(): number {
    return this.#pages.reduce((n, page) => n + (page?.ends.length ?? 0), 0);
  }

  #page(number: number): Page {
    let page = this.#pages[number];
    if (page !== undefined) {
      if (!this.#owned[number])
        page = this.#put(number, { ...page, ends: page.ends.slice(), states: page.states.slice() });
      if (page.settled !== this.#settled) settlePage(page, this.#settled);
      return page;
    }
    const base = number * PAGE_BYTES;
    const fresh: Page = { ends: [], states: [], settled: this.#settled };
    let at = 0;
    for (let i = firstEndingAfter(this.#initial, base); i < this.#initial.length; i += 2) {
      const from = Math.max(0, this.#initial[i]! - base);
      if (from >= PAGE_BYTES) break;
      const to = Math.min(PAGE_BYTES, this.#initial[i + 1]! - base);
      if (from > at) push(fresh, from, undefined);
      push(fresh, to, SETTLED);
      at = to;
    }
    if (at < PAGE_BYTES) push(fresh, PAGE_BYTES, undefined);
    return this.#put(number, fresh);
  }

  /** Applies intervals[i … last] as far as they lie in the page, which begins at `base` in their terms. */
  #applyToPage(
    page: Page,
    base: number,
    shift: number,
    intervals: Intervals,
    i: number,
    last: number,
    transition: Transition,
  ): void {
    const rest = replaceWhole(page, base, shift, intervals, i, last, transition);
    if (rest <= last) this.#rebuild(page, base, shift, intervals, rest, last, transition);
  }

  /** Applies intervals[i … last] where they cut spans. */
  #rebuild(
    page: Page,
    base: number,
    shift: number,
    intervals: Intervals,
    i: number,
    last: number,
    transition: Transition,
  ): void {
    const first = Math.max(0, intervals[i]! - base);
    // One span earlier, so that what is written can melt into it.
    const k = Math.max(0, spanAt(page.ends, first) - 1);
    let start = k === 0 ? 0 : page.ends[k - 1]!;
    const out: Page = { ends: [], states: [], settled: 0 };
    let span = k;
    for (let j = i; j <= last; j += 2) {
      const from = Math.max(0, intervals[j]! - base);
      const to = Math.min(PAGE_BYTES, intervals[j + 1]! - base);
      for (; page.ends[span]! <= from; span++) {
        push(out, page.ends[span]!, page.states[span]);
        start = page.ends[span]!;
      }
      if (start < from) push(out, from, page.states[span]);
      start = from;
      while (start < to) {
        const end = Math.min(page.ends[span]!, to);
        push(out, end, transition(page.states[span], base + shift + start));
        start = end;
        if (end === page.ends[span]) span++;
      }
    }
    // The rest of the span that the last interval cut, and one more to melt with.
    for (let extra = 0; extra < 2 && span < page.ends.length; extra++, span++) {
      push(out, page.ends[span]!, page.states[span]);
    }
    page.ends.splice(k, span - k, ...out.ends);
    page.states.splice(k, span - k, ...out.states);
  }
}

/**
 * Applies intervals as long as each is exactly one span, which is what repeated strided accesses find: in place.
 * Returns the first interval that is not.
 */
function replaceWhole(
  page: Page,
  base: number,
  shift: number,
  intervals: Intervals,
  i: number,
  last: number,
  transition: Transition,
): number {
  const { ends, states } = page;
  let span = spanAt(ends, Math.max(0, intervals[i]! - base));
  let melts = false;
  let j = i;
  for (; j <= last; j += 2) {
    const from = Math.max(0, intervals[j]! - base);
    const to = Math.min(PAGE_BYTES, intervals[j + 1]! - base);
    while (ends[span]! <= from) span++;
    if (ends[span] !== to || (span === 0 ? 0 : ends[span - 1]) !== from) break;
    const state = transition(states[span], base + shift + from);
    states[span] = state;
    if (span > 0 && states[span - 1] === state) melts = true;
    if (span + 1 < states.length && states[span + 1] === state) melts = true;
  }
  if (melts) {
    melt(page, states);
  }
  return j;
}

/** Gives the page's spans these states, and makes one of neighbours that are alike. */
function melt(page: Page, states: readonly (AccessState | undefined)[]): void {
  const melted: Page = { ends: [], states: [], settled: 0 };
  for (let k = 0; k < states.length; k++) push(melted, page.ends[k]!, states[k]);
  page.ends = melted.ends;
  page.states = melted.states;
}

/** What was written is settled now. */
function settlePage(page: Page, settled: number): void {
  page.settled = settled;
  melt(
    page,
    page.states.map((state) => state && SETTLED),
  );
}

function push(page: Page, end: number, state: AccessState | undefined): void {
  const last = page.ends.length - 1;
  if (last >= 0 && page.states[last] === state) page.ends[last] = end;
  else {
    page.ends.push(end);
    page.states.push(state);
  }
}

/** Index of the span that holds `offset`. */
function spanAt(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Position of the first interval that ends behind `address`. */
function firstEndingAfter(intervals: Intervals, address: number): number {
  let low = 0;
  let high = intervals.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (intervals[2 * middle + 1]! <= address) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
