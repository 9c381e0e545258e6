/** MNIST, CIFAR-10 and folders of pictures: whole, in part, packed, and what is said when something is missing. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { holdOut, loadCifar10, loadMnist, memoryFolder, openFolder, openImageFolder, readCifar10Batch } from '#data';
import { errorOf, rejection } from '../../test/support/errorText.ts';

const images = (count: number) =>
  Uint8Array.from([
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    count,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    2,
    ...Array.from({ length: 2 * count }, (_, i) => i),
  ]);
const labels = (count: number) =>
  Uint8Array.from([0, 0, 8, 1, 0, 0, 0, count, ...Array.from({ length: count }, (_, i) => i % 10)]);

describe('MNIST from a folder', () => {
  const training = { 'train-images-idx3-ubyte.gz': gzipSync(images(6)), 'train-labels-idx1-ubyte': labels(6) };
  const testing = { 't10k-images.idx3-ubyte': images(3), 't10k-labels.idx1-ubyte': labels(3) };

  test('the four files, packed or not, in both spellings', async () => {
    const set = await loadMnist(memoryFolder('m', { ...training, ...testing }), { holdOut: 2 });
    expect([set.train.count, set.validation?.count, set.test?.count, set.missing]).toEqual([4, 2, 3, []]);
    expect([...set.validation!.labels, ...set.validation!.pixels]).toEqual([4, 5, 8, 9, 10, 11]);
    expect(set.train).toMatchObject({ channels: 1, height: 1, width: 2, classes: { length: 10 } });
  });

  test('the training set alone; nothing held out unless asked for', async () => {
    const set = await loadMnist(memoryFolder('m', training));
    expect([set.train.count, set.validation, set.test]).toEqual([6, undefined, undefined]);
    expect(set.missing).toEqual(['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']);
  });

  test('each missing file is named', async () => {
    const missing = async (files: Record<string, Uint8Array>) => {
      const error = await rejection(loadMnist(memoryFolder('m', files)));
      return [error.code, error.params.missing];
    };
    expect(await missing({ 'train-labels-idx1-ubyte': labels(6) })).toEqual(['SYS-DAT-063', 'train-images-idx3-ubyte']);
    expect(await missing({ ...training, 't10k-labels-idx1-ubyte': labels(3) })).toEqual([
      'SYS-DAT-063',
      't10k-images-idx3-ubyte',
    ]);
    expect(await missing({})).toEqual(['SYS-DAT-063', 'train-images-idx3-ubyte, train-labels-idx1-ubyte']);
    const error = await rejection(loadMnist(memoryFolder('m', { ...training, 'train-labels-idx1-ubyte': labels(5) })));
    expect(error).toMatchObject({ code: 'SYS-DAT-004', place: { file: 'm/train-images-idx3-ubyte.gz' } });
    expect(await rejection(loadMnist(memoryFolder('m', training), { holdOut: 6 }))).toMatchObject({
      code: 'SYS-DAT-064',
    });
  });

  const real = '../shared/data/mnist';
  test.skipIf(!existsSync(real))(`the training set (skipped where ${real} is absent)`, async () => {
    const set = await loadMnist(openFolder(real), { holdOut: 10000 });
    expect([set.train.count, set.validation?.count, set.missing.length]).toEqual([50000, 10000, 2]);
    // Classes of the last 10,000, counted once; they are what accuracies here are measured on.
    const counts = new Array(10).fill(0);
    for (const label of set.validation!.labels) counts[label]++;
    expect(counts.reduce((a, b) => a + b)).toBe(10000);
    expect(Math.min(...counts)).toBeGreaterThan(900);
  });
});

describe('CIFAR-10', () => {
  const record = (label: number, value: number) => new Uint8Array(3073).fill(value).fill(label, 0, 1);
  const batch = (...records: Uint8Array[]) => Uint8Array.from(records.flatMap((r) => [...r]));
  const files = Object.fromEntries([
    ...[1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, batch(record(i, 10 * i), record(9, 10 * i + 1))] as const),
    ['test_batch.bin', batch(record(3, 200))] as const,
  ]);
  const inFolder = Object.fromEntries(Object.entries(files).map(([k, v]) => [`cifar-10-batches-bin/${k}`, v]));

  test('the batches, their folder, the archive', async () => {
    const archive = createTar(Object.entries(inFolder).map(([name, data]) => ({ name, data })));
    const folders = [files, inFolder, { 'cifar-10-binary.tar.gz': gzipSync(archive) }];
    for (const held of folders) {
      const set = await loadCifar10(memoryFolder('c', held), { holdOut: 3 });
      expect([set.train.count, set.validation?.count, set.test.count]).toEqual([7, 3, 1]);
      expect([...set.train.labels, ...set.validation!.labels]).toEqual([1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
      expect([set.train.pixels[0], set.train.pixels.at(-1), set.validation!.pixels[0]]).toEqual([10, 40, 41]);
      expect(set.train.classes[9]).toBe('truck');
    }
  });

  test('an archive that is not packed, or damaged', async () => {
    const archive = createTar(Object.entries(inFolder).map(([name, data]) => ({ name, data })));
    // A view into something longer.
    const view = new Uint8Array([...new Uint8Array(64), ...archive]).subarray(64);
    expect((await loadCifar10(memoryFolder('c', { 'cifar-10-binary.tar.gz': view }))).train.count).toBe(10);
    for (const [at, text] of [
      [124, '77777777777'],
      [21, 'x'],
    ] as const) {
      const bad = new Uint8Array(archive);
      bad.set(new TextEncoder().encode(text), at);
      const error = await rejection(loadCifar10(memoryFolder('c', { 'cifar-10-binary.tar.gz': gzipSync(bad) })));
      expect(['SYS-DAT-069', 'SYS-DAT-092']).toContain(error.code);
    }
    const cut = gzipSync(archive).subarray(0, 100);
    expect(await rejection(loadCifar10(memoryFolder('c', { 'cifar-10-binary.tar.gz': cut })))).toMatchObject({
      code: 'SYS-DAT-001',
    });
  });

  test('what is missing or damaged', async () => {
    const { 'data_batch_2.bin': _, ...lacking } = files;
    expect(await rejection(loadCifar10(memoryFolder('c', lacking)))).toMatchObject({
      code: 'SYS-DAT-069',
      params: { missing: 'data_batch_2.bin' },
    });
    expect(await rejection(loadCifar10(memoryFolder('c', {})))).toMatchObject({ code: 'SYS-DAT-069' });
    expect(errorOf(() => readCifar10Batch(new Uint8Array(3072), 'b'))).toMatchObject({
      code: 'SYS-DAT-067',
      place: { file: 'b' },
    });
    expect(errorOf(() => readCifar10Batch(new Uint8Array(0)))).toMatchObject({ code: 'SYS-DAT-067' });
    const bad = batch(record(0, 0), record(10, 0));
    expect(errorOf(() => readCifar10Batch(bad))).toMatchObject({
      code: 'SYS-DAT-068',
      params: { record: 1, found: 10 },
    });
  });
});

test('held out is what comes last', () => {
  const set = readCifar10Batch(new Uint8Array(3 * 3073));
  expect(holdOut(set, 0).heldOut.count).toBe(0);
  expect(() => holdOut(set, 1.5)).toThrow('1.5 images');
});

describe("a folder of ImageNet's layout", () => {
  test('classes in order, pictures decoded when asked for', async () => {
    const root = mkdtempSync(join(tmpdir(), 'systole-'));
    try {
      const picture = (red: number) =>
        sharp({ create: { width: 5, height: 4, channels: 3, background: { r: red, g: 0, b: 0 } } })
          .png()
          .toBuffer();
      for (const [folder, name, red] of [
        ['n02', 'b.JPEG', 20],
        ['n02', 'a.png', 10],
        ['n01', 'z.jpg', 30],
      ] as const) {
        mkdirSync(join(root, 'train', folder), { recursive: true });
        writeFileSync(join(root, 'train', folder, name), await picture(red));
        writeFileSync(join(root, 'train', folder, 'notes.txt'), 'no picture');
      }
      symlinkSync(join(root, 'train', 'n01'), join(root, 'train', 'n10'));
      const set = await openImageFolder(openFolder(root), 'train');
      expect(set.classes).toEqual(['n01', 'n02', 'n10']);
      expect(set.files.map((f) => [f.path, f.label])).toEqual([
        ['train/n01/z.jpg', 0],
        ['train/n02/a.png', 1],
        ['train/n02/b.JPEG', 1],
        ['train/n10/z.jpg', 2],
      ]);
      const image = await set.read(2);
      expect([image.width, image.height, image.pixels[0]]).toEqual([5, 4, 20]);
      writeFileSync(join(root, 'train/n02/a.png'), 'damaged');
      expect(await rejection(set.read(1))).toMatchObject({
        code: 'SYS-DAT-009',
        place: { file: join(root, 'train/n02/a.png') },
      });

      mkdirSync(join(root, 'train', 'n03'));
      expect(await rejection(openImageFolder(openFolder(root), 'train'))).toMatchObject({
        code: 'SYS-DAT-071',
        params: { name: 'n03' },
      });
      expect(await rejection(openImageFolder(openFolder(root), 'train/n01'))).toMatchObject({ code: 'SYS-DAT-070' });
      expect(await rejection(openImageFolder(openFolder(root), 'val'))).toMatchObject({ code: 'SYS-DAT-044' });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
