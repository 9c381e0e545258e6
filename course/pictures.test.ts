/** Exercises 3.12 and 4.12 on a folder of pictures: what is run where ImageNet's is given. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCifar10, writePictures } from '../test/support/pictures.ts';
import { runPictures } from './chapter3/12.ts';
import { statusOf, taskOf } from './chapter4/12.ts';
import { trainOnPictures } from './pictures.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'systole-course-'));
  writePictures(join(folder, 'train'), 6);
  writePictures(join(folder, 'val'), 3, 2);
  writeCifar10(join(folder, 'cifar'), 20);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('4.12: the design is trained on the pictures, and its top-5 share is what is reported', async () => {
  const epochs: number[] = [];
  const settings = { folder: join(folder, 'cifar'), epochs: 2, size: 32, batch: 20 };
  const last = await trainOnPictures(taskOf({ width: 8, blocks: [1, 1, 1, 1] }), settings, {
    onEpoch: ({ epoch }) => epochs.push(epoch),
  });
  expect(epochs).toEqual([1, 2]);
  const { top5 } = last.validation!;
  expect(top5).toBeGreaterThanOrEqual(last.validation!.accuracy!);
  expect(statusOf(last)).toBe(`trained for 2 epochs: ${(100 * top5!).toFixed(2)} % top-5`);
});

test('3.12: optimisers are compared on the pictures', async () => {
  const settings = { folder, epochs: 1, size: 32, batch: 4 };
  const found = await runPictures('Adam', [1, 2], settings, 'squeezenet');
  expect(found).toHaveLength(2);
  expect(found.every((accuracy) => accuracy >= 0 && accuracy <= 1)).toBe(true);
});
