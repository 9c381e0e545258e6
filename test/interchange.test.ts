/**
 * Files that other tools open. Traces against the documented formats: Chrome's "Trace Event Format" (Google, 2016), phase by phase, and
 * Perfetto's field numbers (google/perfetto, protos/perfetto/trace, commit ec5d16b of 2026-08-22). ONNX files against the ONNX IR specification,
 * by what Netron's matcher of ONNX files goes by (lutzroeder/netron 9.2.1, source/onnx.js; Netron is no npm package, its reader has opened the
 * same networks by hand), and by ONNX Runtime, which checks a model as it loads it.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createEngine } from '#engine';
import { adderModel, compileModel, embeddedModel, executeProgram, optimiseModel } from '#flow';
import type { Model } from '#ir';
import type { Program } from '#isa';
import { presets } from '#machine';
import { buildModel } from '#models';
import { writeModel } from '#onnx';
import { chromeTrace, perfettoTrace, type SimulationResult } from '#sim';
import { ModelProtoSchema } from '../src/onnx/onnx_pb.ts';
import { TraceSchema } from '../src/sim/traces/perfetto_pb.ts';

const whole = z.number().int().nonnegative();
const place = { pid: whole, tid: whole, ts: whole };
const args = z.record(z.string(), z.union([z.string(), z.number()]));

/** Phases that are written, each with the fields that the format asks of it, and none that it does not know. */
const EVENTS = z.union([
  z.strictObject({ ph: z.literal('X'), ...place, dur: whole, name: z.string().min(1), args: args.optional() }),
  z.strictObject({ ph: z.literal('B'), ...place, name: z.string().min(1) }),
  z.strictObject({ ph: z.literal('E'), ...place }),
  z.strictObject({
    ph: z.literal('i'),
    ...place,
    s: z.enum(['g', 'p', 't']),
    name: z.string().min(1),
    args: args.optional(),
  }),
  z.strictObject({
    ...{ ph: z.literal('C'), pid: whole, ts: whole, name: z.string().min(1) },
    args: z.record(z.string(), z.number()),
  }),
  z.strictObject({ ph: z.literal('s'), ...place, id: whole, cat: z.string().min(1), name: z.string().min(1) }),
  z.strictObject({
    ...{ ph: z.literal('f'), ...place, id: whole, cat: z.string().min(1), name: z.string().min(1) },
    bp: z.literal('e'),
  }),
  z.strictObject({
    ...{ ph: z.literal('M'), pid: whole, tid: whole, name: z.enum(['process_name', 'thread_name']) },
    args: z.strictObject({ name: z.string().min(1) }),
  }),
  z.strictObject({
    ...{ ph: z.literal('M'), pid: whole, tid: whole, name: z.enum(['process_sort_index', 'thread_sort_index']) },
    args: z.strictObject({ sort_index: z.number().int() }),
  }),
]);

interface ChromeEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly name?: string;
}

const FILE = z.strictObject({
  displayTimeUnit: z.enum(['ms', 'ns']),
  otherData: z.record(z.string(), z.string()),
  traceEvents: z.array(z.unknown()),
});

interface Traced {
  readonly result: SimulationResult;
  readonly chrome: string;
  readonly perfetto: Uint8Array;
}

async function traced(model: Model, machineName: string): Promise<Traced> {
  const machine = presets.get(machineName)!;
  const { program } = await compileModel(model, { machine, engine: await createEngine(), batch: 1 });
  const pieces: Uint8Array[] = [];
  let chrome = '';
  const writers = [
    chromeTrace(program as Program, (text) => {
      chrome += text;
    }),
    perfettoTrace(program as Program, (piece) => pieces.push(piece.slice())),
  ];
  const observer = (event: Parameters<(typeof writers)[0]['observer']>[0]): void => {
    for (const writer of writers) writer.observer(event);
  };
  const { result } = await executeProgram(program, { data: false, observer });
  for (const writer of writers) writer.close();
  return { result, chrome, perfetto: new Uint8Array(Buffer.concat(pieces)) };
}

describe.each([
  ['lenet5', 'textbook-single'],
  ['lenet5', 'textbook-cluster'],
] as const)('traces of %s on %s', (name, machine) => {
  let run: Traced;
  beforeAll(async () => {
    run = await traced(embeddedModel(name), machine);
  });

  test("Chrome's trace event format: fields by phase, units, names", () => {
    const file = FILE.parse(JSON.parse(run.chrome));
    expect(file.otherData.unit).toBe('1 us = 1 cycle');
    const events = file.traceEvents.map((event) => {
      const result = EVENTS.safeParse(event);
      expect(result.error?.issues ?? [], JSON.stringify(event)).toEqual([]);
      return result.data as ChromeEvent;
    });
    const threads = new Set(events.flatMap((e) => (e.name === 'thread_name' ? [`${e.pid}/${e.tid}`] : [])));
    const timed = events.filter((e) => e.ph !== 'M');
    expect(timed.length).toBeGreaterThan(100);
    // Nothing is later than the run, and what has a thread names one that was told.
    for (const e of timed) {
      expect(e.ts! + (e.dur ?? 0)).toBeLessThanOrEqual(run.result.cycles);
      if (e.ph !== 'C') expect(threads.has(`${e.pid}/${e.tid}`), JSON.stringify(e)).toBe(true);
    }
    // Every arrow that ends has begun, by category and id; no id begins twice.
    const begun = events.filter((e) => e.ph === 's').map((e) => e.id);
    expect(new Set(begun).size).toBe(begun.length);
    for (const e of events.filter((e) => e.ph === 'f')) expect(begun).toContain(e.id);
  });

  test('slices of a thread nest, and time never goes back on it', () => {
    const { traceEvents } = JSON.parse(run.chrome) as { traceEvents: ChromeEvent[] };
    const byThread = Map.groupBy(
      traceEvents.filter((e) => 'BEXi'.includes(e.ph)),
      (e) => `${e.pid}/${e.tid}`,
    );
    for (const [thread, events] of byThread) {
      /** Ends of the slices that are open: of `B` not known yet. */
      const open: number[] = [];
      let last = 0;
      for (const e of events) {
        expect(e.ts!, thread).toBeGreaterThanOrEqual(last);
        last = e.ts!;
        if (e.ph === 'E') {
          while (open.length > 0 && Number.isFinite(open.at(-1))) expect(open.pop()!).toBeLessThanOrEqual(e.ts!);
          expect(open.pop(), `${thread}: an end without a beginning`).toBe(Number.POSITIVE_INFINITY);
          continue;
        }
        while (open.length > 0 && open.at(-1)! <= e.ts!) open.pop();
        const end = e.ph === 'X' ? e.ts! + e.dur! : e.ph === 'B' ? Number.POSITIVE_INFINITY : e.ts!;
        expect(end <= (open.at(-1) ?? Number.POSITIVE_INFINITY), `${thread}: ${JSON.stringify(e)}`).toBe(true);
        if (e.ph !== 'i') open.push(end);
      }
      expect(
        open.filter((end) => end === Number.POSITIVE_INFINITY),
        thread,
      ).toEqual([]);
    }
  });

  test("Perfetto's protobuf: packets of one sequence, a clock of nanoseconds, tracks before their events", () => {
    const { packet } = fromBinary(TraceSchema, run.perfetto);
    const tracks = new Set<bigint>();
    const depth = new Map<bigint, number>();
    for (const p of packet) {
      expect(p.trustedPacketSequenceId).toBeGreaterThan(0);
      if (p.trackDescriptor !== undefined) tracks.add(p.trackDescriptor.uuid!);
      const e = p.trackEvent;
      if (e === undefined) continue;
      expect(tracks.has(e.trackUuid!)).toBe(true);
      expect(p.timestamp! <= BigInt(run.result.cycles)).toBe(true);
      const at = depth.get(e.trackUuid!) ?? 0;
      if (e.type === 1) depth.set(e.trackUuid!, at + 1);
      if (e.type === 2) depth.set(e.trackUuid!, at - 1);
      expect(depth.get(e.trackUuid!) ?? 0).toBeGreaterThanOrEqual(0);
    }
    expect([...depth.values()].every((d) => d === 0)).toBe(true);
    expect(tracks.has(0n)).toBe(false);
  });
});

test('an event that lacks a field, or has one that the format does not know, fails', () => {
  const slice = { ph: 'X', pid: 0, tid: 1, ts: 3, dur: 2, name: 'mma' };
  expect(EVENTS.safeParse(slice).success).toBe(true);
  const { dur: _, ...open } = slice;
  for (const wrong of [
    open,
    { ...slice, ts: 0.5 },
    { ...slice, more: 1 },
    { ...slice, ph: 'Y' },
    { ...slice, name: '' },
  ])
    expect(EVENTS.safeParse(wrong).success).toBe(false);
});

test("fields have Perfetto's own numbers", () => {
  const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    Trace: { packet: 1 },
    TracePacket: {
      ...{ clock_snapshot: 6, timestamp: 8, trusted_packet_sequence_id: 10, track_event: 11, interned_data: 12 },
      ...{ sequence_flags: 13, timestamp_clock_id: 58, trace_packet_defaults: 59, track_descriptor: 60 },
    },
    TracePacketDefaults: { timestamp_clock_id: 58 },
    ClockSnapshot: { clocks: 1, primary_trace_clock: 2 },
    TrackDescriptor: {
      ...{ uuid: 1, name: 2, parent_uuid: 5, counter: 8 },
      ...{ child_ordering: 11, sibling_order_rank: 12, description: 14 },
    },
    CounterDescriptor: { unit_name: 6 },
    TrackEvent: {
      ...{ debug_annotations: 4, type: 9, name_iid: 10, track_uuid: 11 },
      ...{ counter_value: 30, double_counter_value: 44, flow_ids: 47 },
    },
    DebugAnnotation: { name_iid: 1, uint_value: 3, string_value_iid: 17 },
    InternedData: { event_names: 2, debug_annotation_names: 3, debug_annotation_string_values: 29 },
    InternedName: { iid: 1, name: 2 },
    InternedString: { iid: 1, str: 2 },
  };
  const found = Object.fromEntries(
    TraceSchema.file.messages.map((m) => [m.name, Object.fromEntries(m.fields.map((f) => [f.name, f.number]))]),
  );
  expect(found).toEqual(NUMBERS);
});

/** Of an element, by ONNX's number of its type: float and int64. */
const BYTES: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [7, 8],
]);

describe('ONNX files', () => {
  const networks: readonly (readonly [string, () => Model | Promise<Model>])[] = [
    ['adder', () => adderModel()],
    ['lenet5', () => embeddedModel('lenet5')],
    ['lstm', () => buildModel('lstm')],
    ['transformer', () => buildModel('transformer')],
    ['squeezenet, weights left out', () => buildModel('squeezenet', { weights: false })],
    [
      'lenet5, optimised',
      async () =>
        (await optimiseModel(embeddedModel('lenet5'), { engine: await createEngine(), declared: 'fallback' })).model,
    ],
  ];

  test.each(networks)('%s', async (_, make) => {
    const bytes = writeModel(await make());
    // ir_version below 11, then a producer by name: what Netron tells an ONNX file by.
    expect([bytes[0], bytes[1]! < 0x0b, bytes[2]]).toEqual([0x08, true, 0x12]);
    const producer = new TextDecoder().decode(bytes.subarray(4, 4 + bytes[3]!));
    expect(producer).toMatch(/^[A-Za-z][A-Za-z0-9_+\-. ]+$/);
    const model = fromBinary(ModelProtoSchema, bytes);
    const graph = model.graph!;
    expect(graph.name).not.toBe('');
    const domains = new Set(model.opsetImport.map((o) => o.domain ?? ''));
    expect(domains.size).toBe(model.opsetImport.length);
    // Names of nodes are told apart; every value is made once, before it is used (SSA, in topological order).
    const names = graph.node.map((n) => n.name);
    expect(names.every((name) => name !== '') && new Set(names).size === names.length).toBe(true);
    const made = new Set([...graph.input.map((v) => v.name), ...graph.initializer.map((t) => t.name)]);
    for (const node of graph.node) {
      expect(domains.has(node.domain ?? ''), `${node.name}: ${node.domain}`).toBe(true);
      for (const name of node.input) expect(name === '' || made.has(name), `${node.name} reads ${name}`).toBe(true);
      for (const name of node.output.filter((n) => n !== '')) {
        expect(made.has(name), `${name} is made twice`).toBe(false);
        made.add(name);
      }
    }
    for (const v of [...graph.input, ...graph.output]) {
      expect(made.has(v.name)).toBe(true);
      const type = v.type!.value;
      expect(type.case).toBe('tensorType');
      if (type.case === 'tensorType') expect(type.value.elemType).toBeGreaterThan(0);
    }
    for (const t of graph.initializer) {
      const elements = t.dims.reduce((n, d) => n * Number(d), 1);
      const size = BYTES.get(t.dataType ?? 0);
      if (size !== undefined && t.rawData !== undefined && t.rawData.length > 0)
        expect(t.rawData.length).toBe(elements * size);
    }
    // ONNX Runtime checks operators, attributes and types, and infers shapes.
    const session = await (await createEngine()).load(bytes);
    await session.release();
  });
});
