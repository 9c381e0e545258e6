/**
 * Exercise 3.6: R-CNN, Fast R-CNN, Faster R-CNN. R-CNN cuts about 2000 proposals out of the picture and runs the whole network on each;
 * SVMs label the features. Fast R-CNN runs the convolutions once over the picture and pools each proposal's part of the feature map to
 * 7 × 7 (RoI pooling), so that only the fully connected head runs 2000 times; softmax and box regression are trained together with it.
 * Faster R-CNN also learns the proposals: a small convolutional network on the same features judges nine anchors at each place, and 300
 * good proposals do. Costs are of VGG16; R-CNN is charged with the head of 1000 classes, the others with one of 21 classes and 84 offsets.
 */

import type { Exercise } from 'systole/course';
import { detection, tensor } from 'systole/tensor';

/** Filters of VGG16's convolutions, a pooling after each group (Simonyan and Zisserman, arXiv:1409.1556, column D). */
const GROUPS = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
] as const;

/** MACs of the convolutions on a picture, and the size of the last feature map; the last pooling is that of the head. */
export function vgg16Convolutions(height: number, width: number): { macs: number; rows: number; columns: number } {
  let [rows, columns, channels, macs] = [height, width, 3, 0];
  GROUPS.forEach((filters, group) => {
    if (group > 0) [rows, columns] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    for (const count of filters) {
      macs += 9 * channels * count * rows * columns;
      channels = count;
    }
  });
  return { macs, rows, columns };
}

/** The fully connected layers on 7 × 7 × 512 features. */
export const headMacs = (outputs: number): number => 25088 * 4096 + 4096 * 4096 + 4096 * outputs;

const CLASSES = 21;
const ANCHORS = 9;

/** MACs for a picture of 600 × 1000. */
export function detectorCosts({ height = 600, width = 1000, proposals = 2000, learnedProposals = 300 } = {}) {
  const { macs: shared, rows, columns } = vgg16Convolutions(height, width);
  const head = headMacs(CLASSES + 4 * (CLASSES - 1) + 4);
  const proposalNetwork = rows * columns * (9 * 512 * 512 + 512 * (2 + 4) * ANCHORS);
  return {
    featureMap: [rows, columns],
    rcnn: proposals * (vgg16Convolutions(224, 224).macs + headMacs(1000)),
    fast: shared + proposals * head,
    faster: shared + proposalNetwork + learnedProposals * head,
  };
}

export const exercise: Exercise = {
  id: '3.6',
  title: { en: 'R-CNN, Fast R-CNN and Faster R-CNN', zh: '简述 R-CNN、Fast R-CNN 和 Faster R-CNN 的区别' },
  rows: 5,
  show({ print }) {
    const { featureMap, rcnn, fast, faster } = detectorCosts();
    print(`R-CNN: ${rcnn} MACs, the whole network for each of 2000 proposals`);
    print(
      `Fast R-CNN: ${fast} MACs, ${(rcnn / fast).toFixed(2)} times less: one feature map, ${featureMap.join(' × ')}, 2000 heads`,
    );
    print(`Faster R-CNN: ${faster} MACs, ${(fast / faster).toFixed(2)} times less: a proposal network, 300 heads`);
    print(`${detection.anchors(featureMap[0]!, featureMap[1]!).length} anchors on that map`);
  },
  async check({ equal, close }) {
    const { featureMap, rcnn, fast, faster } = detectorCosts();
    equal('the feature map', featureMap, [37, 62]);
    equal('MACs of R-CNN, Fast, Faster', [rcnn, fast, faster], [30940528640000, 423096963072, 224627447808]);
    close('ratios', [rcnn / fast, fast / faster], [73.12869469766139, 1.8835497050816405], 1e-9);
    const map = tensor(
      Float32Array.from({ length: 16 }, (_, i) => i + 1),
      { shape: [1, 1, 4, 4] },
    );
    const pooled = detection.roiPool(map, [{ box: [0, 0, 3, 3] }], { size: [2, 2] });
    equal('RoI pooling of 1 … 16 to 2 × 2', await pooled.toArray(), [
      [
        [
          [6, 8],
          [14, 16],
        ],
      ],
    ]);
    equal('anchors', detection.anchors(37, 62).length, 37 * 62 * ANCHORS);
  },
};
