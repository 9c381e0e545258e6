/** Exercise 4.5: in which order libraries give the channels of a colour picture, and what becomes of the means of VGG in the wrong one. */

import { defineExercise, judgeNumbers } from 'systole/course';
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

import { imageStrip } from '../imageStrip.ts';
import { real, slip } from '../numberFields.ts';

export const ORDERS = { OpenCV: 'BGR', skimage: 'RGB', PIL: 'RGB' } as const;

/** The picture in the order of a library, from RGB. */
export const inOrderOf = (image: FloatImage, library: keyof typeof ORDERS): FloatImage =>
  ORDERS[library] === 'BGR' ? swapRedBlue(image) : image;

/** One pixel, RGB. */
const onePixel = (red = 10, green = 20, blue = 30): FloatImage =>
  floatImage({ width: 1, height: 1, channels: 3, pixels: Uint8Array.of(red, green, blue) }, 'float64');

/** Which order a decoder gave, told by the pixel RGB (10, 20, 30). */
const orderOf = (values: ArrayLike<number>): string =>
  values[0] === 10 && values[2] === 30 ? 'RGB' : values[0] === 30 && values[2] === 10 ? 'BGR' : '?';

export const exercise = defineExercise({
  id: '4.5',
  title: { en: 'The order of the channels', zh: 'OpenCV、Skimage、PIL 读入彩色图片的通道顺序（RGB/BGR）及注意事项' },
  asked: {
    en: "In which order do OpenCV, skimage and PIL give the channels of a colour picture (RGB or BGR), and what has to be minded when pictures are prepared for a network? Hand in the numbers `first`, `second`, `third`: what the pixel RGB (10, 20, 30) becomes, in the order of its channels, as BGR less VGG's means 103.939, 116.779, 123.68. Real numbers to three digits.",
    zh: 'OpenCV、skimage 与 PIL 读入彩色图片的通道顺序（RGB 或 BGR）各是什么？为网络做图像预处理时要注意什么？请提交数值 `first`、`second`、`third`：像素 RGB (10, 20, 30) 转为 BGR 并减去 VGG 的均值 103.939、116.779、123.68 之后，按通道顺序的值。实数取三位有效数字。',
  },
  explanation: {
    en: `OpenCV's \`imread\` gives **BGR**, skimage and PIL give **RGB**, and so does this project's decoder. What else to mind:

* **Means and order.** The means of VGG, (103.939, 116.779, 123.68), are for BGR. Subtracting them in RGB order is wrong by up to 20 levels and raises no error. Swapping red and blue twice is the identity.
* **Axes.** Arrays of OpenCV and skimage are [height, width, channels], PIL's \`size\` is (width, height); frameworks want [channels, height, width].
* **Alpha and grey.** OpenCV drops alpha by default, skimage and PIL keep it; grey pictures have no axis of channels in skimage and PIL.
* **Levels.** Mostly 8 bits a channel, but not always: PIL has modes of 16 and 32 bits and of floats (\`I;16\`, \`I\`, \`F\`), PNG and TIFF may have 16 bits, and what OpenCV can write depends on the codec. skimage's functions often give floats of 0 … 1.

Sources: the documentation of OpenCV (imgcodecs), scikit-image (io) and Pillow (concepts: modes); K. Simonyan, A. Zisserman, arXiv:1409.1556.`,
    zh: `OpenCV 的 \`imread\` 得到 **BGR**，skimage 与 PIL 得到 **RGB**，本项目的解码器也是 RGB。还要注意：

* **均值与顺序。**VGG 的均值 (103.939, 116.779, 123.68) 是 BGR 顺序的。按 RGB 顺序相减会错多达 20 个灰度级，而且不会报错。红蓝交换两次即还原。
* **轴。**OpenCV 与 skimage 的数组为 [高, 宽, 通道]，PIL 的 \`size\` 为 (宽, 高)；框架通常要求 [通道, 高, 宽]。
* **透明与灰度。**OpenCV 默认丢弃透明通道，skimage 与 PIL 保留；灰度图在 skimage 与 PIL 中没有通道轴。
* **位数。**多为每通道 8 位，但并非总是如此：PIL 有 16 位、32 位与浮点模式（\`I;16\`、\`I\`、\`F\`），PNG 与 TIFF 可为 16 位，OpenCV 能写什么取决于编解码器；skimage 的函数常给出 0 … 1 的浮点数。

来源：OpenCV（imgcodecs）、scikit-image（io）与 Pillow（Concepts: Modes）的文档；K. Simonyan、A. Zisserman，arXiv:1409.1556。`,
  },
  rows: 4,
  code: [
    { path: 'src/data/image.ts', words: { en: 'decoding and writing pictures', zh: '图像的解码与编码' } },
    { path: 'src/data/pipeline', words: { en: 'steps of preparation', zh: '预处理步骤' } },
  ],
  parameters: {
    red: { kind: 'whole', words: { en: 'red of the pixel', zh: '像素的红色值' }, default: 10, least: 0, most: 255 },
    green: { kind: 'whole', words: { en: 'green', zh: '绿色值' }, default: 20, least: 0, most: 255 },
    blue: { kind: 'whole', words: { en: 'blue', zh: '蓝色值' }, default: 30, least: 0, most: 255 },
  },
  show({ table, picture, language }, { red, green, blue }) {
    const pixel = onePixel(red, green, blue);
    const text = (values: ArrayLike<number>): string =>
      `(${Array.from(values, (v) => Number(v.toFixed(3))).join(', ')})`;
    table(
      [
        { en: 'library', zh: '库' },
        { en: 'order', zh: '顺序' },
        { en: 'the pixel as it is read', zh: '读入的像素' },
        { en: "less VGG's means of BGR, as it is", zh: '直接减去 VGG 的 BGR 均值' },
        { en: 'the same, in the right order', zh: '按正确顺序相减' },
      ],
      (Object.keys(ORDERS) as (keyof typeof ORDERS)[]).map((library) => {
        const read = inOrderOf(pixel, library);
        const bgr = ORDERS[library] === 'BGR' ? read : swapRedBlue(read);
        return [
          library,
          ORDERS[library],
          text(read.values),
          text(subtractMean(read, CAFFE_MEANS).values),
          text(subtractMean(bgr, CAFFE_MEANS).values),
        ];
      }),
    );
    const zh = language === 'zh';
    const swatch = (image: FloatImage) => ({
      width: 1,
      height: 1,
      channels: 3 as const,
      pixels: Uint8Array.from(image.values),
    });
    picture(
      'orders',
      imageStrip(zh ? '同一像素按两种顺序显示' : 'One pixel shown in both orders', [
        { image: swatch(pixel), caption: 'RGB' },
        { image: swatch(swapRedBlue(pixel)), caption: zh ? '把 BGR 当作 RGB' : 'BGR taken for RGB' },
      ]),
      {
        en: 'The pixel in its colour, and in the colour that it has when its BGR values are taken for RGB.',
        zh: '像素本来的颜色，以及把 BGR 数值误当作 RGB 时的颜色。',
      },
    );
  },
  async check({ row, equal }) {
    const libraries = Object.keys(ORDERS) as (keyof typeof ORDERS)[];
    row(1).equal(
      'orders, told by what each makes of the pixel (10, 20, 30)',
      libraries.map((library) => orderOf(inOrderOf(onePixel(), library).values)),
      ['BGR', 'RGB', 'RGB'],
    );
    const image = floatImage({
      width: 2,
      height: 3,
      channels: 3,
      pixels: Uint8Array.from({ length: 18 }, (_, i) => 7 * i),
    });
    row(2).equal('swapped twice', [...swapRedBlue(swapRedBlue(image)).values], [...image.values]);
    row(3).close(
      '(10, 20, 30) as BGR less the means',
      [...subtractMean(swapRedBlue(onePixel()), CAFFE_MEANS).values],
      [-73.939, -96.779, -113.68],
      1e-9,
    );
    const wide = floatImage({ width: 3, height: 2, channels: 3, pixels: new Uint8Array(18) });
    row(4).equal('[2, 3, 3] as channels first', toPlanes(wide).dims, [3, 2, 3]);
    const decoded = await decodeImage(
      encodePng({ width: 1, height: 1, channels: 3, pixels: Uint8Array.of(10, 20, 30) }),
    );
    equal('what the decoder gives of a PNG', [...decoded.pixels], [10, 20, 30]);
  },
  judge: (submission, { red, green, blue }) =>
    judgeNumbers(
      submission,
      (() => {
        const prepared = (image: FloatImage): readonly number[] => [...subtractMean(image, CAFFE_MEANS).values];
        const [right, rgb] = [prepared(swapRedBlue(onePixel(red, green, blue))), prepared(onePixel(red, green, blue))];
        return right.map((v, i) =>
          real(['first', 'second', 'third'][i]!, `channel ${i + 1}`, `第 ${i + 1} 个通道`, v, [
            ...(rgb[i] === v ? [] : [slip(rgb[i]!, 'the channels stay in the order RGB', '通道仍为 RGB 顺序')]),
          ]),
        );
      })(),
    ),
});
