/**
 * Traces of random programs: both formats tell the same, and what they tell is what the run says of itself. The readers are
 * those of `support/traces.ts`.
 */
import { expect, test } from 'vitest';
import type { Program } from '#isa';
import { chromeTrace, createSimulation, perfettoTrace, type SimulationEvent, type SimulationResult } from '#sim';
import { randomProgram } from './support/randomPrograms.ts';
import { spmdProgram } from './support/spmdPrograms.ts';
import { type ReadTrace, readChrome, readPerfetto, withAll } from './support/traces.ts';

interface Traced {
  readonly result: SimulationResult;
  readonly events: readonly SimulationEvent[];
  readonly chrome: ReadTrace;
  readonly perfetto: ReadTrace;
}

function traced(program: Program): Traced {
  const texts: string[] = [];
  const pieces: Uint8Array[] = [];
  const writers = [chromeTrace(program, (t) => texts.push(t)), perfettoTrace(program, (p) => pieces.push(p))];
  const events: SimulationEvent[] = [];
  const observer = (event: SimulationEvent): void => {
    events.push(event);
    for (const writer of writers) writer.observer(event);
  };
  const state = createSimulation(program, { data: false, observer }).run();
  if (state.state !== 'done') throw new Error('no host here');
  for (const writer of writers) writer.close();
  const perfetto = new Uint8Array(pieces.flatMap((p) => [...p]));
  return { result: state.result, events, chrome: readChrome(texts.join('')), perfetto: readPerfetto(perfetto) };
}

/** Queue by queue, from what was dispatched and taken: how many entries wait after each cycle at which that changes. */
function depths(events: readonly SimulationEvent[], unit: string): (readonly [number, number])[] {
  const changes = new Map<number, number>();
  for (const event of events) {
    if (!('unit' in event) || event.unit !== unit || 'start' in event || event.type === 'channel:grant') continue;
    changes.set(event.cycle, (changes.get(event.cycle) ?? 0) + (event.type === 'dispatch' ? 1 : -1));
  }
  const depths: (readonly [number, number])[] = [];
  let depth = 0;
  for (const [cycle, change] of [...changes].sort(([a], [b]) => a - b)) {
    depth += change;
    if (change !== 0) depths.push([cycle, depth]);
  }
  return depths;
}

test('60 random programs of several cores: both formats tell the same, each core in a group of its own', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { program, text } = spmdProgram(12_000_000 + seed);
    const message = `seed ${seed}\n${text}`;
    const { result, events, chrome, perfetto } = traced(program);
    expect(perfetto.tracks, message).toEqual(chrome.tracks);
    expect(perfetto.flows, message).toEqual(chrome.flows);
    expect(perfetto.counters, message).toEqual(chrome.counters);
    expect(perfetto.instants.length, message).toBe(new Set(result.units.map(({ core }) => core)).size);
    for (const { name, core, entries } of result.units) {
      if (entries === 0) continue;
      const slices = (perfetto.tracks.get(`core ${core} ${name}`) ?? []).flatMap(withAll);
      const works = slices.filter((s) => s.facts.pc !== undefined && s.facts.semaphore === undefined);
      const ends = events.filter((e) => 'plan' in e && e.plan !== undefined && e.unit === name && e.core === core);
      expect(
        works.map((s) => s.facts.pc),
        message,
      ).toEqual(ends.map((e) => e.pc));
    }
    const uses = (kind: string) => events.filter((e) => e.type === `${kind}:start`).length;
    expect(perfetto.flows.size, message).toBe(uses('signal'));
    expect([...perfetto.flows.values()].filter((ends) => ends.length > 1).length, message).toBe(uses('wait'));
  }
});

test('200 random programs as Chrome and Perfetto traces', { timeout: 120_000 }, () => {
  let met = 0;
  const phased = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const { program, text } = randomProgram(5_000_000 + seed);
    const message = `seed ${seed}\n${text}`;
    const layers = [
      { ...LAYER, from: 4, to: 20 },
      { ...LAYER, name: 'second', from: 20, to: 45 },
    ];
    const { result, events, chrome, perfetto } = traced({ ...program, layers });
    expect(perfetto.tracks, message).toEqual(chrome.tracks);
    expect(perfetto.flows, message).toEqual(chrome.flows);
    expect(perfetto.counters, message).toEqual(chrome.counters);
    expect(perfetto.instants, message).toEqual([['control', result.cycles, 'halt']]);

    for (const { name, busy, idleBy, entries } of result.units) {
      if (entries === 0) continue;
      const slices = (perfetto.tracks.get(name) ?? []).flatMap(withAll);
      // Work, and what semaphores took; a transfer holds the time that it waited for the channel and the banks.
      const semaphores = slices.filter((s) => s.facts.semaphore !== undefined);
      const works = slices.filter((s) => s.facts.pc !== undefined && s.facts.semaphore === undefined);
      const length = (of: typeof slices): number => of.reduce((n, s) => n + s.to - s.from, 0);
      expect(length(works) + length(semaphores), message).toBe(busy + idleBy.channel + idleBy.dram + idleBy.semaphore);
      const ends = events.filter((e) => 'plan' in e && e.plan !== undefined && e.unit === name);
      expect(
        works.map((s) => s.facts.pc),
        message,
      ).toEqual(ends.map((e) => e.pc));
      for (const slice of slices) {
        for (const inside of slice.inside) {
          expect(inside.from, message).toBeGreaterThanOrEqual(slice.from);
          expect(inside.to, message).toBeLessThanOrEqual(slice.to);
        }
      }
      // Phases follow each other from the beginning of their instruction to its end.
      for (const { from, to, inside, name: called } of works) {
        if (inside.length === 0) continue;
        expect([from, ...inside.map((p) => p.to)], message).toEqual([...inside.map((p) => p.from), to]);
        phased.add(called);
      }
      expect(perfetto.counters.get(`${name} queue (entries)`) ?? [], message).toEqual(depths(events, name));
    }

    // The k-th wait for a semaphore belongs to the k-th signal.
    const uses = (kind: string) => events.filter((e) => e.type === `${kind}:start`).length;
    expect(perfetto.flows.size, message).toBe(uses('signal'));
    const pairs = [...perfetto.flows.values()].filter((ends) => ends.length > 1);
    expect(pairs.length, message).toBe(uses('wait'));
    for (const [from, to] of pairs) {
      if (to!.facts.semaphore === undefined) expect(to!.from, message).toBeGreaterThanOrEqual(from!.to);
      met++;
    }

    const area = (name: string): number => {
      const points = perfetto.counters.get(name) ?? [];
      return points.reduce((sum, [cycle, v], i) => sum + v * ((points[i + 1]?.[0] ?? result.cycles) - cycle), 0);
    };
    const { total } = result;
    expect(area('DRAM read (bytes/cycle)'), message).toBeCloseTo(total.readBurstBytes, 0);
    expect(area('DRAM write (bytes/cycle)'), message).toBeCloseTo(total.writeBurstBytes, 0);
    expect(area('MACs (MACs/cycle)'), message).toBeCloseTo(total.macs, 0);
    expect(area('vector operations (operations/cycle)'), message).toBeCloseTo(total.vectorOps, 0);
  }
  expect(met).toBeGreaterThan(100);
  expect([...phased]).toEqual(expect.arrayContaining(['load', 'store', 'mma']));
});

const LAYER = {
  name: 'first',
  op: 'Conv',
  nodes: [],
  from: 0,
  to: 0,
  where: 'matrix',
  outputShape: [],
  macs: 0,
  vectorOps: 0,
  loops: [],
} as unknown as Program['layers'][number];
