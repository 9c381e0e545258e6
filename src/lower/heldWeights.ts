/**
 * Constant weights that stay in WRAM through several layers: those of a recurrent network at every step, of branches that share them.
 * The first of the layers that have them loads them whole, the others find them there, so that they cross the DRAM channel once.
 *
 * Each such set has a place of its own, from the end of WRAM down, from its first layer to its last. What is left is what the layers
 * between have for theirs; a set is held only if all layers together that run meanwhile are predicted to take less time.
 */
import { cyclesAtRate } from '#timing';
import { firstFit } from './allocate.ts';
import type { Job, Planner } from './planner.ts';
import { align } from './stream.ts';

/** Weights of layers, in the order in which these run. */
interface Shared {
  readonly jobs: readonly number[];
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Layers with weights of their own are searched anew for what is left of WRAM: at most so many for each that finds its weights. */
const MOST_BETWEEN = 4;

/** Decides which weights are held, and where. */
export function holdWeights({ machine, jobs }: Planner): void {
  const room = Math.floor(machine.wram.bytes / 64) * 64;
  const held: (Shared & { readonly address: number })[] = [];
  for (const shared of sharedWeights(jobs, room)) {
    const { first, last, bytes } = shared;
    // Places count from the end.
    const at = firstFit(
      shared,
      held.map((h) => ({ ...h, address: room - h.address - h.bytes })),
      0,
    );
    if (at + bytes > room) continue;
    const address = room - at - bytes;
    const between = jobs.slice(first, last + 1).filter((job) => job.where === 'matrix');
    // The Winograd unit's weights lie anywhere.
    if (between.some((job) => job.wram === undefined)) continue;
    const own = new Set(shared.jobs.map((j) => jobs[j]!));
    const strangers = between.filter((job) => !own.has(job) && job.wram!.held === undefined);
    if (strangers.length > MOST_BETWEEN * own.size) continue;
    const cycles = (): number =>
      [...own, ...strangers].reduce((n, job) => n + (job.predict?.(machine) ?? Number.POSITIVE_INFINITY), 0);
    const before = cycles();
    const rooms = between.map((job) => job.wram!.room);
    for (const job of between) job.wram!.room = Math.min(job.wram!.room, address);
    for (const job of own) job.wram!.held = { address, bytes };
    if (cycles() + cyclesAtRate(bytes, machine.dram.bandwidth) < before) {
      held.push({ ...shared, address });
      continue;
    }
    between.forEach((job, i) => {
      job.wram!.room = rooms[i]!;
    });
    for (const job of own) delete job.wram!.held;
  }
}

/** Weights that several jobs have and that fit whole; those first that spare most traffic. */
function sharedWeights(jobs: readonly Job[], room: number): readonly Shared[] {
  const alike = new Map<string, number[]>();
  jobs.forEach(({ wram }, i) => {
    if (wram?.weights !== undefined) alike.set(wram.weights, [...(alike.get(wram.weights) ?? []), i]);
  });
  return [...alike.values()]
    .filter((all) => all.length > 1)
    .flatMap((all): Shared[] => {
      const bytes = jobs[all[0]!]!.wram!.wholeBytes();
      if (bytes === undefined || align(bytes) > room) return [];
      return [{ jobs: all, bytes: align(bytes), first: all[0]!, last: all.at(-1)! }];
    })
    .sort((a, b) => b.bytes * (b.jobs.length - 1) - a.bytes * (a.jobs.length - 1));
}
