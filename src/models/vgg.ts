/**
 * VGG (Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015): blocks of 3 × 3 convolutions, each
 * ended by a pooling. Names and initial values are torchvision's.
 */
import { nn } from '#tensor';
import { dropout, gaussian, heFanOut, initialised, type NetworkOptions } from './options.ts';

/** Convolutions of each block; their widths are the same in all depths. */
const BLOCKS = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;
const WIDTHS: readonly number[] = [64, 128, 256, 512, 512];

export interface VggOptions extends NetworkOptions {
  /** Normalisation of batches behind each convolution. */
  readonly batchNorm?: boolean;
}

function vgg(depth: keyof typeof BLOCKS, options: VggOptions): nn.Sequential {
  const { classes = 1000, batchNorm = false } = options;
  const features = (): nn.Module[] =>
    BLOCKS[depth].flatMap((count, block) => {
      const width = WIDTHS[block]!;
      const convs = Array.from({ length: count }, (_, i) => {
        const inputs = i > 0 ? width : (WIDTHS[block - 1] ?? 3);
        const conv = new nn.Conv(inputs, width, 3, { padding: 1 });
        return batchNorm ? [conv, new nn.BatchNorm(width), nn.relu()] : [conv, nn.relu()];
      });
      return [...convs.flat(), nn.maxPool(2)];
    });
  return initialised(
    () =>
      new nn.Sequential({
        features: new nn.Sequential(...features()),
        avgpool: nn.adaptiveAvgPool(7),
        flatten: nn.flatten(),
        classifier: new nn.Sequential(
          new nn.Linear(512 * 7 * 7, 4096),
          nn.relu(),
          dropout(options),
          new nn.Linear(4096, 4096),
          nn.relu(),
          dropout(options),
          new nn.Linear(4096, classes),
        ),
      }),
    options,
    { conv: heFanOut, convBias: 0, linear: gaussian(0.01), linearBias: 0 },
  );
}

export const vgg11 = (options: VggOptions = {}): nn.Sequential => vgg(11, options);
export const vgg13 = (options: VggOptions = {}): nn.Sequential => vgg(13, options);
export const vgg16 = (options: VggOptions = {}): nn.Sequential => vgg(16, options);
export const vgg19 = (options: VggOptions = {}): nn.Sequential => vgg(19, options);
