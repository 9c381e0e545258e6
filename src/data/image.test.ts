/** Pictures: decoding, resizing, normalising, and the coded errors of bad files. */
import { existsSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, imageFloats, type RgbImage, readNpy } from '#data';
import { resize } from './resize.ts';

const shared = new URL('../../../shared/data/', import.meta.url);
const png = (channels: 1 | 3 | 4, width: number, pixels: number[]) =>
  sharp(Uint8Array.from(pixels), { raw: { width, height: pixels.length / channels / width, channels } })
    .png()
    .toBuffer();

describe('decodeImage', () => {
  test('PNG is exact; grey becomes three channels, colour one luma, transparent white', async () => {
    const colour = await decodeImage(await png(3, 2, [255, 0, 0, 0, 255, 0]));
    expect(colour).toMatchObject({ width: 2, height: 1, channels: 3 });
    expect([...colour.pixels]).toEqual([255, 0, 0, 0, 255, 0]);
    expect([...(await decodeImage(await png(1, 2, [7, 200]))).pixels]).toEqual([7, 7, 7, 200, 200, 200]);
    const grey = await decodeImage(await png(3, 2, [255, 0, 0, 0, 255, 0]), { channels: 1 });
    expect([...grey.pixels]).toEqual([76, 150]);
    expect([...(await decodeImage(await png(4, 2, [9, 9, 9, 0, 9, 8, 7, 255]))).pixels]).toEqual([
      255, 255, 255, 9, 8, 7,
    ]);
  });

  test('bad files are coded errors', async () => {
    const file = await png(
      3,
      64,
      Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256),
    );
    await expect(decodeImage(new Uint8Array())).rejects.toMatchObject({ code: 'SYS-DAT-009' });
    await expect(decodeImage(new TextEncoder().encode('text'))).rejects.toMatchObject({ code: 'SYS-DAT-009' });
    await expect(decodeImage(file.subarray(0, file.length / 2))).rejects.toMatchObject({ code: 'SYS-DAT-010' });
    await expect(decodeImage(file.subarray(0, 12))).rejects.toMatchObject({ code: 'SYS-DAT-010' });
    await expect(decodeImage(file, { width: 0 })).rejects.toMatchObject({ code: 'SYS-DAT-011' });
  });

  const cat = new URL('images/cat1.jpg', shared);
  test.skipIf(!existsSync(cat))(
    'JPEG against a published preprocessing (skipped where ../shared/data is absent)',
    async () => {
      const image = await decodeImage(readFileSync(cat), { width: 224, height: 224 });
      const golden = readNpy(
        readFileSync(new URL('aics-lab-goldens/vgg19_cat1_preprocessed_1x224x224x3_f32.npy', shared)),
      );
      const values = new Float32Array(golden.bytes.buffer, golden.bytes.byteOffset);
      // The means that the course's VGG-19 lab subtracts, from red, green and blue.
      const mean = [123.68, 116.779, 103.939];
      let sum = 0;
      for (let i = 0; i < values.length; i++) sum += Math.abs(image.pixels[i]! - mean[i % 3]! - values[i]!);
      expect(sum / values.length).toBeLessThan(0.5);
    },
  );

  const photographs = new URL('images/', shared);
  test.skipIf(!existsSync(photographs))(
    'every photograph (skipped where ../shared/data/images is absent)',
    async () => {
      const { readdirSync } = await import('node:fs');
      const names = readdirSync(photographs);
      for (const name of names) {
        const image = await decodeImage(readFileSync(new URL(name, photographs)), {
          width: 32,
          height: 24,
          file: name,
        });
        expect([image.width, image.height, image.channels, image.pixels.length]).toEqual([32, 24, 3, 32 * 24 * 3]);
      }
      expect(names.length).toBeGreaterThan(10);
    },
  );
});

describe('resize', () => {
  const ramp: RgbImage = { width: 4, height: 1, channels: 1, pixels: Uint8Array.of(0, 40, 80, 120) };

  test('shrinking by two averages with the triangle filter', () => {
    // Centre 1.0 of four: distances 0.5, 0.5, 1.5 over reach 2 give weights 3, 3, 1 of 7.
    expect([...resize(ramp, 2, 1).pixels]).toEqual([Math.round(200 / 7), Math.round(640 / 7)]);
  });

  test('growing by two interpolates linearly', () => {
    expect([...resize(ramp, 8, 1).pixels]).toEqual([0, 10, 30, 50, 70, 90, 110, 120]);
  });

  test('a constant stays constant at any size', () => {
    const flat: RgbImage = { width: 7, height: 5, channels: 3, pixels: new Uint8Array(105).fill(201) };
    for (const [w, h] of [
      [1, 1],
      [3, 11],
      [20, 2],
    ] as const) {
      expect(new Set(resize(flat, w, h).pixels)).toEqual(new Set([201]));
    }
  });
});

test('imageFloats normalises and moves channels first', () => {
  const image: RgbImage = { width: 1, height: 2, channels: 3, pixels: Uint8Array.of(0, 127, 254, 1, 128, 255) };
  expect([...imageFloats(image, { mean: 127, std: 127 })].map((v) => Math.round(v * 127))).toEqual([
    -127, -126, 0, 1, 127, 128,
  ]);
  expect([...imageFloats(image, { scale: 0.5, mean: [1, 2, 3] })]).toEqual([-1, -0.5, 61.5, 62, 124, 124.5]);
  expect(() => imageFloats(image, { mean: [1, 2] })).toThrow('mean is 2 numbers');
  expect(() => imageFloats(image, { std: 0 })).toThrow('std is 0');
});
