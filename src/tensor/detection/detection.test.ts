import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import { tensorNumbers } from '#ir';
import { grad, tracked } from '../autograd.ts';
import type { Cell } from '../cell.ts';
import { withReference } from '../eager.ts';
import { tensor } from '../functions/create.ts';
import { sum } from '../functions/reduce.ts';
import type { Tensor } from '../tensor.ts';
import * as detection from './index.ts';

const {
  anchors,
  averagePrecision,
  boxOffsets,
  iou,
  meanAveragePrecision,
  moveBox,
  nms,
  rankDetections,
  roiAlign,
  roiPool,
} = detection;
type Box = detection.Box;

const numbers = (t: Tensor): number[] => [...tensorNumbers((t.source as Cell).data!)];

const randomBox = (random: Random, limit = 20): Box => {
  const [x, y] = [random.uniform() * limit, random.uniform() * limit];
  return [x, y, x + 1 + random.uniform() * limit, y + 1 + random.uniform() * limit];
};

describe('boxes', () => {
  test('overlap', () => {
    expect(iou([0, 0, 10, 10], [5, 5, 15, 15])).toBeCloseTo(1 / 7, 15);
    expect(iou([0, 0, 1, 1], [0, 0, 1, 1])).toBe(1);
    expect(iou([0, 0, 1, 1], [2, 2, 3, 3])).toBe(0);
    expect(iou([1, 1, 1, 1], [1, 1, 1, 1])).toBe(0);
  });

  test('suppression keeps the best of each heap', () => {
    const boxes: Box[] = [
      [0, 0, 10, 10],
      [1, 0, 11, 10],
      [20, 20, 30, 30],
      [0, 0, 10, 10.5],
    ];
    expect(nms(boxes, [0.8, 0.9, 0.7, 0.6])).toEqual([1, 2]);
    expect(nms(boxes, [0.8, 0.9, 0.7, 0.6], { overlap: 0.9 })).toEqual([1, 0, 2]);
    expect(nms(boxes, [0.8, 0.9, 0.7, 0.6], { score: 0.75, limit: 1 })).toEqual([1]);
  });

  test('offsets and back', () => {
    const random = new Random(1);
    for (let i = 0; i < 50; i++) {
      const [box, anchor] = [randomBox(random), randomBox(random)];
      moveBox(anchor, boxOffsets(box, anchor)).forEach((v, k) => {
        expect(v).toBeCloseTo(box[k]!, 10);
      });
    }
  });

  test('anchors: nine at each place, the areas of the sizes', () => {
    const all = anchors(2, 3);
    expect(all).toHaveLength(54);
    expect(all[4]).toEqual([8 - 128, 8 - 128, 8 + 128, 8 + 128]);
    for (const [i, [x0, y0, x1, y1]] of all.entries()) {
      expect((x1 - x0) * (y1 - y0)).toBeCloseTo([128, 256, 512][i % 3]! ** 2, 6);
    }
  });
});

describe('average precision', () => {
  const ranking = [true, false, true, true, false];
  test.each([
    ['all', 0.625],
    ['eleven', 6.75 / 11],
    ['raw', (1 + 2 / 3 + 3 / 4) / 4],
  ] as const)('%s', (mode, expected) => expect(averagePrecision(ranking, 4, mode)).toBeCloseTo(expected, 12));

  test('a duplicate and a wrong picture are errors', () => {
    const box: Box = [0, 0, 10, 10];
    const found = rankDetections(
      [
        { box, score: 0.9, image: 1 },
        { box, score: 0.8 },
        { box: [0, 0, 10, 9], score: 0.7 },
      ],
      [{ box }],
    );
    expect(found).toEqual([false, true, false]);
  });

  test('falls with the overlap that is asked', () => {
    const random = new Random(3);
    const truths = Array.from({ length: 30 }, (_, image) => ({ box: randomBox(random), image }));
    const detections = truths.map(({ box, image }) => ({
      box: box.map((v) => v + random.normal()) as unknown as Box,
      score: random.uniform(),
      image,
    }));
    const at = [0.3, 0.5, 0.7, 0.9].map((o) => meanAveragePrecision([{ detections, truths }], { overlaps: [o] }));
    expect(at).toEqual(at.toSorted((a, b) => b - a));
    expect(at[0]).toBeGreaterThan(at[3]!);
  });
});

describe('regions', () => {
  const map = (): Tensor =>
    tensor(
      Float64Array.from({ length: 16 }, (_, i) => i + 1),
      { shape: [1, 1, 4, 4] },
    );

  test('pooling of the whole map, and of what lies outside', () =>
    withReference(() => {
      const size = [2, 2] as const;
      expect(numbers(roiPool(map(), [{ box: [0, 0, 3, 3] }], { size }))).toEqual([6, 8, 14, 16]);
      expect(numbers(roiPool(map(), [{ box: [0, 0, 48, 48] }], { size, scale: 1 / 16 }))).toEqual([6, 8, 14, 16]);
      expect(numbers(roiPool(map(), [{ box: [2, 2, 5, 5] }], { size }))).toEqual([16, 0, 0, 0]);
    }));

  test('RoIAlign of a plane is the plane, whatever the parts', () =>
    withReference(() => {
      // f(row, column) = 4·row + column + 1, its cells' centres at halves.
      const got = numbers(roiAlign(map(), [{ box: [0.7, 0.9, 2.9, 3.1] }], { size: [2, 2], samples: 2 }));
      const expected = [0.25, 0.75].flatMap((v) =>
        [0.25, 0.75].map((u) => 4 * (0.9 + 2.2 * v - 0.5) + (0.7 + 2.2 * u - 0.5) + 1),
      );
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 12);
      });
    }));

  test('gradients flow to the features', () =>
    withReference(() => {
      const x = tracked(map());
      const pooled = sum(roiPool(x, [{ box: [0, 0, 3, 3] }, { box: [0, 0, 1, 1] }], { size: [2, 2] }));
      expect(numbers(grad(pooled, [x])[0]!)).toEqual([1, 1, 0, 0, 1, 2, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1]);
      const aligned = sum(roiAlign(x, [{ box: [0.2, 0.3, 3.3, 3.8] }], { size: [3, 2] }));
      const total = numbers(grad(aligned, [x])[0]!).reduce((a, b) => a + b);
      expect(total).toBeCloseTo(6, 12);
    }));
});
