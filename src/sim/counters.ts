/**
 * What a run is counted by. Cycles of a layer: from the end of the last entry of all layers before it in the program to the
 * end of its own last entry (0 where an earlier layer ends later), so that layers and `rest` add up to the total.
 */

import {
  type Actions,
  addLanes,
  type ControlAccount,
  type DmaCost,
  type DramWork,
  type LaneCounts,
  type Lanes,
  NO_ACTIONS,
  NO_LANES,
} from '#timing';
import type { UnitName } from './events.ts';
import type { IdleCycles, Waits } from './idle.ts';

export interface UnitResult {
  readonly name: UnitName;
  /** Number of its core; absent where one core runs. */
  readonly core?: number;
  /** Executing entries, DMA setup and DRAM latency included. busy + idle = total cycles. */
  readonly busy: number;
  readonly idle: number;
  readonly idleBy: Readonly<IdleCycles>;
  /** The cycles under `semaphore` and `sync`, by the producer that was waited for. */
  readonly waits: Readonly<Waits>;
  /** Of a unit that computes, while it executes entries other than semaphores; of all cores. */
  readonly lanes?: Lanes;
  readonly entries: number;
}

/** Executed work, of a layer or of all. */
export interface Work extends Actions {
  /** Bytes inside the bounds. */
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Whole bursts of `dma.burstBytes` as segments need that begin with one. What banks of DRAM moved is in `dram`. */
  readonly readBurstBytes: number;
  readonly writeBurstBytes: number;
  /** Cycles the DRAM channel was taken. */
  readonly channelCycles: number;
  /** P·K·N of every mma. */
  readonly macs: number;
  /** Elements of the index space of every vec. */
  readonly vectorOps: number;
  /** Operations of the matrix unit that are not multiply-accumulates (`mac.linear` of other types). */
  readonly otherOps: number;
  readonly entries: number;
  readonly hostCycles: number;
  /** Of control; those between two queue entries, `sync`s or host calls belong to the layer of the second. */
  readonly instructions: number;
}

export interface LayerResult extends Work {
  readonly cycles: number;
  /** Busy cycles by unit. */
  readonly busy: Readonly<Partial<Record<UnitName, number>>>;
  /** Of units that computed for it. */
  readonly lanes: Readonly<Partial<Record<UnitName, Lanes>>>;
  /** Start of its first entry and end of its last; −1 where it has none. */
  readonly first: number;
  readonly last: number;
  /** Of DRAM in banks. */
  readonly dram?: Readonly<DramWork>;
}

/** What DRAM in banks did. */
export interface DramResult extends Readonly<DramWork> {
  /** Refreshes that came due in the run, of each channel, and the cycles that they take all banks of one. */
  readonly refreshes: number;
  readonly refreshCycles: number;
}

/**
 * Cycles of control by what they went to: instructions themselves, taken branches, waiting for words (fetch), for operands (data), for
 * room in a queue, for all to drain before `sync`, `host` and `halt` and for other cores there and at a `barrier`; `host` also while the host
 * works. They add up to the total, of several cores to as many times the total: one that has ended waits in `halt` for the others.
 */
export type ControlCycles = Readonly<Record<ControlAccount, number>>;

export interface SimulationResult {
  readonly cycles: number;
  readonly control: ControlCycles;
  /** Instructions that control executed. */
  readonly dynamicInstructions: number;
  readonly units: readonly UnitResult[];
  readonly total: Work;
  /** As in program.layers. */
  readonly layers: readonly LayerResult[];
  /** Where DRAM has banks. */
  readonly dram?: DramResult;
  /** Instructions outside all layers; its cycles are those behind the end of the last layer. */
  readonly rest: LayerResult;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type WorkCounters = Mutable<Work>;

const noWork = (): WorkCounters => ({
  readBytes: 0,
  writeBytes: 0,
  readBurstBytes: 0,
  writeBurstBytes: 0,
  channelCycles: 0,
  macs: 0,
  vectorOps: 0,
  otherOps: 0,
  entries: 0,
  hostCycles: 0,
  instructions: 0,
  ...NO_ACTIONS,
});

export function countTransfer(work: WorkCounters, isLoad: boolean, cost: DmaCost): void {
  work.channelCycles += cost.channelCycles;
  if (isLoad) {
    work.readBytes += cost.payloadBytes;
    work.readBurstBytes += cost.dramBytes;
  } else {
    work.writeBytes += cost.payloadBytes;
    work.writeBurstBytes += cost.dramBytes;
  }
}

/** On the way of every queue entry, so written out. */
export function countActions(work: WorkCounters, actions: Actions): void {
  work.nramReadBytes += actions.nramReadBytes;
  work.nramWriteBytes += actions.nramWriteBytes;
  work.wramReadBytes += actions.wramReadBytes;
  work.wramWriteBytes += actions.wramWriteBytes;
  work.accumulatorReadBytes += actions.accumulatorReadBytes;
  work.accumulatorWriteBytes += actions.accumulatorWriteBytes;
  work.sharedReadBytes += actions.sharedReadBytes;
  work.sharedWriteBytes += actions.sharedWriteBytes;
  work.f16Macs += actions.f16Macs;
  work.bf16Macs += actions.bf16Macs;
  work.i8Macs += actions.i8Macs;
  work.i16Macs += actions.i16Macs;
  work.divideOps += actions.divideOps;
  work.transcendentalOps += actions.transcendentalOps;
  work.vectorLaneCycles += actions.vectorLaneCycles;
  work.winogradOps += actions.winogradOps;
}

interface LayerCounters {
  readonly work: WorkCounters;
  readonly busy: Partial<Record<UnitName, number>>;
  readonly lanes: Partial<Record<UnitName, LaneCounts>>;
  first: number;
  last: number;
  dram?: DramWork;
}

/** Counters written out: plain data, the first outside all layers, then by layer. */
export type CountersState = readonly Readonly<LayerCounters>[];

const copyOf = ({ work, busy, lanes, first, last, dram }: Readonly<LayerCounters>): LayerCounters => ({
  work: { ...work },
  busy: { ...busy },
  lanes: Object.fromEntries(Object.entries(lanes).map(([unit, counts]) => [unit, { ...counts }])),
  first,
  last,
  ...(dram && { dram: { ...dram } }),
});

const NO_DRAM: Readonly<DramWork> = { hits: 0, misses: 0, conflicts: 0, cycles: 0, readBytes: 0, writeBytes: 0 };

function addDram(to: DramWork, work: Readonly<DramWork>): void {
  to.hits += work.hits;
  to.misses += work.misses;
  to.conflicts += work.conflicts;
  to.cycles += work.cycles;
  to.readBytes += work.readBytes;
  to.writeBytes += work.writeBytes;
}

/** Counters of all layers while a run goes on; position −1 is outside all. */
export class Counters {
  #layers: LayerCounters[];

  constructor(layers: number) {
    this.#layers = Array.from({ length: layers + 1 }, () => ({
      work: noWork(),
      busy: {},
      lanes: {},
      first: -1,
      last: -1,
    }));
  }

  work(layer: number): WorkCounters {
    return this.#layers[layer + 1]!.work;
  }

  /** Something of a layer ran on a unit, or (undefined) on the host. */
  ran(layer: number, unit: UnitName | undefined, busy: number, start: number, end: number): void {
    const counters = this.#layers[layer + 1]!;
    if (unit !== undefined) counters.busy[unit] = (counters.busy[unit] ?? 0) + busy;
    if (counters.first < 0 || start < counters.first) counters.first = start;
    if (end > counters.last) counters.last = end;
  }

  /** A transfer of a layer was served by banks of DRAM. */
  banks(layer: number, work: Readonly<DramWork>): void {
    const counters = this.#layers[layer + 1]!;
    counters.dram ??= { ...NO_DRAM };
    addDram(counters.dram, work);
  }

  /** All that they did; the state of a machine without banks has none. */
  dram(): DramWork {
    const total = { ...NO_DRAM };
    for (const { dram } of this.#layers) if (dram !== undefined) addDram(total, dram);
    return total;
  }

  /** A unit computes for a layer. */
  computed(layer: number, unit: UnitName, lanes: Lanes): void {
    const counters = this.#layers[layer + 1]!.lanes;
    counters[unit] ??= { ...NO_LANES };
    addLanes(counters[unit], lanes);
  }

  save(): CountersState {
    return this.#layers.map(copyOf);
  }

  restore(state: CountersState): void {
    this.#layers = state.map(copyOf);
  }

  result(cycles: number): Pick<SimulationResult, 'total' | 'layers' | 'rest'> {
    const total = noWork();
    for (const { work } of this.#layers) {
      for (const key of Object.keys(total) as (keyof Work)[]) total[key] += work[key];
    }
    let end = 0;
    const layers = this.#layers.slice(1).map((layer) => {
      const before = end;
      end = Math.max(end, layer.last);
      return layerResult(layer, end - before);
    });
    return { total, layers, rest: layerResult(this.#layers[0]!, cycles - end) };
  }
}

const layerResult = ({ work, busy, lanes, first, last, dram }: LayerCounters, cycles: number): LayerResult => ({
  ...work,
  cycles,
  busy,
  lanes,
  first,
  last,
  ...(dram && { dram }),
});
