/**
 * What the cycle model narrates, after each change of state. Cycles of one source (a unit, control) never go back; control
 * runs ahead of the units by what its queues hold, so between sources they may.
 */
import type { UnitName } from '#isa';
import type { DramWork } from '#timing';
import type { QueueEntry } from './entries.ts';
import type { Plan } from './plan.ts';

/** Physical units; `dma` is the shared one of machines with one DMA queue. */
export type { UnitName };

interface AtInstruction {
  readonly cycle: number;
  /** Number of the core; 0 where one core runs, and of what concerns all. */
  readonly core: number;
  readonly pc: number;
  /** Position in program.layers, −1 outside all. */
  readonly layer: number;
}

/** Control put an entry into the queue of a unit. */
export interface Dispatch extends AtInstruction {
  readonly type: 'dispatch';
  readonly unit: UnitName;
}

/** A unit took an entry from its queue. */
export interface EntryStart extends AtInstruction {
  readonly type: `${QueueEntry['kind']}:start`;
  readonly unit: UnitName;
  readonly entry: QueueEntry;
  /** Cycle of its dispatch. */
  readonly ready: number;
}

/** A unit completed an entry. */
export interface EntryEnd extends AtInstruction {
  readonly type: `${QueueEntry['kind']}:end`;
  readonly unit: UnitName;
  readonly entry: QueueEntry;
  /** Cycle of its start. */
  readonly start: number;
  /** Cycles that it waited for the DRAM channel, and those that it took longer for banks behind it. */
  readonly waited: number;
  readonly stalled: number;
  /** Its cost and work; absent for semaphores. */
  readonly plan: Plan | undefined;
}

/** A transfer got the DRAM channel, or the one port of a SharedRAM. */
export interface ChannelGrant extends AtInstruction {
  readonly type: 'channel:grant';
  readonly unit: UnitName;
  readonly channel: 'dram' | 'port';
  /** Cycles it had waited for it. */
  readonly waited: number;
  /** Cycles it will hold it, for so many bytes. */
  readonly taken: number;
  readonly bytes: number;
  /** Into DRAM or SharedRAM, or out of it. */
  readonly isWrite: boolean;
  /** What it will do to the banks of DRAM. */
  readonly dram?: Readonly<DramWork>;
}

/** Control had to wait before a full queue, for all queues to drain or for other cores (told when it goes on); and goes on. */
export interface ControlEvent extends AtInstruction {
  readonly type: 'control:stall' | 'control:resume';
  readonly cause: 'queue' | 'sync' | 'barrier' | 'host' | 'halt';
}

export interface HostEvent extends AtInstruction {
  readonly type: 'host:start' | 'host:end';
  readonly part: number;
  readonly name: string;
}

/** A core has ended; the run ends with the last. */
export interface HaltEvent extends AtInstruction {
  readonly type: 'halt';
}

export type SimulationEvent = Dispatch | EntryStart | EntryEnd | ChannelGrant | ControlEvent | HostEvent | HaltEvent;
export type Observer = (event: SimulationEvent) => void;
