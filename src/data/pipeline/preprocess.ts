/** From levels 0 to 255 to what published networks were trained on: the three modes of Keras' `preprocess_input`. */
import { expectChannels, type FloatImage, mapValues, subtractMean, swapRedBlue } from './floatImage.ts';

/** Means of ImageNet's pictures that VGG subtracts, blue, green, red (K. Simonyan, A. Zisserman, arXiv:1409.1556, models' pages). */
export const CAFFE_MEANS = [103.939, 116.779, 123.68] as const;
/** Of levels divided by 255, red, green, blue, as torchvision's models take them. */
export const TORCH_MEANS = [0.485, 0.456, 0.406] as const;
export const TORCH_DEVIATIONS = [0.229, 0.224, 0.225] as const;

/**
 * An RGB picture of levels 0 to 255 as a network takes it (Keras, applications/imagenet_utils.py): `caffe` BGR less the
 * means, not scaled; `tf` to [−1, 1]; `torch` divided by 255, less the means, over the deviations.
 * @throws SYS-DAT-074 not three channels
 */
export function preprocess(image: FloatImage, mode: 'caffe' | 'tf' | 'torch'): FloatImage {
  expectChannels('preprocess', image, 3);
  switch (mode) {
    case 'caffe':
      return subtractMean(swapRedBlue(image), CAFFE_MEANS);
    case 'tf':
      return mapValues(image, (value) => value / 127.5 - 1);
    case 'torch':
      return mapValues(image, (value, c) => (value / 255 - TORCH_MEANS[c]!) / TORCH_DEVIATIONS[c]!);
  }
}
