/**
 * Transfers to and from SharedRAM, which stand in the link's queue. Towards the units that compute, the transfer queues speak for it:
 * load sends the link off and waits until it is done, and a store does so through load. So a nest is the same wherever its values lie.
 */
import type { Emitter } from './emitter.ts';

/** Semaphores: load → link and back; store → load and back, which are those of copies, whose results stay in DRAM. */
const RELAY = { go: 14, done: 15, stored: 12, taken: 11 } as const;

/** `wait` and `signal` entries of a transfer to or from SharedRAM in each queue. */
export const RELAYED = {
  get: { load: 2, store: 0, link: 2 },
  put: { load: 4, store: 2, link: 2 },
} as const;

/** Emits a transfer of the link in the place of one of load or store. */
export function emitRelayed(e: Emitter, kind: 'get' | 'put', transfer: () => void): void {
  if (kind === 'put') {
    e.signal('store', RELAY.stored);
    e.wait('load', RELAY.stored);
  }
  e.signal('load', RELAY.go);
  e.wait('link', RELAY.go);
  transfer();
  e.signal('link', RELAY.done);
  e.wait('load', RELAY.done);
  if (kind === 'put') {
    e.signal('load', RELAY.taken);
    e.wait('store', RELAY.taken);
  }
}
