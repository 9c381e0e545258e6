/**
 * Values that stay in SharedRAM between layers, so that they do not cross the DRAM channel: what layers make for other layers, as far
 * as it fits, those first that spare most traffic for the room and the time they take. On chips of one cluster, since a SharedRAM is
 * seen by the cores of its own.
 */
import { clustersOf, type Machine } from '#machine';
import { firstFit } from './allocate.ts';
import type { Job, Planner } from './planner.ts';
import type { Buffer, View } from './views.ts';

/** Whether a core moves as much between SharedRAM and its scratchpads as DRAM gives to all. */
function isFaster({ cluster, dram }: Machine): boolean {
  const { link } = cluster!.sharedRam;
  return link.bytes * dram.bandwidth.cycles >= dram.bandwidth.bytes * link.cycles;
}

/** Gives values their places in SharedRAM. @param outputs views that the host reads at the end */
export function keepInShared(p: Planner, outputs: readonly View[]): void {
  const { machine } = p;
  if (machine.cluster === undefined || clustersOf(machine) > 1 || !isFaster(machine)) return;
  // Whoever has left since leaves room.
  for (const b of p.buffers) if (b.home === 'shared') delete b.home;
  const uses = usesOf(p.jobs);
  const inDram = neverMoved(p.jobs, outputs);
  const capacity = machine.cluster.sharedRam.bytes;
  const worth = (b: Buffer): number => (uses.get(b) ?? 0) / (b.last - b.first + 1);
  const candidates = p.buffers
    .filter(
      (b) => !b.pinned && b.last >= 0 && b.bytes > 0 && b.bytes <= capacity && b.home === undefined && !inDram.has(b),
    )
    .sort((a, b) => worth(b) - worth(a) || a.first - b.first || b.bytes - a.bytes);
  const placed: Buffer[] = [];
  for (const b of candidates) {
    const at = firstFit(b, placed, 0);
    if (at + b.bytes > capacity) continue;
    b.home = 'shared';
    b.address = at;
    placed.push(b);
  }
}

/** What must lie in DRAM: what the host touches, and what copies leave. */
export function neverMoved(jobs: readonly Job[], outputs: readonly View[]): ReadonlySet<Buffer> {
  const inDram = new Set<Buffer>(outputs.map((v) => v.buffer));
  for (const job of jobs) {
    for (const v of job.where === 'host' ? [...job.reads, ...job.writes] : job.where === 'dma' ? job.writes : [])
      inDram.add(v.buffer);
  }
  return inDram;
}

/** How many jobs read or write each buffer. */
export function usesOf(jobs: readonly Job[]): ReadonlyMap<Buffer, number> {
  const uses = new Map<Buffer, number>();
  for (const { reads, writes } of jobs) {
    for (const b of new Set([...reads, ...writes].map((v) => v.buffer))) uses.set(b, (uses.get(b) ?? 0) + 1);
  }
  return uses;
}
