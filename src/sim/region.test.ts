/** Intervals, access maps and read logs against sets of bytes, one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccessMap, PAGE_BYTES, SETTLED } from './accessMap.ts';
import { ReadLog } from './readLog.ts';
import { difference, firstCommon, type Intervals, intervalsOf, merged, RegionBuilder } from './region.ts';

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
        const rest = sorted([...bytesOf(a)].filter((n) => !moved.includes(n)));
        expect(expand(difference(x, y, shift))).toEqual(rest);
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
          const state = { writer: 1, epoch: i + 1 };
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
        const look = (intervals: Intervals, at: number) => {
          const seen = new Map<unknown, number>();
          map.visit(intervals, at, (state, address) => void (seen.has(state) || seen.set(state, address)));
          return seen;
        };
        for (const s of [...shapes, initial]) {
          const intervals = intervalsOf(regionOf(s));
          const seen = look(intervals, base);
          const addresses = expand(intervals).map((a) => a + base);
          expect(new Set(seen.keys())).toEqual(new Set(addresses.map((a) => model.get(a))));
          for (const [state, address] of seen) expect(model.get(address)).toBe(state);
        }
        const all = Array.from({ length: 3500 }, (_, i) => around - 500 + i);
        const stateOf = (a: number) => [...look([a, a + 1], 0).keys()][0];
        expect(all.map(stateOf)).toEqual(all.map((a) => model.get(a)));
        const spans = map.spans();
        map.settle();
        expect(all.map(stateOf)).toEqual(all.map((a) => model.get(a) && SETTLED));
        expect(map.spans()).toBeLessThanOrEqual(spans);
      }),
      { numRuns: 25 },
    );
  });

  test('neighbours of one state melt', () => {
    const map = new AccessMap();
    const state = { writer: 0, epoch: 1 };
    for (let i = 0; i < 1000; i += 2) map.apply([i, i + 1], 0, () => state);
    expect(map.spans()).toBe(1000);
    for (let i = 1; i < 1000; i += 2) map.apply([i, i + 1], 0, () => state);
    expect(map.spans()).toBe(2);
  });
});

describe('read logs', () => {
  const around = 65536 - 300;
  test('find the newest read of the first byte that is not ordered, however many there were', () => {
    const read = fc.record({ shape, unit: fc.nat(1), repeat: fc.constantFrom(1, 1, 40) });
    fc.assert(
      fc.property(fc.array(read, { maxLength: 12 }), shape, fc.nat(300), fc.nat(300), (reads, written, a, b) => {
        const log = new ReadLog();
        const epochs = [0, 0];
        const newest = [new Map<number, number>(), new Map<number, number>()];
        // What all are behind may be forgotten.
        const floor = Math.min(a, b);
        for (const { shape: s, unit, repeat } of reads) {
          const intervals = intervalsOf(regionOf(s));
          for (let n = 0; n < repeat; n++) {
            const epoch = ++epochs[unit]!;
            log.add(unit, epoch, n % 2 === 0 ? intervals : intervals.slice(), around + n, () => floor);
            for (const byte of expand(intervals)) newest[unit]!.set(byte + around + n, epoch);
          }
        }
        const clock = [a, b];
        const intervals = intervalsOf(regionOf(written));
        let expected: { address: number; unit: number; epoch: number } | undefined;
        for (const byte of expand(intervals)) {
          const address = byte + around;
          const unit = [0, 1].find((u) => (newest[u]!.get(address) ?? 0) > clock[u]!);
          if (unit === undefined) continue;
          expected = { address, unit, epoch: newest[unit]!.get(address)! };
          break;
        }
        expect(log.unordered(intervals, around, clock)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('name the newest read where an older one also reaches into the next page', () => {
    const log = new ReadLog();
    log.add(0, 1, [PAGE_BYTES - 4, PAGE_BYTES + 4], 0, () => 0);
    log.add(0, 2, [PAGE_BYTES - 4, PAGE_BYTES - 3], 0, () => 0);
    expect(log.unordered([PAGE_BYTES - 8, PAGE_BYTES + 8], 0, [0])).toEqual({
      address: PAGE_BYTES - 4,
      unit: 0,
      epoch: 2,
    });
  });

  test('hold no more than the page has bytes', () => {
    const log = new ReadLog();
    for (let i = 1; i <= 20_000; i++) log.add(0, i, [4 * (i % 50), 4 * (i % 50) + 8], 0, () => 0);
    expect(log.size()).toBeLessThan(300);
    log.forget();
    expect(log.size()).toBe(0);
  });
});
