/** Closed forms of conflicts among ways, against counting every access. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presets } from '#machine';
import { dmaCost } from './dma.ts';
import { recordOf } from './record.ts';
import { vecCycles } from './vector.ts';
import { wayCycles } from './ways.ts';

const ways = fc.integer({ min: 0, max: 7 }).map((n) => 2 ** n);

/** Accesses of the busiest way, word by word; elements of a word share an access. */
function busiest(count: number, first: number, stride: number, over: number): number {
  const words = new Set<number>();
  for (let i = 0; i < count; i++) words.add(Math.floor((first + i * stride) / 4));
  const by = new Map<number, number>();
  for (const word of words) {
    const way = ((word % over) + over) % over;
    by.set(way, (by.get(way) ?? 0) + 1);
  }
  return Math.max(0, ...by.values());
}

test('words at any distance, from any word on', () => {
  fc.assert(
    fc.property(
      ways,
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: -200, max: 200 }),
      fc.nat(1000),
      (w, n, s, at) => {
        expect(wayCycles(w, n, 4 * s)).toBe(busiest(n, 4 * at, 4 * s, w));
      },
    ),
    { numRuns: 2000 },
  );
});

test('narrow elements: a schedule that an aligner of one word keeps to, whatever the first byte', () => {
  fc.assert(
    fc.property(ways, fc.integer({ min: 1, max: 64 }), fc.constantFrom(1, 2), fc.nat(7), (w, n, s, at) => {
      const first = s * at;
      for (let step = 0; step < 8; step++) {
        const from = first + step * n * s;
        const held = Math.floor((from - s) / 4);
        const words = new Set<number>();
        for (let i = 0; i < n; i++) words.add(Math.floor((from + i * s) / 4));
        if (step > 0 || from % 4 !== 0) words.delete(from % 4 === 0 ? -1 : held);
        expect(Math.ceil(words.size / w)).toBeLessThanOrEqual(wayCycles(w, n, s));
      }
    }),
  );
  // And it is met where steps begin at words.
  expect(wayCycles(4, 64, 1)).toBe(busiest(64, 0, 1, 4));
  expect(wayCycles(16, 64, 2)).toBe(busiest(64, 0, 2, 16));
});

const base = presets.get('textbook-single')!;
const machine = { ...base, nram: { ...base.nram, ways: 16 }, wram: { ...base.wram, ways: 4 } };

test('a vector instruction takes its groups by the worst of its streams', () => {
  // 100 elements in groups of 64 and 36 over 16 ways: 4 + 3 cycles at stride 4, 8 + 5 at stride 8 (every second way).
  const cycles = (...strides: number[]): number => vecCycles(machine, 'add', [100, 3], false, { strides });
  expect(cycles(4, 4, 4)).toBe(3 * (4 + 3));
  expect(cycles(4, 8, 4)).toBe(3 * (8 + 5));
  expect(cycles(0, 0, 4)).toBe(3 * (4 + 3));
  expect(cycles(4, 64, 4)).toBe(3 * 100);
  // A function that takes longer hides what its streams take.
  expect(vecCycles(machine, 'exp', [100, 3], false, { strides: [4, 4] })).toBe(3 * (4 + 4));
  expect(vecCycles(base, 'add', [100, 3], false, { strides: [4, 64, 4] })).toBe(3 * 2);
});

test('a transfer takes its scratchpad side run by run', () => {
  const dram = recordOf([
    { size: 64, stride: 4 },
    { size: 10, stride: 256 },
  ]);
  const cost = (space: 'nram' | 'wram', ...strides: number[]): number => {
    const pad = recordOf(strides.map((stride) => ({ size: 1, stride })));
    return dmaCost(machine, { sizes: dram, dram, elementBytes: 4, pad: { record: pad, space } }).transferCycles;
  };
  // One run of 640 words; 10 runs of 64; 64 words in one of 16 ways.
  expect(cost('nram', 4, 256)).toBe(640 / 16);
  expect(cost('nram', 4, 512)).toBe(10 * 4);
  expect(cost('nram', 64, 4)).toBe(10 * 64);
  expect(cost('wram', 4, 256)).toBe(640 / 4);
});
