/** The project's own pictures: well-formed, complete, the same each time. What they look like stands under docs/. */
import { describe, expect, test } from 'vitest';
import { presets } from '#machine';
import type { SimulationEvent } from '#sim';
import { blockDiagram } from './blockDiagram.ts';
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
