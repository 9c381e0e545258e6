/**
 * Pictures as numbers, between decoding and the network. Convention: [height, width, channels] until `toPlanes`; every
 * function gives a new picture of the precision it was given.
 */
import { diagnostic } from '#base';
import type { RgbImage } from '../image.ts';

export type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

export interface FloatImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels]. */
  readonly values: Floats;
}

const wrongChannels = diagnostic<{ what: string; found: number; expected: number }>('SYS-DAT-074', 'usage', {
  en: (p) => `${p.what}: the picture has ${p.found} channels, expected ${p.expected}`,
  zh: (p) => `${p.what}：图像有 ${p.found} 个通道，应为 ${p.expected}`,
});

const wrongSize = diagnostic<{ what: string; width: number; height: number; limit: string }>('SYS-DAT-075', 'usage', {
  en: (p) => `${p.what}: ${p.width} × ${p.height} is no size for it; expected whole numbers from 1 to ${p.limit}`,
  zh: (p) => `${p.what}：尺寸 ${p.width} × ${p.height} 无效；应为 1 至 ${p.limit} 的整数`,
});

/** Throws SYS-DAT-074 unless the picture has `expected` channels. */
export function expectChannels(what: string, image: FloatImage, expected: number): void {
  if (image.channels !== expected) throw wrongChannels({ what, found: image.channels, expected });
}

/** Throws SYS-DAT-075 unless width and height are whole, at least 1 and at most the limit. */
export function expectSize(
  what: string,
  width: number,
  height: number,
  limit?: { width: number; height: number },
): void {
  const fits = (n: number, most: number) => Number.isInteger(n) && n >= 1 && n <= most;
  if (fits(width, limit?.width ?? 2 ** 24) && fits(height, limit?.height ?? 2 ** 24)) return;
  throw wrongSize({ what, width, height, limit: limit === undefined ? '2^24' : `${limit.width} × ${limit.height}` });
}

/** The levels of a decoded picture, 0 to 255, as numbers. */
export function floatImage(image: RgbImage, precision: 'float32' | 'float64' = 'float32'): FloatImage {
  const { width, height, channels, pixels } = image;
  return {
    width,
    height,
    channels,
    values: precision === 'float64' ? Float64Array.from(pixels) : Float32Array.from(pixels),
  };
}

/** Room of the same precision. */
export const roomLike = (values: Floats, length: number): Floats =>
  values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);

/** The picture with each value changed; `channel` from 0. */
export function mapValues(image: FloatImage, change: (value: number, channel: number) => number): FloatImage {
  const values = roomLike(image.values, image.values.length);
  for (let i = 0; i < values.length; i++) values[i] = change(image.values[i]!, i % image.channels);
  return { ...image, values };
}

/** [height, width, channels] to [channels, height, width], the order that ONNX's convolutions take. */
export function toPlanes(image: FloatImage): {
  readonly dims: readonly [number, number, number];
  readonly values: Floats;
} {
  const { width, height, channels } = image;
  const values = roomLike(image.values, image.values.length);
  const size = width * height;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < size; i++) values[c * size + i] = image.values[i * channels + c]!;
  return { dims: [channels, height, width], values };
}

/** [channels, height, width] back to [height, width, channels]. */
export function fromPlanes(planes: {
  readonly dims: readonly [number, number, number];
  readonly values: Floats;
}): FloatImage {
  const [channels, height, width] = planes.dims;
  const values = roomLike(planes.values, planes.values.length);
  const size = width * height;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < size; i++) values[i * channels + c] = planes.values[c * size + i]!;
  return { width, height, channels, values };
}

/**
 * RGB to BGR and back: OpenCV reads pictures as BGR, skimage and PIL as RGB.
 * @throws SYS-DAT-074 not three channels
 */
export function swapRedBlue(image: FloatImage): FloatImage {
  expectChannels('swapRedBlue', image, 3);
  const values = roomLike(image.values, image.values.length);
  for (let i = 0; i < values.length; i++) values[i] = image.values[i - (i % 3) + 2 - (i % 3)]!;
  return { ...image, values };
}

/**
 * The picture less a number for each channel, in the picture's own order of channels.
 * @throws SYS-DAT-074 another number of means than of channels
 */
export function subtractMean(image: FloatImage, mean: readonly number[]): FloatImage {
  expectChannels('subtractMean', image, mean.length);
  return mapValues(image, (value, c) => value - mean[c]!);
}
