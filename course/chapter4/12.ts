/**
 * Exercise 4.12: a network for ImageNet that should reach 85 % top-5: its design, counted from the graph, over-fitted on a tiny set, trained where
 * pictures are given and said to be not trained where they are not.
 */
import { Random } from 'systole/base';
import { defineExercise } from 'systole/course';
import { classifier, type EpochEvent, type Task, tasks } from 'systole/flow';
import { charts, type Summary, summarize } from 'systole/report';
import {
  add,
  compile,
  crossEntropy,
  exportModel,
  Generator,
  nn,
  optim,
  relu,
  type Tensor,
  tensor,
} from 'systole/tensor';
import { summaryOf } from '../chapter3/1.ts';
import { IMAGENET, trainingMacs } from '../chapter3/5.ts';
import { pictures, trainOnPictures } from '../pictures.ts';

/** The state of the exercise's question, by what was trained. */
export const statusOf = (trained: EpochEvent | undefined): string =>
  trained === undefined
    ? 'not trained on ImageNet'
    : `trained for ${trained.epoch} epochs: ${shareText(trained.validation?.top5 ?? trained.validation?.accuracy)} top-5`;

const shareText = (share: number | undefined): string =>
  share === undefined ? 'no pictures to check on, so no' : `${(100 * share).toFixed(2)} %`;

export interface Design {
  /** Channels of the first stage; each further one has twice as many. */
  readonly width: number;
  readonly blocks: readonly number[];
  readonly classes: number;
}

export const DESIGN: Design = { width: 64, blocks: [2, 2, 2, 2], classes: 1000 };

const normed = (inputs: number, outputs: number, kernel: number, stride: number, generator: Generator): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv(inputs, outputs, kernel, { stride, padding: kernel >> 1, bias: false, generator }),
    new nn.BatchNorm(outputs),
  );

class Block extends nn.Module {
  readonly first: nn.Sequential;
  readonly second: nn.Sequential;
  readonly shortcut: nn.Sequential | undefined;

  constructor(inputs: number, outputs: number, stride: number, generator: Generator) {
    super();
    this.first = normed(inputs, outputs, 3, stride, generator);
    this.second = normed(outputs, outputs, 3, 1, generator);
    this.shortcut = stride === 1 && inputs === outputs ? undefined : normed(inputs, outputs, 1, stride, generator);
  }

  override forward(x: Tensor): Tensor {
    const inner = this.second.forward(relu(this.first.forward(x)));
    return relu(add(inner, this.shortcut === undefined ? x : this.shortcut.forward(x)));
  }
}

/** The network of a design. */
export function build({ width, blocks, classes }: Design, generator = new Generator(1)): nn.Sequential {
  const stem = [
    normed(3, width / 2, 3, 2, generator),
    nn.relu(),
    normed(width / 2, width / 2, 3, 1, generator),
    nn.relu(),
    normed(width / 2, width, 3, 1, generator),
    nn.relu(),
    nn.maxPool(3, { stride: 2, padding: 1 }),
  ];
  let channels = width;
  const stages = blocks.flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) => {
      const before = channels;
      channels = width << stage;
      return new Block(before, channels, i === 0 && stage > 0 ? 2 : 1, generator);
    }),
  );
  return new nn.Sequential(
    ...stem,
    ...stages,
    nn.globalAvgPool(),
    nn.flatten(),
    new nn.Linear(channels, classes, { generator }),
  );
}

/** The design as a task: momentum as ResNet is trained, its classes those of the pictures. */
export function taskOf(design: Omit<Design, 'classes'>): Task {
  const resnet = tasks.get('resnet18')!;
  return {
    ...resnet,
    name: 'design',
    build({ generator, hyperparameters: { rate, epochs }, stepsPerEpoch, classes = DESIGN.classes }) {
      const network = build({ ...design, classes }, generator);
      const schedule = optim.cosine(rate, stepsPerEpoch * epochs);
      const optimizer = new optim.SGD(network.parameters(), { rate: schedule, momentum: 0.9, weightDecay: 1e-4 });
      return classifier(network, optimizer, classes);
    },
  };
}

/** Layers in a row whose output has the same shape, as one part: the stem's, those of each stage, the end. */
function stagesOf(layers: Summary['layers']) {
  const stages: { readonly output: string; parameters: number; macs: number }[] = [];
  for (const { outputShape, parameters, macs } of layers) {
    const output = outputShape?.slice(1).join(' × ') ?? '?';
    if (stages.at(-1)?.output !== output) stages.push({ output, parameters: 0, macs: 0 });
    stages.at(-1)!.parameters += parameters;
    stages.at(-1)!.macs += macs ?? 0;
  }
  return stages;
}

/** Parameters, MACs, output and what training would take. */
export async function analyse(design: Design, epochs = 90) {
  const model = await exportModel(build(design), { x: [1, 3, 224, 224] });
  const { totals, layers } = summarize(model);
  const forward = BigInt(totals.macs);
  return {
    parameters: totals.parameters,
    macs: totals.macs,
    output: layers.at(-1)!.outputShape,
    stages: stagesOf(layers),
    macsPerEpoch: trainingMacs(forward, IMAGENET.images, 1n),
    macsOfTraining: trainingMacs(forward, IMAGENET.images, BigInt(epochs)),
  };
}

/** Whether the label is among the k largest scores. */
export function inTop(scores: readonly number[], label: number, k = 5): boolean {
  const better = scores.filter((score, i) => score > scores[label]! || (score === scores[label]! && i < label)).length;
  return better < k;
}

/** Trains a narrow network of the design on 32 random pictures of ten classes; the share it has right at the end. */
export async function overfit(steps = 60): Promise<number> {
  const random = new Random(12);
  const [count, side] = [32, 32];
  const x = tensor(
    Float32Array.from({ length: count * 3 * side * side }, () => random.normal()),
    { shape: [count, 3, side, side] },
  );
  const labels = Array.from({ length: count }, () => random.integer(0, 9));
  const model = build({ width: 16, blocks: [1, 1, 1, 1], classes: 10 });
  const adam = new optim.Adam(model.parameters(), { rate: 3e-3 });
  const step = compile((inputs: Tensor, targets: Tensor) => {
    const logits = model.forward(inputs);
    adam.minimize(crossEntropy(logits, targets));
    return logits.argMax(-1);
  });
  const targets = tensor(labels, { dtype: 'i64' });
  let found = step(x, targets);
  for (let i = 1; i < steps; i++) found = step(x, targets);
  const data = await found.data();
  return labels.filter((label, i) => Number(data[i]) === label).length / count;
}

const RANKS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

export const exercise = defineExercise({
  id: '4.12',
  title: { en: 'A network for ImageNet', zh: '自行设计 ImageNet CNN，Top5 85%' },
  asked: {
    en: 'Design a convolutional network for ImageNet that reaches a top-5 accuracy of 85 %.',
    zh: '自行设计一个用于 ImageNet 的卷积神经网络，top-5 精度达到 85 %。',
  },
  explanation: {
    en: String.raw`**The design.** A stem of three $3 \times 3$ convolutions (as much to see as one $7 \times 7$, with fewer weights and more non-linear) and a pooling; four stages of residual blocks, $y = \operatorname{ReLU}(x + F(x))$ with two $3 \times 3$ convolutions in $F$, of $w$, $2w$, $4w$ and $8w$ channels, each further stage at half the side, so that every stage costs about the same; the mean over the map; one linear layer. Batch normalisation stands behind each convolution. Width, depth and classes can be varied.

**Status.** Without its pictures the network is *not trained on ImageNet*: an epoch takes $3 M n$ MACs for $n = 1{,}281{,}167$ pictures, which is worked out here. With a folder of pictures (--pictures FOLDER) it is trained and its top-5 accuracy measured: the share of pictures whose label is among the five largest scores.

**What is checked here**: shapes, parameters and MACs from the graph; that the network learns, by over-fitting 32 random pictures of ten classes completely; the metric.

**From the literature, not from here.** Networks of this kind and size reach the goal: ResNet-18 has 89.1 % top-5 (torchvision's table of weights), VGG19 and ResNet152 more than 90 % (their papers).

Sources: K. He et al., *Deep residual learning for image recognition*, arXiv:1512.03385, 2015; C. Szegedy et al., *Rethinking the inception architecture*, 2016 (small filters in the stem); S. Ioffe, C. Szegedy, *Batch normalization*, 2015.`,
    zh: String.raw`**设计。**入口为三个 $3 \times 3$ 卷积（感受野与一个 $7 \times 7$ 相当，权重更少、非线性更多）和一个池化；之后是四级残差块 $y = \operatorname{ReLU}(x + F(x))$，$F$ 中有两个 $3 \times 3$ 卷积，通道数为 $w$、$2w$、$4w$、$8w$，每级边长减半，因此各级计算量大致相同；最后是全图平均与一个线性层。每个卷积之后都有批归一化。宽度、深度与类别数可用参数改变。

**状态。**没有图像时网络*未在 ImageNet 上训练*：$n = 1{,}281{,}167$ 张图像每轮需 $3 M n$ 次 MAC，具体数值见下。给出图像文件夹（--pictures FOLDER）时会进行训练并测量 top-5 精度，即正确标签位于得分最高的五类之中的图像比例。

**这里验证的内容**：由图得到的形状、参数与 MAC 数；网络能够学习（把 10 类、32 张随机图像完全过拟合）；top-5 指标的实现。

**以下来自文献，不是这里的结果。**这类规模的网络可以达到目标：ResNet-18 的 top-5 为 89.1 %（torchvision 权重表），VGG19 与 ResNet152 超过 90 %（各自论文）。

来源：K. He 等，*Deep residual learning for image recognition*，arXiv:1512.03385，2015；C. Szegedy 等，*Rethinking the inception architecture*，2016（入口的小滤波器）；S. Ioffe、C. Szegedy，*Batch normalization*，2015。`,
  },
  rows: 4,
  answeredBy: 'design',
  code: [
    { path: 'src/tensor/nn/layers.ts', words: { en: 'the layers', zh: '各种层' } },
    { path: 'src/flow/training/index.ts', words: { en: 'training on folders of pictures', zh: '在图像文件夹上训练' } },
    { path: 'src/report/summary/summary.ts', words: { en: 'counting a network', zh: '网络的统计' } },
  ],
  parameters: {
    width: {
      kind: 'whole',
      words: { en: 'channels of the first stage', zh: '第一级的通道数' },
      default: 64,
      least: 2,
      most: 256,
    },
    depth: { kind: 'whole', words: { en: 'blocks of each stage', zh: '每级的块数' }, default: 2, least: 1, most: 12 },
    classes: { kind: 'whole', words: { en: 'classes', zh: '类别数' }, default: 1000, least: 2, most: 21841 },
    epochs: { kind: 'whole', words: { en: 'epochs of training', zh: '训练轮数' }, default: 90, least: 1, most: 1000 },
    speed: {
      kind: 'real',
      words: { en: 'what the training machine does, in 10¹² MACs a second', zh: '训练机器的速度（每秒 10¹² 次 MAC）' },
      ...{ default: 10, least: 1e-6, most: 1e6 },
    },
  },
  async show({ print, table, picture, language }, { width, depth, classes, epochs, speed }) {
    const design: Design = { width, blocks: [depth, depth, depth, depth], classes };
    const { parameters, macs, macsPerEpoch, macsOfTraining, stages } = await analyse(design, epochs);
    table(
      [
        { en: 'layers with the output', zh: '输出为此形状的各层' },
        { en: 'parameters', zh: '参数' },
        { en: 'MACs a picture', zh: '每张图像的 MAC' },
      ],
      stages.map((s) => [s.output, s.parameters, s.macs]),
    );
    print({
      en: `${parameters} parameters, ${macs} MACs a picture.`,
      zh: `参数 ${parameters} 个，每张图像 ${macs} 次 MAC。`,
    });
    const days = Number(macsOfTraining) / (speed * 1e12) / 86400;
    print({
      en: `An epoch takes ${macsPerEpoch} MACs, ${epochs} epochs ${macsOfTraining}: ${days.toPrecision(3)} days at ${speed} · 10¹² MACs a second.`,
      zh: `每轮 ${macsPerEpoch} 次 MAC，${epochs} 轮 ${macsOfTraining} 次：按每秒 ${speed} · 10¹² 次 MAC 需 ${days.toPrecision(3)} 天。`,
    });
    const others = await Promise.all(['alexnet', 'resnet18', 'vgg19'].map((name) => summaryOf(name)));
    const zh = language === 'zh';
    const bars = [
      { name: zh ? '本设计' : 'this design', value: macs, group: 'own' },
      ...others.map(({ model, totals }) => ({ name: model, value: totals.macs, group: 'others' })),
    ];
    picture(
      'macs',
      (await charts()).barsPicture(bars, {
        title: zh ? '每张图像的计算量' : 'Work for a picture',
        x: zh ? '每张图像的 MAC' : 'MACs a picture',
        log: true,
      }),
      {
        en: 'MACs of the design beside AlexNet, ResNet18 and VGG19.',
        zh: '本设计与 AlexNet、ResNet18、VGG19 的 MAC 数。',
      },
    );
    const settings = pictures();
    if (settings === undefined) {
      print({
        en: `Not run here: no pictures (--pictures FOLDER). Status: ${statusOf(undefined)}.`,
        zh: `此处未运行：没有图像（--pictures FOLDER）。状态：未在 ImageNet 上训练（${statusOf(undefined)}）。`,
      });
      return;
    }
    const onEpoch = ({ epoch, train, validation }: EpochEvent): void =>
      print({
        en: `epoch ${epoch}: loss ${train.loss!.toFixed(4)}, ${JSON.stringify(validation ?? {})}`,
        zh: `第 ${epoch} 轮：损失 ${train.loss!.toFixed(4)}，${JSON.stringify(validation ?? {})}`,
      });
    print(`${settings.folder}: ${statusOf(await trainOnPictures(taskOf(design), settings, { onEpoch }))}`);
  },
  async check({ row, equal, holds }) {
    // The scores are 0 … 9, so the fifth best is 5 and the sixth 4.
    row(1).equal('among the best five: the fifth, the sixth', [inTop(RANKS, 5), inTop(RANKS, 4)], [true, false]);
    row(2).equal('32 pictures, the share right after training', await overfit(), 1);
    row(3).equal('status where there are no pictures', statusOf(undefined), 'not trained on ImageNet');
    const { parameters, macs, output, macsPerEpoch, stages } = await analyse(DESIGN);
    row(4).equal('an epoch is three passes over every picture', macsPerEpoch, 3n * BigInt(macs) * 1281167n);
    equal('output', output, [1, 1000]);
    equal('parameters and MACs of the design', [parameters, macs], [11708744, 2053713920]);
    equal(
      'the parts add up to that',
      [stages.reduce((n, s) => n + s.parameters, 0), stages.reduce((n, s) => n + s.macs, 0)],
      [parameters, macs],
    );
    holds('parameters of the module are those of the graph', build(DESIGN).size === parameters);
  },
});
