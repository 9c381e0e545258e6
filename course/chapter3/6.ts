/** Exercise 3.6: R-CNN, Fast R-CNN, Faster R-CNN: what each computes for a picture, counted from the graphs of their parts. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { vgg16 } from 'systole/models';
import { charts, type Summary, summarize } from 'systole/report';
import { detection, exportModel, nn, tensor } from 'systole/tensor';
import { countedOnce, Net } from '../networks.ts';
import { real, slip } from '../numberFields.ts';

/** VGG16 on a picture (K. Simonyan, A. Zisserman, arXiv:1409.1556, column D). */
async function vgg16On(height: number, width: number, classes: number): Promise<Summary> {
  const network = nn.init.skipInit(() => vgg16({ classes }));
  return countedOnce(await exportModel(network, { input: ['N', 3, height, width] }, { name: 'vgg16' }), 'vgg16');
}

/** The proposal network on a map of 512 channels: a 3 × 3 convolution, then two scores and four offsets for each anchor. */
function proposalNetwork(rows: number, columns: number, anchors: number): Summary {
  const net = new Net('rpn', [1, 512, rows, columns]);
  const shared = net.relu('relu', net.conv('shared', 'x', [512, 512, 3], { padding: 1 }));
  net.conv('scores', shared, [512, 2 * anchors, 1]);
  return summarize(net.model(net.conv('offsets', shared, [512, 4 * anchors, 1])));
}

const CLASSES = 21;
const ANCHORS = 9;

export interface DetectorOptions {
  readonly height?: number;
  readonly width?: number;
  /** Of selective search. */
  readonly proposals?: number;
  /** Of the proposal network. */
  readonly learned?: number;
  readonly classes?: number;
}

/**
 * MACs for a picture. R-CNN is charged with the head of 1000 classes, the others with one of the classes (background included) and four
 * offsets for each.
 */
export async function detectorCosts(options: DetectorOptions = {}) {
  const { height = 600, width = 1000, proposals = 2000, learned = 300, classes = CLASSES } = options;
  const onPicture = await vgg16On(height, width, 5 * classes);
  const { convolution } = onPicture.totals.kinds;
  // VGG's pooling to 7 × 7 is products too where the map is no multiple of it; RoI pooling takes its place.
  const head = onPicture.layers.filter((l) => l.op === 'Gemm').reduce((sum, l) => sum + l.macs!, 0);
  const [, , rows, columns] = onPicture.layers.findLast((l) => l.kind === 'convolution')!.outputShape as number[];
  const whole = (await vgg16On(224, 224, 1000)).totals.macs;
  const { macs: rpn } = proposalNetwork(rows!, columns!, ANCHORS).totals;
  return {
    featureMap: [rows!, columns!] as const,
    parts: { shared: convolution.macs, head, rpn, whole },
    rcnn: proposals * whole,
    fast: convolution.macs + proposals * head,
    faster: convolution.macs + rpn + learned * head,
  };
}

export const exercise = defineExercise({
  id: '3.6',
  title: { en: 'R-CNN, Fast R-CNN and Faster R-CNN', zh: '简述 R-CNN、Fast R-CNN 和 Faster R-CNN 的区别' },
  asked: {
    en: 'What distinguishes R-CNN, Fast R-CNN and Faster R-CNN, and why is each faster than the one before? Hand in the numbers `rcnn`, `fast`, `faster`: multiply-accumulates for a picture of 600 × 1000, with VGG16 (21 classes in the heads of the latter two, with four offsets each), 2000 proposals, 300 of the proposal network with 9 anchors. Real numbers to three digits.',
    zh: 'R-CNN、Fast R-CNN 与 Faster R-CNN 有何区别？为什么后者比前者快？请提交数值 `rcnn`、`fast`、`faster`：对 600 × 1000 的图像、以 VGG16 为网络（后两者的头为 21 类，每类另有四个偏移）、2000 个候选区域、区域建议网络 9 个锚点并取 300 个时的乘加次数。实数取三位有效数字。',
  },
  explanation: {
    en: String.raw`All three classify *proposals*, boxes that may hold an object.

* **R-CNN** cuts about $R = 2000$ proposals of selective search out of the picture, stretches each to $224 \times 224$ and runs the whole network on it: $R\,(M_\text{conv} + M_\text{fc})$. SVMs label the features; boxes are refined by a regression of their own.
* **Fast R-CNN** runs the convolutions **once** over the whole picture and takes each proposal's part of the feature map, pooled to $7 \times 7$ (RoI pooling). Only the fully connected head runs for each: $M_\text{conv}(H, W) + R\,M_\text{fc}$. Softmax takes the SVMs' place, and classes and boxes are trained together (multi-task loss).
* **Faster R-CNN** also **learns the proposals**: a region proposal network, a small convolution on the same features, judges nine anchors at each place, and 300 good proposals do: $M_\text{conv}(H, W) + M_\text{RPN} + 300\,M_\text{fc}$. Selective search, which took seconds on a CPU, is gone.

So the first step saves 2000 passes over overlapping boxes by sharing the convolutions, the second saves heads and the search. Costs here are of VGG16 on a picture of $600 \times 1000$; R-CNN is charged with a head of 1000 classes, the others with 21 classes and four offsets for each, 105 outputs.

Sources: R. Girshick et al., *Rich feature hierarchies for accurate object detection*, 2014; R. Girshick, *Fast R-CNN*, 2015; S. Ren et al., *Faster R-CNN*, 2015.`,
    zh: String.raw`三者都是对*候选框*（可能含有物体的框）做分类。

* **R-CNN** 用选择性搜索得到约 $R = 2000$ 个候选框，逐个裁出、缩放到 $224 \times 224$，各运行一遍整个网络：$R\,(M_\text{conv} + M_\text{fc})$。特征由 SVM 分类，边框另行回归。
* **Fast R-CNN** 对整幅图像只做**一次**卷积，再从特征图中取出每个候选框的部分，池化为 $7 \times 7$（RoI 池化）。每个候选框只运行全连接部分：$M_\text{conv}(H, W) + R\,M_\text{fc}$。用 Softmax 代替 SVM，分类与边框一起训练（多任务损失）。
* **Faster R-CNN** 连**候选框也由网络学习**：区域建议网络（RPN）是同一特征图上的小卷积网络，对每个位置的 9 个锚框打分，300 个好的候选框即可：$M_\text{conv}(H, W) + M_\text{RPN} + 300\,M_\text{fc}$。在 CPU 上要花数秒的选择性搜索不再需要。

因此第一步通过共享卷积省去了对重叠区域的 2000 遍计算，第二步减少了全连接部分的次数并省去了搜索。以下按 VGG16、$600 \times 1000$ 的图像计算；R-CNN 计 1000 类的输出层，另两者计 21 类及每类 4 个偏移，共 105 个输出。

来源：R. Girshick 等，*Rich feature hierarchies for accurate object detection*，2014；R. Girshick，*Fast R-CNN*，2015；S. Ren 等，*Faster R-CNN*，2015。`,
  },
  rows: 5,
  code: [
    { path: 'src/tensor/detection/roi.ts', words: { en: 'RoI pooling and RoI align', zh: 'RoI 池化与 RoI Align' } },
    {
      path: 'src/tensor/detection/boxes.ts',
      words: { en: 'anchors, IoU, suppression', zh: '锚框、IoU 与非极大值抑制' },
    },
    { path: 'src/models/vgg.ts', words: { en: 'VGG', zh: 'VGG' } },
  ],
  parameters: {
    height: {
      kind: 'whole',
      words: { en: 'height of the picture', zh: '图像高度' },
      default: 600,
      least: 112,
      most: 2000,
    },
    width: {
      kind: 'whole',
      words: { en: 'width of the picture', zh: '图像宽度' },
      default: 1000,
      least: 112,
      most: 2000,
    },
    proposals: {
      kind: 'whole',
      words: { en: 'proposals of selective search', zh: '选择性搜索的候选框数' },
      ...{ default: 2000, least: 1, most: 10000 },
    },
    learned: {
      kind: 'whole',
      words: { en: 'proposals of the proposal network', zh: 'RPN 的候选框数' },
      ...{ default: 300, least: 1, most: 10000 },
    },
  },
  async show({ print, table, picture, language }, values) {
    const { featureMap, parts, rcnn, fast, faster } = await detectorCosts(values);
    const [rows, columns] = featureMap;
    print({
      en: `Feature map of ${values.height} × ${values.width}: ${rows} × ${columns}, ${detection.anchors(rows, columns).length} anchors.`,
      zh: `${values.height} × ${values.width} 图像的特征图：${rows} × ${columns}，锚框 ${detection.anchors(rows, columns).length} 个。`,
    });
    table(
      [
        { en: 'detector', zh: '检测器' },
        { en: 'MACs a picture', zh: '每幅图像的 MAC' },
        { en: 'times less', zh: '减少倍数' },
      ],
      [
        ['R-CNN', rcnn, ''],
        ['Fast R-CNN', fast, (rcnn / fast).toFixed(2)],
        ['Faster R-CNN', faster, (fast / faster).toFixed(2)],
      ],
    );
    print({
      en: `Parts: convolutions of the picture ${parts.shared}, a head ${parts.head}, the proposal network ${parts.rpn}, VGG16 on 224 × 224 ${parts.whole} MACs.`,
      zh: `各部分：整幅图像的卷积 ${parts.shared}，一个全连接头 ${parts.head}，RPN ${parts.rpn}，224 × 224 的 VGG16 ${parts.whole} 次 MAC。`,
    });
    const bars = [
      { name: 'R-CNN', value: rcnn },
      { name: 'Fast R-CNN', value: fast },
      { name: 'Faster R-CNN', value: faster },
    ];
    picture(
      'costs',
      (await charts()).barsPicture(bars, {
        title: language === 'zh' ? '一幅图像的计算量' : 'Work for a picture',
        x: 'MAC',
        log: true,
      }),
      {
        en: 'MACs of the three detectors for a picture, on a logarithmic axis.',
        zh: '三种检测器处理一幅图像的 MAC 数（对数坐标）。',
      },
    );
  },
  async check({ row, equal }) {
    const { featureMap, rcnn, fast, faster } = await detectorCosts();
    equal('the feature map', featureMap, [37, 62]);
    row(1).equal('MACs of R-CNN', rcnn, 30940528640000);
    row(2).equal('MACs of Fast R-CNN', fast, 423096963072);
    row(3).equal('MACs of Faster R-CNN', faster, 224627447808);
    row(4).close('ratios', [rcnn / fast, fast / faster], [73.12869469766139, 1.8835497050816405], 1e-9);
    const map = tensor(
      Float32Array.from({ length: 16 }, (_, i) => i + 1),
      { shape: [1, 1, 4, 4] },
    );
    const pooled = detection.roiPool(map, [{ box: [0, 0, 3, 3] }], { size: [2, 2] });
    row(5).equal('RoI pooling of 1 … 16 to 2 × 2', await pooled.toArray(), [
      [
        [
          [6, 8],
          [14, 16],
        ],
      ],
    ]);
    equal('anchors', detection.anchors(37, 62).length, 37 * 62 * ANCHORS);
  },
  judge: async (submission, { height, width, proposals, learned }) =>
    judgeNumbers(
      submission,
      await (async () => {
        const { parts, rcnn, fast, faster } = await detectorCosts({ height, width, proposals, learned });
        return [
          real('rcnn', 'multiply-accumulates of R-CNN', 'R-CNN 的乘加次数', rcnn, [
            slip(parts.whole, 'one region alone is counted', '只算了一个区域'),
          ]),
          real('fast', 'multiply-accumulates of Fast R-CNN', 'Fast R-CNN 的乘加次数', fast, [
            slip(parts.shared + parts.head, 'one region alone has a head', '只算了一个区域的头'),
            slip(proposals * parts.head, 'the shared convolutions are left out', '漏掉了共享的卷积'),
          ]),
          real('faster', 'multiply-accumulates of Faster R-CNN', 'Faster R-CNN 的乘加次数', faster, [
            slip(
              parts.shared + parts.rpn + proposals * parts.head,
              'all proposals of selective search have a head',
              '按选择性搜索的全部候选区域计算了头',
            ),
          ]),
        ];
      })(),
    ),
});
