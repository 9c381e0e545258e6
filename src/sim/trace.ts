/**
 * The architectural trace: for each physical queue the entries it executed, in order, each as its instruction and a hash of
 * its effective operands (addresses, records and parameters as dispatch took them). It does not depend on time, so the
 * functional and the cycle model must give the same one.
 */
import type { QueueEntry } from './entries.ts';
import type { Observer, UnitName } from './events.ts';

export interface TraceStep {
  readonly pc: number;
  readonly hash: number;
}

/** By unit; those of the cores behind the first as `load 1`, `load 2`, … */
export type ArchitecturalTrace = ReadonlyMap<string, readonly TraceStep[]>;

export class TraceRecorder {
  readonly #steps = new Map<string, TraceStep[]>();

  record(unit: UnitName, entry: QueueEntry, core = 0): void {
    const step = { pc: entry.pc, hash: operandHash(entry) };
    const key = core === 0 ? unit : `${unit} ${core}`;
    const steps = this.#steps.get(key);
    if (steps === undefined) this.#steps.set(key, [step]);
    else steps.push(step);
  }

  /** Observer of a cycle simulation that records what units start. */
  readonly observer: Observer = (event) => {
    if ('entry' in event && event.type.endsWith(':start')) this.record(event.unit, event.entry, event.core);
  };

  get trace(): ArchitecturalTrace {
    return this.#steps;
  }
}

/** FNV-1a over 32-bit words (Fowler, Noll, Vo), field by field in alphabetical order of their names. */
export function operandHash(entry: QueueEntry): number {
  let hash = 0x811c9dc5;
  const word = (w: number): void => {
    hash = Math.imul(hash ^ w, 0x01000193);
    hash ^= hash >>> 15;
  };
  for (const [name, value] of Object.entries(entry).sort(([x], [y]) => (x < y ? -1 : 1)) as [string, unknown][]) {
    if (name === 'pc') continue;
    if (typeof value === 'number') word(value | 0);
    else if (typeof value === 'boolean') word(value ? 1 : 0);
    else if (typeof value === 'string') for (let i = 0; i < value.length; i++) word(value.charCodeAt(i));
    else for (const w of value as readonly number[]) word(w | 0);
  }
  return hash >>> 0;
}
