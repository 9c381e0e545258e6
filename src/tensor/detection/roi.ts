/**
 * Features of regions, all of one size: RoI max pooling (Girshick, arXiv:1504.08083) and RoIAlign (He et al., arXiv:1703.06870). Where
 * the values are read is worked out here, since regions are plain numbers; what is read, weighted and compared are tensor operations, so
 * that gradients flow to the features.
 */
import { tensorOf } from '#ir';
import { constantTensor } from '../autograd.ts';
import { mul } from '../functions/elementwise.ts';
import { reshape, take, transpose } from '../functions/movement.ts';
import { max, sum } from '../functions/reduce.ts';
import type { Tensor } from '../tensor.ts';
import type { Box } from './boxes.ts';

export interface Region {
  readonly box: Box;
  /** Which picture of the batch; 0 by default. */
  readonly image?: number;
}

export interface RoiOptions {
  /** Rows and columns of the result. */
  readonly size: readonly [rows: number, columns: number];
  /** Places of the feature map for one unit of the boxes: 1/16 for VGG16. 1 by default. */
  readonly scale?: number;
}

/** [regions, channels, rows, columns] out of [places read of images × rows × columns, channels]. */
function arranged(read: Tensor, regions: number, [rows, columns]: readonly [number, number]): Tensor {
  return transpose(reshape(read, [regions, rows, columns, read.shape.at(-1)!]), [0, 3, 1, 2]);
}

/** [N, C, H, W] as [N·H·W, C]. */
const places = (x: Tensor): Tensor => reshape(transpose(x, [0, 2, 3, 1]), [-1, x.shape[1]!]);

const indexTensor = (indices: ArrayLike<number>, shape: readonly number[]): Tensor =>
  constantTensor(tensorOf('int64', shape, indices));

/**
 * The largest value of each of rows × columns parts of a region. Corners are rounded to places and both included; parts are rounded
 * outward, so that they may share places; an empty part (outside the map) gives 0.
 * @param x features [N, C, H, W]
 * @returns [regions, C, rows, columns]
 */
export function roiPool(x: Tensor, regions: readonly Region[], { size, scale = 1 }: RoiOptions): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = size;
  const parts = regions.flatMap(({ box, image = 0 }) => {
    const [x0, y0, x1, y1] = box.map((v) => Math.round(v * scale)) as [number, number, number, number];
    const down = spans(y0, y1, rows, height);
    const across = spans(x0, x1, columns, width);
    return down.flatMap((ys) =>
      across.map((xs) => ys.flatMap((row) => xs.map((column) => (image * height + row) * width + column))),
    );
  });
  const largest = parts.reduce((most, part) => Math.max(most, part.length), 1);
  // A part that is smaller than the largest repeats its first place, which leaves its maximum as it is.
  const padded = parts.flatMap((part) => Array.from({ length: largest }, (_, i) => part[i] ?? part[0] ?? 0));
  const read = max(take(places(x), indexTensor(padded, [parts.length, largest])), 1);
  const filled = parts.map((part) => (part.length > 0 ? 1 : 0));
  const pooled = filled.includes(0) ? mul(read, constantTensor(tensorOf(x.dataType, [parts.length, 1], filled))) : read;
  return arranged(pooled, regions.length, size);
}

/** The places of each of `parts` parts of first … last along an axis of a map. */
function spans(first: number, last: number, parts: number, limit: number): readonly (readonly number[])[] {
  const step = Math.max(1, last - first + 1) / parts;
  return Array.from({ length: parts }, (_, i) => {
    const from = Math.max(0, first + Math.floor(i * step));
    const to = Math.min(limit, first + Math.ceil((i + 1) * step));
    return Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
  });
}

export interface RoiAlignOptions extends RoiOptions {
  /** Points along each side of a part; by default as many as the part has places, rounded up. */
  readonly samples?: number;
  /** Whether places are cells with their centres at halves (true by default); false as in the first publication. */
  readonly aligned?: boolean;
}

/** The mean of bilinearly interpolated points of each of rows × columns parts of a region; nothing is rounded. */
export function roiAlign(
  x: Tensor,
  regions: readonly Region[],
  { size, scale = 1, samples, aligned = true }: RoiAlignOptions,
): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = size;
  const shift = aligned ? 0.5 : 0;
  const parts = regions.flatMap(({ box, image = 0 }) => {
    const [x0, y0, x1, y1] = box.map((v) => v * scale - shift) as [number, number, number, number];
    const least = aligned ? 0 : 1;
    const down = points(y0, Math.max(y1 - y0, least), rows, height, samples);
    const across = points(x0, Math.max(x1 - x0, least), columns, width, samples);
    return down.flatMap((ys) =>
      across.map((xs) =>
        ys.flatMap((row) =>
          xs.map((column) => ({
            place: (image * height + row.place) * width + column.place,
            weight: row.weight * column.weight,
          })),
        ),
      ),
    );
  });
  const most = parts.reduce((n, part) => Math.max(n, part.length), 1);
  const all = parts.flatMap((part) => Array.from({ length: most }, (_, i) => part[i] ?? { place: 0, weight: 0 }));
  const weights = constantTensor(
    tensorOf(
      x.dataType,
      [parts.length, most, 1],
      all.map((p) => p.weight),
    ),
  );
  const indices = indexTensor(
    all.map((p) => p.place),
    [parts.length, most],
  );
  return arranged(sum(mul(take(places(x), indices), weights), 1), regions.length, size);
}

/** For each part of an axis: the places that its points lie between, with their weights, which add up to 1 within the map. */
function points(
  first: number,
  length: number,
  parts: number,
  limit: number,
  samples: number | undefined,
): readonly (readonly { readonly place: number; readonly weight: number }[])[] {
  const step = length / parts;
  const count = samples ?? Math.max(1, Math.ceil(step));
  return Array.from({ length: parts }, (_, i) =>
    Array.from({ length: count }, (_, k) => first + (i + (k + 0.5) / count) * step).flatMap((at) => {
      // A point more than one place outside reads zeros; one at the edge reads the edge.
      if (at < -1 || at > limit) return [];
      const clamped = Math.min(Math.max(at, 0), limit - 1);
      const low = Math.floor(clamped);
      const high = Math.min(low + 1, limit - 1);
      const upper = clamped - low;
      return [
        { place: low, weight: (1 - upper) / count },
        { place: high, weight: upper / count },
      ];
    }),
  );
}
