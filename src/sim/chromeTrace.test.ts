/** The trace parses, keeps pieces small, and holds every executed entry once, one after the other on its track. */
import { expect, test } from 'vitest';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { chromeTrace } from './chromeTrace.ts';
import { createSimulation } from './cycle.ts';

const program = assembled(
  `
    .dram 4096
    .fill 0, 4096, f32 1
    .node "first \\"layer\\""
    cfg.dimi R0, 0, 64, 4
    li r1, 0x400
    loopi 500
      load nram, r0, r0, R0, R0, f32
      signal load, 0
      wait vector, 0
      vec.exp r1, r0, r0, R0, R0, R0, f32
      signal vector, 1
      wait load, 1
    endloop
    sync
    halt`.replaceAll('\\"', "'"),
  machineWith('systolic-16x16', {}),
);

test('a run as a Chrome trace', () => {
  const pieces: string[] = [];
  const trace = chromeTrace(program, (text) => pieces.push(text));
  const state = createSimulation(program, { data: false, observer: trace.observer }).run();
  trace.close();
  expect(Math.max(...pieces.map((p) => p.length))).toBeLessThan(20_000);
  expect(pieces.length).toBeGreaterThan(5);
  const { traceEvents } = JSON.parse(pieces.join('')) as {
    traceEvents: { ph: string; tid: number; ts: number; dur: number; name: string }[];
  };
  const spans = traceEvents.filter((e) => e.ph === 'X');
  expect(spans.filter((e) => e.name === "vec.exp first 'layer'").length).toBe(500);
  const ends = new Map<number, number>();
  for (const { tid, ts, dur } of spans) {
    expect(ts).toBeGreaterThanOrEqual(ends.get(tid) ?? 0);
    ends.set(tid, ts + dur);
  }
  if (state.state !== 'done') throw new Error('no host here');
  expect(Math.max(...ends.values())).toBeLessThanOrEqual(state.result.cycles);
  expect(traceEvents.at(-1)).toMatchObject({ name: 'halt', ts: state.result.cycles });
});

test('what the sink throws stops the run, at once or at the end', () => {
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
