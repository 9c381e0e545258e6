/**
 * Double-buffered scratchpads between the array and DRAM. Each of the three (ifmap, filter, ofmap) is two halves with a way of its own
 * to DRAM. What folds read of an operand is a sequence of windows that fit a half each: a window is loaded while the array reads
 * the one before it, and the array stands still until it has come. An operand that fits a half is loaded once. Else a window is tiles,
 * whole and as many as fit; one in the window that is being read is not loaded again, and one that is larger than a half comes in
 * pieces, anew in every fold. Outputs fill a half while the other is drained.
 *
 *   load i      from max(end of load i − 1, begin of window i − 1) on, ⌈words ÷ bandwidth⌉ cycles; window 0 is there before cycle 0
 *   window i    begins when the array comes to it, and not before the end of load i
 *   drain n     from the end of half n, and of drain n − 1, on; half n + 1 is not begun before the end of drain n − 1
 */
import type { ArrayFolds, Demand } from './arrayFolds.ts';

/** Words of an operand that are in the scratchpad together, and the cycle (without stalls) in which the array comes to them. */
export interface Window {
  readonly at: number;
  readonly words: number;
}

/** One after the other: large layers have tens of millions. */
export function* windowsOf(folds: ArrayFolds, demand: Demand, half: number): Generator<Window, void> {
  if (demand.all <= half) {
    yield { at: demand.first, words: demand.all };
    return;
  }
  const held = new Set<number>();
  let current: { readonly at: number; words: number } | undefined;
  // Tiles of neighbouring row parts share words: those that joined the window last, and its words before them.
  let [from, to, column, before] = [0, 0, 0, 0];
  for (let c = 0; c < folds.columnParts; c++) {
    for (let r = 0; r < folds.rowParts; r++) {
      const id = demand.tile(r, c);
      if (held.has(id)) continue;
      if (current !== undefined) {
        if (c !== column || r !== to) [from, to, column, before] = [r, r, c, current.words];
        const words = before + demand.words(from, r + 1, c);
        if (words <= half) {
          current.words = words;
          to = r + 1;
          held.add(id);
          continue;
        }
      }
      if (current !== undefined) yield current;
      held.clear();
      current = undefined;
      const words = demand.words(r, r + 1, c);
      const at = (c * folds.rowParts + r) * folds.cycles + demand.first;
      if (words <= half) {
        current = { at, words };
        [from, to, column, before] = [r, r + 1, c, 0];
        held.add(id);
        continue;
      }
      const pieces = Math.ceil(words / half);
      for (let i = 0; i < pieces; i++) {
        yield { at: at + Math.floor((i * demand.span) / pieces), words: Math.min(half, words - i * half) };
      }
    }
  }
  if (current !== undefined) yield current;
}

/** Halves of the ofmap scratchpad in order: the cycle (without stalls) whose word fills each; the last may stay part empty. */
export function* halvesOf(folds: ArrayFolds, first: number, outputRows: number, half: number): Generator<Window, void> {
  // Words that have left the array before this fold, and those of full halves.
  let [before, full] = [0, 0];
  for (let c = 0; c < folds.columnParts; c++) {
    for (let r = 0; r < folds.rowParts; r++) {
      const rows = outputRows === 0 ? folds.rowsUsed(r) : outputRows;
      const columns = folds.columnsUsed(c);
      const start = (c * folds.rowParts + r) * folds.cycles + first;
      const words = rows * columns;
      while (before + words >= full + half) {
        full += half;
        yield { at: start + cycleOf(full - before, rows, columns), words: half };
      }
      before += words;
    }
  }
  if (before > full) yield { at: folds.count * folds.cycles - 1, words: before - full };
}

/** The cycle in which word number `wanted` (from 1) leaves a fold of rows × columns, each column a cycle behind the one before. */
function cycleOf(wanted: number, rows: number, columns: number): number {
  let [low, high] = [0, rows + columns - 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (triangle(middle + 1, columns) - triangle(middle + 1 - rows, columns) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Words that have left after so many cycles where columns never end. */
function triangle(cycles: number, columns: number): number {
  const n = Math.min(Math.max(0, cycles), columns);
  return n * Math.max(0, cycles) - (n * (n - 1)) / 2;
}

/** First and last cycle of a way to DRAM, with stalls; cycles before 0 are those before the array begins. */
export interface DramUse {
  readonly start: number;
  readonly stop: number;
  readonly words: number;
}

export interface Service {
  readonly stalls: number;
  /** Cycles that the array has stood still before each mark. */
  readonly stallsBefore: ReadonlyMap<number, number>;
  readonly ifmap: DramUse;
  readonly filter: DramUse;
  readonly ofmap: DramUse;
}

export interface Bandwidths {
  /** Words a cycle of each way in; undefined: whatever the array needs. */
  readonly read: number | undefined;
  readonly write: number | undefined;
  /** Before cycle 0, and of outputs, where the others are undefined. */
  readonly first: number;
  readonly last: number;
}

/** Loads of an operand, one after the other. */
class Loads {
  readonly start: number;
  readonly #windows: Iterator<Window, void>;
  readonly #rate: number | undefined;
  #next: Window | undefined;
  #begun = 0;
  /** The first cycle behind the load of the next window. */
  #end = 0;
  #words = 0;

  constructor(windows: Iterator<Window, void>, { read, first }: Bandwidths) {
    this.#windows = windows;
    this.#rate = read;
    this.#take();
    this.start = -Math.ceil(this.#words / (read ?? first));
  }

  #take(): void {
    this.#next = this.#windows.next().value ?? undefined;
    this.#words += this.#next?.words ?? 0;
  }

  /** Cycle in which the array comes to the next window, without stalls. */
  get at(): number {
    return this.#next?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Loads so far. */
  get use(): DramUse {
    return { start: this.start, stop: this.#end - 1, words: this.#words };
  }

  /** The array comes to the next window in cycle `now`. Returns the cycle in which it begins. */
  begin(now: number): number {
    const begun = this.#rate === undefined ? now : Math.max(now, this.#end);
    this.#take();
    if (this.#next !== undefined) {
      if (this.#rate === undefined) this.#end = this.#next.at;
      else {
        // Both halves are empty in the beginning: the second window follows the first at once.
        const from = this.#begun === 0 ? this.#end : Math.max(this.#end, begun);
        this.#end = from + Math.ceil(this.#next.words / this.#rate);
      }
    }
    this.#begun++;
    return begun;
  }
}

/** @param marks cycles without stalls, of which is asked how long the array has stood still before them */
export function serve(
  windows: { readonly [operand in 'ifmap' | 'filter' | 'ofmap']: Iterator<Window, void> },
  bandwidths: Bandwidths,
  marks: readonly number[],
): Service {
  const [ifmap, filter] = [new Loads(windows.ifmap, bandwidths), new Loads(windows.filter, bandwidths)];
  const writeRate = bandwidths.write ?? bandwidths.last;
  const ahead = [...marks].sort((a, b) => b - a);
  const stallsBefore = new Map<number, number>();
  let stalls = 0;
  const passed = (cycle: number): void => {
    while (ahead.length > 0 && ahead.at(-1)! < cycle) stallsBefore.set(ahead.pop()!, stalls);
  };
  const wait = (at: number, cycles: number): void => {
    if (cycles <= 0) return;
    passed(at);
    stalls += cycles;
  };
  let [drained, written] = [0, 0];
  let start: number | undefined;
  let half = windows.ofmap.next().value;
  while (half || Math.min(ifmap.at, filter.at) < Number.POSITIVE_INFINITY) {
    const next = ifmap.at <= filter.at ? ifmap : filter;
    if (!half || next.at <= half.at) {
      const { at } = next;
      wait(at, next.begin(at + stalls) - (at + stalls));
      continue;
    }
    const following = windows.ofmap.next().value;
    const behind = half.at + stalls + 1;
    // Behind the last half the array writes no more.
    if (following && bandwidths.write !== undefined) wait(half.at + 1, drained - behind);
    const from = Math.max(behind, drained);
    start ??= from;
    drained = from + Math.ceil(half.words / writeRate);
    written += half.words;
    half = following;
  }
  passed(Number.POSITIVE_INFINITY);
  return {
    stalls,
    stallsBefore,
    ifmap: ifmap.use,
    filter: filter.use,
    ofmap: { start: start ?? drained, stop: drained - 1, words: written },
  };
}
