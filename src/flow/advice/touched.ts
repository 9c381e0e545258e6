/** Which bytes of the scratchpads a run touches, of the first core: by layer and in all. */
import type { Machine } from '#machine';
import { accessesOf, type Observer, type SimulationEvent } from '#sim';
import type { Scratchpad } from './rule.ts';

const SCRATCHPADS: readonly Scratchpad[] = ['nram', 'wram', 'aram', 'shared'];
export const nothing = (): Record<Scratchpad, number> => ({ nram: 0, wram: 0, aram: 0, shared: 0 });

/** Of each first byte the furthest end: what overlaps is joined when it is asked for. */
type Spans = Map<number, number>;

/** Mutable: give its `observer` to the simulation. */
export class TouchRecorder {
  readonly #machine: Machine;
  readonly #layers = new Map<number, Record<Scratchpad, Spans>>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    if (!('entry' in event) || !('plan' in event) || event.plan === undefined || event.core !== 0) return;
    const { entry, layer } = event;
    if (entry.kind === 'wait' || entry.kind === 'signal' || entry.kind === 'move' || entry.kind === 'compute') return;
    let spans = this.#layers.get(layer);
    if (spans === undefined) {
      spans = { nram: new Map(), wram: new Map(), aram: new Map(), shared: new Map() };
      this.#layers.set(layer, spans);
    }
    for (const access of accessesOf(entry, this.#machine)) {
      if (access.memory === 'dram') continue;
      const of = spans[access.memory];
      for (const { offset, extent } of access.regions) {
        const low = access.address(entry) + offset;
        if ((of.get(low) ?? 0) < low + extent) of.set(low, low + extent);
      }
    }
  };

  /** Bytes touched by a layer. */
  of(layer: number): Record<Scratchpad, number> {
    const spans = this.#layers.get(layer);
    const bytes = nothing();
    if (spans !== undefined) for (const memory of SCRATCHPADS) bytes[memory] = covered([...spans[memory]]);
    return bytes;
  }

  /** Bytes touched by any. */
  all(): Record<Scratchpad, number> {
    const bytes = nothing();
    for (const memory of SCRATCHPADS)
      bytes[memory] = covered([...this.#layers.values()].flatMap((spans) => [...spans[memory]]));
    return bytes;
  }
}

function covered(spans: (readonly [from: number, to: number])[]): number {
  let bytes = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
    bytes += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return bytes;
}
