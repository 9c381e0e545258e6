import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covered, overlap, simulate, type Task } from './simulate.ts';

const task = (seconds: number, resources: readonly string[], after: readonly number[]): Task => ({
  ...{ kind: 'forward', label: '', devices: [0], seconds, resources, after },
});

const graphs = fc
  .array(
    fc.record({
      seconds: fc.integer({ min: 0, max: 9 }),
      at: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
      seed: fc.nat(),
    }),
    {
      minLength: 1,
      maxLength: 24,
    },
  )
  .map((list) =>
    list.map(({ seconds, at, seed }, i) =>
      task(seconds, at, i === 0 ? [] : [seed % i, (seed >> 5) % i].slice(0, seed % 3)),
    ),
  );

test('tasks wait for what is before them, hold their resources alone, and none is late without a reason', () => {
  fc.assert(
    fc.property(graphs, (tasks) => {
      const spans = simulate(tasks);
      tasks.forEach((t, i) => {
        const { from, to } = spans[i]!;
        expect(to - from).toBe(t.seconds);
        for (const before of t.after) expect(spans[before]!.to).toBeLessThanOrEqual(from);
        tasks.forEach((u, j) => {
          const share = j !== i && t.resources.some((r) => u.resources.includes(r));
          if (share && t.seconds > 0 && u.seconds > 0) expect(spans[j]!.to <= from || spans[j]!.from >= to).toBe(true);
        });
        // It begins with the end of something, or at once.
        const reasons = [0, ...spans.filter((_, j) => j !== i).map((s) => s.to)];
        expect(reasons).toContain(from);
      });
      expect(simulate(tasks)).toEqual(spans);
    }),
    { numRuns: 60 },
  );
});

test('a chain takes its sum, a circle is a bug of whoever made it', () => {
  const chain = [task(1, ['a'], []), task(2, ['b'], [0]), task(3, ['a'], [1])];
  expect(simulate(chain).at(-1)).toEqual({ from: 3, to: 6 });
  expect(() => simulate([task(1, ['a'], [1]), task(1, ['a'], [0])])).toThrow('wait for each other');
});

test('overlaps and covered time', () => {
  const a = [
    { from: 0, to: 4 },
    { from: 3, to: 6 },
    { from: 8, to: 9 },
  ];
  expect(covered(a)).toBe(7);
  expect(
    overlap(a, [
      { from: 5, to: 10 },
      { from: 1, to: 2 },
    ]),
  ).toBe(3);
  expect(overlap(a, [])).toBe(0);
});
