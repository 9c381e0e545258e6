/**
 * Exercise 3.3: error rate, IoU and mAP. The error rate judges classification: the share of pictures whose label is wrong. Detection
 * must also say where. IoU, intersection over union, is the criterion: a detection counts as right (TP) if it overlaps an object of
 * its class by enough and nobody took that object before; else it is an error (FP), and an object that nobody took is one too (FN).
 * Precision and recall along the ranking by score make a curve, the area below it is the average precision of a class, and mAP the mean
 * over classes. So a higher threshold of overlap makes more errors of the same boxes, and mAP falls; wrong classes lower it as well.
 */
import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
import { detection } from 'systole/tensor';

const { averagePrecision, iou, meanAveragePrecision } = detection;

/** TP, FP, TP, TP, FP with four objects. */
const RANKING = [true, false, true, true, false];
const MODES = ['all', 'eleven', 'raw'] as const;

/** Objects in pictures, and boxes that hit them more or less. */
export function randomScene(seed: number, objects = 200): Parameters<typeof meanAveragePrecision>[0][number] {
  const random = new Random(seed);
  const box = (): detection.Box => {
    const [x, y] = [100 * random.uniform(), 100 * random.uniform()];
    return [x, y, x + 10 + 20 * random.uniform(), y + 10 + 20 * random.uniform()];
  };
  const truths = Array.from({ length: objects }, (_, image) => ({ box: box(), image: image >> 1 }));
  const hits = truths.map(({ box: at, image }) => ({
    box: at.map((v) => v + 3 * random.normal()) as unknown as detection.Box,
    score: random.uniform(),
    image,
  }));
  const misses = Array.from({ length: objects / 4 }, () => ({
    box: box(),
    score: random.uniform(),
    image: random.integer(0, objects / 2 - 1),
  }));
  return { truths, detections: [...hits, ...misses] };
}

const OVERLAPS = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9];

const fallingAp = (seed: number): number[] =>
  OVERLAPS.map((overlap) => meanAveragePrecision([randomScene(seed)], { overlaps: [overlap] }));

export const exercise: Exercise = {
  id: '3.3',
  title: { en: 'Error rate, IoU and mAP', zh: '简述错误率与 IoU、mAP 的关系' },
  rows: 4,
  show({ print }) {
    print(`IoU of two squares that share a quarter of each: ${iou([0, 0, 10, 10], [5, 5, 15, 15])}`);
    for (const mode of MODES) print(`average precision (${mode}): ${averagePrecision(RANKING, 4, mode)}`);
    for (const [i, ap] of fallingAp(1).entries()) print(`overlap of at least ${OVERLAPS[i]}: AP ${ap.toFixed(4)}`);
  },
  check({ close, equal, holds }) {
    close('IoU', iou([0, 0, 10, 10], [5, 5, 15, 15]), 0.14285714285714285, 1e-15);
    equal('IoU of the same and of apart', [iou([0, 0, 1, 1], [0, 0, 1, 1]), iou([0, 0, 1, 1], [2, 0, 3, 1])], [1, 0]);
    const found = MODES.map((mode) => averagePrecision(RANKING, 4, mode));
    close('AP: all points, eleven points, raw', found, [0.625, 0.6136363636363636, 0.6041666666666666], 1e-12);
    for (let seed = 1; seed <= 10; seed++) {
      const ap = fallingAp(seed);
      holds(
        `AP does not rise with the overlap (scene ${seed})`,
        ap.every((v, i) => i === 0 || v <= ap[i - 1]!),
      );
    }
  },
};
