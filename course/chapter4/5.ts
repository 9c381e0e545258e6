/**
 * Exercise 4.5: in which order libraries give the channels of a colour picture. OpenCV reads BGR, skimage and PIL read RGB, and so does this
 * project's decoder. What else to mind: OpenCV and skimage give arrays [height, width, channels], PIL's `size` is (width, height); frameworks
 * want [channels, height, width]; OpenCV drops alpha, skimage and PIL keep it and give grey pictures without a channel axis; levels are 8 bits
 * unless the file has more. The means of VGG are for BGR: subtracting them in RGB order is wrong by up to 20 levels and raises no error.
 */

import type { Exercise } from 'systole/course';
import {
  CAFFE_MEANS,
  decodeImage,
  encodePng,
  type FloatImage,
  floatImage,
  subtractMean,
  swapRedBlue,
  toPlanes,
} from 'systole/data';

export const ORDERS = { OpenCV: 'BGR', skimage: 'RGB', PIL: 'RGB' } as const;

/** The picture in the order of a library, from RGB. */
export const inOrderOf = (image: FloatImage, library: keyof typeof ORDERS): FloatImage =>
  ORDERS[library] === 'BGR' ? swapRedBlue(image) : image;

const PIXEL = Uint8Array.of(10, 20, 30);

/** One pixel, RGB. */
const onePixel = (): FloatImage => floatImage({ width: 1, height: 1, channels: 3, pixels: PIXEL }, 'float64');

export const exercise: Exercise = {
  id: '4.5',
  title: { en: 'The order of the channels', zh: 'OpenCV、Skimage、PIL 读入彩色图片的通道顺序（RGB/BGR）及注意事项' },
  rows: 4,
  show({ print }) {
    for (const library of Object.keys(ORDERS) as (keyof typeof ORDERS)[]) {
      print(
        `${library}: ${ORDERS[library]}, the pixel (10, 20, 30) is read as (${[...inOrderOf(onePixel(), library).values].join(', ')})`,
      );
    }
    print(
      `less the means of VGG, in BGR: ${[...subtractMean(swapRedBlue(onePixel()), CAFFE_MEANS).values].join(', ')}`,
    );
  },
  async check({ equal, close }) {
    equal('orders', Object.values(ORDERS), ['BGR', 'RGB', 'RGB']);
    const image = floatImage({
      width: 2,
      height: 3,
      channels: 3,
      pixels: Uint8Array.from({ length: 18 }, (_, i) => 7 * i),
    });
    equal('swapped twice', [...swapRedBlue(swapRedBlue(image)).values], [...image.values]);
    close(
      '(10, 20, 30) as BGR less the means',
      [...subtractMean(swapRedBlue(onePixel()), CAFFE_MEANS).values],
      [-73.939, -96.779, -113.68],
      1e-9,
    );
    const wide = floatImage({ width: 3, height: 2, channels: 3, pixels: new Uint8Array(18) });
    equal('[2, 3, 3] as channels first', toPlanes(wide).dims, [3, 2, 3]);
    const decoded = await decodeImage(encodePng({ width: 1, height: 1, channels: 3, pixels: PIXEL }));
    equal('what the decoder gives of a PNG', [...decoded.pixels], [10, 20, 30]);
  },
};
