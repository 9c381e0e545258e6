/**
 * Bilinear resizing, pixel centres at half-integers: output pixel i looks at (i + ½) · from ÷ to − ½ of the input, edges
 * repeated. Where a picture shrinks, the triangle may be widened so that no pixel is skipped (the antialiased
 * interpolation of common image libraries), or not (OpenCV, TensorFlow). Separable: rows first, then columns.
 */
import type { RgbImage } from './image.ts';

type Floats = Float32Array | Float64Array;

/** A picture stretched to another size, antialiased, rounded to whole levels. */
export function resize(image: RgbImage, width: number, height: number): RgbImage {
  if (width === image.width && height === image.height) return image;
  const values = new Float64Array(width * height * image.channels);
  resizeInto(values, width, height, image.pixels, image, true);
  const pixels = Uint8Array.from(values, (sum) => Math.round(Math.min(255, Math.max(0, sum))));
  return { width, height, channels: image.channels, pixels };
}

/** Writes [height, width, channels] values from [from.height, from.width, channels] ones. */
export function resizeInto(
  out: Floats,
  width: number,
  height: number,
  values: ArrayLike<number>,
  from: { readonly width: number; readonly height: number; readonly channels: number },
  antialias: boolean,
): void {
  const { channels } = from;
  const across = weights(from.width, width, antialias);
  const down = weights(from.height, height, antialias);
  const narrow = new Float64Array(from.height * width * channels);
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, factors } = across[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < factors.length; k++) {
          sum += factors[k]! * values[(y * from.width + first + k) * channels + c]!;
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    const { first, factors } = down[y]!;
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0; k < factors.length; k++) sum += factors[k]! * narrow[(first + k) * row + i]!;
      out[y * row + i] = sum;
    }
  }
}

/** For each output position: the first input that counts and the weights from there, which add up to 1. */
function weights(from: number, to: number, antialias: boolean): { first: number; factors: readonly number[] }[] {
  const ratio = from / to;
  const reach = antialias ? Math.max(1, ratio) : 1;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(from, Math.floor(centre + reach + 0.5));
    const raw = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / reach)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, factors: raw.map((w) => w / sum) };
  });
}
