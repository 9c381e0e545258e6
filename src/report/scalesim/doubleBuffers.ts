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
  words: number;
}

export function windowsOf(folds: ArrayFolds, demand: Demand, half: number): Window[] {
  if (demand.all <= half) return [{ at: demand.first, words: demand.all }];
  const windows: Window[] = [];
  const held = new Set<number>();
  let current: Window | undefined;
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
      held.clear();
      current = undefined;
      const words = demand.words(r, r + 1, c);
      const at = (c * folds.rowParts + r) * folds.cycles + demand.first;
      if (words <= half) {
        current = { at, words };
        windows.push(current);
        [from, to, column, before] = [r, r + 1, c, 0];
        held.add(id);
        continue;
      }
      const pieces = Math.ceil(words / half);
      for (let i = 0; i < pieces; i++) {
        windows.push({ at: at + Math.floor((i * demand.span) / pieces), words: Math.min(half, words - i * half) });
      }
    }
  }
  return windows;
}

/** Halves of the ofmap scratchpad in order: the cycle (without stalls) whose word fills each; the last may stay part empty. */
export function halvesOf(folds: ArrayFolds, first: number, outputRows: number, half: number): Window[] {
  const halves: Window[] = [];
  let before = 0;
  for (let c = 0; c < folds.columnParts; c++) {
    for (let r = 0; r < folds.rowParts; r++) {
      const rows = outputRows === 0 ? folds.rowsUsed(r) : outputRows;
      const columns = folds.columnsUsed(c);
      const start = (c * folds.rowParts + r) * folds.cycles + first;
      const words = rows * columns;
      while (before + words >= (halves.length + 1) * half) {
        const wanted = (halves.length + 1) * half - before;
        halves.push({ at: start + cycleOf(wanted, rows, columns), words: half });
      }
      before += words;
    }
  }
  const rest = before - halves.length * half;
  if (rest > 0) halves.push({ at: folds.count * folds.cycles - 1, words: rest });
  return halves;
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
  /** Cycles that the array has stood still before a cycle that is counted without them. */
  readonly stallsBefore: (cycle: number) => number;
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
  readonly words: number;
  readonly #windows: readonly Window[];
  readonly #rate: number | undefined;
  #next = 0;
  /** The first cycle behind the load of window `#next`. */
  #end = 0;

  constructor(windows: readonly Window[], { read, first }: Bandwidths) {
    this.#windows = windows;
    this.#rate = read;
    this.start = -Math.ceil(windows[0]!.words / (read ?? first));
    this.words = windows.reduce((sum, w) => sum + w.words, 0);
  }

  /** Without stalls. */
  get at(): number {
    return this.#windows[this.#next]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Last cycle of the loads so far. */
  get stop(): number {
    return this.#end - 1;
  }

  /** The array comes to the next window in cycle `now`. Returns the cycle in which it begins. */
  begin(now: number): number {
    const begun = this.#rate === undefined ? now : Math.max(now, this.#end);
    const following = this.#windows[++this.#next];
    if (following !== undefined) {
      if (this.#rate === undefined) this.#end = following.at;
      else {
        // Both halves are empty in the beginning: the second window follows the first at once.
        const from = this.#next === 1 ? this.#end : Math.max(this.#end, begun);
        this.#end = from + Math.ceil(following.words / this.#rate);
      }
    }
    return begun;
  }
}

export function serve(
  ifmap: readonly Window[],
  filter: readonly Window[],
  ofmap: readonly Window[],
  cycles: number,
  bandwidths: Bandwidths,
): Service {
  const reads = [new Loads(ifmap, bandwidths), new Loads(filter, bandwidths)] as const;
  const writeRate = bandwidths.write ?? bandwidths.last;
  const stood: { readonly at: number; readonly stalls: number }[] = [];
  let stalls = 0;
  const wait = (at: number, cycles: number): void => {
    if (cycles <= 0) return;
    stalls += cycles;
    stood.push({ at, stalls });
  };
  let drained = 0;
  let start: number | undefined;
  let written = 0;
  for (;;) {
    const next = reads[0].at <= reads[1].at ? reads[0] : reads[1];
    const half = ofmap[written];
    if (half === undefined && next.at === Number.POSITIVE_INFINITY) break;
    if (half === undefined || next.at <= half.at) {
      const { at } = next;
      wait(at, next.begin(at + stalls) - (at + stalls));
      continue;
    }
    const behind = half.at + stalls + 1;
    const isLast = ++written === ofmap.length;
    // Behind the last half the array writes no more.
    if (!isLast && bandwidths.write !== undefined) wait(half.at + 1, drained - behind);
    const from = Math.max(behind, drained);
    start ??= from;
    drained = from + Math.ceil(half.words / writeRate);
  }
  const use = (loads: Loads): DramUse => ({ start: loads.start, stop: loads.stop, words: loads.words });
  return {
    stalls,
    stallsBefore: (cycle) => stood.findLast((s) => s.at <= cycle)?.stalls ?? 0,
    ifmap: use(reads[0]),
    filter: use(reads[1]),
    ofmap: { start: start ?? cycles, stop: drained - 1, words: ofmap.reduce((sum, w) => sum + w.words, 0) },
  };
}
