/** Cost of one host call: the call itself, its tensors over the link, and the work of its nodes. */
import type { Machine } from '#machine';
import { cyclesAtRate } from './rate.ts';

export interface HostWork {
  /** Bytes of all input and output tensors. */
  readonly bytes: number;
  readonly macs: number;
  /** Elementary operations that are no MACs, at least one for each element that its nodes produce. */
  readonly elements: number;
}

export const hostCycles = ({ host }: Machine, work: HostWork): number =>
  host.latencyCycles +
  cyclesAtRate(work.bytes, host.link) +
  Math.ceil(work.macs / host.macsPerCycle + work.elements / host.elementsPerCycle);
