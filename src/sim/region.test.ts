/** Intervals and access maps against sets of bytes, one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccessMap, SETTLED } from './accessMap.ts';
import { firstCommon, type Intervals, intervalsOf, merged, RegionBuilder } from './region.ts';

const axis = fc.record({
  count: fc.integer({ min: 0, max: 6 }),
  stride: fc.integer({ min: -40, max: 40 }),
  first: fc.integer({ min: 0, max: 3 }),
});
const shape = fc.record({
  offset: fc.nat(500),
  width: fc.integer({ min: 1, max: 9 }),
  axes: fc.array(axis, { maxLength: 5 }),
});

function bytesOf({
  offset,
  width,
  axes,
}: {
  offset: number;
  width: number;
  axes: { count: number; stride: number; first: number }[];
}) {
  let addresses = [offset];
  for (const { count, stride, first } of axes) {
    addresses = addresses.flatMap((a) => Array.from({ length: count }, (_, i) => a + (i + first) * stride));
  }
  return new Set(addresses.flatMap((a) => Array.from({ length: width }, (_, i) => a + i)));
}

const regionOf = ({
  offset,
  width,
  axes,
}: {
  offset: number;
  width: number;
  axes: { count: number; stride: number; first: number }[];
}) => {
  const builder = new RegionBuilder(offset);
  for (const { count, stride, first } of axes) builder.axis(count, stride, first);
  return builder.region(width);
};

function expand(intervals: Intervals): number[] {
  const out: number[] = [];
  for (let i = 0; i < intervals.length; i += 2) for (let a = intervals[i]!; a < intervals[i + 1]!; a++) out.push(a);
  return out;
}

const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

describe('regions', () => {
  test('intervals are the bytes, sorted, disjoint and coalesced', () => {
    fc.assert(
      fc.property(shape, (s) => {
        const region = regionOf(s);
        const intervals = intervalsOf(region);
        const bytes = sorted(bytesOf(s));
        expect(expand(intervals)).toEqual(bytes);
        for (let i = 2; i < intervals.length; i += 2) expect(intervals[i]).toBeGreaterThan(intervals[i - 1]!);
        expect(region.extent).toBe(bytes.length === 0 ? 0 : bytes.at(-1)! + 1 - bytes[0]!);
      }),
      { numRuns: 500 },
    );
  });

  test('a convolution window over a tile is few intervals however many pixels it has', () => {
    // 100 × 100 pixels of 64 channels out of rows of 128 pixels, window 3 × 3: one interval per row.
    const region = new RegionBuilder()
      .axis(64, 4)
      .axis(3, 256)
      .axis(3, 128 * 256)
      .axis(100, 256)
      .axis(100, 128 * 256)
      .region(4);
    expect(intervalsOf(region).length / 2).toBe(102);
  });

  test('union and first common address', () => {
    fc.assert(
      fc.property(shape, shape, fc.integer({ min: -50, max: 50 }), (a, b, shift) => {
        const x = intervalsOf(regionOf(a));
        const y = intervalsOf(regionOf(b));
        const moved = [...bytesOf(b)].map((n) => n + shift);
        expect(expand(merged(x, y, shift))).toEqual(sorted(new Set([...bytesOf(a), ...moved])));
        const common = sorted(moved.filter((n) => bytesOf(a).has(n)));
        expect(firstCommon(x, 7, y, shift + 7)).toBe(common.length === 0 ? -1 : common[0]! + 7);
      }),
      { numRuns: 150 },
    );
  });
});

describe('access maps', () => {
  // Around a page boundary, with shapes of up to some hundred bytes.
  const around = 65536 - 300;
  test('hold for every byte what was put there last', () => {
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 12 }), shape, fc.nat(600), (shapes, initial, shift) => {
        const base = around + shift + 400;
        const written = intervalsOf(regionOf({ ...initial, offset: initial.offset + base }));
        const map = new AccessMap([written]);
        const model = new Map<number, unknown>(expand(written).map((a) => [a, SETTLED]));
        shapes.forEach((s, i) => {
          const state = { writer: 1, epoch: i + 1, reads: [0, 0, 0, 0] };
          const intervals = intervalsOf(regionOf(s));
          const seen: number[] = [];
          map.apply(intervals, base, (before, address) => {
            expect(before).toBe(model.get(address));
            seen.push(address);
            return state;
          });
          for (const a of expand(intervals)) model.set(a + base, state);
          expect(seen[0]).toBe(intervals.length === 0 ? undefined : intervals[0]! + base);
        });
        for (let a = around - 500; a < around + 3000; a++) {
          map.apply([a, a + 1], 0, (state) => {
            expect(state).toBe(model.get(a));
            return state;
          });
        }
      }),
      { numRuns: 25 },
    );
  });

  test('neighbours of one state melt', () => {
    const map = new AccessMap();
    const state = { writer: 0, epoch: 1, reads: [0, 0, 0, 0] };
    for (let i = 0; i < 1000; i += 2) map.apply([i, i + 1], 0, () => state);
    expect(map.spans()).toBe(1000);
    for (let i = 1; i < 1000; i += 2) map.apply([i, i + 1], 0, () => state);
    expect(map.spans()).toBe(2);
  });
});
