/** What a trace shows of a small program, and that memory and the sink are kept in bounds however long the run. */
import { expect, test } from 'vitest';
import { assembled, machineWith } from '../../../test/support/processor.ts';
import { readChrome, readPerfetto, withAll } from '../../../test/support/traces.ts';
import { createSimulation } from '../cycle.ts';
import type { SimulationEvent } from '../events.ts';
import { chromeTrace } from './chrome.ts';
import { perfettoTrace } from './perfetto.ts';
import { timeline } from './timeline.ts';

const pingPong = (rounds: number) =>
  assembled(
    `
    .dram 4096
    .fill 0, 4096, f32 1
    .node "first 'layer'"
    cfg.dimi R0, 0, 64, 4
    li r1, 0x400
    loopi ${rounds}
      load nram, r0, r0, R0, R0, f32
      signal load, 0
      wait vector, 0
      vec.exp r1, r0, r0, R0, R0, R0, f32
      signal vector, 1
      wait load, 1
    endloop
    .node "last"
    sync
    halt`,
    machineWith('systolic-16x16', { dma: { queues: 2 } }),
  );

test('layers hold instructions, instructions their phases, and flows lead from load to vec and back', () => {
  const program = pingPong(500);
  const pieces: string[] = [];
  const trace = chromeTrace(program, (text) => pieces.push(text));
  const state = createSimulation(program, { data: false, observer: trace.observer }).run();
  trace.close();
  if (state.state !== 'done') throw new Error('no host here');
  expect(Math.max(...pieces.map((p) => p.length))).toBeLessThan(20_000);
  expect(pieces.length).toBeGreaterThan(5);
  const { tracks, flows, instants } = readChrome(pieces.join(''));
  expect([...tracks.keys()].sort()).toEqual(['control', 'load', 'vector']);
  const [layer, ...others] = tracks.get('vector')!;
  expect(others).toEqual([]);
  expect(layer!.name).toBe("first 'layer'");
  expect(layer!.inside.filter((s) => s.name === 'vec.exp')).toHaveLength(500);
  const load = tracks.get('load')![0]!.inside[0]!;
  expect(load).toMatchObject({ name: 'load', facts: { pc: 3, bytes: 256, 'DRAM bytes': 256 } });
  expect(load.inside.map((s) => s.name)).toEqual(['setup', 'channel', 'latency']);
  expect(flows.size).toBe(1000);
  expect(flows.get(1)!.map((s) => s.name)).toEqual(['load', 'vec.exp']);
  expect(flows.get(2)!.map((s) => s.name)).toEqual(['vec.exp', 'load']);
  // What nothing follows leads to the wait itself.
  expect(flows.get(1000)!.map((s) => s.name)).toEqual(['vec.exp', 'wait 1']);
  expect(
    tracks
      .get('control')!
      .flatMap(withAll)
      .map((s) => s.name),
  ).toContain('full queue');
  expect(instants).toEqual([['control', state.result.cycles, 'halt']]);
});

test('control of the cores that come first waits in a barrier', () => {
  const program = assembled(
    `
    .dram 4096
    .fill 0, 256, f32 1
    cfg.dimi R0, 0, 64, 4
    csr r1, core
    bne r1, r0, on
    load nram, r0, r0, R0, R0, f32
    sync
  on:
    barrier cluster
    halt`,
    machineWith('textbook-cluster', {}),
  );
  const pieces: string[] = [];
  const trace = chromeTrace(program, (text) => pieces.push(text));
  createSimulation(program, { data: false, observer: trace.observer }).run();
  trace.close();
  const { tracks } = readChrome(pieces.join(''));
  const stalls = [...tracks].flatMap(([track, slices]) =>
    track.endsWith('control') ? [slices.flatMap(withAll).map(({ name, from, to }) => [name, to - from])] : [],
  );
  // 256 bytes at 128 a cycle.
  expect(stalls.sort()).toEqual([[['barrier', 2]], [['barrier', 2]], [['barrier', 2]], [['sync', 2]]]);
});

test('a million events pass through buffers of some kilobytes', { timeout: 60_000 }, () => {
  const program = pingPong(50_000);
  let [events, slices, held, most] = [0, 0, 0, 0];
  const nothing = (): void => undefined;
  const counting = timeline(program, {
    track: nothing,
    open: nothing,
    close: nothing,
    instant: nothing,
    count: nothing,
    end: nothing,
    slice: (_, { facts }) => {
      if (facts.bytes !== undefined || facts.operations !== undefined) slices++;
    },
  });
  const longest = { chrome: 0, perfetto: 0 };
  const writers = [
    chromeTrace(program, (text) => (longest.chrome = Math.max(longest.chrome, text.length))),
    perfettoTrace(program, (bytes) => (longest.perfetto = Math.max(longest.perfetto, bytes.length))),
  ];
  const observer = (event: SimulationEvent): void => {
    events++;
    counting.observer(event);
    for (const writer of writers) writer.observer(event);
    if ('plan' in event && event.plan !== undefined) held++;
    most = Math.max(most, held - slices);
  };
  createSimulation(program, { data: false, observer }).run();
  for (const writer of [counting, ...writers]) writer.close();
  expect(events).toBeGreaterThan(1_000_000);
  expect(slices).toBe(held);
  // Two units, each with its last instruction.
  expect(most).toBeLessThanOrEqual(3);
  expect(longest.chrome).toBeLessThan(20_000);
  expect(longest.perfetto).toBeLessThanOrEqual(65_536);
});

test('a program of semaphores alone holds no more', () => {
  const program = assembled(
    'loopi 5000\nsignal load, 0\nwait vector, 0\nendloop\nhalt',
    machineWith('systolic-16x16', {}),
  );
  const pieces: Uint8Array[] = [];
  const trace = perfettoTrace(program, (bytes) => pieces.push(bytes));
  createSimulation(program, { data: false, observer: trace.observer }).run();
  trace.close();
  const { flows } = readPerfetto(new Uint8Array(pieces.flatMap((p) => [...p])));
  expect(flows.size).toBe(5000);
  expect([...flows.values()].every((ends) => ends.length === 2)).toBe(true);
});

test('what the sink throws stops the run, at once or at the end', () => {
  const program = pingPong(500);
  const full = new Error('the disk is full');
  let pieces = 0;
  const trace = chromeTrace(program, () => {
    if (++pieces > 2) throw full;
  });
  const simulation = createSimulation(program, { data: false, observer: trace.observer });
  expect(() => simulation.run()).toThrow(full);
  expect(pieces).toBe(3);
  const atOnce = chromeTrace(program, () => {
    throw full;
  });
  expect(() => atOnce.close()).toThrow(full);
});
