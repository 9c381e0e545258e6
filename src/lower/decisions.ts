/**
 * What searches found for a machine. Networks repeat their shapes, so it is kept as long as the machine is, by all that the search
 * looked at; it is plain data, which `flow` writes down for the next process (`flow/compilationCache.ts`).
 */
import type { Machine } from '#machine';

/** By the name of the search and what it looked at, in the order in which they were made. undefined: nothing fits. */
export type Decisions = Map<string, unknown>;

const ofMachines = new WeakMap<Machine, Decisions>();

/** Of this machine alone: compiling for a part of its cores is compiling for another (`firstCores`). */
export function decisionsFor(machine: Machine): Decisions {
  const known = ofMachines.get(machine) ?? new Map<string, unknown>();
  ofMachines.set(machine, known);
  return known;
}

/** What a search finds, searched for once. `key` says all that it looks at but the machine. */
export function decided<T>(machine: Machine, key: string, search: () => T): T {
  const decisions = decisionsFor(machine);
  if (!decisions.has(key)) decisions.set(key, search());
  return decisions.get(key) as T;
}
