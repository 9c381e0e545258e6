/**
 * Whether poolings behind convolutions are done with their tiles, seen from the whole program. Each was fused because that is predicted to
 * be faster than two layers whose values go through DRAM; but values may stay on the chip, where a pooling of its own costs little, and what
 * a fused layer reads and writes takes room there at the same time. So the program without is planned, too, and where it is predicted to be
 * faster, poolings are left to themselves one by one as long as that helps.
 */
import type { GraphNode } from '#ir';
import type { MachineOf } from './nramResidency.ts';
import type { Planner } from './planner.ts';

/** A plan as far as it is compared with others. */
export interface Pooled {
  readonly planner: Planner;
  readonly machineOf: MachineOf;
}

/** Programs of more fused poolings have all or none. */
const MOST_TRIED = 8;

/** @param plan plans the program with those poolings fused that may be */
export function fewerPools<T extends Pooled>(plan: (mayFuse: (pool: GraphNode) => boolean) => T): T {
  const all = plan(() => true);
  const fused = all.planner.fusedPools;
  if (fused.length === 0) return all;
  const none = costed(plan(() => false));
  let best = costed(all);
  if (!isBetter(none, best)) return all;
  let left: readonly GraphNode[] = fused;
  for (const pool of fused.length > MOST_TRIED ? [] : fused) {
    const others = left.filter((p) => p !== pool);
    const without = costed(plan((p) => others.includes(p)));
    if (!isBetter(without, best)) continue;
    best = without;
    left = others;
  }
  return (isBetter(none, best) ? none : best).plan;
}

/** A plan with the nodes that the host does, and the predicted cycles of all other jobs. */
interface Costed<T> {
  readonly plan: T;
  readonly onHost: number;
  readonly cycles: number;
}

function costed<T extends Pooled>(plan: T): Costed<T> {
  const { planner, machineOf } = plan;
  const cycles = planner.jobs.reduce((n, job) => n + (job.predict?.(machineOf(job)) ?? 0), 0);
  const onHost = planner.jobs.reduce((n, job) => n + (job.where === 'host' ? job.nodes.length : 0), 0);
  return { plan, onHost, cycles };
}

/** Nothing is predicted of the host, so that plans are only compared where it does as much. */
const isBetter = (a: Costed<unknown>, b: Costed<unknown>): boolean =>
  a.onHost === b.onHost ? a.cycles < b.cycles : a.onHost < b.onHost;
