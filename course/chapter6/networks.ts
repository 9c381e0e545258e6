/**
 * VGG19 and ResNet152 as lists of layers. Simonyan, Zisserman, arXiv:1409.1556, table 1, column E; He et al., arXiv:1512.03385,
 * table 1, with the stride of a stage in its first 3 × 3 convolution (v1.5, as torchvision has it). Sizes are for 224 × 224.
 */
import { type AnalyticLayer, convolution, product } from 'systole/report';

/** A convolution whose padding keeps the map, apart from the stride. */
const conv = (
  name: string,
  channels: number,
  filters: number,
  size: number,
  kernel: number,
  stride = 1,
): AnalyticLayer =>
  convolution({
    name,
    channels,
    filters,
    input: [size, size],
    output: [size / stride, size / stride],
    kernel: [kernel, kernel],
    stride: [stride, stride],
  });

export const VGG19: readonly AnalyticLayer[] = [
  ...[2, 2, 4, 4, 4].flatMap((count, block) => {
    const filters = Math.min(512, 64 << block);
    const before = block === 0 ? 3 : Math.min(512, 32 << block);
    return Array.from({ length: count }, (_, i) =>
      conv(`conv${block + 1}_${i + 1}`, i === 0 ? before : filters, filters, 224 >> block, 3),
    );
  }),
  product({ name: 'fc6', inner: 25088, columns: 4096 }),
  product({ name: 'fc7', inner: 4096, columns: 4096 }),
  product({ name: 'fc8', inner: 4096, columns: 1000 }),
];

export const RESNET152: readonly AnalyticLayer[] = [
  conv('conv1', 3, 64, 224, 7, 2),
  ...[3, 8, 36, 3].flatMap((count, stage) => {
    const width = 64 << stage;
    return Array.from({ length: count }, (_, i) => {
      const name = `conv${stage + 2}_${i + 1}`;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const before = i > 0 ? 4 * width : stage === 0 ? 64 : 2 * width;
      const size = (56 >> stage) * stride;
      return [
        conv(`${name}a`, before, width, size, 1),
        conv(`${name}b`, width, width, size, 3, stride),
        conv(`${name}c`, width, 4 * width, size / stride, 1),
        ...(i === 0 ? [conv(`${name}shortcut`, before, 4 * width, size, 1, stride)] : []),
      ];
    }).flat();
  }),
  product({ name: 'fc', inner: 2048, columns: 1000 }),
];
