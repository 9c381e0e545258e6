/** Loops dealt to cores: who gets which tiles, and what comes to several of them by one transfer. */
import { expect, test } from 'vitest';
import { type Cores, type DealtLoop, dealing, togetherOf, undealt, workersOf } from './cores.ts';
import { levelOf, partsOf, roundsOf, type Stream } from './stream.ts';

const FOUR: Cores = { clusters: 1, ranks: 4, onePort: false };
const TWO_BY_THREE: Cores = { clusters: 2, ranks: 3, onePort: false };

/** Loops y, n of so many tiles each, and two streams that know one of them. */
function nest(y: number, n: number, deals: readonly DealtLoop[], cores: Cores) {
  const loop = dealing(deals, cores);
  const loops = [loop('y', y, 1), loop('n', n, 1)] as const;
  const stream = (l: (typeof loops)[number]): Stream => ({
    name: l.name,
    space: 'nram',
    type: 'f32',
    address: 0,
    dims: [{ loop: l, limit: l.total, stride: 4 }],
  });
  const together = (s: Stream) => togetherOf(loops, s, levelOf(loops, s), cores);
  return { loops, ofY: together(stream(loops[0])), ofN: together(stream(loops[1])) };
}

const ALONE = { scope: 'none', cores: 1 };

test('a loop goes to all cores, or to as many as it has tiles', () => {
  const parts = (tiles: number) => partsOf(dealing([{ loop: 'y', over: 'core' }], FOUR)('y', tiles, 1));
  expect([1, 2, 3, 4, 9].map(parts)).toEqual([1, 2, 3, 4, 4]);
  const { loops } = nest(9, 5, [{ loop: 'y', over: 'core' }], FOUR);
  expect(loops.map(roundsOf)).toEqual([3, 5]);
  expect(workersOf(loops)).toBe(4);
  expect(undealt('y', 9, 1)).toEqual(
    dealing([{ loop: 'y', over: 'core' }], { clusters: 1, ranks: 1, onePort: false })('y', 9, 1),
  );
});

test('what does not know the dealt loop is loaded by all together, where all have as many turns', () => {
  const n: readonly DealtLoop[] = [{ loop: 'n', over: 'core' }];
  const y: readonly DealtLoop[] = [{ loop: 'y', over: 'core' }];
  // y is outside of n: a core loads it as often whatever n it has.
  expect(nest(7, 5, n, FOUR)).toMatchObject({ ofY: { scope: 'mc.chip', cores: 4 }, ofN: ALONE });
  // n is inside of y: as often as the core has tiles of y.
  expect(nest(8, 5, y, FOUR)).toMatchObject({ ofY: ALONE, ofN: { scope: 'mc.chip', cores: 4 } });
  expect(nest(7, 5, y, FOUR)).toMatchObject({ ofY: ALONE, ofN: ALONE });
  // One core has no tile.
  expect(nest(7, 3, n, FOUR)).toMatchObject({ ofY: ALONE, ofN: ALONE });
});

test('with a loop for clusters and one for the cores of each, a cluster loads together what only its cores share', () => {
  const deals: readonly DealtLoop[] = [
    { loop: 'y', over: 'cluster' },
    { loop: 'n', over: 'rank' },
  ];
  expect(nest(4, 6, deals, TWO_BY_THREE)).toMatchObject({ ofY: { scope: 'mc', cores: 3 }, ofN: ALONE });
  expect(nest(6, 4, [{ loop: 'y', over: 'core' }], TWO_BY_THREE)).toMatchObject({
    ofY: ALONE,
    ofN: { scope: 'mc.chip', cores: 6 },
  });
});
