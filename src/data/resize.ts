/**
 * Resizing by a triangle filter, widened when shrinking so that no pixel is skipped (the antialiased bilinear
 * interpolation of common image libraries). Separable: rows first, then columns; pixel centres at half-integers.
 */
import type { RgbImage } from './image.ts';

export function resize(image: RgbImage, width: number, height: number): RgbImage {
  if (width === image.width && height === image.height) return image;
  const { channels } = image;
  const across = weights(image.width, width);
  const down = weights(image.height, height);
  const narrow = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, values } = across[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < values.length; k++) {
          sum += values[k]! * image.pixels[(y * image.width + first + k) * channels + c]!;
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const pixels = new Uint8Array(width * height * channels);
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    const { first, values } = down[y]!;
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0; k < values.length; k++) sum += values[k]! * narrow[(first + k) * row + i]!;
      pixels[y * row + i] = Math.round(Math.min(255, Math.max(0, sum)));
    }
  }
  return { width, height, channels, pixels };
}

/** For each output position: the first input that counts and the weights from there, which add up to 1. */
function weights(from: number, to: number): { first: number; values: readonly number[] }[] {
  const ratio = from / to;
  const reach = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(from, Math.floor(centre + reach + 0.5));
    const raw = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / reach)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, values: raw.map((w) => w / sum) };
  });
}
