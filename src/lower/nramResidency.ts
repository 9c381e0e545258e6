/**
 * Values that stay in NRAM between layers of one core: the unit that makes one writes its tiles where they belong in the whole tensor,
 * and the units that read it find them there, so that it crosses no channel and waits for none. Those first that spare most traffic for
 * the room and the time they take; each only if all layers together that run while it lives are predicted to take less time, for the
 * room it takes is missing for their tiles.
 */
import { coresOf, type Machine } from '#machine';
import { firstFit } from './allocate.ts';
import { withNram } from './decisions.ts';
import type { Job, Planner } from './planner.ts';
import { neverMoved, usesOf } from './residency.ts';
import { align } from './stream.ts';
import type { Buffer, View } from './views.ts';

/** Sizes of what is left of NRAM are told apart in so many steps, so that searches for one serve others. */
const STEPS = 64;

/** The machine as a job finds it. */
export type MachineOf = (job: Job) => Machine;

/**
 * Gives values their places in NRAM, from its end down, where that is better than where they lie, in DRAM or SharedRAM.
 * @param outputs views that the host reads at the end
 */
export function keepInNram(p: Planner, outputs: readonly View[]): MachineOf {
  const { machine, jobs } = p;
  if (coresOf(machine) > 1) return () => machine;
  const room = new Room(machine, jobs.length);
  const inDram = neverMoved(jobs, outputs);
  const uses = usesOf(jobs);
  const cycles = jobs.map((job) => job.predict?.(machine));
  const worth = (b: Buffer): number => (uses.get(b) ?? 0) / (b.last - b.first + 1);
  const candidates = p.buffers
    .filter((b) => !b.pinned && b.last >= 0 && b.bytes <= machine.nram.bytes && !inDram.has(b))
    .sort((a, b) => worth(b) - worth(a) || a.first - b.first || b.bytes - a.bytes);
  for (const b of candidates) {
    const at = room.placeFor(b);
    if (at === undefined) continue;
    const elsewhere = b.home;
    b.home = 'nram';
    const smaller = room.with(b, at);
    const now = new Map<number, number | undefined>();
    let gain = 0;
    for (let j = b.first; j <= b.last && gain > Number.NEGATIVE_INFINITY; j++) {
      const job = jobs[j]!;
      if (job.where === 'host' || (!touches(job, b) && smaller.machineAt(j) === room.machineAt(j))) continue;
      now.set(j, job.predict?.(smaller.machineAt(j)));
      gain += (cycles[j] ?? Number.NEGATIVE_INFINITY) - (now.get(j) ?? Number.POSITIVE_INFINITY);
    }
    if (!(gain > 0)) {
      if (elsewhere === undefined) delete b.home;
      else b.home = elsewhere;
      continue;
    }
    b.address = room.addressOf(b, at);
    for (const [j, c] of now) cycles[j] = c;
    room.take(b, at);
  }
  const index = new Map(jobs.map((job, j) => [job, j]));
  return (job) => room.machineAt(index.get(job)!);
}

const touches = ({ reads, writes }: Job, b: Buffer): boolean =>
  reads.some((v) => v.buffer === b) || writes.some((v) => v.buffer === b);

/** What is left of NRAM while each job runs; places count from the end. */
class Room {
  readonly #machine: Machine;
  readonly #placed: Buffer[] = [];
  /** Bytes taken while a job runs. */
  readonly #taken: number[];
  readonly #machines: Map<number, Machine>;

  constructor(machine: Machine, jobs: number, from?: Room) {
    this.#machine = machine;
    this.#taken = from === undefined ? new Array<number>(jobs).fill(0) : [...from.#taken];
    this.#machines = from === undefined ? new Map([[0, machine]]) : from.#machines;
  }

  get #bytes(): number {
    return Math.floor(this.#machine.nram.bytes / 64) * 64;
  }

  /** Where a buffer could lie; undefined where it does not fit. */
  placeFor(b: Buffer): number | undefined {
    const at = firstFit({ ...b, bytes: align(b.bytes) }, this.#placed, 0);
    return at + align(b.bytes) <= this.#bytes ? at : undefined;
  }

  addressOf(b: Buffer, at: number): number {
    return this.#bytes - at - align(b.bytes);
  }

  take(b: Buffer, at: number): void {
    this.#placed.push({ ...b, bytes: align(b.bytes), address: at });
    for (let j = b.first; j <= b.last; j++) this.#taken[j] = Math.max(this.#taken[j]!, at + align(b.bytes));
  }

  /** What would be left. */
  with(b: Buffer, at: number): Room {
    const room = new Room(this.#machine, this.#taken.length, this);
    room.take(b, at);
    return room;
  }

  /** The machine with what is left while a job runs. */
  machineAt(job: number): Machine {
    const step = this.#bytes / STEPS;
    const steps = Math.ceil((this.#taken[job] ?? 0) / step);
    const known = this.#machines.get(steps);
    if (known !== undefined) return known;
    const bytes = Math.floor(this.#bytes - steps * step);
    const machine = withNram(this.#machine, bytes);
    this.#machines.set(steps, machine);
    return machine;
  }
}
