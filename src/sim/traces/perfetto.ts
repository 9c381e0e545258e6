/**
 * A trace in Perfetto's protobuf format (https://perfetto.dev/docs/reference/trace-packet-proto), of which perfetto.proto holds
 * what is used. One sequence of packets; names are interned, tracks are nested under one of the program, a cycle is written as a
 * nanosecond of the trace's clock. Bytes go to the sink in pieces of some kilobytes; besides, only the names are kept.
 */
import { create, type DescField, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Program } from '#isa';
import {
  DebugAnnotationSchema,
  TracePacketSchema as packetSchema,
  type TracePacketSchema,
  TraceSchema,
  TrackEventSchema,
} from './perfetto_pb.ts';
import { FIXED64, MESSAGE, PerfettoBytes, VARINT } from './perfettoBytes.ts';
import { type Trace, timeline } from './timeline.ts';
import type { Facts, TraceWriter } from './writer.ts';

/** BUILTIN_CLOCK_BOOTTIME, which readers take where nothing else is said. */
const CLOCK = 6;
const SEQUENCE = 1;
const STATE_CLEARED = 1;
const NEEDS_STATE = 2;
const EXPLICIT_ORDER = 3;
/** Track of the program; those of units and counters stand below. */
const ROOT = 1n;

const SLICE_BEGIN = 1;
const SLICE_END = 2;
const INSTANT = 3;
const COUNTER = 4;

/** Key of a field: its number and wire type. */
const keyOf = ({ number }: DescField, type: number): number => (number << 3) | type;
const packet = packetSchema.field;
const event = TrackEventSchema.field;
const annotation = DebugAnnotationSchema.field;
const KEYS = {
  packet: keyOf(TraceSchema.field.packet, MESSAGE),
  timestamp: keyOf(packet.timestamp, VARINT),
  sequence: keyOf(packet.trustedPacketSequenceId, VARINT),
  flags: keyOf(packet.sequenceFlags, VARINT),
  event: keyOf(packet.trackEvent, MESSAGE),
  type: keyOf(event.type, VARINT),
  track: keyOf(event.trackUuid, VARINT),
  name: keyOf(event.nameIid, VARINT),
  annotations: keyOf(event.debugAnnotations, MESSAGE),
  integer: keyOf(event.counterValue, VARINT),
  double: keyOf(event.doubleCounterValue, FIXED64),
  flows: keyOf(event.flowIds, FIXED64),
  factName: keyOf(annotation.nameIid, VARINT),
  factNumber: keyOf(annotation.uintValue, VARINT),
  factText: keyOf(annotation.stringValueIid, VARINT),
};

/** @param sink gets the bytes of the file, piece by piece */
export function perfettoTrace(program: Program, sink: (bytes: Uint8Array) => void): Trace {
  return timeline(program, perfettoWriter(program.name, sink));
}

function perfettoWriter(name: string, sink: (bytes: Uint8Array) => void): TraceWriter {
  const bytes = new PerfettoBytes(sink);
  /** A packet of which there are few. */
  const rare = (content: MessageInitShape<typeof TracePacketSchema>): void => {
    const whole = { trustedPacketSequenceId: SEQUENCE, sequenceFlags: NEEDS_STATE, ...content };
    bytes.append(toBinary(TraceSchema, create(TraceSchema, { packet: [whole] })));
  };
  rare({
    sequenceFlags: STATE_CLEARED,
    clockSnapshot: { clocks: [{ clockId: CLOCK, timestamp: 0n }], primaryTraceClock: CLOCK },
    tracePacketDefaults: { timestampClockId: CLOCK },
  });
  const description = '1 ns is 1 cycle';
  rare({ trackDescriptor: { uuid: ROOT, name, description, childOrdering: EXPLICIT_ORDER } });

  /** Numbers of names, which are told before they are used, from 1 on. */
  const interning = (tell: (iid: bigint, text: string) => void) => {
    const numbers = new Map<string, number>();
    return (text: string): number => {
      let found = numbers.get(text);
      if (found === undefined) {
        found = numbers.size + 1;
        numbers.set(text, found);
        tell(BigInt(found), text);
      }
      return found;
    };
  };
  const nameOf = interning((iid, text) => rare({ internedData: { eventNames: [{ iid, name: text }] } }));
  const factOf = interning((iid, text) => rare({ internedData: { debugAnnotationNames: [{ iid, name: text }] } }));
  const textOf = interning((iid, text) =>
    rare({ internedData: { debugAnnotationStringValues: [{ iid, str: new TextEncoder().encode(text) }] } }),
  );
  const field = (key: number, value: number): void => {
    bytes.varint(key);
    bytes.varint(value);
  };
  const fact = (called: string, value: string | number): void => {
    bytes.varint(KEYS.annotations);
    const from = bytes.open();
    field(KEYS.factName, factOf(called));
    if (typeof value === 'number') field(KEYS.factNumber, value);
    else field(KEYS.factText, textOf(value));
    bytes.close(from);
  };
  /** Interning writes packets of its own, so it comes before the packet that needs it. */
  const intern = (called: string, facts: Facts): number => {
    for (const key in facts) {
      factOf(key);
      if (typeof facts[key] === 'string') textOf(facts[key]);
    }
    return nameOf(called);
  };
  const eventPacket = (type: number, track: number, cycle: number, rest: () => void): void => {
    bytes.reserve();
    bytes.byte(KEYS.packet);
    const from = bytes.open();
    field(KEYS.timestamp, cycle);
    field(KEYS.sequence, SEQUENCE);
    field(KEYS.flags, NEEDS_STATE);
    bytes.byte(KEYS.event);
    const inner = bytes.open();
    field(KEYS.type, type);
    field(KEYS.track, uuidOf(track));
    rest();
    bytes.close(inner);
    bytes.close(from);
  };
  const nothing = (): void => {};
  const begin = (track: number, cycle: number, called: string, facts: Facts, flows: readonly (readonly number[])[]) => {
    const iid = intern(called, facts);
    eventPacket(SLICE_BEGIN, track, cycle, () => {
      field(KEYS.name, iid);
      for (const key in facts) fact(key, facts[key]!);
      for (const ids of flows) {
        for (const id of ids) {
          bytes.varint(KEYS.flows);
          bytes.fixed64(id);
        }
      }
    });
  };
  const close = (track: number, cycle: number): void => eventPacket(SLICE_END, track, cycle, nothing);

  return {
    track: ({ id, name: called, rank, unit, group, isGroup }) =>
      rare({
        trackDescriptor: {
          uuid: BigInt(uuidOf(id)),
          parentUuid: group === undefined ? ROOT : BigInt(uuidOf(group)),
          name: called,
          siblingOrderRank: rank,
          ...(isGroup === undefined ? {} : { childOrdering: EXPLICIT_ORDER }),
          ...(unit === undefined ? {} : { counter: { unitName: unit } }),
        },
      }),
    slice: (track, { from, to, name: called, facts, phases, out, in: into }) => {
      begin(track, from, called, facts, [out, into]);
      for (const phase of phases) {
        begin(track, phase.from, phase.name, {}, []);
        close(track, phase.to);
      }
      close(track, to);
    },
    open: (track, cycle, called) => begin(track, cycle, called, {}, []),
    close,
    instant: (track, cycle, called, facts) => {
      const iid = intern(called, facts);
      eventPacket(INSTANT, track, cycle, () => {
        field(KEYS.name, iid);
        for (const key in facts) fact(key, facts[key]!);
      });
    },
    count: (track, cycle, value) =>
      eventPacket(COUNTER, track, cycle, () => {
        if (Number.isInteger(value)) field(KEYS.integer, value);
        else {
          bytes.varint(KEYS.double);
          bytes.double(value);
        }
      }),
    end: () => bytes.flush(),
  };
}

const uuidOf = (track: number): number => Number(ROOT) + track;
