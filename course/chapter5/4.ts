/**
 * Exercise 5.4: what tf.keras does to pictures. `preprocess_input` has three modes, by where a network's weights came from: caffe (BGR, less the
 * means, not scaled), tf (−1 … 1), torch (0 … 1, less means, over deviations). ImageDataGenerator standardises, whitens and augments.
 */

import { Random } from 'systole/base';
import type { Exercise } from 'systole/course';
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

/** What ImageDataGenerator offers, with the options of the augmenter, or the functions, that do it here. */
export const METHODS: Readonly<Record<string, Augmentation | ((images: readonly FloatImage[]) => FloatImage)>> = {
  featurewise_center_and_std: (images) => standardise(images[0]!, statisticsOf(images)),
  samplewise_center_and_std: (images) => standardiseSample(images[0]!),
  zca_whitening: (images) => whiten(images[0]!, fitZca(images)),
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
  if (typeof method === 'function') return method(images);
  const random = new Random(1);
  const augment = augmenter(method);
  let image = augment(images[0]!, random);
  for (let i = 0; i < 10 && `${image.values}` === `${images[0]!.values}`; i++) image = augment(images[0]!, random);
  return image;
}

const red = (mode: 'caffe' | 'tf' | 'torch'): number[] => [
  ...preprocess(floatImage({ width: 1, height: 1, channels: 3, pixels: Uint8Array.of(255, 0, 0) }, 'float64'), mode)
    .values,
];

export const exercise: Exercise = {
  id: '5.4',
  title: { en: 'Preprocessing in tf.keras', zh: 'TensorFlow python/keras 中 ImageNet 预处理方法' },
  rows: 4,
  show({ print }) {
    for (const mode of ['caffe', 'tf', 'torch'] as const) print(`(255, 0, 0), ${mode}: ${red(mode).join(', ')}`);
    print(`ImageDataGenerator: ${Object.keys(METHODS).join(', ')}`);
  },
  check({ close, equal, atLeast, holds }) {
    close('caffe', red('caffe'), [-103.939, -116.779, 131.32], 1e-9);
    equal('tf', red('tf'), [1, -1, -1]);
    close('torch', red('torch'), [2.2489082969432315, -2.0357142857142856, -1.8044444444444445], 1e-12);
    atLeast('methods', Object.keys(METHODS).length, 9);
    const [before] = pictures(1);
    for (const [name, method] of Object.entries(METHODS)) {
      const image = applied(method);
      holds(
        `${name} changes the picture and keeps its size`,
        image.width === 6 && image.height === 6 && `${image.values}` !== `${before!.values}`,
      );
    }
  },
};
