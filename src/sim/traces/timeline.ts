/**
 * From events to tracks, slices, flows and counters, whatever the file format; ARCHITECTURE.md, "Traces", says what they mean.
 * Kept at any time are, for each unit, its last instruction and the semaphores behind it (64 slices at most), the signals that
 * nobody has waited for yet, and when the entries of its queue were dispatched; so memory does not grow with the run.
 */
import type { Program } from '#isa';
import type { FoldStates } from '#timing';
import type { QueueEntry } from '../entries.ts';
import type { ChannelGrant, Dispatch, EntryEnd, EntryStart, Observer, SimulationEvent } from '../events.ts';
import type { Plan } from '../plan.ts';
import { topologyOf } from '../topology.ts';
import { Meter } from './meter.ts';
import type { Facts, Phase, Slice, TraceWriter } from './writer.ts';

/** Cycles of a window of rates. */
const WINDOW = 256;
/** Slices of one track that wait for what follows, and flows of one slice. */
const MOST_HELD = 64;
/** Folds of an `mma` whose states are shown. */
const MOST_FOLDS = 8;
/** Order of the tracks; what is not listed comes behind. */
const RANKS = ['control', 'load', 'store', 'dma', 'link', 'matrix', 'vector', 'winograd', 'host'];
const NO_PHASES: readonly Phase[] = [];

export interface Trace {
  readonly observer: Observer;
  /** Writes the end; call it once, after the run. */
  close(): void;
}

interface Held extends Slice {
  to: number;
  readonly layer: number;
  /** Whether it moves or computes; semaphores do not. */
  readonly works: boolean;
}

/** A track of slices with those that are held back, and the layer that is open on it. */
class SliceTrack {
  readonly id: number;
  readonly held: Held[] = [];
  layer = -1;
  /** End of the last slice that was written. */
  written = 0;
  /** End of the last entry. */
  free = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** What last worked in a layer, where signals and the like alone came after it. */
  producer(layer: number): Held | undefined {
    const first = this.held[0];
    return first?.works && first.layer === layer && first.out.length < MOST_HELD ? first : undefined;
  }
}

/** Depth of a queue, told at the cycles at which it has changed. */
class QueueDepth {
  readonly #tell: (cycle: number, depth: number) => void;
  /** Cycles of dispatch that are not counted yet, from `#head` on: control runs ahead of the units. */
  #ready: number[] = [];
  #head = 0;
  #depth = 0;
  #cycle = 0;
  #told = 0;

  constructor(tell: (cycle: number, depth: number) => void) {
    this.#tell = tell;
  }

  dispatched(cycle: number): void {
    this.#ready.push(cycle);
  }

  taken(now: number): void {
    while (this.#head < this.#ready.length && this.#ready[this.#head]! <= now)
      this.#change(this.#ready[this.#head++]!, 1);
    this.#change(now, -1);
    if (2 * this.#head < this.#ready.length || this.#head < 1024) return;
    this.#ready = this.#ready.slice(this.#head);
    this.#head = 0;
  }

  end(): void {
    if (this.#depth !== this.#told) this.#tell(this.#cycle, this.#depth);
    this.#told = this.#depth;
  }

  #change(cycle: number, by: 1 | -1): void {
    if (cycle !== this.#cycle) this.end();
    this.#cycle = cycle;
    this.#depth += by;
  }
}

/** A trace in the format of `writer`. */
export function timeline(program: Program, writer: TraceWriter): Trace {
  let tracks = 0;
  let last = 0;
  const hasGroups = topologyOf(program).places.length > 1;
  /** Of cores, where there are several. */
  const groups: number[] = [];
  const slices = new Map<string, SliceTrack>();
  const queues = new Map<string, QueueDepth>();
  const meters = new Map<string, Meter>();
  /** Flows of signals that nobody has waited for, oldest first, by core and semaphore. */
  const signalled = new Map<string, number[]>();
  let flows = 0;
  /** Since when control of a core, or the host, has waited or worked. */
  const stalled: number[] = [];
  let called = 0;

  const groupOf = (core: number | undefined): { readonly group?: number } => {
    if (core === undefined || !hasGroups) return {};
    if (groups[core] === undefined) {
      groups[core] = ++tracks;
      writer.track({ id: tracks, name: `core ${core}`, rank: core, isGroup: true });
    }
    return { group: groups[core] };
  };
  /** @param core none: of the chip */
  const trackOf = (core: number | undefined, name: string): SliceTrack => {
    const key = `${core} ${name}`;
    let found = slices.get(key);
    if (found === undefined) {
      const group = groupOf(core);
      found = new SliceTrack(++tracks);
      const place = RANKS.indexOf(name);
      writer.track({ id: found.id, name, rank: place < 0 ? RANKS.length : place, ...group });
      slices.set(key, found);
    }
    return found;
  };
  const counter = (core: number | undefined, name: string, unit: string): ((cycle: number, value: number) => void) => {
    const group = groupOf(core);
    const id = ++tracks;
    writer.track({ id, name, unit, rank: RANKS.length + id, ...group });
    return (cycle, value) => writer.count(id, cycle, value);
  };
  const queueOf = (core: number, unit: string): QueueDepth => {
    const key = `${core} ${unit}`;
    let found = queues.get(key);
    if (found === undefined) {
      found = new QueueDepth(counter(core, `${unit} queue`, 'entries'));
      queues.set(key, found);
    }
    return found;
  };
  const meterOf = (core: number | undefined, name: string, unit: string): Meter => {
    const key = `${core} ${name}`;
    let found = meters.get(key);
    if (found === undefined) {
      found = new Meter(WINDOW, counter(core, name, unit));
      meters.set(key, found);
    }
    return found;
  };
  const signalsOf = (core: number, semaphore: number): number[] => {
    const key = `${core} ${semaphore}`;
    let found = signalled.get(key);
    if (found === undefined) {
      found = [];
      signalled.set(key, found);
    }
    return found;
  };

  const write = (track: SliceTrack, slice: Held): void => {
    const { layer, from, to } = slice;
    if (layer !== track.layer) {
      if (track.layer >= 0) writer.close(track.id, track.written);
      if (layer >= 0) writer.open(track.id, from, program.layers[layer]!.name);
      track.layer = layer;
    }
    writer.slice(track.id, slice);
    track.written = to;
  };
  const flush = (track: SliceTrack): void => {
    for (const slice of track.held) {
      // A semaphore that took no time is told only where a flow needs it.
      if (slice.works || slice.to > slice.from || slice.in.length + slice.out.length > 0) write(track, slice);
    }
    track.held.length = 0;
  };
  const closeTrack = (track: SliceTrack): void => {
    flush(track);
    if (track.layer >= 0) writer.close(track.id, track.written);
    track.layer = -1;
  };
  const add = (track: SliceTrack, slice: Held): void => {
    if (slice.works) {
      for (const before of track.held) {
        if (before.works || before.layer !== slice.layer) continue;
        // What was waited for has led to this.
        while (before.in.length > 0 && slice.in.length < MOST_HELD) slice.in.push(before.in.shift()!);
      }
      flush(track);
    } else if (track.held.length === MOST_HELD) flush(track);
    track.held.push(slice);
  };
  const plain = (name: string, from: number, to: number, layer: number, facts: Facts): Held => {
    return { name, from, to, layer, facts, phases: NO_PHASES, out: [], in: [], works: true };
  };

  const ended = ({ core, unit, entry, plan, start, cycle, layer, pc, waited, stalled }: EntryEnd): void => {
    const track = trackOf(core, unit);
    track.free = cycle;
    if (plan === undefined) {
      // A semaphore, which stands there since it began.
      track.held.at(-1)!.to = cycle;
      return;
    }
    const phases = phasesOf(plan, start, { waited, stalled }, cycle);
    add(track, { ...plain(nameOf(entry), start, cycle, layer, factsOf(entry, plan, pc)), phases });
    const { macs, otherOps, vectorOps } = plan;
    if (macs > 0) meterOf(core, 'MACs', 'MACs/cycle').add(start, cycle, macs);
    if (otherOps > 0) meterOf(core, 'other operations', 'operations/cycle').add(start, cycle, otherOps);
    if (vectorOps > 0) meterOf(core, 'vector operations', 'operations/cycle').add(start, cycle, vectorOps);
  };
  const started = ({ core, unit, entry, ready, cycle, layer, pc }: EntryStart): void => {
    queueOf(core, unit).taken(cycle);
    if (entry.kind !== 'wait' && entry.kind !== 'signal') return;
    const track = trackOf(core, unit);
    const { kind, semaphore } = entry;
    const semaphoreSlice = (name: string, from: number): Held => {
      return { ...plain(`${name} ${semaphore}`, from, cycle, layer, { pc, semaphore }), works: false };
    };
    // An idle unit is blocked by the wait at the head of its queue.
    const idle = Math.max(track.free, ready);
    if (idle < cycle) add(track, semaphoreSlice('blocked', idle));
    const slice = semaphoreSlice(kind, cycle);
    const signals = signalsOf(kind === 'signal' ? (entry.core ?? core) : core, semaphore);
    if (kind === 'signal') {
      signals.push(++flows);
      (track.producer(layer) ?? slice).out.push(flows);
    } else slice.in.push(signals.shift()!);
    add(track, slice);
  };
  const halted = (track: SliceTrack, { cycle, pc }: SimulationEvent): void => {
    closeTrack(track);
    writer.instant(track.id, cycle, 'halt', { pc });
  };
  const granted = ({ cycle, channel, taken, bytes, isWrite }: ChannelGrant): void => {
    if (channel !== 'dram') return;
    meterOf(undefined, isWrite ? 'DRAM write' : 'DRAM read', 'bytes/cycle').add(cycle, cycle + taken, bytes);
  };

  const observer = (event: SimulationEvent): void => {
    const { type, cycle, core } = event;
    if (cycle > last) last = cycle;
    switch (type) {
      case 'dispatch':
        queueOf(core, (event as Dispatch).unit).dispatched(cycle);
        return;
      case 'channel:grant':
        granted(event);
        return;
      case 'control:stall':
        stalled[core] = cycle;
        return;
      case 'host:start':
        called = cycle;
        return;
      case 'control:resume': {
        const name = event.cause === 'queue' ? 'full queue' : event.cause;
        add(trackOf(core, 'control'), plain(name, stalled[core]!, cycle, event.layer, { pc: event.pc }));
        return;
      }
      case 'host:end':
        add(trackOf(undefined, 'host'), plain(event.name, called, cycle, event.layer, { pc: event.pc }));
        return;
      case 'halt':
        halted(trackOf(core, 'control'), event);
        return;
      default:
        if ('start' in event) ended(event);
        else started(event);
    }
  };
  return {
    observer,
    close: () => {
      for (const track of slices.values()) closeTrack(track);
      for (const queue of queues.values()) queue.end();
      for (const meter of meters.values()) meter.end(last);
      writer.end();
    },
  };
}

/** What an entry is called in the picture. */
function nameOf(entry: QueueEntry): string {
  switch (entry.kind) {
    case 'vec':
      return `vec.${entry.function}`;
    case 'loadSparse':
      return 'load.sparse';
    case 'mmaSparse':
      return 'mma.sparse';
    case 'winograd':
      return `wino.${entry.transform}`;
    case 'move':
      return `move ${entry.from} ${entry.to}`;
    case 'compute':
      return `compute ${entry.type}`;
    default:
      return entry.kind;
  }
}

function factsOf(entry: QueueEntry, plan: Plan, pc: number): Facts {
  const { transfer, link, macs, vectorOps, otherOps, actions } = plan;
  if (link !== undefined) return { pc, bytes: link.payloadBytes };
  if (transfer !== undefined) return { pc, bytes: transfer.payloadBytes, 'DRAM bytes': transfer.dramBytes };
  if (entry.kind === 'move') return { pc, bytes: entry.bytes };
  return macs > 0 ? { pc, MACs: macs } : { pc, operations: vectorOps + otherOps + actions.winogradOps };
}

/** The states of a systolic array, fold by fold. */
function foldPhases({ folds, fill, refill, stream, skew, empty }: FoldStates, start: number, end: number): Phase[] {
  const states: (readonly [name: string, cycles: number])[] = [];
  for (let fold = 0; fold < folds; fold++) {
    states.push(['fill', fold === 0 ? fill : refill], ['stream', stream], ['skew', skew], ['empty', empty]);
  }
  let at = end - states.reduce((n, [, cycles]) => n + cycles, 0);
  const phases: Phase[] = [{ name: 'pipeline', from: start, to: at }];
  for (const [name, cycles] of states) {
    phases.push({ name, from: at, to: at + cycles });
    at += cycles;
  }
  return phases.filter(({ from, to }) => to > from);
}

/** The pieces of a transfer, or of an `mma` of few folds, where there is more than one. */
function phasesOf(
  { transfer, link, folds }: Plan,
  start: number,
  { waited, stalled }: Pick<EntryEnd, 'waited' | 'stalled'>,
  end: number,
): readonly Phase[] {
  const cost = transfer ?? link;
  if (folds !== undefined && folds.folds <= MOST_FOLDS) return foldPhases(folds, start, end);
  if (cost === undefined) return NO_PHASES;
  const channel = transfer !== undefined ? 'channel' : link!.takesPort ? 'port' : 'link';
  const asks = start + cost.setupCycles;
  const granted = asks + waited;
  const free = Math.min(end, granted + cost.channelCycles);
  const phases = [
    { name: 'setup', from: start, to: asks },
    { name: `wait for ${channel}`, from: asks, to: granted },
    { name: channel, from: granted, to: free },
    { name: 'DRAM banks', from: free, to: free + stalled },
    {
      name: transfer === undefined || transfer.dramBytes === 0 ? 'scratchpad' : 'latency',
      from: free + stalled,
      to: end,
    },
  ].filter(({ from, to }) => to > from);
  return phases.length > 1 ? phases : NO_PHASES;
}
