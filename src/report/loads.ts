/**
 * What each instruction of a run keeps its unit busy for: collected from the events while it goes, in memory that follows the length of the
 * program and not of the run. Waiting for the DRAM channel and its banks is no work; `wait`, `signal` and what control executes itself are no load.
 */
import { instructionText, type Program } from '#isa';
import type { Observer, SimulationEvent, UnitName } from '#sim';
import { type LoadBalance, type LoadCounts, loadBalance, splitLoads } from './analytic/loadBalance.ts';

/** Cycles of the executions of one instruction. */
export interface InstructionLoad extends LoadBalance {
  readonly instruction: number;
  readonly text: string;
  readonly unit: UnitName;
  readonly min: number;
  /** All executions together. */
  readonly cycles: number;
}

export interface UnitLoads {
  readonly unit: UnitName;
  readonly balance: LoadBalance;
  /** The same, every execution cut into tiles of at most `tile` cycles. */
  readonly split: LoadBalance;
}

export interface LoadReport {
  /** Cycles of a tile. */
  readonly tile: number;
  /** In the order of the program. */
  readonly instructions: readonly InstructionLoad[];
  readonly units: readonly UnitLoads[];
}

interface Recorded {
  readonly unit: UnitName;
  /** Executions by their cycles. */
  readonly counts: Map<number, number>;
}

export class LoadRecorder {
  readonly #recorded = new Map<number, Recorded>();

  readonly observer: Observer = (event: SimulationEvent) => {
    if (!('start' in event)) return;
    const { unit, pc, cycle, start, waited, stalled, entry } = event;
    if (entry.kind === 'wait' || entry.kind === 'signal') return;
    let recorded = this.#recorded.get(pc);
    if (recorded === undefined) {
      recorded = { unit, counts: new Map() };
      this.#recorded.set(pc, recorded);
    }
    const load = cycle - start - waited - stalled;
    recorded.counts.set(load, (recorded.counts.get(load) ?? 0) + 1);
  };

  /** @param tile cycles that no tile is longer than where instructions are split */
  report({ words }: Program, tile: number): LoadReport {
    const all = [...this.#recorded].sort(([a], [b]) => a - b);
    const instructions = all.map(([instruction, { unit, counts }]) => {
      const balance = loadBalance(counts);
      const min = Math.min(...counts.keys());
      const text = instructionText(words[instruction]!, instruction);
      return { instruction, text, unit, min, cycles: balance.mean * balance.count, ...balance };
    });
    const units = [...Map.groupBy(all, ([, { unit }]) => unit)].map(([unit, list]) => {
      const counts = merged(list.map(([, recorded]) => recorded.counts));
      return { unit, balance: loadBalance(counts), split: loadBalance(splitLoads(counts, tile)) };
    });
    return { tile, instructions, units };
  }
}

function merged(all: readonly LoadCounts[]): LoadCounts {
  const sum = new Map<number, number>();
  for (const counts of all) for (const [load, times] of counts) sum.set(load, (sum.get(load) ?? 0) + times);
  return sum;
}
