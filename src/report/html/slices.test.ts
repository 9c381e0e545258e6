/** Slices and buffers of a page: nothing of a run is lost when they are merged, packed and read again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSimulation, type SimulationEvent } from '#sim';
import { randomProgram } from '../../../test/support/randomPrograms.ts';
import { ByteReader, ByteWriter, packBlock, unpackBlock } from './bytes.ts';
import { readBuffers, readTimeline } from './client/model.ts';
import type { PageRun } from './data.ts';
import { packLifetimes } from './lifetimes.ts';
import { SliceRecorder } from './slices.ts';

test('numbers of any size and sign come back', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (numbers) => {
      const kept = numbers.map((n) => Math.trunc(n / 4));
      const writer = new ByteWriter();
      for (const n of kept) writer.signed(n);
      const reader = new ByteReader(writer.bytes());
      expect(kept.map(() => reader.signed())).toEqual(kept.map((n) => n + 0));
    }),
  );
});

test('a block comes back with its parts', () => {
  const parts = [new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array([255])];
  expect(unpackBlock(packBlock({ text: '周期' }, parts))).toEqual({ json: { text: '周期' }, parts });
});

/** A run of one unit: work and waits with gaps between, in layers one after the other. */
const activity = fc.array(
  fc.record({ gap: fc.nat(20), length: fc.integer({ min: 1, max: 50 }), waits: fc.boolean(), next: fc.nat(9) }),
  { minLength: 1, maxLength: 200 },
);

function recorded(steps: readonly { gap: number; length: number; waits: boolean; next: number }[], held?: number) {
  const recorder = new SliceRecorder(held);
  const slices: { from: number; to: number; layer: number; waits: boolean }[] = [];
  let [at, layer] = [0, 0];
  for (const { gap, length, waits, next } of steps) {
    if (next === 0) layer++;
    const [start, cycle] = [at + gap, at + gap + length];
    const entry = waits ? { kind: 'wait', semaphore: 1 } : { kind: 'load' };
    const event = { type: `${entry.kind}:end`, unit: 'load', core: 0, pc: 0, layer, start, cycle, entry };
    recorder.observer(event as unknown as SimulationEvent);
    slices.push({ from: start, to: cycle, layer, waits });
    at = cycle;
  }
  return { recorder, slices };
}

const readBack = (recorder: SliceRecorder, most: number) => {
  const { labels, merged, tracks } = recorder.packed(most);
  const run = {
    timeline: { labels, merged, tracks: tracks.map(({ unit, slices }, part) => ({ unit, slices, part })) },
  } as unknown as PageRun;
  return readTimeline(
    run,
    tracks.map((t) => t.columns),
  )!;
};

test('slices that are few come back as they were', () => {
  fc.assert(
    fc.property(activity, (steps) => {
      const { recorder, slices } = recorded(steps);
      const { labels, merged, tracks } = readBack(recorder, 1000);
      expect([merged, tracks.length]).toEqual([0, 1]);
      const { from, to, layer, label, work, wait, count } = tracks[0]!;
      expect([...from]).toEqual(slices.map((s) => s.from));
      expect([...to]).toEqual(slices.map((s) => s.to));
      expect([...layer]).toEqual(slices.map((s) => s.layer));
      expect([...label].map((l) => labels[l]!.kind === 'wait')).toEqual(slices.map((s) => s.waits));
      expect([...work]).toEqual(slices.map((s) => (s.waits ? 0 : s.to - s.from)));
      expect([...wait]).toEqual(slices.map((s) => (s.waits ? s.to - s.from : 0)));
      expect([...count].every((n) => n === 1)).toBe(true);
    }),
  );
});

test('merged slices hold all work and waiting of each layer, and no more slices than asked', () => {
  fc.assert(
    fc.property(activity, fc.integer({ min: 2, max: 40 }), fc.constantFrom(10, 1000), (steps, most, held) => {
      const { recorder, slices } = recorded(steps, held);
      const layers = new Set(slices.map((s) => s.layer)).size;
      const { tracks } = readBack(recorder, Math.max(most, layers));
      const { from, to, layer, work, wait, count, length } = tracks[0]!;
      expect(length).toBeLessThanOrEqual(Math.max(most, layers));
      expect([...count].reduce((a, b) => a + b, 0)).toBe(slices.length);
      const sums = (of: readonly (readonly [layer: number, cycles: number])[]) => {
        const by = new Map<number, number>();
        for (const [l, cycles] of of) by.set(l, (by.get(l) ?? 0) + cycles);
        return by;
      };
      const told = (column: Float64Array) => sums([...column].map((cycles, i) => [layer[i]!, cycles] as const));
      const were = (waits: boolean) =>
        sums(slices.map((s) => [s.layer, s.waits === waits ? s.to - s.from : 0] as const));
      expect(told(work)).toEqual(were(false));
      expect(told(wait)).toEqual(were(true));
      for (let i = 0; i < length; i++) {
        expect(work[i]! + wait[i]!).toBeLessThanOrEqual(to[i]! - from[i]!);
        if (i > 0) expect(from[i]!).toBeGreaterThanOrEqual(to[i - 1]!);
      }
    }),
  );
});

test('buffers come back in order; uses of one place that lie close become one', () => {
  const lifetime = (from: number, to: number, low: number) =>
    ({ memory: 'nram', core: 0, writer: 'vector', layer: 3, from, to, low, high: low + 64 }) as const;
  const read = (most: number) => {
    const of = Array.from({ length: 100 }, (_, i) => lifetime(10 * i, 10 * i + 8, 64 * (i % 2)));
    const { buffers, merged, columns } = packLifetimes(of, most);
    return readBuffers(
      { memories: [{ name: 'NRAM', bytes: 128, buffers, merged, dropped: 0, part: 0 }] } as unknown as PageRun,
      [columns],
    )[0]!;
  };
  const whole = read(100);
  expect([whole.length, whole.merged]).toEqual([100, 0]);
  expect([...whole.from].slice(0, 3)).toEqual([0, 10, 20]);
  expect([whole.low[1], whole.high[1], whole.to[1], whole.writer[1], whole.layer[1]]).toEqual([64, 128, 18, 2, 3]);
  const few = read(10);
  expect(few.merged).toBeGreaterThan(0);
  expect(few.length).toBe(2);
  expect([few.to[0], few.to[1]]).toEqual([988, 998]);
});

test('what units waited for semaphores stands on the page, on 100 random programs', () => {
  let met = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { program, text } = randomProgram(8_100_000 + seed);
    const recorder = new SliceRecorder();
    const state = createSimulation(program, { data: false, observer: recorder.observer }).run();
    if (state.state !== 'done') throw new Error('no host here');
    const { tracks } = readBack(recorder, 100_000);
    const pops = program.machine.control.queueCycles;
    for (const { name, idleBy, entries } of state.result.units) {
      const waits = tracks.find((t) => t.unit === name)?.wait ?? [];
      const waited = [...waits].reduce((a, b) => a + b, 0);
      expect(waited, `seed ${seed}, ${name}\n${text}`).toBeGreaterThanOrEqual(idleBy.semaphore);
      // The wait's own cycles count, too.
      expect(waited, `seed ${seed}, ${name}\n${text}`).toBeLessThanOrEqual(idleBy.semaphore + pops * entries);
      met += idleBy.semaphore;
    }
  }
  expect(met).toBeGreaterThan(1000);
});
