/**
 * Banks of the scratchpads: contiguous parts, each of which serves one unit at a time. An entry holds the banks from the first to
 * the last byte of each of its operands, from its start to its end, and starts when no other unit holds any of them. Of entries
 * that could start otherwise and want a bank in common the one that could longest goes first, of those of one cycle that of the
 * unit of lower number; until it goes the others wait, so nobody waits forever. Nobody waits for banks while it holds some, so
 * that those who hold them come to their end: banks add no deadlock.
 */
import { internalError } from '#base';
import type { Machine } from '#machine';
import { wrapped } from './region.ts';
import type { Slot, Unit } from './unit.ts';

/** A bit for each bank. */
interface Held {
  readonly nram: number;
  readonly wram: number;
}

const NOTHING: Held = { nram: 0, wram: 0 };

export class Banks {
  /** Bytes of a bank; undefined where the memory serves all at once. */
  readonly #bytes: { readonly nram: number | undefined; readonly wram: number | undefined };
  readonly #held = new WeakMap<Slot, Held>();

  constructor({ nram, wram }: Pick<Machine, 'nram' | 'wram'>) {
    this.#bytes = {
      nram: nram.banks && nram.bytes / nram.banks,
      wram: wram.banks && wram.bytes / wram.banks,
    };
  }

  /**
   * The cycle at which a unit that could take its head at cycle `from` can start it; infinite while another goes first or holds a
   * bank for a time that is not known yet.
   * @param ready when a unit could take its head, were there no banks
   */
  startCycle(units: readonly Unit[], unit: Unit, from: number, ready: (unit: Unit) => number): number {
    const wanted = this.#of(unit.head);
    if (wanted === NOTHING) return from;
    let at = from;
    for (const other of units) {
      if (other === unit) continue;
      if (other.running !== undefined) {
        if (meet(wanted, this.#of(other.running))) at = Math.max(at, other.end);
        continue;
      }
      if (!meet(wanted, this.#of(other.head))) continue;
      const since = ready(other);
      if (since < from || (since === from && other.index < unit.index)) return Number.POSITIVE_INFINITY;
    }
    return at;
  }

  #of(slot: Slot | undefined): Held {
    if (slot?.plan === undefined) return NOTHING;
    let held = this.#held.get(slot);
    if (held === undefined) {
      held = this.#banksOf(slot);
      this.#held.set(slot, held);
    }
    return held;
  }

  #banksOf({ entry, plan }: Slot): Held {
    const held = { nram: 0, wram: 0 };
    if (entry.kind === 'wait' || entry.kind === 'signal') {
      throw internalError({ what: `'${entry.kind}' was asked for banks` });
    }
    for (const access of plan!.accesses) {
      const { memory } = access;
      if (memory !== 'nram' && memory !== 'wram') continue;
      const bytes = this.#bytes[memory];
      if (bytes === undefined || access.regions.length === 0) continue;
      const from = Math.min(...access.regions.map(({ offset }) => offset));
      const to = Math.max(...access.regions.map(({ offset, extent }) => offset + extent));
      const first = wrapped(access.address(entry) + from);
      const last = Math.floor((first + to - from - 1) / bytes);
      for (let bank = Math.floor(first / bytes); bank <= last; bank++) held[memory] |= 1 << bank;
    }
    return held.nram === 0 && held.wram === 0 ? NOTHING : held;
  }
}

const meet = (a: Held, b: Held): boolean => (a.nram & b.nram) !== 0 || (a.wram & b.wram) !== 0;

/** Of a machine that has some. */
export const banksOf = (machine: Machine): Banks | undefined =>
  machine.nram.banks === undefined && machine.wram.banks === undefined ? undefined : new Banks(machine);
