/**
 * Readers of traces that share nothing with the writers: each file becomes tracks of nested slices, flows and counters, and
 * whatever a reader of the format may rely on is asserted on the way.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { expect } from 'vitest';
import { TraceSchema, type TrackEvent } from '../../src/sim/traces/perfetto_pb.ts';

export interface ReadSlice {
  readonly track: string;
  readonly name: string;
  readonly from: number;
  to: number;
  readonly facts: Record<string, string | number>;
  readonly inside: ReadSlice[];
}

export interface ReadTrace {
  /** Outermost slices in order, by track. */
  readonly tracks: Map<string, ReadSlice[]>;
  /** Slices that a flow meets, in order of time. */
  readonly flows: Map<number, ReadSlice[]>;
  readonly counters: Map<string, (readonly [cycle: number, value: number])[]>;
  readonly instants: (readonly [track: string, cycle: number, name: string])[];
}

class Reading {
  readonly trace: ReadTrace = { tracks: new Map(), flows: new Map(), counters: new Map(), instants: [] };
  readonly #open = new Map<string, ReadSlice[]>();
  readonly #last = new Map<string, number>();

  /** Time never goes back on a track. */
  at(track: string, cycle: number): void {
    expect(cycle).toBeGreaterThanOrEqual(this.#last.get(track) ?? 0);
    this.#last.set(track, cycle);
  }

  stack(track: string): ReadSlice[] {
    const found = this.#open.get(track) ?? [];
    this.#open.set(track, found);
    return found;
  }

  begin(track: string, from: number, name: string, facts: ReadSlice['facts']): ReadSlice {
    const slice = { track, name, from, to: Number.NaN, facts, inside: [] };
    const stack = this.stack(track);
    const all = this.trace.tracks.get(track) ?? [];
    this.trace.tracks.set(track, all);
    (stack.at(-1)?.inside ?? all).push(slice);
    stack.push(slice);
    return slice;
  }

  end(track: string, cycle: number): void {
    const slice = this.stack(track).pop();
    expect(slice, `an end without a beginning on ${track} at ${cycle}`).toBeDefined();
    slice!.to = cycle;
  }

  flow(id: number, slice: ReadSlice): void {
    this.trace.flows.set(id, [...(this.trace.flows.get(id) ?? []), slice]);
  }

  count(counter: string, cycle: number, value: number): void {
    this.at(counter, cycle);
    this.trace.counters.set(counter, [...(this.trace.counters.get(counter) ?? []), [cycle, value]]);
  }

  done(): ReadTrace {
    for (const [track, stack] of this.#open) expect(stack, `slices of ${track} left open`).toEqual([]);
    for (const ends of this.trace.flows.values()) ends.sort((a, b) => a.from - b.from);
    return this.trace;
  }
}

/** Nothing that the schema does not know. */
function assertKnown(message: unknown): void {
  if (message === null || typeof message !== 'object' || message instanceof Uint8Array) return;
  expect((message as { $unknown?: unknown }).$unknown).toBeUndefined();
  for (const value of Array.isArray(message) ? message : Object.values(message)) assertKnown(value);
}

export function readPerfetto(bytes: Uint8Array): ReadTrace {
  const reading = new Reading();
  const { packet } = fromBinary(TraceSchema, bytes);
  const names = new Map<bigint, string>();
  const facts = new Map<bigint, string>();
  const texts = new Map<bigint, string>();
  const tracks = new Map<bigint, { readonly name: string; readonly isCounter: boolean }>();
  const known = <K, V>(map: Map<K, V>, key: K): V => {
    expect(map.has(key), `${key} is used before it is told`).toBe(true);
    return map.get(key)!;
  };
  const told = (map: Map<bigint, string>, { iid = 0n }: { iid?: bigint | undefined }, text: string): void => {
    expect(iid).toBeGreaterThan(0n);
    expect(map.has(iid)).toBe(false);
    map.set(iid, text);
  };
  const factsOf = (event: TrackEvent): ReadSlice['facts'] =>
    Object.fromEntries(
      event.debugAnnotations.map((a) => [
        known(facts, a.nameIid!),
        a.uintValue === undefined ? known(texts, a.stringValueIid!) : Number(a.uintValue),
      ]),
    );

  packet.forEach((p, i) => {
    assertKnown(p);
    expect(p.trustedPacketSequenceId).toBe(1);
    expect(p.sequenceFlags).toBe(i === 0 ? 1 : 2);
    if (p.trackDescriptor !== undefined) {
      const { uuid = 0n, name = '', counter, parentUuid } = p.trackDescriptor;
      expect(tracks.has(uuid)).toBe(false);
      // The first stands for the program, groups below it for cores.
      const group = parentUuid === undefined || parentUuid === 1n ? '' : `${known(tracks, parentUuid).name} `;
      if (parentUuid !== undefined) known(tracks, parentUuid);
      const isCounter = counter !== undefined;
      tracks.set(uuid, { name: `${group}${isCounter ? `${name} (${counter.unitName})` : name}`, isCounter });
    }
    for (const n of p.internedData?.eventNames ?? []) told(names, n, n.name!);
    for (const n of p.internedData?.debugAnnotationNames ?? []) told(facts, n, n.name!);
    for (const n of p.internedData?.debugAnnotationStringValues ?? []) told(texts, n, new TextDecoder().decode(n.str));
    const event = p.trackEvent;
    if (event === undefined) return;
    const cycle = Number(p.timestamp!);
    const { name: track, isCounter } = known(tracks, event.trackUuid!);
    expect(isCounter).toBe(event.type === 4);
    if (!isCounter) reading.at(track, cycle);
    switch (event.type) {
      case 1: {
        const slice = reading.begin(track, cycle, known(names, event.nameIid!), factsOf(event));
        for (const id of event.flowIds) reading.flow(Number(id), slice);
        return;
      }
      case 2:
        reading.end(track, cycle);
        return;
      case 3:
        reading.trace.instants.push([track, cycle, known(names, event.nameIid!)]);
        return;
      case 4:
        reading.count(track, cycle, event.doubleCounterValue ?? Number(event.counterValue!));
        return;
      default:
        throw new Error(`an event of type ${event.type}`);
    }
  });
  return reading.done();
}

interface ChromeEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly id: number;
  readonly name: string;
  readonly args: Record<string, string | number>;
}

export function readChrome(text: string): ReadTrace {
  const reading = new Reading();
  const { traceEvents } = JSON.parse(text) as { traceEvents: ChromeEvent[] };
  const tracks = new Map<number, string>();
  /** Processes with a name, which stand for cores. */
  const groups = new Map<number, string>();
  const inGroup = (pid: number, name: string): string => (groups.has(pid) ? `${groups.get(pid)} ${name}` : name);
  /** Complete slices (`X`) end by themselves when something begins at their end or later. */
  const complete = new Set<ReadSlice>();
  const leave = (track: string, cycle: number): void => {
    const stack = reading.stack(track);
    while (stack.length > 0 && complete.has(stack.at(-1)!) && stack.at(-1)!.to <= cycle) stack.pop();
  };
  for (const { ph, pid, tid, ts, dur, id, name, args = {} } of traceEvents) {
    if (ph === 'M') {
      if (name === 'thread_name') tracks.set(tid, inGroup(pid, String(args.name)));
      if (name === 'process_name') groups.set(pid, String(args.name));
      continue;
    }
    if (ph === 'C') {
      reading.count(inGroup(pid, name), ts, Number(args.value));
      continue;
    }
    const track = tracks.get(tid)!;
    expect(track, `track ${tid} is used before it is named`).toBeDefined();
    reading.at(track, ts);
    if (ph === 's' || ph === 'f') {
      reading.flow(id, reading.stack(track).at(-1)!);
      continue;
    }
    leave(track, ts);
    if (ph === 'X') {
      const slice = reading.begin(track, ts, name, args);
      slice.to = ts + dur;
      complete.add(slice);
    } else if (ph === 'B') reading.begin(track, ts, name, args);
    else if (ph === 'E') reading.end(track, ts);
    else if (ph === 'i') reading.trace.instants.push([track, ts, name]);
    else throw new Error(`an event of phase ${ph}`);
  }
  for (const track of tracks.values()) leave(track, Number.POSITIVE_INFINITY);
  return reading.done();
}

/** A slice and all within it. */
export const withAll = (slice: ReadSlice): ReadSlice[] => [slice, ...slice.inside.flatMap(withAll)];
