/** Cutting and resizing to a network's input: the two customs of exercise 4.6, with their windows stated exactly. */
import { diagnostic } from '#base';
import { resizeInto } from '../resize.ts';
import { expectSize, type FloatImage, roomLike } from './floatImage.ts';

/** x from x0 to x1, y from y0 to y1; x1 and y1 not included. */
export interface CropWindow {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

const badFraction = diagnostic<{ found: number }>('SYS-DAT-076', 'usage', {
  en: (p) => `a crop cannot keep ${p.found} of each side; expected more than 0 and at most 1`,
  zh: (p) => `裁剪比例不能为 ${p.found}；应大于 0 且不大于 1`,
});

const outside = diagnostic<{ window: string; width: number; height: number }>('SYS-DAT-082', 'usage', {
  en: (p) =>
    `the window ${p.window} does not lie within the picture of ${p.width} × ${p.height}; expected whole numbers, x0 < x1, y0 < y1`,
  zh: (p) => `窗口 ${p.window} 不在 ${p.width} × ${p.height} 的图像内；应为整数，且 x0 < x1、y0 < y1`,
});

/** The window of a size in the middle; what cannot be halved is left at the right and at the bottom. */
export function centreWindow(image: { width: number; height: number }, width: number, height = width): CropWindow {
  expectSize('centreWindow', width, height, image);
  const x0 = Math.floor((image.width - width) / 2);
  const y0 = Math.floor((image.height - height) / 2);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}

/** The window in the middle that keeps a fraction of each side, rounded down: of 500 × 375 with 0.875, 437 × 328 at (31, 23). */
export function fractionWindow(image: { width: number; height: number }, fraction: number): CropWindow {
  if (!(fraction > 0 && fraction <= 1)) throw badFraction({ found: fraction });
  const side = (length: number): number => Math.max(1, Math.floor(length * fraction));
  return centreWindow(image, side(image.width), side(image.height));
}

/**
 * What the window shows.
 * @throws SYS-DAT-082 it reaches out of the picture, or is empty
 */
export function crop(image: FloatImage, window: CropWindow): FloatImage {
  const { x0, y0, x1, y1 } = window;
  const { channels } = image;
  const [width, height] = [x1 - x0, y1 - y0];
  const within = (from: number, to: number, size: number): boolean =>
    Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= size;
  if (!within(x0, x1, image.width) || !within(y0, y1, image.height)) {
    throw outside({ window: `[${x0}, ${x1}) × [${y0}, ${y1})`, width: image.width, height: image.height });
  }
  const values = roomLike(image.values, width * height * channels);
  for (let y = 0; y < height; y++) {
    const from = ((y0 + y) * image.width + x0) * channels;
    values.set(image.values.subarray(from, from + width * channels) as Float64Array<ArrayBuffer>, y * width * channels);
  }
  return { width, height, channels, values };
}

/**
 * Bilinear, pixel centres at half-integers, edges repeated: output pixel i looks at (i + ½) · from ÷ to − ½. Without
 * `antialias` two pixels a side count however much the picture shrinks, as in OpenCV and TensorFlow.
 */
export function resizeBilinear(
  image: FloatImage,
  width: number,
  height: number,
  options: { readonly antialias?: boolean } = {},
): FloatImage {
  expectSize('resizeBilinear', width, height);
  const values = roomLike(image.values, width * height * image.channels);
  resizeInto(values, width, height, image.values, image, options.antialias ?? false);
  return { width, height, channels: image.channels, values };
}

export interface ResizeThenCropOptions {
  /** To what size before the crop; 256 by default. */
  readonly resize?: number;
  /** Side of the square that is kept; 224 by default. */
  readonly crop?: number;
  /** `both` (default): stretched to a square; `shorter`: the shorter side gets that length, the longer is in proportion. */
  readonly side?: 'both' | 'shorter';
  readonly antialias?: boolean;
}

/** Exercise 4.6, first: resize to 256, keep the middle 224 × 224, which is [16, 240) of both axes of 256 × 256. */
export function resizeThenCrop(image: FloatImage, options: ResizeThenCropOptions = {}): FloatImage {
  const { resize = 256, crop: kept = 224, side = 'both' } = options;
  const shorter = Math.min(image.width, image.height);
  const length = (of: number): number =>
    side === 'both' ? resize : Math.max(resize, Math.floor((of * resize) / shorter));
  const resized = resizeBilinear(image, length(image.width), length(image.height), options);
  return crop(resized, centreWindow(resized, kept));
}

/** Exercise 4.6, second: keep the middle 0.875 of each side, rounded down, then resize to 224 × 224. */
export function cropThenResize(
  image: FloatImage,
  options: { readonly fraction?: number; readonly size?: number; readonly antialias?: boolean } = {},
): FloatImage {
  const { fraction = 0.875, size = 224 } = options;
  return resizeBilinear(crop(image, fractionWindow(image, fraction)), size, size, options);
}
