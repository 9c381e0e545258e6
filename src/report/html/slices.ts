/**
 * What each unit did when, kept small: columns of numbers instead of objects, and where a run has more slices than are wanted, short
 * neighbours of one layer become one slice that says how much of it was work and how much was waiting. Nothing is dropped.
 */
import type { Observer, SimulationEvent } from '#sim';
import { ByteWriter } from './bytes.ts';

export type SliceKind = 'transfer' | 'compute' | 'wait' | 'host';

/** What a slice is: an instruction, or what was waited for. */
export interface SliceLabel {
  readonly kind: SliceKind;
  readonly text: string;
}

/** Slices of one unit, in order; their columns as `packTrack` writes them. */
export interface PackedTrack {
  readonly unit: string;
  readonly slices: number;
  readonly columns: Uint8Array;
}

export interface PackedSlices {
  readonly labels: readonly SliceLabel[];
  readonly tracks: readonly PackedTrack[];
  /** Neighbours that lie within so many cycles are one slice; 0 where each stands for itself. */
  readonly merged: number;
}

/** Slices that are held while a run goes on. */
const HELD = 2_000_000;

/** Mutable: give its `observer` to the simulation. */
export class SliceRecorder {
  readonly #tracks = new Map<string, Track>();
  readonly #labels = new Map<string, number>();
  readonly #kinds: SliceLabel[] = [];
  readonly #since = new Map<string, number>();
  /** The unit that signalled a semaphore last: for whom a wait was. */
  readonly #signallers = new Map<string, string>();
  /** From when on the entry that each unit works at could have begun, and when its last one ended. */
  readonly #ready = new Map<string, number>();
  readonly #free = new Map<string, number>();
  readonly #held: number;
  #count = 0;
  #within = 0;

  constructor(held = HELD) {
    this.#held = held;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    if ('ready' in event) {
      const key = `${event.unit} ${event.core}`;
      this.#ready.set(key, Math.max(event.ready, this.#free.get(key) ?? 0));
    } else if ('start' in event) this.#free.set(`${event.unit} ${event.core}`, event.cycle);
    switch (event.type) {
      case 'load:end':
      case 'store:end':
      case 'loadSparse:end':
      case 'get:end':
      case 'put:end':
      case 'move:end':
        this.#add(event.unit, event.core, event.start, event.cycle, 'transfer', event.entry.kind, event.layer);
        return;
      case 'mma:end':
      case 'mmaSparse:end':
      case 'winograd:end':
      case 'compute:end':
        this.#add(event.unit, event.core, event.start, event.cycle, 'compute', event.entry.kind, event.layer);
        return;
      case 'vec:end': {
        const { entry } = event;
        const text = entry.kind === 'vec' ? `vec.${entry.function}` : entry.kind;
        this.#add(event.unit, event.core, event.start, event.cycle, 'compute', text, event.layer);
        return;
      }
      case 'signal:end':
        if (event.entry.kind === 'signal')
          this.#signallers.set(`${event.entry.core ?? event.core} ${event.entry.semaphore}`, event.unit);
        return;
      case 'wait:end': {
        const by = event.entry.kind === 'wait' ? this.#signallers.get(`${event.core} ${event.entry.semaphore}`) : '';
        const from = this.#ready.get(`${event.unit} ${event.core}`) ?? event.start;
        this.#add(event.unit, event.core, from, event.cycle, 'wait', by ?? '', event.layer);
        return;
      }
      case 'host:start':
      case 'control:stall':
        this.#since.set(`${event.type === 'host:start' ? 'host' : 'control'} ${event.core}`, event.cycle);
        return;
      case 'host:end': {
        const from = this.#since.get(`host ${event.core}`) ?? event.cycle;
        this.#add('host', event.core, from, event.cycle, 'host', event.name, event.layer);
        return;
      }
      case 'control:resume': {
        const from = this.#since.get(`control ${event.core}`) ?? event.cycle;
        this.#add('control', event.core, from, event.cycle, 'wait', event.cause, event.layer);
        return;
      }
      default:
    }
  };

  #add(unit: string, core: number, from: number, to: number, kind: SliceKind, text: string, layer: number): void {
    if (to === from) return;
    const name = core === 0 ? unit : `${unit} ${core}`;
    let track = this.#tracks.get(name);
    if (track === undefined) {
      track = new Track();
      this.#tracks.set(name, track);
    }
    const key = `${kind} ${text}`;
    let label = this.#labels.get(key);
    if (label === undefined) {
      label = this.#kinds.push({ kind, text }) - 1;
      this.#labels.set(key, label);
    }
    const [work, wait] = kind === 'wait' ? [0, to - from] : [to - from, 0];
    track.add({ from, to, label, layer, count: 1, work, wait });
    if (++this.#count > this.#held) this.#coarsen(this.#held / 2);
  }

  /** Until there are at most so many slices. */
  #coarsen(most: number): void {
    while (this.#count > most) {
      const length = Math.max(1, ...[...this.#tracks.values()].map((t) => t.end));
      // What must be merged at least; then twice as much each time.
      this.#within = this.#within === 0 ? 2 ** Math.max(1, Math.floor(Math.log2(length / most))) : 2 * this.#within;
      this.#count = 0;
      for (const [name, track] of this.#tracks) {
        const merged = track.merged(this.#within);
        this.#tracks.set(name, merged);
        this.#count += merged.length;
      }
    }
  }

  /** @param most slices of all units together */
  packed(most = 400_000): PackedSlices {
    this.#coarsen(most);
    const tracks = [...this.#tracks].sort(([a], [b]) => byUnit(a, b));
    return {
      labels: this.#kinds,
      merged: this.#within,
      tracks: tracks.map(([unit, track]) => ({ unit, slices: track.length, columns: track.packed() })),
    };
  }
}

const UNITS = ['control', 'load', 'store', 'dma', 'link', 'matrix', 'winograd', 'vector', 'host'];

/** Cores one after the other, units of each in one order. */
function byUnit(a: string, b: string): number {
  const place = (name: string): number => {
    const [unit, core] = name.split(' ') as [string, string | undefined];
    return 100 * Number(core ?? 0) + UNITS.indexOf(unit);
  };
  return place(a) - place(b);
}

interface Slice {
  from: number;
  to: number;
  label: number;
  layer: number;
  count: number;
  /** Cycles in which its members were at work, and those in which they waited; what is left of it was idle. */
  work: number;
  wait: number;
}

const COLUMNS = ['from', 'to', 'label', 'layer', 'count', 'work', 'wait'] as const;

/** Mutable: slices of one unit, a column for each field. */
class Track {
  length = 0;
  #columns = Object.fromEntries(COLUMNS.map((c) => [c, new Float64Array(64)])) as Record<
    (typeof COLUMNS)[number],
    Float64Array
  >;

  get end(): number {
    return this.length === 0 ? 0 : this.#columns.to[this.length - 1]!;
  }

  add(slice: Slice): void {
    if (this.length === this.#columns.from.length) {
      for (const c of COLUMNS) {
        const longer = new Float64Array(2 * this.length);
        longer.set(this.#columns[c]);
        this.#columns[c] = longer;
      }
    }
    for (const c of COLUMNS) this.#columns[c][this.length] = slice[c];
    this.length++;
  }

  at(i: number): Slice {
    return Object.fromEntries(COLUMNS.map((c) => [c, this.#columns[c][i]!])) as unknown as Slice;
  }

  /** The same with neighbours of a layer as one where they lie within so many cycles; it is called what its longest member is. */
  merged(within: number): Track {
    const result = new Track();
    const { from, to, label, layer, count, work, wait } = this.#columns;
    let open: Slice | undefined;
    let longest = 0;
    for (let i = 0; i < this.length; i++) {
      const own = work[i]! + wait[i]!;
      if (open !== undefined && open.layer === layer[i] && to[i]! - open.from <= within) {
        if (own > longest) [open.label, longest] = [label[i]!, own];
        open.to = Math.max(open.to, to[i]!);
        open.count += count[i]!;
        open.work += work[i]!;
        open.wait += wait[i]!;
        continue;
      }
      if (open !== undefined) result.add(open);
      open = this.at(i);
      [open.from, longest] = [from[i]!, own];
    }
    if (open !== undefined) result.add(open);
    return result;
  }

  /** Columns one behind the other: `from` − end before, length, label, layer − layer before, members − 1; work and wait of several. */
  packed(): Uint8Array {
    const { from, to, label, layer, count, work, wait } = this.#columns;
    const bytes = new ByteWriter();
    const column = (value: (i: number) => number): void => {
      for (let i = 0; i < this.length; i++) bytes.signed(value(i));
    };
    column((i) => from[i]! - (i === 0 ? 0 : to[i - 1]!));
    column((i) => to[i]! - from[i]!);
    column((i) => label[i]!);
    column((i) => layer[i]! - (i === 0 ? 0 : layer[i - 1]!));
    column((i) => count[i]! - 1);
    for (let i = 0; i < this.length; i++) if (count[i]! > 1) bytes.signed(work[i]!);
    for (let i = 0; i < this.length; i++) if (count[i]! > 1) bytes.signed(wait[i]!);
    return bytes.bytes();
  }
}
