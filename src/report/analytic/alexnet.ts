/**
 * AlexNet as its paper draws it, two towers and all: Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep
 * Convolutional Neural Networks, NIPS 2012, figure 2, for images of 227 × 227 (with the 224 that the text gives, 55 × 55 outputs
 * are not reached without padding). Layers 2, 4 and 5 see one tower only, which are two groups. 724,406,816 MACs.
 */
import { type AnalyticLayer, convolution, product } from './layers.ts';

const square = (n: number): readonly number[] => [n, n];
const conv = (name: string, channels: number, filters: number, input: number, output: number, kernel: number) => ({
  name,
  channels,
  filters,
  input: square(input),
  output: square(output),
  kernel: square(kernel),
});

export const PAPER_ALEXNET: readonly AnalyticLayer[] = [
  convolution({ ...conv('conv1', 3, 96, 227, 55, 11), stride: [4, 4] }),
  convolution({ ...conv('conv2', 96, 256, 27, 27, 5), groups: 2 }),
  convolution(conv('conv3', 256, 384, 13, 13, 3)),
  convolution({ ...conv('conv4', 384, 384, 13, 13, 3), groups: 2 }),
  convolution({ ...conv('conv5', 384, 256, 13, 13, 3), groups: 2 }),
  product({ name: 'fc6', inner: 9216, columns: 4096 }),
  product({ name: 'fc7', inner: 4096, columns: 4096 }),
  product({ name: 'fc8', inner: 4096, columns: 1000 }),
];
