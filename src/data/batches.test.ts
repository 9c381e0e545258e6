/** Batches: every sample once an epoch, orders that follow from the seed, and the last batch. */
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import {
  augmenter,
  type Batch,
  batchCount,
  batches,
  batchOrder,
  drawDigits,
  folderBatches,
  imageSamples,
  memoryFolder,
  openImageFolder,
  type SampleSet,
  sampleOrder,
} from '#data';
import { errorOf, rejection } from '../../test/support/errorText.ts';

const set = (count: number): SampleSet => ({
  count,
  inputs: Float32Array.from({ length: 2 * count }, (_, i) => i),
  inputDims: [2],
  targets: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)),
  targetDims: [],
});

test('every sample once, inputs beside their targets, the last batch kept or dropped', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.option(fc.integer(), { nil: undefined }),
      fc.boolean(),
      (count, size, seed, drop) => {
        const options = { size, last: drop ? 'drop' : 'keep', ...(seed === undefined ? {} : { seed }) } as const;
        const all = [...batches(set(count), options)];
        expect(all.length).toBe(batchCount(count, options));
        for (const [i, batch] of all.entries()) {
          expect(batch.index).toBe(i);
          expect(batch.inputDims).toEqual([batch.count, 2]);
          expect(batch.targetDims).toEqual([batch.count]);
          expect([...batch.targets]).toEqual([...batch.samples].map(BigInt));
          expect([...batch.inputs]).toEqual([...batch.samples].flatMap((s) => [2 * s, 2 * s + 1]));
          if (drop || i < all.length - 1) expect(batch.count).toBe(size);
        }
        const seen = all.flatMap((b) => [...b.samples]);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.length).toBe(drop ? count - (count % size) : count);
        if (seed === undefined) expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      },
    ),
  );
});

test('an order follows from seed and epoch, and is even', () => {
  expect(sampleOrder(100, 1, 2)).toEqual(sampleOrder(100, 1, 2));
  expect(sampleOrder(100, 1, 2)).not.toEqual(sampleOrder(100, 1, 3));
  expect(sampleOrder(100, 1, 2)).not.toEqual(sampleOrder(100, 2, 1));
  const places = new Float64Array(10);
  for (let seed = 0; seed < 4000; seed++) places[sampleOrder(10, seed).indexOf(0)]!++;
  // 400 each, deviation 19.
  for (const times of places) expect(Math.abs(times - 400)).toBeLessThan(100);
});

test('pictures as samples: scaled, standardised, three forms of targets', () => {
  const digits = drawDigits({ count: 20, seed: 1 });
  const samples = imageSamples(digits);
  expect([samples.inputDims, samples.targetDims]).toEqual([[1, 28, 28], []]);
  expect(samples.inputs).toEqual(Float32Array.from(digits.pixels, (v) => v / 255));
  expect([...samples.targets]).toEqual([...digits.labels].map(BigInt));
  const standard = imageSamples(digits, { mean: [0.1307], deviation: 0.3081, targets: 'oneHot' });
  expect(standard.inputs[0]).toBeCloseTo(-0.1307 / 0.3081, 6);
  expect([...standard.targets.slice(0, 10)].map(Number).indexOf(1)).toBe(digits.labels[0]);
  expect(imageSamples(digits, { targets: 'int32' }).targets).toBeInstanceOf(Int32Array);
});

test('augmented alike in whatever batch, otherwise in the next epoch', () => {
  const samples = imageSamples(drawDigits({ count: 12, seed: 1 }));
  const augment = augmenter({ rotation: 15, range: [0, 1] });
  const bySample = (size: number, epoch: number) => {
    const out = new Map<number, string>();
    for (const b of batches(samples, { size, seed: 3, epoch, augment })) {
      for (const [i, s] of b.samples.entries()) out.set(s, String(b.inputs.slice(i * 784, (i + 1) * 784)));
    }
    return new Map([...out].sort(([a], [b]) => a - b));
  };
  expect(bySample(5, 0)).toEqual(bySample(4, 0));
  expect(bySample(5, 0)).not.toEqual(bySample(5, 1));
  // The set itself is as it was.
  expect(samples).toEqual(imageSamples(drawDigits({ count: 12, seed: 1 })));
});

test('what is refused', () => {
  const digits = drawDigits({ count: 1, seed: 1 });
  expect(errorOf(() => imageSamples(digits, { mean: [1, 2] }))).toMatchObject({ code: 'SYS-DAT-089' });
  expect(errorOf(() => imageSamples(digits, { deviation: 0 }))).toMatchObject({ code: 'SYS-DAT-089' });
  expect(errorOf(() => drawDigits({ count: 1.5, seed: 1 }))).toMatchObject({ code: 'SYS-DAT-090' });
  expect(errorOf(() => [...batchOrder(3, { size: 0 })])).toMatchObject({ code: 'SYS-DAT-079' });
  expect(errorOf(() => [...batches({ ...set(3), inputDims: [3] }, { size: 1 })])).toMatchObject({
    code: 'SYS-DAT-080',
  });
  expect(errorOf(() => [...batches(set(3), { size: 1, augment: (i) => i })])).toMatchObject({ code: 'SYS-DAT-081' });
});

test('pictures of a folder, decoded batch by batch', async () => {
  const png = async (side: number, level: number) =>
    new Uint8Array(
      await sharp({ create: { width: side, height: side, channels: 3, background: { r: level, g: 0, b: 0 } } })
        .png()
        .toBuffer(),
    );
  const files = { 'a/1.png': await png(2, 10), 'a/2.png': await png(2, 20), 'b/1.png': await png(2, 30) };
  const folder = await openImageFolder(memoryFolder('f', files));
  const prepare = (i: { width: number; height: number; pixels: Uint8Array }) => ({
    dims: [3, i.height, i.width],
    values: i.pixels,
  });
  const all: Batch[] = [];
  for await (const batch of folderBatches(folder, { size: 2, seed: 1 }, prepare)) all.push(batch);
  expect(all.map((b) => b.inputDims)).toEqual([
    [2, 3, 2, 2],
    [1, 3, 2, 2],
  ]);
  const rows = all.flatMap((b) => [...b.samples].map((s, i) => [s, Number(b.inputs[i * 12]), Number(b.targets[i])]));
  expect(rows.sort((a, b) => a[0]! - b[0]!)).toEqual([
    [0, 10, 0],
    [1, 20, 0],
    [2, 30, 1],
  ]);
  const uneven = await openImageFolder(memoryFolder('f', { ...files, 'b/2.png': await png(3, 0) }));
  const drain = async () => {
    for await (const _ of folderBatches(uneven, { size: 4 }, prepare));
  };
  expect(await rejection(drain())).toMatchObject({ code: 'SYS-DAT-080' });
});
