/** Exercise 5.4: what tf.keras does to pictures before they enter a network, as this system does it: three modes, and twelve methods. */

import { Random } from 'systole/base';
import { defineExercise, judgeNumbers } from 'systole/course';
import {
  type Augmentation,
  augmenter,
  type FloatImage,
  fitZca,
  floatImage,
  preprocess,
  standardise,
  standardiseSample,
  statisticsOf,
  whiten,
} from 'systole/data';
import { real, slip } from '../numberFields.ts';

/** Functions over all pictures, for the first of them. */
const FUNCTIONS = {
  standardise: (images: readonly FloatImage[]) => standardise(images[0]!, statisticsOf(images)),
  standardiseSample: (images: readonly FloatImage[]) => standardiseSample(images[0]!),
  whiten: (images: readonly FloatImage[]) => whiten(images[0]!, fitZca(images)),
};

/** What ImageDataGenerator offers, with the function, or the options of the augmenter, that do it here. */
export const METHODS: Readonly<Record<string, Augmentation | keyof typeof FUNCTIONS>> = {
  featurewise_center_and_std: 'standardise',
  samplewise_center_and_std: 'standardiseSample',
  zca_whitening: 'whiten',
  rotation_range: { rotation: 20 },
  width_shift_range: { shiftX: 0.2 },
  height_shift_range: { shiftY: 0.2 },
  shear_range: { shear: 10 },
  zoom_range: { zoom: [0.8, 1.2] },
  channel_shift_range: { channelShift: 30 },
  brightness_range: { brightness: [0.5, 0.9] },
  horizontal_flip: { flipX: true },
  vertical_flip: { flipY: true },
};

/** Pictures of random levels. */
function pictures(count: number): readonly FloatImage[] {
  const random = new Random(3);
  return Array.from({ length: count }, () => {
    const pixels = Uint8Array.from({ length: 6 * 6 * 3 }, () => random.integer(0, 255));
    return floatImage({ width: 6, height: 6, channels: 3, pixels }, 'float64');
  });
}

/** The first picture after a method; augmenters are tried until one of their draws changes it. */
export function applied(method: (typeof METHODS)[string]): FloatImage {
  const images = pictures(4);
  if (typeof method === 'string') return FUNCTIONS[method](images);
  const random = new Random(1);
  const augment = augmenter(method);
  let image = augment(images[0]!, random);
  for (let i = 0; i < 10 && `${image.values}` === `${images[0]!.values}`; i++) image = augment(images[0]!, random);
  return image;
}

type Mode = 'caffe' | 'tf' | 'torch';

/** One pixel after a mode. */
const pixel = (mode: Mode, rgb: readonly number[]): number[] => [
  ...preprocess(floatImage({ width: 1, height: 1, channels: 3, pixels: Uint8Array.from(rgb) }, 'float64'), mode).values,
];
const red = (mode: Mode): number[] => pixel(mode, [255, 0, 0]);

export const exercise = defineExercise({
  id: '5.4',
  title: { en: 'Preprocessing in tf.keras', zh: 'TensorFlow python/keras 中 ImageNet 预处理方法' },
  asked: {
    en: 'Which methods does tf.keras have to preprocess the pictures of ImageNet? List them. Hand in the numbers `caffe1`, `caffe2`, `caffe3`, `tf1`, `tf2`, `tf3`, `torch1`, `torch2`, `torch3`: what the three modes make of the pixel (255, 0, 0), in the order of their channels. Real numbers to three digits.',
    zh: 'tf.keras 中有哪些用于 ImageNet 图片的预处理方法？请列出。请提交数值 `caffe1`、`caffe2`、`caffe3`、`tf1`、`tf2`、`tf3`、`torch1`、`torch2`、`torch3`：三种模式把像素 (255, 0, 0) 变成的值，按其通道顺序。实数取三位有效数字。',
  },
  explanation: {
    en: `Two places. **\`applications/imagenet_utils.preprocess_input\`** normalises, in the mode in which a network's weights were trained:

| mode | channels | values |
|---|---|---|
| \`caffe\` | RGB turned into BGR | $x - (103.939, 116.779, 123.68)$, not scaled |
| \`tf\` | RGB | $x / 127.5 - 1$, so $-1 \\dots 1$ |
| \`torch\` | RGB | $\\big(x/255 - (0.485, 0.456, 0.406)\\big) / (0.229, 0.224, 0.225)$ |

The mode belongs to the weights: pictures prepared in another mode are as good as noise to the network.

**\`preprocessing/image.ImageDataGenerator\`** standardises and augments. Over the data set: centring, division by the standard deviation, ZCA whitening. Each picture by itself: the same centring and scaling (\`samplewise_…\`), \`rescale\`. At random, so that
a network sees each picture in many forms: rotation, shifts, shear, zoom, channel shift, brightness, flips.

ZCA whitening with covariance $\\Sigma = U \\Lambda U^T$ multiplies by $U (\\Lambda + \\epsilon)^{-1/2} U^T$: decorrelated, and as near to the picture as whitening allows.

The table names each method and what does it here; the check applies all of them to a picture.

Sources: F. Chollet et al., Keras, \`imagenet_utils.py\` and \`image.py\` (Apache-2.0); A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009 (ZCA).`,
    zh: `共两处。**\`applications/imagenet_utils.preprocess_input\`** 负责归一化，其模式须与网络权重训练时一致：

| 模式 | 通道 | 数值 |
|---|---|---|
| \`caffe\` | RGB 转为 BGR | $x - (103.939, 116.779, 123.68)$，不缩放 |
| \`tf\` | RGB | $x / 127.5 - 1$，即 $-1 \\dots 1$ |
| \`torch\` | RGB | $\\big(x/255 - (0.485, 0.456, 0.406)\\big) / (0.229, 0.224, 0.225)$ |

模式取决于权重：用别的模式处理的图片，对网络来说与噪声无异。

**\`preprocessing/image.ImageDataGenerator\`** 负责标准化与增强。按数据集：去均值、除以标准差、ZCA 白化；按单张图片：同样的去均值与缩放（\`samplewise_…\`）、\`rescale\`；随机地（让网络看到同一图片的多种样子）：旋转、平移、错切、缩放、通道偏移、亮度、翻转。

设协方差 $\\Sigma = U \\Lambda U^T$，ZCA 白化就是左乘 $U (\\Lambda + \\epsilon)^{-1/2} U^T$：去相关，并在所有白化中离原图最近。

这里的表列出各方法以及本系统中的对应实现；检查时对一张图片逐一施用。

出处：F. Chollet 等，Keras，\`imagenet_utils.py\` 与 \`image.py\`（Apache-2.0）；A. Krizhevsky，*Learning multiple layers of features from tiny images*，2009（ZCA）。`,
  },
  rows: 4,
  code: [
    { path: 'src/data/image.ts', words: { en: 'Pictures and their modes', zh: '图片与三种模式' } },
    { path: 'src/data/pipeline', words: { en: 'Pipelines of samples', zh: '样本流水线' } },
  ],
  parameters: {
    red: { kind: 'whole', words: { en: 'red', zh: '红' }, default: 255, least: 0, most: 255 },
    green: { kind: 'whole', words: { en: 'green', zh: '绿' }, default: 0, least: 0, most: 255 },
    blue: { kind: 'whole', words: { en: 'blue', zh: '蓝' }, default: 0, least: 0, most: 255 },
  },
  show({ table }, { red: r, green, blue }) {
    const modes = ['caffe', 'tf', 'torch'] as const;
    table(
      [
        { en: 'mode', zh: '模式' },
        { en: `(${r}, ${green}, ${blue}) becomes`, zh: `(${r}, ${green}, ${blue}) 变为` },
      ],
      modes.map((mode) => [
        mode,
        pixel(mode, [r, green, blue])
          .map((v) => Number(v.toPrecision(7)))
          .join(', '),
      ]),
    );
    const size = ({ values }: FloatImage): string =>
      `${Math.min(...values).toFixed(2)} … ${Math.max(...values).toFixed(2)}`;
    table(
      [
        'ImageDataGenerator',
        { en: 'here', zh: '本系统' },
        { en: 'values of a picture of 0 … 255 behind it', zh: '0 … 255 的图片处理后的数值范围' },
      ],
      Object.entries(METHODS).map(([name, method]) => [
        name,
        typeof method === 'string' ? method : JSON.stringify(method),
        size(applied(method)),
      ]),
    );
  },
  check(check) {
    check.row(1).close('caffe', red('caffe'), [-103.939, -116.779, 131.32], 1e-9);
    check.row(2).equal('tf', red('tf'), [1, -1, -1]);
    check.row(3).close('torch', red('torch'), [2.2489082969432315, -2.0357142857142856, -1.8044444444444445], 1e-12);
    check.row(4).atLeast('methods', Object.keys(METHODS).length, 9);
    const [before] = pictures(1);
    for (const [name, method] of Object.entries(METHODS)) {
      const image = applied(method);
      check
        .row(4)
        .holds(
          `${name} changes the picture and keeps its size`,
          image.width === 6 && image.height === 6 && `${image.values}` !== `${before!.values}`,
        );
    }
  },
  judge: (submission, { red: r, green, blue }) =>
    judgeNumbers(
      submission,
      (['caffe', 'tf', 'torch'] as const).flatMap((mode) => {
        const [values, swapped] = [pixel(mode, [r, green, blue]), pixel(mode, [blue, green, r])];
        return values.map((v, i) =>
          real(`${mode}${i + 1}`, `channel ${i + 1} in mode ${mode}`, `${mode} 模式的第 ${i + 1} 个通道`, v, [
            ...(swapped[i] === v
              ? []
              : [
                  mode === 'caffe'
                    ? slip(
                        swapped[i]!,
                        'the channels stay in the order RGB; this mode has BGR',
                        '通道仍为 RGB；该模式为 BGR',
                      )
                    : slip(
                        swapped[i]!,
                        'the channels are turned into BGR; this mode keeps RGB',
                        '通道被转为 BGR；该模式保持 RGB',
                      ),
                ]),
          ]),
        );
      }),
    ),
});
