/** The project's own pictures: well-formed, complete, the same each time. What they look like stands under docs/. */
import { describe, expect, test } from 'vitest';
import { presets } from '#machine';
import { createSimulation, type SimulationEvent } from '#sim';
import { randomProgram } from '../../../test/support/randomPrograms.ts';
import { blockDiagram } from './blockDiagram.ts';
import { stallsOf } from './stalls.ts';
import { TimelineRecorder, timeline } from './timeline.ts';

/** Every tag closed, in order; no figure that is not a number. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (close === '/') expect(open.pop()).toBe(name);
    else if (self !== '/') open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
}

describe.each([...presets.values()].map((m) => [m.name, m] as const))('block diagram of %s', (_, machine) => {
  test.each(['en', 'zh'] as const)('%s', (language) => {
    const svg = blockDiagram(machine, language);
    expectWellFormed(svg);
    expect(svg).toContain('NRAM');
    expect(svg.includes('SharedRAM')).toBe(machine.cluster !== undefined);
    expect(/\p{Script=Han}/u.test(svg.replace(/font-family="[^"]*"/, ''))).toBe(language === 'zh');
  });
});

test('a timeline cuts spans to its window and writes labels only where they fit', () => {
  const spans = [
    { unit: 'load', from: 0, to: 100, kind: 'transfer', label: 'load' },
    { unit: 'matrix', from: 100, to: 101, kind: 'compute', label: 'mma <a>' },
    { unit: 'matrix', from: 150, to: 400, kind: 'compute', label: 'mma <b>' },
  ] as const;
  const svg = timeline(spans, { title: 't', from: 50, to: 200 });
  expectWellFormed(svg);
  expect(svg).toContain('mma &lt;b&gt;');
  expect(svg).not.toContain('mma &lt;a&gt;');
  // 860 pixels for 150 cycles: the load fills the first 50 of them.
  expect(svg).toContain('width="286.67"');
});

test('waits of control are those of each core', () => {
  const recorder = new TimelineRecorder();
  const control = (type: 'control:stall' | 'control:resume', core: number, cycle: number): SimulationEvent => ({
    ...{ type, core, cycle, cause: 'sync', pc: 0, layer: -1 },
  });
  const events = [
    control('control:stall', 0, 10),
    control('control:stall', 1, 30),
    control('control:resume', 0, 50),
    control('control:resume', 1, 60),
  ];
  for (const event of events) recorder.observer(event);
  expect(recorder.spans.map(({ unit, from, to }) => [unit, from, to])).toEqual([
    ['control', 10, 50],
    ['control 1', 30, 60],
  ]);
});

test('the stalls of a timeline are those that the simulation counts, on 300 random programs', () => {
  const met = new Set<string>();
  for (let seed = 1; seed <= 300; seed++) {
    const { program, text } = randomProgram(8_000_000 + seed);
    const recorder = new TimelineRecorder(100_000);
    const state = createSimulation(program, { data: false, observer: recorder.observer }).run();
    if (state.state !== 'done') throw new Error('no host here');
    const { units } = state.result;
    const stalls = Map.groupBy(
      stallsOf(
        recorder.spans,
        units.map((u) => u.name),
        state.result.cycles,
      ),
      (s) => s.unit,
    );
    for (const { name, idleBy } of units) {
      const drawn = { semaphore: 0, channel: 0, operands: 0, sync: 0, host: 0, empty: 0, tail: 0 };
      for (const { cause, from, to } of stalls.get(name) ?? []) drawn[cause] += to - from;
      const { dram: _, dependence, bank, ...counted } = idleBy;
      expect(drawn, `seed ${seed}, ${name}\n${text}`).toEqual({ ...counted, operands: dependence + bank });
      for (const [cause, n] of Object.entries(drawn)) if (n > 0) met.add(cause);
    }
  }
  expect([...met].sort()).toEqual(['channel', 'empty', 'operands', 'semaphore', 'sync', 'tail']);
});
