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

/** Parts of a machine that no search looks at: they say what it is called, where it is from, and what its work costs but time. */
const NEVER_SEEN = ['name', 'description', 'sources', 'realizable', 'energy', 'area'] as const;

/**
 * Fields of a machine, by their first part, in which machines had better differ that are compiled for one after the other: those first of which
 * searches see least. Most searches are of contractions, which do not see the vector unit; windows see neither WRAM nor the matrix unit.
 */
export const LEAST_SEEN: readonly string[] = [...NEVER_SEEN, 'vector', 'wram', 'matrix'];

/** Whether most searches see such a field. */
export const isSeen = (path: string): boolean => {
  const part = path.split('.')[0]!;
  return part !== 'vector' && !NEVER_SEEN.some((never) => never === part);
};

/** Machines whose decisions are shared among others; those used last are kept. A sweep meets neighbours soon after each other. */
const MOST_KINDS = 256;

/** Decisions of all machines that look alike to a search, by what it sees of them. */
const ofKinds = new Map<string, Decisions>();
const kinds = new WeakMap<Machine, Map<string, string>>();

/** What is left of a machine to a search that does not look at some parts of it, scratchpads as far as it has them. */
function kindOf(machine: Machine, unseen: readonly (keyof Machine)[]): string {
  const ofMachine = kinds.get(machine) ?? new Map<string, string>();
  kinds.set(machine, ofMachine);
  const named = unseen.join();
  const known = ofMachine.get(named);
  if (known !== undefined) return known;
  const seen: Partial<Record<keyof Machine, unknown>> = { ...machine };
  for (const part of [...NEVER_SEEN, ...unseen]) delete seen[part];
  const kind = JSON.stringify([named, effortFor(machine), seen]);
  ofMachine.set(named, kind);
  return kind;
}

function decisionsOfKind(kind: string): Decisions {
  const decisions = ofKinds.get(kind) ?? new Map<string, unknown>();
  ofKinds.delete(kind);
  ofKinds.set(kind, decisions);
  if (ofKinds.size > MOST_KINDS) ofKinds.delete(ofKinds.keys().next().value!);
  return decisions;
}

export interface Looking {
  /** Whether the key says all that the search looks at but the machine; it does if absent. */
  readonly isSaid?: boolean;
  /** Parts of the machine that it does not look at: machines that differ in nothing else share what it finds. */
  readonly unseen?: readonly (keyof Machine)[] | undefined;
}

/** What a search finds, searched for once. `key` says all that it looks at but the machine. */
export function decided<T>(machine: Machine, key: string, search: () => T, { isSaid = true, unseen }: Looking = {}): T {
  const part = smaller.get(machine);
  const decisions = of(isSaid ? ofMachines : unsaid, part?.whole ?? machine);
  const named = part === undefined ? key : `${part.has} ${key}`;
  if (decisions.has(named)) return decisions.get(named) as T;
  const shared = isSaid && unseen !== undefined ? decisionsOfKind(kindOf(machine, unseen)) : undefined;
  const found = shared?.has(key) === true ? (shared.get(key) as T) : search();
  shared?.set(key, found);
  decisions.set(named, found);
  return found;
}
