/**
 * What searches found for a machine. Networks repeat their shapes, so it is kept as long as the machine is, by all that the search
 * looked at; it is plain data, which `flow` writes down for the next process (`flow/compilationCache.ts`).
 */
import type { Machine } from '#machine';

/** By the name of the search and what it looked at, in the order in which they were made. undefined: nothing fits. */
export type Decisions = Map<string, unknown>;

const ofMachines = new WeakMap<Machine, Decisions>();
/** What is not said in full by its key, and therefore left out of what is written down. */
const unsaid = new WeakMap<Machine, Decisions>();

/** Of this machine alone: compiling for a part of its cores is compiling for another (`firstCores`). */
export const decisionsFor = (machine: Machine): Decisions => of(ofMachines, machine);

function of(all: WeakMap<Machine, Decisions>, machine: Machine): Decisions {
  const known = all.get(machine) ?? new Map<string, unknown>();
  all.set(machine, known);
  return known;
}

export const EFFORTS = ['quick', 'full'] as const;
/** How long schedules are looked for: for one program that is run, or for one of thousands that are compared. */
export type Effort = (typeof EFFORTS)[number];

const quick = new WeakSet<Machine>();

/** The same machine, for which schedules are looked for quickly. */
export function lookedForQuickly(machine: Machine): Machine {
  const same = { ...machine };
  quick.add(same);
  return same;
}

/** How long schedules are looked for, for a machine or one with less of its scratchpads. */
export const effortFor = (machine: Machine): Effort =>
  quick.has(smaller.get(machine)?.whole ?? machine) ? 'quick' : 'full';

/** Machines that are others but for what scratchpads they have, and what they have. */
const smaller = new WeakMap<Machine, { readonly whole: Machine; readonly has: string }>();

/** A machine with less NRAM; what is found for it is kept with what is found for the whole one. */
export const withNram = (whole: Machine, bytes: number): Machine =>
  lessOf(whole, { ...whole, nram: { ...whole.nram, bytes } }, `nram ${bytes}`);

/** The same with less WRAM. */
export const withWram = (whole: Machine, bytes: number): Machine =>
  bytes === whole.wram.bytes ? whole : lessOf(whole, { ...whole, wram: { ...whole.wram, bytes } }, `wram ${bytes}`);

function lessOf(of: Machine, machine: Machine, has: string): Machine {
  const part = smaller.get(of);
  smaller.set(machine, { whole: part?.whole ?? of, has: part === undefined ? has : `${part.has} ${has}` });
  return machine;
}

/**
 * What a search finds, searched for once. `key` says all that it looks at but the machine.
 * @param isSaid false where it looks at more than `key` says
 */
export function decided<T>(machine: Machine, key: string, search: () => T, isSaid = true): T {
  const part = smaller.get(machine);
  const decisions = of(isSaid ? ofMachines : unsaid, part?.whole ?? machine);
  const named = part === undefined ? key : `${part.has} ${key}`;
  if (!decisions.has(named)) decisions.set(named, search());
  return decisions.get(named) as T;
}
