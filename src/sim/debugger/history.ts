/**
 * Checkpoints of a run in moments, by which a debugger goes back: it restores the last one before its aim and does the
 * moments from there again, which are the same.
 *
 * What they hold is bounded: at most MOST checkpoints and so many bytes; where there would be more, every second one is
 * dropped and the next ones are taken at twice the distance. So going back repeats about a thirtieth of the run so far at
 * most, unless the bytes allow fewer. The first checkpoint always stays.
 */
import type { SimulationState } from '../state.ts';

export interface Checkpoint {
  /** Moments before it. */
  readonly moments: number;
  readonly cycle: number;
  /** Instructions of each core. */
  readonly completed: readonly number[];
  readonly state: SimulationState;
}

const MOST = 64;
/** Moments between two checkpoints at first: more on machines whose scratchpads take long to copy. */
const LEAST_DISTANCE = 1024;
const BYTES_A_MOMENT = 256;

export class History {
  readonly #bytes: number;
  /** By rising moments. */
  #checkpoints: Checkpoint[] = [];
  #distance: number;

  /**
   * @param bytes that checkpoints may hold beside the first
   * @param copied bytes that each has to look through
   */
  constructor(bytes: number, copied: number) {
    this.#bytes = bytes;
    this.#distance = Math.max(LEAST_DISTANCE, Math.ceil(copied / BYTES_A_MOMENT));
  }

  get last(): Checkpoint | undefined {
    return this.#checkpoints.at(-1);
  }

  get length(): number {
    return this.#checkpoints.length;
  }

  /** Whether a run that has come so far should leave a checkpoint. */
  isDue(moments: number): boolean {
    const { last } = this;
    return last === undefined || moments - last.moments >= this.#distance;
  }

  add(checkpoint: Checkpoint): void {
    this.#checkpoints.push(checkpoint);
    while (this.#checkpoints.length > 1 && (this.#checkpoints.length > MOST || this.bytes() > this.#bytes)) {
      this.#checkpoints = this.#checkpoints.filter((_, i) => i % 2 === 0);
      this.#distance *= 2;
    }
  }

  /** The last one of those that come first and hold; the first one always does. */
  lastWhere(holds: (checkpoint: Checkpoint) => boolean): Checkpoint {
    const end = this.#checkpoints.findIndex((c, i) => i > 0 && !holds(c));
    return this.#checkpoints.at(end < 0 ? -1 : end - 1)!;
  }

  /** Bytes that they hold beside the first. */
  bytes(): number {
    const seen = new Set<object>();
    let first = 0;
    let all = 0;
    for (const { state } of this.#checkpoints) {
      all += bytesOf(state, seen);
      first ||= all;
    }
    return all - first;
  }
}

/** Bytes of a state that are not in those seen before. Numbers in arrays count 8, objects a guess. */
function bytesOf({ processor, counters, hazards, numbers }: SimulationState, seen: Set<object>): number {
  const isNew = (part: object): boolean => !seen.has(part) && seen.add(part) !== undefined;
  let bytes = 300 * counters.length;
  for (const { control, units } of processor.cores) {
    bytes += 2000 + control.scalarMemory.byteLength;
    for (const unit of units) bytes += 200 + 100 * unit.queue.length;
  }
  if (numbers !== undefined) {
    const pads = numbers.pads.flatMap(({ nram, wram, aram }) => [nram, wram, aram]);
    for (const piece of [...pads, ...numbers.shared].flat()) if (isNew(piece)) bytes += piece.length;
    const { pages, changedConstants } = numbers.dram;
    for (const chunk of [...pages, ...changedConstants]) if (isNew(chunk)) bytes += chunk.bytes.length;
  }
  if (hazards !== undefined) {
    for (const { pages } of Object.values(hazards.writes).flat()) {
      bytes += 8 * pages.length;
      for (const page of pages) if (page !== undefined && isNew(page)) bytes += 40 * page.ends.length;
    }
    for (const pages of Object.values(hazards.reads).flat()) {
      for (const page of pages.values()) {
        if (isNew(page)) for (const reads of page) bytes += 200 * (reads?.byBytes.size ?? 0);
      }
    }
  }
  return bytes;
}
