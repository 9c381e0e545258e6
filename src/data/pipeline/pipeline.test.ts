/** From a picture to a network's input: the figures of exercises 4.5, 4.6 and 5.4, and every augmentation. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '#base';
import {
  type Augmentation,
  augmenter,
  centreWindow,
  composeAffine,
  crop,
  cropThenResize,
  decodeImage,
  type FloatImage,
  fitZca,
  flip,
  floatImage,
  fractionWindow,
  fromPlanes,
  preprocess,
  randomCrop,
  resizeBilinear,
  resizeThenCrop,
  rotation,
  scaling,
  shear,
  standardise,
  standardiseSample,
  statisticsOf,
  subtractMean,
  swapRedBlue,
  toPlanes,
  translation,
  warp,
  whiten,
} from '#data';
import { errorOf } from '../../../test/support/errorText.ts';

const image = (width: number, height: number, channels: number, values: number[]): FloatImage => ({
  width,
  height,
  channels,
  values: Float64Array.from(values),
});
const pixel = (...values: number[]) => image(1, 1, values.length, values);
const numbers = (i: FloatImage) => [...i.values];
const close = (found: number[], expected: number[], by: number) => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries())
    expect(Math.abs(value - expected[i]!), `element ${i}`).toBeLessThanOrEqual(by);
};
const ramp = image(3, 2, 1, [1, 2, 3, 4, 5, 6]);

const pictures = fc
  .record({
    width: fc.integer({ min: 1, max: 6 }),
    height: fc.integer({ min: 1, max: 6 }),
    channels: fc.constantFrom(1, 3),
  })
  .chain(({ width, height, channels }) => {
    const length = width * height * channels;
    const values = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length });
    return values.map((v) => image(width, height, channels, v));
  });

describe('exercise 4.5', () => {
  test('an RGB pixel as BGR less the means of VGG', () => {
    close(
      numbers(subtractMean(swapRedBlue(pixel(10, 20, 30)), [103.939, 116.779, 123.68])),
      [-73.939, -96.779, -113.68],
      1e-9,
    );
    expect(errorOf(() => swapRedBlue(pixel(1)))).toMatchObject({ code: 'SYS-DAT-074' });
    expect(errorOf(() => subtractMean(pixel(1), [1, 2]))).toMatchObject({ code: 'SYS-DAT-074' });
  });

  test('swapping twice, and planes and back, change nothing', () => {
    fc.assert(
      fc.property(pictures, (i) => {
        if (i.channels === 3) expect(swapRedBlue(swapRedBlue(i))).toEqual(i);
        expect(fromPlanes(toPlanes(i))).toEqual(i);
      }),
    );
    const planes = toPlanes(
      image(
        3,
        2,
        3,
        Array.from({ length: 18 }, (_, i) => i),
      ),
    );
    expect(planes.dims).toEqual([3, 2, 3]);
    expect([...planes.values].slice(0, 6)).toEqual([0, 3, 6, 9, 12, 15]);
  });
});

describe('exercise 4.6', () => {
  test('windows', () => {
    expect(centreWindow({ width: 256, height: 256 }, 224)).toEqual({ x0: 16, y0: 16, x1: 240, y1: 240 });
    const size = (width: number, height: number) => {
      const { x0, y0, x1, y1 } = fractionWindow({ width, height }, 0.875);
      return [x1 - x0, y1 - y0, x0, y0];
    };
    expect(size(500, 375)).toEqual([437, 328, 31, 23]);
    expect(size(640, 480)).toEqual([560, 420, 40, 30]);
    expect(size(1, 1)).toEqual([1, 1, 0, 0]);
    expect(errorOf(() => fractionWindow(ramp, 1.5))).toMatchObject({ code: 'SYS-DAT-076' });
    expect(errorOf(() => centreWindow(ramp, 4, 1))).toMatchObject({ code: 'SYS-DAT-075' });
  });

  test('bilinear, pixel centres at half-integers', () => {
    const four = resizeBilinear(image(2, 2, 1, [0, 1, 2, 3]), 4, 4);
    close(numbers(four).slice(0, 4), [0, 0.25, 0.75, 1], 1e-12);
    close(numbers(four).slice(12), [2, 2.25, 2.75, 3], 1e-12);
    // Shrinking to a third takes the middle pixel of three, antialiased all that the triangle of reach 3 covers.
    expect(numbers(resizeBilinear(image(3, 1, 1, [0, 30, 90]), 1, 1))).toEqual([30]);
    close(
      numbers(resizeBilinear(image(3, 1, 1, [0, 30, 90]), 1, 1, { antialias: true })),
      [(0 * 2 + 30 * 3 + 90 * 2) / 7],
      1e-12,
    );
    expect(errorOf(() => resizeBilinear(ramp, 0, 1))).toMatchObject({ code: 'SYS-DAT-075' });
  });

  test('both functions: the size, and a constant stays constant', () => {
    const flat = {
      ...floatImage({ width: 50, height: 37, channels: 3, pixels: new Uint8Array(50 * 37 * 3).fill(7) }, 'float64'),
    };
    for (const out of [
      resizeThenCrop(flat),
      cropThenResize(flat),
      resizeThenCrop(flat, { side: 'shorter', antialias: true }),
    ]) {
      expect([out.height, out.width, out.channels]).toEqual([224, 224, 3]);
      close([...new Set(out.values)], new Array(new Set(out.values).size).fill(7), 1e-12);
    }
    expect(floatImage({ width: 1, height: 1, channels: 1, pixels: Uint8Array.of(3) }).values).toBeInstanceOf(
      Float32Array,
    );
  });

  const hare = '../shared/data/images/hare.jpg';
  test.skipIf(!existsSync(hare))(`the exercise's picture (skipped where ${hare} is absent)`, async () => {
    const picture = floatImage(await decodeImage(readFileSync(hare)));
    const [first, second] = [resizeThenCrop(picture), cropThenResize(picture)];
    // Both show the middle 7/8 of each side, so they are nearly the same picture.
    const mean = (i: FloatImage) => numbers(i).reduce((a, b) => a + b, 0) / i.values.length;
    expect(first.values.length).toBe(224 * 224 * 3);
    let apart = 0;
    for (let i = 0; i < first.values.length; i++) apart += Math.abs(first.values[i]! - second.values[i]!);
    expect(apart / first.values.length).toBeLessThan(20);
    expect(Math.abs(mean(first) - mean(second))).toBeLessThan(1);
  });
});

test('exercise 5.4: the three modes of Keras', () => {
  const red = pixel(255, 0, 0);
  close(numbers(preprocess(red, 'caffe')), [-103.939, -116.779, 131.32], 1e-9);
  expect(numbers(preprocess(red, 'tf'))).toEqual([1, -1, -1]);
  close(numbers(preprocess(red, 'torch')), [2.2489082969432315, -2.0357142857142856, -1.8044444444444445], 1e-12);
  expect(errorOf(() => preprocess(pixel(1), 'tf'))).toMatchObject({ code: 'SYS-DAT-074' });
});

describe('augmentation', () => {
  test('warps by known amounts', () => {
    const square = image(3, 3, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    close(numbers(warp(square, rotation(90))), [7, 4, 1, 8, 5, 2, 9, 6, 3], 1e-12);
    expect(numbers(warp(square, translation(1, 0), 0))).toEqual([0, 1, 2, 0, 4, 5, 0, 7, 8]);
    expect(numbers(warp(square, translation(0, -1), 'nearest'))).toEqual([4, 5, 6, 7, 8, 9, 7, 8, 9]);
    expect(numbers(warp(square, translation(1, 0), 'wrap'))).toEqual([3, 1, 2, 6, 4, 5, 9, 7, 8]);
    expect(numbers(warp(square, translation(2, 0), 'reflect'))).toEqual([2, 1, 1, 5, 4, 4, 8, 7, 7]);
    expect(numbers(warp(square, translation(0.5, 0), 0))).toEqual([0.5, 1.5, 2.5, 2, 4.5, 5.5, 3.5, 7.5, 8.5]);
    expect(numbers(warp(square, scaling(2, 2)))).toEqual([3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7]);
    expect(numbers(warp(square, shear(0)))).toEqual(numbers(square));
    const there = composeAffine(rotation(30), composeAffine(scaling(1.5, 0.7), translation(2, -1)));
    const back = composeAffine(translation(-2, 1), composeAffine(scaling(1 / 1.5, 1 / 0.7), rotation(-30)));
    close([...composeAffine(back, there)], [1, 0, 0, 0, 1, 0], 1e-12);
    // sin 30° of a row's height to the side, rows themselves drawn together.
    close([...shear(30)], [1, 0.5, 0, 0, Math.sqrt(3) / 2, 0], 1e-12);
  });

  test('mirrored twice is as before', () => {
    expect(numbers(flip(ramp, 'x'))).toEqual([3, 2, 1, 6, 5, 4]);
    expect(numbers(flip(ramp, 'y'))).toEqual([4, 5, 6, 1, 2, 3]);
    fc.assert(
      fc.property(pictures, fc.constantFrom('x' as const, 'y' as const), (i, axis) => {
        expect(flip(flip(i, axis), axis)).toEqual(i);
      }),
    );
  });

  test('crops out of a padded picture show every place', () => {
    const dot = image(3, 3, 1, [0, 0, 0, 0, 1, 0, 0, 0, 0]);
    const seen = new Set(Array.from({ length: 200 }, (_, i) => numbers(randomCrop(dot, 2, new Random(i))).indexOf(1)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(numbers(randomCrop(ramp, 0, new Random(1)))).toEqual(numbers(ramp));
  });

  const everything: Augmentation = {
    rotation: 10,
    shiftX: 0.1,
    shiftY: 0.1,
    shear: 5,
    zoom: [0.9, 1.1],
    cropPadding: 1,
    flipX: true,
    flipY: true,
    brightness: [0.8, 1.2],
    channelShift: 10,
    fill: 'reflect',
  };

  test('each does something, all are the same for a seed, and stay in range', () => {
    const picture = image(
      8,
      8,
      3,
      Array.from({ length: 192 }, (_, i) => (i * 37) % 256),
    );
    const changed = (options: Augmentation, seed: number) => numbers(augmenter(options)(picture, new Random(seed)));
    for (const [name, value] of Object.entries(everything)) {
      if (name === 'fill') continue;
      const outcomes = new Set(Array.from({ length: 8 }, (_, seed) => String(changed({ [name]: value }, seed))));
      expect(outcomes.size, name).toBeGreaterThan(1);
    }
    expect(changed(everything, 5)).toEqual(changed(everything, 5));
    expect(changed(everything, 5)).not.toEqual(changed(everything, 6));
    for (let seed = 0; seed < 20; seed++) {
      const values = changed(everything, seed);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values)).toBeLessThanOrEqual(255);
    }
    expect(augmenter({})(picture, new Random(1))).toBe(picture);
  });

  test.each([
    { rotation: -1 },
    { shiftX: Number.NaN },
    { zoom: [0, 1] },
    { brightness: [2, 1] },
    { cropPadding: 0.5 },
  ] as Augmentation[])('refused: %j', (options) => {
    expect(errorOf(() => augmenter(options))).toMatchObject({ code: 'SYS-DAT-077' });
  });
});

describe('standardisation', () => {
  const set = Array.from({ length: 40 }, (_, k) => {
    const random = new Random(k);
    const [a, b] = [random.normal(), random.normal()];
    return image(2, 1, 2, [3 * a + 5, b, 3 * a + b + 5, 2 * b + a]);
  });

  test('by the set: mean 0 and deviation 1 of each channel', () => {
    const statistics = statisticsOf(set.map((i) => standardise(i, statisticsOf(set))));
    close([...statistics.mean, ...statistics.deviation], [0, 0, 1, 1], 1e-5);
    expect(errorOf(() => statisticsOf([]))).toMatchObject({ code: 'SYS-DAT-078' });
  });

  test('by the picture', () => {
    const { mean, deviation } = statisticsOf([{ ...standardiseSample(ramp) }]);
    close([...mean, ...deviation], [0, 1], 1e-5);
    expect(numbers(standardiseSample(pixel(7, 7)))).toEqual([0, 0]);
  });

  test('ZCA: whitened values are uncorrelated, of unit deviation; the matrix is symmetric', () => {
    const zca = fitZca(set);
    const white = set.map((i) => numbers(whiten(i, zca)));
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        const covariance = white.reduce((sum, v) => sum + v[i]! * v[j]!, 0) / white.length;
        expect(zca.matrix[4 * i + j]).toBeCloseTo(zca.matrix[4 * j + i]!, 6);
        // Two numbers made the four, so two directions have no spread at all.
        expect(Math.abs(covariance)).toBeLessThan(1.01);
      }
    }
    const spread = white.reduce((sum, v) => sum + v.reduce((a, b) => a + b * b, 0), 0) / white.length;
    expect(spread).toBeCloseTo(2, 3);
    expect(errorOf(() => fitZca([]))).toMatchObject({ code: 'SYS-DAT-078' });
    expect(errorOf(() => fitZca([ramp, pixel(1)]))).toMatchObject({ code: 'SYS-DAT-078' });
    expect(errorOf(() => whiten(ramp, zca))).toMatchObject({ code: 'SYS-DAT-078' });
  });
});

test('crop refuses what is not in the picture', () => {
  expect(numbers(crop(ramp, { x0: 1, y0: 0, x1: 3, y1: 1 }))).toEqual([2, 3]);
  expect(errorOf(() => crop(ramp, { x0: 0, y0: 0, x1: 4, y1: 1 }))).toMatchObject({ code: 'SYS-DAT-082' });
  expect(errorOf(() => crop(ramp, { x0: 2, y0: 1, x1: 4, y1: 2 }))).toMatchObject({ code: 'SYS-DAT-082' });
});
