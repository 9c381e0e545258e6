/** Exercise 3.2: multiplications and additions of one forward pass, apart, counted from the graphs. */

import { defineExercise, judgeNumbers } from 'systole/course';
import { models, resnet152 } from 'systole/models';
import { type Amounts, charts, type Summary } from 'systole/report';
import { exportModel, nn } from 'systole/tensor';
import { countedOnce } from '../networks.ts';
import { exact, slip } from '../numberFields.ts';
import { alexnetOfOneTower, NETWORKS, summaryOf } from './1.ts';

const linear = ({ totals: { kinds } }: Summary, key: keyof Amounts): number =>
  kinds.convolution[key] + kinds.product[key];

/** The paper's, whose bottlenecks stride in the first convolution (v1). */
async function resnet152OfThePaper(): Promise<Summary> {
  const network = nn.init.skipInit(() => resnet152({ strideFirst: true }));
  return countedOnce(await exportModel(network, models.get('resnet152')!.inputs, { name: 'v1' }), 'v1');
}

const ofOperator = ({ layers }: Summary, op: string, key: keyof Amounts): number =>
  layers.filter((l) => l.op === op).reduce((n, l) => n + l[key]!, 0);

const lrn = (s: Summary): readonly number[] =>
  (['multiplications', 'additions', 'divisions', 'powers'] as const).map((key) => ofOperator(s, 'LRN', key));

export const exercise = defineExercise({
  id: '3.2',
  title: {
    en: 'Multiplications and additions of one forward pass',
    zh: '计算三个网络一次正向过程所需的乘法数量和加法数量',
  },
  asked: {
    en: 'How many multiplications and how many additions does one forward pass of AlexNet, VGG19 and ResNet152 take for one picture? Count the two apart; say how exponentials, divisions and comparisons are treated. Hand in the numbers `alexnetMul`, `alexnetAdd`, `vgg19Mul`, `vgg19Add`, `resnet152Mul`, `resnet152Add`, of convolutions and fully connected layers alone; AlexNet is the one of the paper with two towers, ResNet152 has the stride in its 3 × 3 convolutions.',
    zh: 'AlexNet、VGG19 与 ResNet152 对一张图像做一次正向计算，各需多少次乘法、多少次加法？两者分开计数，并说明指数、除法与比较如何处理。请提交数值 `alexnetMul`、`alexnetAdd`、`vgg19Mul`、`vgg19Add`、`resnet152Mul`、`resnet152Add`，只计卷积层与全连接层；AlexNet 为论文的两塔网络，ResNet152 的步长在 3 × 3 卷积。',
  },
  explanation: {
    en: String.raw`A dot product of length $K$ is $K$ multiplications and $K - 1$ additions, and one more addition with a bias. A convolution has $K = k_h k_w C_\text{in}/g$ and $C_\text{out} H_\text{out} W_\text{out}$ outputs, a fully connected layer $K = n_\text{in}$. So with biases
$$\text{mul} = \text{add} = \text{MAC} = K \cdot \text{outputs},$$
and without (ResNet's convolutions) $\text{add} = \text{MAC} - \text{outputs}$. Products with the zeros of padding are counted: hardware and libraries compute them.

Of all layers: batch normalisation at inference, not folded, is one of each for every element, a shortcut one addition, a mean over $7 \times 7$ is 48 additions and one multiplication a channel. Comparisons (pooling, ReLU), exponentials, divisions and powers are listed by themselves and not converted. The local response normalisation of AlexNet adds up five neighbouring maps, fewer at the edges; across the maps of both towers that is 2,362,596 additions, within each tower, as the paper's network is drawn, 2,340,072. Softmax is left out.

ResNet152 exists in two versions: v1 of the paper has the stride in the first 1 × 1 convolution of a block, v1.5 (torchvision) in the 3 × 3, which costs 2 % more.

Sources as in 3.1; the convention is that of docs/counting.md.`,
    zh: String.raw`长度为 $K$ 的点积需 $K$ 次乘法和 $K - 1$ 次加法，有偏置时再加一次。卷积的 $K = k_h k_w C_\text{in}/g$，输出为 $C_\text{out} H_\text{out} W_\text{out}$ 个；全连接层 $K = n_\text{in}$。因此有偏置时
$$\text{乘} = \text{加} = \text{MAC} = K \cdot \text{输出数},$$
无偏置时（ResNet 的卷积）$\text{加} = \text{MAC} - \text{输出数}$。与填充零的乘法也计入：硬件与软件库实际都会计算。

计入所有层时：推理时未折叠的批归一化每个元素一乘一加，残差每个元素一加，$7 \times 7$ 平均池化每个通道 48 加 1 乘。比较（池化、ReLU）、指数、除法与幂单独列出，不折算。AlexNet 的局部响应归一化对相邻 5 个特征图求和，边缘处较少；跨两塔计为 2,362,596 次加法，按论文网络在每塔内计为 2,340,072 次。不计 Softmax。

ResNet152 有两个版本：论文的 v1 把步长放在块内第一个 1 × 1 卷积，v1.5（torchvision）放在 3 × 3 卷积，计算量多 2 %。

来源同 3.1；计数口径见 docs/counting.md。`,
  },
  rows: 9,
  code: [
    { path: 'src/report/summary/summary.ts', words: { en: 'counting a network', zh: '网络的统计' } },
    { path: 'src/ops/index.ts', words: { en: 'the work of each operator', zh: '各算子的计算量' } },
    { path: 'docs/counting.md', words: { en: 'what is counted', zh: '计数规则' } },
  ],
  parameters: {
    side: {
      kind: 'whole',
      words: {
        en: 'height and width of the pictures (alexnet-paper keeps its own 227)',
        zh: '图像边长（alexnet-paper 固定为 227）',
      },
      ...{ default: 224, least: 64, most: 512 },
    },
  },
  async show({ print, table, picture, language }, { side }) {
    const summaries = await Promise.all(NETWORKS.map((name) => summaryOf(name, side)));
    const counts = ['multiplications', 'additions', 'comparisons', 'exponentials', 'divisions', 'powers'] as const;
    print({ en: 'Convolutions and fully connected layers:', zh: '卷积层与全连接层：' });
    const network = { en: 'network', zh: '网络' };
    const [mul, add] = [
      { en: 'multiplications', zh: '乘法' },
      { en: 'additions', zh: '加法' },
    ];
    table(
      [network, mul!, add!],
      summaries.map((s) => [s.model, linear(s, 'multiplications'), linear(s, 'additions')]),
    );
    print({ en: 'All layers:', zh: '所有层：' });
    const others = [
      { en: 'comparisons', zh: '比较' },
      { en: 'exponentials', zh: '指数' },
      { en: 'divisions', zh: '除法' },
      { en: 'powers', zh: '幂' },
    ];
    table(
      [network, mul!, add!, ...others],
      summaries.map((s) => [s.model, ...counts.map((key) => s.totals[key])]),
    );
    const words =
      language === 'en'
        ? { title: 'Where the multiplications are', x: 'multiplications', kinds: ['convolutions', 'fully connected'] }
        : { title: '乘法分布', x: '乘法次数', kinds: ['卷积', '全连接'] };
    const bars = summaries.flatMap(({ model, totals: { kinds } }) =>
      ([kinds.convolution, kinds.product] as const).map((kind, i) => ({
        ...{ name: `${model}: ${words.kinds[i]}`, value: kind.multiplications, group: words.kinds[i]! },
      })),
    );
    picture('multiplications', (await charts()).barsPicture(bars, { ...words, log: true }), {
      en: 'Bars on a logarithmic axis of the multiplications of the four networks, convolutions and fully connected layers apart.',
      zh: '四个网络中卷积层与全连接层乘法次数的条形图（对数坐标）。',
    });
  },
  async check({ row, equal, holds }) {
    const [paper, torchvision, vgg19, resnet] = (await Promise.all(NETWORKS.map((name) => summaryOf(name)))) as [
      Summary,
      Summary,
      Summary,
      Summary,
    ];
    const both = (s: Summary): readonly number[] => [linear(s, 'multiplications'), linear(s, 'additions')];
    const kinds = ({ totals: { kinds } }: Summary): readonly number[] => [
      kinds.convolution.multiplications,
      kinds.product.multiplications,
    ];
    row(1).equal('AlexNet paper (conv+fc) mul = add', both(paper), [724406816, 724406816]);
    row(2).equal('  of which conv / fc', kinds(paper), [665784864, 58621952]);
    equal(
      'AlexNet paper per layer conv1..fc8, mul = add',
      paper.layers.filter((l) => l.kind !== 'other').map((l) => [l.multiplications, l.additions]),
      [105415200, 223948800, 149520384, 112140288, 74760192, 37748736, 16777216, 4096000].map((n) => [n, n]),
    );
    const joint = lrn(await alexnetOfOneTower());
    row(3).equal(
      'AlexNet paper LRN extra, across both towers: mul, add, div, pow',
      joint,
      [954048, 2362596, 477024, 477024],
    );
    equal('  in each tower by itself', lrn(paper), [954048, 2340072, 477024, 477024]);
    row(4).equal('AlexNet torchvision mul = add', both(torchvision), [714188480, 714188480]);
    row(5).equal(
      'VGG19 mul = add (conv / fc)',
      [...both(vgg19), ...kinds(vgg19)],
      [19632062464, 19632062464, 19508428800, 123633664],
    );
    row(6).equal('ResNet152 v1.5 conv+fc mul, add', both(resnet), [11513626624, 11491072512]);
    row(7).equal(
      'ResNet152 all: +BN, residual, avgpool: mul, add',
      [resnet.totals.multiplications, resnet.totals.additions],
      [11536182784, 11526871040],
    );
    row(8).equal('ResNet152 v1 (stride in 1x1) MACs', (await resnet152OfThePaper()).totals.macs, 11282415616);
    row(9).equal(
      'max-pool comparisons AlexNet-paper, VGG19, ResNet152',
      [paper, vgg19, resnet].map((s) => ofOperator(s, 'MaxPool', 'comparisons')),
      [979712, 4591104, 1605632],
    );
    const { other } = (await summaryOf('transformer')).totals.kinds;
    holds('exponentials and divisions are listed where there are any', other.exponentials > 0 && other.divisions > 0);
  },
  judge: async (submission, { side }) =>
    judgeNumbers(
      submission,
      await (async () => {
        const [paper, torchvision, vgg19, resnet] = await Promise.all(NETWORKS.map((name) => summaryOf(name, side)));
        const [tower, old] = [await alexnetOfOneTower(), await resnet152OfThePaper()];
        const others: Readonly<Record<string, readonly (readonly [Summary, en: string, zh: string])[]>> = {
          alexnet: [
            [
              tower,
              'every convolution sees all maps: the paper has two towers',
              '每个卷积都看到全部特征图，而论文网络分两塔',
            ],
            [torchvision!, "that is torchvision's network", '那是 torchvision 的网络'],
          ],
          // At another size these would be counts of other pictures.
          resnet152:
            side === 224 ? [[old, 'the stride is in the first 1 × 1 convolution', '步长放在了第一个 1 × 1 卷积']] : [],
        };
        return [
          ['alexnet', paper!],
          ['vgg19', vgg19!],
          ['resnet152', resnet!],
        ].flatMap(([network, summary]) =>
          (['multiplications', 'additions'] as const).map((key) => {
            const [name, of] = [network as string, summary as Summary];
            const isMul = key === 'multiplications';
            const [count, muls] = [linear(of, key), linear(of, 'multiplications')];
            const slips = [
              ...(others[name] ?? []).map(([s, en, zh]) => slip(linear(s, key), en, zh)),
              slip(of.totals[key], 'all layers are counted', '计入了所有层'),
              ...(count === muls
                ? []
                : [
                    slip(
                      muls,
                      'a bias is added, which these convolutions do not have',
                      '计入了偏置的加法，而这些卷积没有偏置',
                    ),
                  ]),
            ].filter((s) => s.value !== count);
            return exact(
              `${name}${isMul ? 'Mul' : 'Add'}`,
              `${key} of ${name}, convolutions and fully connected layers`,
              `${name} 卷积层与全连接层的${isMul ? '乘法' : '加法'}次数`,
              count,
              slips,
            );
          }),
        );
      })(),
    ),
});
