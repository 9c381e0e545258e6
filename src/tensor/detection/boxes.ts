/** Boxes of objects: [x0, y0, x1, y1] with x0 < x1 and y0 < y1, in any unit; overlap, suppression of duplicates, offsets. */

export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

export const boxArea = ([x0, y0, x1, y1]: Box): number => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

/** Intersection over union, 0 … 1; of two empty boxes 0. */
export function iou(a: Box, b: Box): number {
  const both = boxArea([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const either = boxArea(a) + boxArea(b) - both;
  return either === 0 ? 0 : both / either;
}

export interface NmsOptions {
  /** A box that overlaps a better one by more than this is dropped; 0.5 by default. */
  readonly overlap?: number;
  /** Boxes with a smaller score are not looked at. */
  readonly score?: number;
  /** At most so many are kept. */
  readonly limit?: number;
}

/** Non-maximum suppression: the indices of the boxes that stay, the best first. Of equal scores the first counts as better. */
export function nms(
  boxes: readonly Box[],
  scores: ArrayLike<number>,
  { overlap = 0.5, score = Number.NEGATIVE_INFINITY, limit = Number.POSITIVE_INFINITY }: NmsOptions = {},
): readonly number[] {
  const order = boxes.map((_, i) => i).filter((i) => scores[i]! >= score);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept: number[] = [];
  for (const i of order) {
    if (kept.length >= limit) break;
    if (kept.every((k) => iou(boxes[i]!, boxes[k]!) <= overlap)) kept.push(i);
  }
  return kept;
}

/** Centre, width and height. */
const centred = ([x0, y0, x1, y1]: Box) => ({ x: (x0 + x1) / 2, y: (y0 + y1) / 2, width: x1 - x0, height: y1 - y0 });

/** What a network learns to say of a box beside an anchor: (dx, dy, dw, dh) of Girshick et al., arXiv:1311.2524, appendix C. */
export function boxOffsets(box: Box, anchor: Box): readonly [number, number, number, number] {
  const [b, a] = [centred(box), centred(anchor)];
  return [(b.x - a.x) / a.width, (b.y - a.y) / a.height, Math.log(b.width / a.width), Math.log(b.height / a.height)];
}

/** The box that offsets say; the inverse of `boxOffsets`. */
export function moveBox(anchor: Box, [dx, dy, dw, dh]: readonly [number, number, number, number]): Box {
  const a = centred(anchor);
  const [x, y] = [a.x + dx * a.width, a.y + dy * a.height];
  const [width, height] = [a.width * Math.exp(dw), a.height * Math.exp(dh)];
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** The part of a box within a picture. */
export const clipBox = ([x0, y0, x1, y1]: Box, width: number, height: number): Box => {
  const within = (v: number, most: number): number => Math.min(most, Math.max(0, v));
  return [within(x0, width), within(y0, height), within(x1, width), within(y1, height)];
};

export interface AnchorOptions {
  /** Picture elements from one place of the feature map to the next; 16 by default, VGG16's conv5. */
  readonly stride?: number;
  /** Sides of the square anchors; 128, 256 and 512 by default. */
  readonly sizes?: readonly number[];
  /** Height ÷ width; ½, 1 and 2 by default. The area stays. */
  readonly ratios?: readonly number[];
}

/**
 * The anchors of a region proposal network (Ren et al., arXiv:1506.01497, 3.1.1) over a feature map: at every place, row by row, one for
 * each size and ratio, its centre in the middle of the place's cell.
 */
export function anchors(
  rows: number,
  columns: number,
  { stride = 16, sizes = [128, 256, 512], ratios = [0.5, 1, 2] }: AnchorOptions = {},
): readonly Box[] {
  const shapes = ratios.flatMap((ratio) => sizes.map((size) => [size / Math.sqrt(ratio), size * Math.sqrt(ratio)]));
  const all: Box[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
      for (const [width, height] of shapes as [number, number][]) {
        all.push([x - width / 2, y - height / 2, x + width / 2, y + height / 2]);
      }
    }
  }
  return all;
}
