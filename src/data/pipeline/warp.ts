/** Turning, shearing, zooming and shifting pictures: an affine map from output to input, sampled bilinearly. */
import { type FloatImage, roomLike } from './floatImage.ts';

/** Output point (x, y), from the middle of the picture, to the input's: [a·x + b·y + c, d·x + e·y + f]. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What stands beyond the edge: the nearest pixel, the mirrored picture, the repeated picture, or a number. */
export type Fill = 'nearest' | 'reflect' | 'wrap' | number;

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

/** First `second`, then `first`. */
export const composeAffine = (first: Affine, second: Affine): Affine => {
  const [a, b, c, d, e, f] = first;
  const [g, h, i, j, k, l] = second;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
};

/** By an angle in degrees, clockwise as one sees it. */
export function rotation(degrees: number): Affine {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, 0, -sin, cos, 0];
}

/** By pixels, to the right and down. */
export const translation = (x: number, y: number): Affine => [1, 0, -x, 0, 1, -y];

/** By an angle in degrees: columns lean, as in Keras. */
export function shear(degrees: number): Affine {
  const angle = (degrees * Math.PI) / 180;
  return [1, Math.sin(angle), 0, 0, Math.cos(angle), 0];
}

/** By factors: above 1 the picture grows. */
export const scaling = (x: number, y: number): Affine => [1 / x, 0, 0, 0, 1 / y, 0];

/** The picture seen through an affine map, in its own size. */
export function warp(image: FloatImage, map: Affine, fill: Fill = 'nearest'): FloatImage {
  const { width, height, channels, values: from } = image;
  const values = roomLike(from, from.length);
  const [a, b, c, d, e, f] = map;
  const [mx, my] = [(width - 1) / 2, (height - 1) / 2];
  const beyond = typeof fill === 'number' ? fill : 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = a * (x - mx) + b * (y - my) + c + mx;
      const v = d * (x - mx) + e * (y - my) + f + my;
      const left = Math.floor(u);
      const top = Math.floor(v);
      const at = (y * width + x) * channels;
      for (let corner = 0; corner < 4; corner++) {
        const [dx, dy] = [corner & 1, corner >> 1];
        const weight = (dx ? u - left : 1 - u + left) * (dy ? v - top : 1 - v + top);
        // On a pixel's centre the neighbour has no weight, and need not exist.
        if (weight === 0) continue;
        const px = inside(left + dx, width, fill);
        const py = inside(top + dy, height, fill);
        const source = (py * width + px) * channels;
        for (let k = 0; k < channels; k++) values[at + k]! += weight * (px < 0 || py < 0 ? beyond : from[source + k]!);
      }
    }
  }
  return { ...image, values };
}

/** The position within [0, size) that stands for `i`, or −1 where a number does. */
function inside(i: number, size: number, fill: Fill): number {
  if (i >= 0 && i < size) return i;
  if (typeof fill === 'number') return -1;
  switch (fill) {
    case 'nearest':
      return i < 0 ? 0 : size - 1;
    case 'wrap':
      return ((i % size) + size) % size;
    case 'reflect': {
      // d c b a | a b c d | d c b a
      const k = ((i % (2 * size)) + 2 * size) % (2 * size);
      return k < size ? k : 2 * size - 1 - k;
    }
  }
}
