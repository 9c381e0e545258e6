/**
 * A simulation written out between two of its steps: plain data, from which another simulation of the same program goes on as
 * this one would have. It survives `structuredClone`, so it can go to another thread or be kept. States share what did not
 * change between them (pages of DRAM, pieces of scratchpads, pages of the hazard detector) and are never changed.
 */
import { diagnostic } from '#base';
import type { Program } from '#isa';
import type { DramState } from '#timing';
import type { ControlState } from './control.ts';
import type { CountersState, SimulationResult } from './counters.ts';
import type { HazardsState } from './hazards.ts';
import type { NumbersState } from './numbers.ts';
import type { TrackedState } from './scoreboard.ts';
import type { SemaphoreState } from './semaphores.ts';
import type { SlotState, UnitState } from './unit.ts';

const otherCheckpoint = diagnostic<{ program: string }>('SYS-SIM-050', 'usage', {
  en: (p) =>
    `the checkpoint does not belong to this simulation of '${p.program}': it was saved by one of another program or machine, ` +
    'or of another fidelity (data, hazards). Restore it into a simulation created as that one was.',
  zh: (p) =>
    `该检查点不属于“${p.program}”的这次仿真：它来自另一个程序或机器，或另一种仿真方式（data、hazards）。请恢复到以相同方式创建的仿真中。`,
});

/** What control is blocked by. */
export type Cause = 'queue' | 'sync' | 'barrier' | 'host' | 'halt';

/** Control, queues, units and semaphores of a core. */
export interface CoreState {
  readonly blocked: Cause | undefined;
  /** Cycles that control has waited. */
  readonly waited: Readonly<Record<Cause, number>>;
  /** The cycle since which it waits for the other cores, or has ended; undefined where it does neither. */
  readonly arrived: number | undefined;
  /** Instructions that the counters know of. */
  readonly counted: number;
  /** What control could not dispatch into a full queue. */
  readonly pending: SlotState | undefined;
  readonly control: ControlState;
  readonly units: readonly UnitState[];
  readonly semaphores: readonly SemaphoreState[];
  /** Absent where the machine has none. */
  readonly scoreboard: readonly TrackedState[] | undefined;
}

/** The cores and the chip around them: all but the numbers. */
export interface ProcessorState {
  readonly cores: readonly CoreState[];
  /** All events before this cycle have happened; where `settled`, all of this cycle too. */
  readonly now: number;
  readonly settled: boolean;
  /** The DRAM channel can be granted from this cycle on. */
  readonly channelFree: number;
  /** Where DRAM has banks. */
  readonly dram: DramState | undefined;
  /** When the one port of each SharedRAM can be granted; empty where cores have links of their own. */
  readonly portsFree: readonly number[];
  /** The host works on part `control.part` of the cores. */
  readonly atHost: boolean;
}

export interface SimulationState {
  /** Of the program it belongs to. */
  readonly fingerprint: number;
  readonly processor: ProcessorState;
  readonly counters: CountersState;
  /** Absent where none are detected. */
  readonly hazards: HazardsState | undefined;
  /** Absent where only time is counted. */
  readonly numbers: NumbersState | undefined;
  readonly result: SimulationResult | undefined;
}

/** A hash of a program's words, machine and cores (FNV-1a: Fowler, Noll, Vo). */
export function fingerprintOf({ words, machine, cores }: Program): number {
  let hash = 0x811c9dc5;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193);
    hash ^= hash >>> 15;
  };
  for (const half of new Int32Array(words.buffer, words.byteOffset, 2 * words.length)) mix(half);
  mix(cores ?? 0);
  const text = JSON.stringify(machine);
  for (let i = 0; i < text.length; i++) mix(text.charCodeAt(i));
  return hash >>> 0;
}

/**
 * @param like the simulation that is to go on from the state
 * @throws SYS-SIM-050 a state of another program or fidelity
 */
export function checkState(
  state: SimulationState,
  like: Readonly<Record<'fingerprint' | 'hazards' | 'numbers', unknown>>,
  program: Program,
): void {
  const keys = ['hazards', 'numbers'] as const;
  const isAlike = keys.every((key) => (state[key] === undefined) === (like[key] === undefined));
  if (state.fingerprint !== like.fingerprint || !isAlike) throw otherCheckpoint({ program: program.name });
}
