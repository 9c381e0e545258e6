/** Drawn digits: balanced, the same for a seed, as MNIST's are in size and ink, and near enough to them to learn from. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { drawDigits, type ImageSet, loadMnist, openFolder } from '#data';

const SIZE = 784;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the same for a seed, on every host', () => {
  const set = drawDigits({ count: 500, seed: 7 });
  expect(set).toMatchObject({ count: 500, channels: 1, height: 28, width: 28 });
  expect(sha256(set.pixels)).toMatchInlineSnapshot(
    `"43e564aea027e89711cba43b6e66267e6bf99d8b4a50b90ddefe12850b74e3e3"`,
  );
  expect(drawDigits({ count: 500, seed: 8 }).pixels).not.toEqual(set.pixels);
  const shorter = drawDigits({ count: 123, seed: 7 });
  expect(shorter.pixels).toEqual(set.pixels.subarray(0, 123 * SIZE));
  expect(shorter.labels).toEqual(set.labels.subarray(0, 123));
});

test('every run of ten holds every digit once, in no fixed order', () => {
  const { labels } = drawDigits({ count: 200, seed: 3 });
  const runs = Array.from({ length: 20 }, (_, i) => [...labels.subarray(10 * i, 10 * i + 10)]);
  for (const run of runs) expect(run.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(runs.map(String)).size).toBeGreaterThan(15);
});

test("size, place and ink are as in MNIST's description", () => {
  const { pixels, count } = drawDigits({ count: 2000, seed: 1 });
  // MNIST's training images have a mean of 0.1307 of full ink.
  expect(Math.abs(pixels.reduce((a, b) => a + b, 0) / pixels.length / 255 - 0.1307)).toBeLessThan(0.006);
  for (let i = 0; i < count; i++) {
    let [mass, mx, my, largest] = [0, 0, 0, 0];
    for (let k = 0; k < SIZE; k++) {
      const ink = pixels[i * SIZE + k]!;
      mass += ink;
      mx += ink * ((k % 28) + 0.5);
      my += ink * (Math.floor(k / 28) + 0.5);
      largest = Math.max(largest, ink);
    }
    expect(largest).toBeGreaterThan(170);
    expect(Math.abs(mx / mass - 14)).toBeLessThan(3);
    expect(Math.abs(my / mass - 14)).toBeLessThan(3);
  }
});

/** Share of `test`'s first images whose nearest neighbour among `train` (squared distance) has their label. */
function nearestNeighbour(train: ImageSet, test: ImageSet, count: number): number {
  const levels = Float32Array.from(train.pixels);
  const squares = Array.from({ length: train.count }, (_, i) =>
    levels.subarray(i * SIZE, (i + 1) * SIZE).reduce((sum, v) => sum + v * v, 0),
  );
  let right = 0;
  for (let t = 0; t < count; t++) {
    const image = test.pixels.subarray(t * SIZE, (t + 1) * SIZE);
    const inked = [...image.keys()].filter((k) => image[k]! > 0);
    let [best, label] = [Infinity, -1];
    for (let i = 0; i < train.count; i++) {
      let product = 0;
      for (const k of inked) product += image[k]! * levels[i * SIZE + k]!;
      const distance = squares[i]! - 2 * product;
      if (distance < best) [best, label] = [distance, train.labels[i]!];
    }
    if (label === test.labels[t]) right++;
  }
  return right / count;
}

const real = '../shared/data/mnist';
test.skipIf(!existsSync(real))(`real digits are known by drawn ones (skipped where ${real} is absent)`, async () => {
  const { train } = await loadMnist(openFolder(real));
  // 20,000 drawn digits know 91.5 % of the first 2,000 (three neighbours), their ten mean images 75.7 % of 10,000.
  expect(nearestNeighbour(drawDigits({ count: 2000, seed: 1 }), train, 400)).toBeGreaterThan(0.83);
});
