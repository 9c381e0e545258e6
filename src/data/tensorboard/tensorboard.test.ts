/** Event files: what is written is read back by us, by protoc against TensorBoard's field numbers, and by TensorBoard itself where it is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  decodeGraph,
  decodeImage,
  type EventWriter,
  encodeEvent,
  encodeGraph,
  frameRecord,
  type GraphNode,
  histogramOf,
  type LoggedEvent,
  memoryFolder,
  openEventWriter,
  openFolder,
  readEvents,
  readRecords,
} from '#data';
import { errorOf, rejection } from '../../../test/support/errorText.ts';

const root = mkdtempSync(join(tmpdir(), 'systole-'));
afterAll(() => rmSync(root, { recursive: true }));

const all = async (bytes: Uint8Array, file?: string): Promise<LoggedEvent[]> => {
  const out: LoggedEvent[] = [];
  for await (const event of readEvents(bytes, file)) out.push(event);
  return out;
};

const NODES: readonly GraphNode[] = [
  { name: 'input', op: 'Placeholder', inputs: [], shapes: [[undefined, 1, 28, 28]] },
  {
    name: '/block1/conv',
    op: 'Conv',
    inputs: ['input', 'weight'],
    shapes: [[1, 64, 28, 28]],
    attributes: { strides: [1, 1], group: 1, auto_pad: 'SAME' },
  },
  { name: 'weight', op: 'Const', inputs: [], device: 'host' },
  {
    name: 'block1/split',
    op: 'Split',
    inputs: ['/block1/conv'],
    attributes: { alpha: 0.5, on: true, names: ['a', 'b'], scales: [0.5, 2] },
  },
  { name: 'sum', op: 'Add', inputs: ['block1/split', 'block1/split:1'] },
];
const PICTURE = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(255, 0, 0, 0, 0, 255) } as const;

function log(writer: EventWriter): void {
  writer.graph(NODES);
  for (let step = 0; step < 3; step++) writer.scalar('loss/train', step, 1 / (step + 1));
  writer.image('samples', 2, PICTURE);
  writer.image('grey', 2, { width: 1, height: 2, channels: 1, pixels: Uint8Array.of(0, 128) });
  writer.histogram('weights', 2, [-1, -0.5, 0, 0, 0.25, 3]);
  writer.text('notes', 2, '**LeNet-5**, lr 0.1');
}

describe('a run', () => {
  const folder = openFolder(join(root, 'run'));
  const now = () => 1_700_000_000_500;

  test('is appended as it goes, and read back', async () => {
    const writer = await openEventWriter(folder, { now });
    expect(writer.file).toBe('events.out.tfevents.1700000000.systole');
    await writer.flush();
    const started = await folder.read(writer.file);
    log(writer);
    await Promise.all([writer.flush(), writer.flush()]);
    await writer.flush();
    const file = await folder.read(writer.file);
    expect(file.subarray(0, started.length)).toEqual(started);

    const events = await all(file);
    expect(events.map((e) => e.kind).join(' ')).toBe('version graph scalar scalar scalar image image histogram text');
    expect(events[0]).toEqual({ wallTime: 1_700_000_000.5, step: 0, kind: 'version', version: 'brain.Event:2' });
    expect(events[3]).toEqual({ wallTime: 1_700_000_000.5, step: 1, kind: 'scalar', tag: 'loss/train', value: 0.5 });
    const picture = events[5]!;
    if (picture.kind !== 'image') throw new Error(picture.kind);
    expect([picture.image.width, picture.image.height, picture.image.channels]).toEqual([2, 1, 3]);
    expect((await decodeImage(picture.image.png)).pixels).toEqual(PICTURE.pixels);
    expect(events[8]).toMatchObject({ tag: 'notes', text: '**LeNet-5**, lr 0.1', step: 2 });
    expect(await all(file.subarray(0, started.length))).toHaveLength(1);

    const next = await openEventWriter(folder, { now });
    expect(next.file).toBe('events.out.tfevents.1700000000.systole.1');
  });

  test('what could not be written is written next time', async () => {
    const memory = memoryFolder('m');
    let broken = true;
    const failing = {
      ...memory,
      append: (path: string, bytes: Uint8Array) =>
        broken ? Promise.reject(new Error('disk full')) : memory.append(path, bytes),
    };
    const writer = await openEventWriter(failing);
    writer.scalar('a', 1, 2);
    await expect(writer.flush()).rejects.toThrow('disk full');
    broken = false;
    writer.scalar('a', 2, Number.NaN);
    await writer.flush();
    expect((await all(await memory.read(writer.file))).map((e) => (e.kind === 'scalar' ? e.value : e.kind))).toEqual([
      'version',
      2,
      Number.NaN,
    ]);
  });

  test('damage is reported by its offset', async () => {
    const bytes = encodeEvent({ kind: 'scalar', tag: 'a', value: 1, step: 0, wallTime: 0 });
    expect(await rejection(all(bytes.subarray(0, 20), 'x'))).toMatchObject({
      code: 'SYS-DAT-042',
      place: { file: 'x' },
    });
    expect(await rejection(all(frameRecord(Uint8Array.of(7, 7, 7)), 'x'))).toMatchObject({
      code: 'SYS-DAT-087',
      params: { offset: 0 },
    });
  });

  test('no message ends in anything but events or a coded error', async () => {
    const good = [...readRecords(readFileSync(await write()))].map(({ data }) => data);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good), fc.nat(), fc.nat(255), async (message, place, value) => {
        try {
          await all(frameRecord(new Uint8Array(message).with(place % message.length, value)));
        } catch (error) {
          expect((error as { code?: string }).code).toBe('SYS-DAT-087');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('scalars in the form of TensorFlow 2', async () => {
    // As TensorBoard's own protobuf writes the scalar 0.5 of step 3 with its metadata: as a number, and as bytes.
    for (const hex of [
      '10032a230a210a046c6f7373420a080112002a040000003f4a0d0a090a077363616c6172732001',
      '10032a230a210a046c6f7373420a0801120022040000003f4a0d0a090a077363616c6172732001',
    ]) {
      const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
      expect(await all(frameRecord(bytes))).toEqual([
        { wallTime: 0, step: 3, kind: 'scalar', tag: 'loss', value: 0.5 },
      ]);
    }
  });
});

describe('graph', () => {
  test('comes back, names without the slash they began with', () => {
    const [input, conv, weight, split, sum] = decodeGraph(encodeGraph(NODES));
    expect(input).toEqual(NODES[0]);
    expect(conv).toEqual({
      ...NODES[1],
      name: 'block1/conv',
      attributes: { strides: [1n, 1n], group: 1n, auto_pad: 'SAME' },
    });
    expect([weight, sum]).toEqual([NODES[2], NODES[4]]);
    expect(split).toEqual({ ...NODES[3], inputs: ['block1/conv'] });
  });

  test('what makes no graph', () => {
    const node = (name: string, ...inputs: string[]): GraphNode => ({ name, op: 'X', inputs });
    for (const name of ['', '/', '^a', 'a:0'])
      expect(errorOf(() => encodeGraph([node(name)]))).toMatchObject({ code: 'SYS-DAT-083' });
    expect(errorOf(() => encodeGraph([node('a'), node('/a')]))).toMatchObject({ code: 'SYS-DAT-084' });
    expect(errorOf(() => encodeGraph([node('a'), node('b', 'a:1', 'c')]))).toMatchObject({
      code: 'SYS-DAT-085',
      params: { node: 'b', input: 'c' },
    });
  });
});

test('a histogram counts every number once, below the limit of its bucket', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 1e-12, -1e-12, 1e20),
  );
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 50 }), (values) => {
      const h = histogramOf(values);
      expect(h.counts.reduce((a, b) => a + b)).toBe(values.length);
      expect(h.limits).toEqual(h.limits.toSorted((a, b) => a - b));
      let below = 0;
      for (const [i, limit] of h.limits.entries()) {
        below += h.counts[i]!;
        // The last bucket also holds the greatest number there is.
        expect(below).toBe(values.filter((v) => v < limit || limit === Number.MAX_VALUE).length);
      }
    }),
  );
  const h = histogramOf([1, 2, 3]);
  expect([h.min, h.max, h.count, h.sum, h.sumOfSquares]).toEqual([1, 3, 3, 6, 14]);
  expect(errorOf(() => histogramOf([1, Number.NaN]))).toMatchObject({ code: 'SYS-DAT-086', params: { index: 1 } });
  expect(errorOf(() => histogramOf([]))).toMatchObject({ code: 'SYS-DAT-086' });
});

const write = async (): Promise<string> => {
  const path = mkdtempSync(join(root, 'log-'));
  const writer = await openEventWriter(openFolder(path), { now: () => 1_700_000_000_500 });
  log(writer);
  await writer.flush();
  return join(path, writer.file);
};

const hasProtoc = spawnSync('protoc', ['--version']).status === 0;
test.skipIf(!hasProtoc)('protoc reads the messages (skipped where there is no protoc)', async () => {
  const decode = (message: string, input: Uint8Array): string => {
    const proto = join(import.meta.dirname, 'tensorboard.proto');
    const { stdout, stderr } = spawnSync(
      'protoc',
      [`--decode=systole.tensorboard.${message}`, `-I${import.meta.dirname}`, proto],
      { input, encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    return stdout;
  };
  const [, graph, loss] = [...readRecords(readFileSync(await write()))];
  expect(decode('Event', loss!.data)).toBe(
    'wall_time: 1700000000.5\nsummary {\n  value {\n    tag: "loss/train"\n    simple_value: 1\n  }\n}\n',
  );
  expect(decode('Event', graph!.data)).toContain('graph_def: ');
  const text = decode('GraphDef', encodeGraph(NODES));
  // Nothing is left over as a numbered field.
  expect(text).not.toMatch(/^\s*\d+:/m);
  expect(text.match(/^node /gm)).toHaveLength(NODES.length);
});

const hasTensorBoard = spawnSync('python3', ['-c', 'import tensorboard.compat.proto.event_pb2']).status === 0;
test.skipIf(!hasTensorBoard)("TensorBoard's own reader (skipped where python3 has no tensorboard)", async () => {
  const script = `
import json, sys
from tensorboard.backend.event_processing import event_file_loader, plugin_event_accumulator
from tensorboard.util import tensor_util
events = plugin_event_accumulator.EventAccumulator(sys.argv[1]).Reload()
graph = events.Graph()
values = lambda t: [v.decode() if isinstance(v, bytes) else v for v in tensor_util.make_ndarray(t.tensor_proto).reshape(-1).tolist()]
tensors = {tag: [(t.step, values(t)) for t in events.Tensors(tag)] for tag in ['loss/train', 'notes']}
loaded = list(event_file_loader.LegacyEventFileLoader(sys.argv[1]).Load())
histogram = [v.histo for e in loaded for v in e.summary.value if v.HasField('histo')][0]
print(json.dumps({
  'tags': sorted(events.Tags()['tensors']), 'plugins': {t: events.SummaryMetadata(t).plugin_data.plugin_name for t in events.Tags()['tensors']},
  'tensors': tensors, 'first': events.FirstEventTimestamp(), 'version': loaded[0].file_version, 'writer': loaded[0].source_metadata.writer,
  'nodes': [[n.name, n.op, list(n.input)] for n in graph.node], 'shape': [d.size for d in graph.node[1].attr['_output_shapes'].list.shape[0].dim],
  'strides': list(graph.node[1].attr['strides'].list.i), 'pad': graph.node[1].attr['auto_pad'].s.decode(), 'alpha': graph.node[3].attr['alpha'].f,
  'histogram': [histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares, sum(histogram.bucket)],
}))
`;
  const path = join(root, 'read.py');
  writeFileSync(path, script);
  const { stdout, stderr } = spawnSync('python3', [path, await write()], { encoding: 'utf8' });
  expect(stdout, stderr).not.toBe('');
  expect(JSON.parse(stdout)).toEqual({
    tags: ['__run_graph__', 'grey', 'loss/train', 'notes', 'samples', 'weights'],
    plugins: {
      __run_graph__: 'graphs',
      grey: 'images',
      'loss/train': 'scalars',
      notes: 'text',
      samples: 'images',
      weights: 'histograms',
    },
    tensors: {
      'loss/train': [
        [0, [1]],
        [1, [0.5]],
        [2, [Math.fround(1 / 3)]],
      ],
      notes: [[2, ['**LeNet-5**, lr 0.1']]],
    },
    first: 1_700_000_000.5,
    version: 'brain.Event:2',
    writer: 'systole',
    nodes: decodeGraph(encodeGraph(NODES)).map((n) => [n.name, n.op, n.inputs]),
    shape: [1, 64, 28, 28],
    strides: [1, 1],
    pad: 'SAME',
    alpha: 0.5,
    histogram: [-1, 3, 6, 1.75, 1 + 0.25 + 0.0625 + 9, 6],
  });
});
