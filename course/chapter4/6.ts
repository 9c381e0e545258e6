/**
 * Exercise 4.6: two ways to a network's 224 × 224. The first resizes to 256 × 256 and keeps the middle; the second keeps the middle 0.875 of
 * each side and resizes. Sizes and offsets are rounded down; bilinear interpolation with pixel centres at halves, edges repeated.
 */

import type { Exercise } from 'systole/course';
import {
  centreWindow,
  cropThenResize,
  type FloatImage,
  fractionWindow,
  resizeBilinear,
  resizeThenCrop,
} from 'systole/data';

/** Resize to 256, keep the middle 224. */
export const f1 = (image: FloatImage): FloatImage => resizeThenCrop(image);

/** Keep the middle 0.875 of each side, resize to 224. */
export const f2 = (image: FloatImage): FloatImage => cropThenResize(image);

const constant = (width: number, height: number, level: number): FloatImage => ({
  width,
  height,
  channels: 3,
  values: new Float64Array(width * height * 3).fill(level),
});

/** Width, height and corner of the second way's window. */
const f2Window = (width: number, height: number): readonly number[] => {
  const { x0, y0, x1, y1 } = fractionWindow({ width, height }, 0.875);
  return [x1 - x0, y1 - y0, x0, y0];
};

export const exercise: Exercise = {
  id: '4.6',
  title: { en: 'Two ways to 224 × 224', zh: '图像预处理：resize 到 256 后中心裁 224；中心裁 0.875 后 resize 到 224' },
  rows: 6,
  show({ print }) {
    const { x0, y0, x1, y1 } = centreWindow({ width: 256, height: 256 }, 224);
    print(`first: of 256 × 256 the window x ${x0} … ${x1}, y ${y0} … ${y1}`);
    for (const [width, height] of [
      [500, 375],
      [640, 480],
    ] as const) {
      const [w, h, x, y] = f2Window(width, height);
      print(`second: of ${width} × ${height} the window ${w} × ${h} at (${x}, ${y})`);
    }
  },
  check({ equal, close, holds }) {
    const { x0, y0, x1, y1 } = centreWindow({ width: 256, height: 256 }, 224);
    equal('the first way’s window', [x0, y0, x1, y1], [16, 16, 240, 240]);
    equal('the second way’s, of 500 × 375', f2Window(500, 375), [437, 328, 31, 23]);
    equal('of 640 × 480', f2Window(640, 480), [560, 420, 40, 30]);
    for (const f of [f1, f2]) {
      const { width, height, channels, values } = f(constant(500, 375, 77));
      equal(`${f.name}: shape`, [height, width, channels], [224, 224, 3]);
      holds(
        `${f.name}: a picture of one level stays it`,
        values.every((v) => Math.abs(v - 77) < 1e-9),
      );
    }
    const grown = resizeBilinear({ width: 2, height: 2, channels: 1, values: Float64Array.of(0, 1, 2, 3) }, 4, 4);
    close('[[0, 1], [2, 3]] to 4 × 4, first row', [...grown.values.subarray(0, 4)], [0, 0.25, 0.75, 1], 1e-12);
  },
};
