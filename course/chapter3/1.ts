/** Exercise 3.1: neurons and trainable parameters of AlexNet, VGG19 and ResNet152, counted from their graphs. */

import { defineExercise, judgeNumbers, type NumberField, type Slip } from 'systole/course';
import { alexnetPaper, buildModel, models } from 'systole/models';
import { charts, countBy, type Summary, summaryText } from 'systole/report';
import { exportModel, nn } from 'systole/tensor';
import { countedOnce } from '../networks.ts';

/** @param side height and width of the pictures, where the network takes others than its own */
export async function summaryOf(name: string, side?: number): Promise<Summary> {
  const { build, pictures } = models.get(name)!;
  if (side === undefined || pictures?.takesAnySize !== true)
    return countedOnce(await buildModel(name, { weights: false }), name);
  const network = nn.init.skipInit(() => build());
  return countedOnce(await exportModel(network, { input: ['N', 3, side, side] }, { name }), name);
}

/** AlexNet with the widths of the paper and every map seeing all before it. */
export const alexnetOfOneTower = async (): Promise<Summary> => {
  const network = nn.init.skipInit(() => alexnetPaper({ towers: false }));
  return countedOnce(
    await exportModel(network, models.get('alexnet-paper')!.inputs, { name: 'one tower' }),
    'one tower',
  );
};

/** The networks that the exercise names; AlexNet twice, as its paper and as torchvision has it. */
export const NETWORKS = ['alexnet-paper', 'alexnet', 'vgg19', 'resnet152'] as const;

const linear = ({ layers }: Summary) => layers.filter((l) => l.kind !== 'other');
const withInput = ({ totals: t }: Summary): number => t.neurons + t.inputElements;

const slip = (value: number, en: string, zh: string): Slip => ({ value, words: { en, zh } });

/** Parameters and neurons of the three networks, and what leads to wrong numbers. */
async function numbers(): Promise<readonly NumberField[]> {
  const [paper, torchvision, vgg19, resnet152] = (await Promise.all(NETWORKS.map((name) => summaryOf(name)))) as [
    Summary,
    Summary,
    Summary,
    Summary,
  ];
  const oneTower = await alexnetOfOneTower();
  const field = (name: string, summary: Summary, others: readonly Slip[]): readonly NumberField[] => {
    const { trainable, statistics, neurons } = summary.totals;
    // Filters and outputs of fully connected layers: a bias each.
    const biases = linear(summary).reduce((n, l) => n + (l.outputShape![1] as number), 0);
    const slips = [
      ...others,
      slip(trainable - biases, 'the biases are left out', '漏掉了偏置'),
      ...(statistics === 0
        ? []
        : [
            slip(
              trainable + statistics,
              'the running means and variances of normalisation are counted; training does not adjust them',
              '计入了归一化的滑动均值与方差，而它们不参与训练',
            ),
          ]),
    ];
    const withIt = slip(
      withInput(summary),
      'the elements of the input are counted; they compute nothing',
      '计入了输入元素，而输入不做计算',
    );
    return [
      {
        name,
        words: { en: `trainable parameters of ${name}`, zh: `${name} 的可训练参数数` },
        expected: trainable,
        slips,
      },
      {
        name: `${name}-neurons`,
        words: { en: `neurons of ${name}`, zh: `${name} 的神经元数` },
        expected: neurons,
        slips: [withIt],
      },
    ];
  };
  return [
    ...field('alexnet', paper, [
      slip(
        torchvision.totals.trainable,
        "torchvision's AlexNet is counted, which has other widths",
        '数的是 torchvision 的 AlexNet，其各层宽度不同',
      ),
      slip(
        oneTower.totals.trainable,
        'both towers see all maps; in the paper they are apart in three layers',
        '让两个塔都看到全部特征图；论文中有三层是分开的',
      ),
      slip(
        paper.totals.trainable - 10000,
        'the last layer is taken for 4087000: 4096 · 1000 + 1000 = 4097000',
        '把最后一层算成 4087000：4096 · 1000 + 1000 = 4097000',
      ),
    ]),
    ...field('vgg19', vgg19, []),
    ...field('resnet152', resnet152, []),
  ];
}

export const exercise = defineExercise({
  id: '3.1',
  title: {
    en: 'Neurons and trainable parameters of AlexNet, VGG19 and ResNet152',
    zh: '计算 AlexNet、VGG19、ResNet152 的神经元数目及可训练参数数目',
  },
  asked: {
    en: 'Count the neurons and the trainable parameters of AlexNet, VGG19 and ResNet152, layer by layer. Say what is counted as a neuron. Hand in the numbers `alexnet`, `alexnet-neurons`, `vgg19`, `vgg19-neurons`, `resnet152`, `resnet152-neurons`. A name alone stands for the parameters.',
    zh: '逐层计算 AlexNet、VGG19 与 ResNet152 的神经元数目和可训练参数数目，并说明何为一个神经元。请提交数值 `alexnet`、`alexnet-neurons`、`vgg19`、`vgg19-neurons`、`resnet152`、`resnet152-neurons`。只写网络名的是参数数目。',
  },
  explanation: {
    en: String.raw`A convolution of $C_\text{out}$ filters of $k_h \times k_w$ over $C_\text{in}$ maps in $g$ groups has
$$P_\text{conv} = C_\text{out}\left(\frac{k_h k_w C_\text{in}}{g} + b\right)$$
parameters, where $b = 1$ with a bias and 0 without; a fully connected layer has $P_\text{fc} = n_\text{out}(n_\text{in} + 1)$, batch normalisation two for each channel (its running mean and variance are not trained).

A **neuron** is here an output element of a convolution or of a fully connected layer: $C_\text{out} H_\text{out} W_\text{out}$ or $n_\text{out}$. Pooling, activation and normalisation have none of their own, and the elements of the input are stated apart.

Convolutions have most of the neurons and few of the parameters, since all places of a map share one filter; in AlexNet and VGG19 the three fully connected layers hold most of the parameters. AlexNet of the paper runs in two towers ($g = 2$ in the second, fourth and fifth convolution). The paper prints 253,440 neurons for its first layer and "650,000" in all; $96 \cdot 55 \cdot 55 = 290\,400$, and the convolutions add up to 650,080.

Sources: A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet classification with deep convolutional neural networks*, 2012; K. Simonyan, A. Zisserman, *Very deep convolutional networks for large-scale image recognition*, arXiv:1409.1556, 2014; K. He et al., *Deep residual learning for image recognition*, arXiv:1512.03385, 2015.`,
    zh: String.raw`设卷积有 $C_\text{out}$ 个 $k_h \times k_w$ 的滤波器，输入 $C_\text{in}$ 个特征图，分 $g$ 组，则参数数目为
$$P_\text{conv} = C_\text{out}\left(\frac{k_h k_w C_\text{in}}{g} + b\right),$$
有偏置时 $b = 1$，否则为 0；全连接层为 $P_\text{fc} = n_\text{out}(n_\text{in} + 1)$；批归一化每个通道有两个参数（滑动均值与方差不参与训练）。

这里的**神经元**指卷积层或全连接层的一个输出元素，即 $C_\text{out} H_\text{out} W_\text{out}$ 或 $n_\text{out}$ 个。池化、激活与归一化不另计神经元，输入元素单独列出。

卷积层的神经元最多而参数很少，因为特征图的所有位置共用一个滤波器；AlexNet 与 VGG19 的参数大多在三个全连接层。论文中的 AlexNet 分两塔（第 2、4、5 个卷积 $g = 2$）。论文给出第一层 253,440 个神经元、总共“65 万”；而 $96 \cdot 55 \cdot 55 = 290\,400$，各卷积层合计 650,080。

来源：A. Krizhevsky、I. Sutskever、G. Hinton，*ImageNet classification with deep convolutional neural networks*，2012；K. Simonyan、A. Zisserman，*Very deep convolutional networks for large-scale image recognition*，arXiv:1409.1556，2014；K. He 等，*Deep residual learning for image recognition*，arXiv:1512.03385，2015。`,
  },
  claimed: {
    en: 'Claimed: the last layer of AlexNet has 4,087,000 parameters and the network 60,955,224. Wrong by a slip of arithmetic: $4096 \\cdot 1000 + 1000 = 4\\,097\\,000$, so the total is 60,965,224. The listing printed beside it is of another network, torchvision\'s AlexNet in one tower of 64, 192, 384, 256 and 256 maps, with 61,100,840 parameters. Neurons of VGG19 and ResNet152 were not given; "ResNet158" is a misprint.',
    zh: '原答案称 AlexNet 最后一层有 4,087,000 个参数，全网 60,955,224 个。这是计算笔误：$4096 \\cdot 1000 + 1000 = 4\\,097\\,000$，总数应为 60,965,224。原答案所附的打印清单是另一个网络，即 torchvision 的单塔 AlexNet（64、192、384、256、256 个特征图），参数为 61,100,840 个。VGG19 与 ResNet152 的神经元数目未给出；“ResNet158”为笔误。',
  },
  rows: 9,
  code: [
    { path: 'src/report/summary/summary.ts', words: { en: 'counting a network', zh: '网络的统计' } },
    {
      path: 'src/report/summary/conventions.ts',
      words: { en: 'how other tools count', zh: '其他工具的计数口径' },
    },
    { path: 'src/models/alexnet.ts', words: { en: 'both AlexNets', zh: '两种 AlexNet' } },
    { path: 'docs/counting.md', words: { en: 'what is counted', zh: '计数规则' } },
  ],
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'network that is listed layer by layer', zh: '逐层列出的网络' },
      default: 'alexnet-paper',
      among: ['alexnet-paper', 'alexnet', 'vgg16', 'vgg19', 'resnet18', 'resnet50', 'resnet152', 'squeezenet'],
    },
    side: {
      kind: 'whole',
      words: {
        en: 'height and width of the pictures (alexnet-paper keeps its own 227)',
        zh: '图像边长（alexnet-paper 固定为 227）',
      },
      ...{ default: 224, least: 64, most: 512 },
    },
  },
  async show({ table, listing, picture, language }, { network, side }) {
    const summaries = await Promise.all(NETWORKS.map((name) => summaryOf(name, side)));
    table(
      [
        { en: 'network', zh: '网络' },
        { en: 'trainable parameters', zh: '可训练参数' },
        { en: 'neurons', zh: '神经元' },
        { en: 'of convolutions', zh: '其中卷积' },
        { en: 'of fully connected layers', zh: '其中全连接' },
        { en: 'neurons and input', zh: '神经元加输入' },
      ],
      summaries.map((s) => {
        const { trainable, neurons, kinds } = s.totals;
        return [s.model, trainable, neurons, kinds.convolution.neurons, kinds.product.neurons, withInput(s)];
      }),
    );
    listing(
      { en: `systole summary ${network} --depth 1`, zh: `systole summary ${network} --depth 1` },
      summaryText(await summaryOf(network, side), { depth: 1, language }),
    );
    const words =
      language === 'en'
        ? { title: 'Where the parameters are', x: 'parameters', kinds: ['convolutions', 'fully connected'] }
        : { title: '参数分布', x: '参数数目', kinds: ['卷积', '全连接'] };
    const bars = summaries.flatMap(({ model, totals: { kinds } }) =>
      ([kinds.convolution, kinds.product] as const).map((kind, i) => ({
        ...{ name: `${model}: ${words.kinds[i]}`, value: kind.parameters, group: words.kinds[i]! },
      })),
    );
    picture('parameters', (await charts()).barsPicture(bars, words), {
      en: 'Bars of the parameters of the four networks, convolutions and fully connected layers apart.',
      zh: '四个网络中卷积层与全连接层参数数目的条形图。',
    });
  },
  async check({ row, equal }) {
    const [paper, torchvision, vgg19, resnet152] = (await Promise.all(NETWORKS.map((name) => summaryOf(name)))) as [
      Summary,
      Summary,
      Summary,
      Summary,
    ];
    row(1).equal(
      'AlexNet paper params per layer conv1..fc8',
      linear(paper).map((l) => l.parameters),
      [34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000],
    );
    row(2).equal('AlexNet paper total', paper.totals.trainable, 60965224);
    row(3).equal(
      'AlexNet paper neurons (conv+fc) / +input',
      [paper.totals.neurons, withInput(paper)],
      [659272, 813859],
    );
    equal(
      'AlexNet paper neurons per layer',
      linear(paper).map((l) => l.neurons),
      [290400, 186624, 64896, 64896, 43264, 4096, 4096, 1000],
    );
    const oneTower = await alexnetOfOneTower();
    row(4).equal('AlexNet ungrouped (one tower, paper widths) params', oneTower.totals.trainable, 62378344);
    const { totals: tv } = torchvision;
    row(5).equal('AlexNet torchvision params / neurons', [tv.trainable, tv.neurons], [61100840, 494184]);
    row(6).equal(
      'VGG19 params / neurons / +input',
      [vgg19.totals.trainable, vgg19.totals.neurons, withInput(vgg19)],
      [143667240, 14861288, 15011816],
    );
    row(7).equal(
      'ResNet152 params / neurons / +input',
      [resnet152.totals.trainable, resnet152.totals.neurons, withInput(resnet152)],
      [60192808, 22555112, 22705640],
    );
    const norms = resnet152.layers.filter((l) => l.op === 'BatchNormalization');
    row(8).equal(
      'ResNet152 BN params; conv layers; fc layers',
      [
        norms.reduce((n, l) => n + l.parameters, 0),
        ...['convolution', 'product'].map((kind) => resnet152.layers.filter((l) => l.kind === kind).length),
      ],
      [151424, 155, 1],
    );
    row(9).equal(
      'torchinfo-compatible totals: mult_adds, fwd/bwd elements',
      [torchvision, vgg19, resnet152].map((s) => {
        const { total, memory } = countBy(s, 'torchinfo-0.0.4')!;
        return [total, memory!.passElements];
      }),
      [
        [775278976, 988368],
        [19775715008, 29722576],
        [11632592320, 90218448],
      ],
    );
  },
  judge: async (submission) => judgeNumbers(submission, await numbers()),
});
