import { expect, test } from 'vitest';
import { Random } from '#base';
import { type Buffers, type Placed, placeBuffers } from './bankPlacement.ts';

/** First and last bytes of all buffers. */
const rangesOf = (all: readonly Buffers[], { addresses, seconds }: Placed): (readonly [number, number])[] =>
  all.flatMap(({ bytes, count, inTurn }, i) =>
    Array.from({ length: inTurn ? 2 : count }, (_, n) => {
      const from = addresses[i]! + n * seconds[i]!;
      return [from, from + bytes] as const;
    }),
  );

test('no two buffers overlap, and all fit wherever they fit one behind the other', () => {
  const random = new Random(7);
  let apart = 0;
  for (let n = 0; n < 2000; n++) {
    const all = Array.from({ length: random.integer(1, 6) }, (): Buffers => {
      const count = random.integer(1, 3);
      return { bytes: 64 * random.integer(0, 20), count, inTurn: count === 2 && random.integer(0, 3) > 0 };
    });
    const room = 64 * random.integer(8, 128);
    const placed = placeBuffers(all, { bytes: room, banks: 4 });
    const compact = all.reduce((sum, { bytes, count }) => sum + bytes * count, 0);
    expect(placed.end <= room).toBe(compact <= room);
    const ranges = rangesOf(all, placed)
      .filter(([from, to]) => to > from)
      .sort(([a], [b]) => a - b);
    for (const [i, [from, to]] of ranges.entries()) {
      expect(to).toBeLessThanOrEqual(placed.end);
      if (i > 0) expect(from).toBeGreaterThanOrEqual(ranges[i - 1]![1]);
    }
    if (placed.end !== compact) apart++;
  }
  expect(apart).toBeGreaterThan(200);
});

test('buffers that serve in turn lie in different banks, operands apart from results', () => {
  const two = (bytes: number): Buffers => ({ bytes, count: 2, inTurn: true });
  const once: Buffers = { bytes: 128, count: 1, inTurn: false };
  const placed = placeBuffers([two(1000), two(900), once], { bytes: 4096, banks: 4 });
  expect(placed.addresses).toEqual([0, 2048 - 900, 1000]);
  expect(placed.seconds).toEqual([2048, 2048, 0]);
  expect(placeBuffers([two(1000), two(900), once], { bytes: 4096 })).toEqual({
    addresses: [0, 2000, 3800],
    seconds: [1000, 900, 0],
    end: 3928,
  });
});
