/** Exercise 4.11: LeNet-5 on MNIST, as it is written today and as the paper has it. */

import { defineExercise, judgeNumbers } from 'systole/course';
import type { SampleSet } from 'systole/data';
import { lenet5, lenet5Original, models } from 'systole/models';
import { exportModel, Generator, optim } from 'systole/tensor';
import { greyImage, imageStrip } from '../imageStrip.ts';
import { type Digits, digitsAtHand, mnistAbsent, mnistIsThere, part } from '../mnist.ts';
import { countedOnce } from '../networks.ts';
import { exact, slip } from '../numberFields.ts';
import { judge, train } from '../training.ts';

/** Multiply-accumulates of the layers for one image, counted from the graph: C1, C3, C5, F6, output. */
export async function macs(): Promise<readonly { readonly name: string; readonly macs: number }[]> {
  const model = await exportModel(lenet5(), models.get('lenet5')!.inputs, { name: 'lenet5' });
  const { layers } = await countedOnce(model, 'lenet5');
  const names = ['C1', 'C3', 'C5', 'F6', 'output'];
  return layers.filter((l) => l.kind !== 'other').map((l, i) => ({ name: names[i] ?? l.name, macs: l.macs! }));
}

/** As pictures [1, 28, 28]. */
const pictures = (set: SampleSet): SampleSet => ({ ...set, inputDims: [1, 28, 28] });

const BATCH = 128;

export type Variant = 'relu' | 'tanh';

/** Adam, the rate falling along a cosine; the network, and its accuracy after each epoch. */
export async function trainLenet(
  { train: all, test }: Digits,
  count: number,
  epochs: number,
  { variant = 'relu' as Variant, seed = 1, batch = BATCH } = {},
) {
  const set = pictures(part(all, 0, count));
  const model = lenet5({ variant, generator: new Generator(seed) });
  const accuracy = judge(model);
  const rate = optim.cosine(4e-3, epochs * Math.floor(count / batch));
  const accuracies: number[] = [];
  const onEpoch = async (): Promise<void> => {
    accuracies.push(await accuracy(pictures(test)));
  };
  await train({
    model,
    optimizer: new optim.Adam(model.parameters(), { rate }),
    train: set,
    batch,
    epochs,
    seed,
    onEpoch,
  });
  return { model, accuracies };
}

const last = async (...args: Parameters<typeof trainLenet>): Promise<number> =>
  (await trainLenet(...args)).accuracies.at(-1)!;

export const exercise = defineExercise({
  id: '4.11',
  title: { en: 'LeNet-5 on MNIST', zh: '实现 LeNet-5，在 MNIST 上识别' },
  asked: {
    en: 'Build LeNet-5 and recognise the digits of MNIST with it. Hand in the numbers `modern` and `original`, the trainable parameters of LeNet-5 as it is built today (C3 connected to all maps, pooling without parameters) and as the paper has it; and `c1`, `c3`, `c5`, `f6`, `out`, multiply-accumulates of the layers of the first. Accuracies are not judged.',
    zh: '实现 LeNet-5，用它识别 MNIST 数字。请提交数值 `modern` 与 `original`：现今常见的 LeNet-5（C3 连接全部特征图，池化无参数）与论文原版的可训练参数个数；以及 `c1`、`c3`、`c5`、`f6`、`out`：前者各层的乘加次数。精度不作评判。',
  },
  explanation: {
    en: String.raw`LeNet-5 takes $32 \times 32$ (MNIST's 28, padded by 2): convolution C1 of six $5 \times 5$ filters, subsampling S2, convolution C3 of 16 filters, subsampling S4, C5 of 120 neurons that see all of it, F6 of 84, ten outputs.

**As it is written today** C3 sees all six maps, subsampling is a maximum (or mean) over $2 \times 2$ without parameters, ReLU stands between, and softmax with cross-entropy behind: 61,706 parameters. **The paper's** C3 has a table of connections (each map sees three, four or six of the six), its subsampling a factor and a bias for each map, its output layer distances to fixed codes: 60,000 trainable parameters, C1 156, S2 12, C3 1516, S4 32, C5 48,120 and F6 10,164.

Work for an image, $K \cdot \text{outputs}$ MACs: C1 $25 \cdot 6 \cdot 28^2$, C3 $150 \cdot 16 \cdot 10^2$, C5 $400 \cdot 120$, F6 $120 \cdot 84$, output $84 \cdot 10$: the two small convolutions take six sevenths of the work with 4 % of the parameters.

Adam in batches of 128, the rate falling from 0.004 along a cosine, passes 98.5 % within four epochs with ReLU and maximum, 97.5 % with tanh and mean. Where only the training files of MNIST are there, the last 10,000 training images are judged on.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*, 1998.`,
    zh: String.raw`LeNet-5 的输入为 $32 \times 32$（MNIST 的 28 每边填充 2）：卷积 C1 有 6 个 $5 \times 5$ 滤波器，下采样 S2，卷积 C3 有 16 个滤波器，下采样 S4，C5 为 120 个看到全部输入的神经元，F6 为 84 个，输出 10 个。

**现今的写法**中 C3 看到全部 6 个特征图，下采样是没有参数的 $2 \times 2$ 最大（或平均）池化，中间用 ReLU，最后用 softmax 与交叉熵：61,706 个参数。**论文原版**的 C3 有一张连接表（每个特征图连接 6 个中的 3、4 或 6 个），下采样对每个特征图有一个系数和一个偏置，输出层为到固定编码的距离：可训练参数 60,000 个，其中 C1 156、S2 12、C3 1516、S4 32、C5 48,120、F6 10,164。

每张图像的计算量（$K \cdot$ 输出数）：C1 $25 \cdot 6 \cdot 28^2$，C3 $150 \cdot 16 \cdot 10^2$，C5 $400 \cdot 120$，F6 $120 \cdot 84$，输出 $84 \cdot 10$：两个小卷积以 4 % 的参数占了七分之六的计算量。

用 Adam，批大小 128，学习率从 0.004 按余弦下降，四轮之内 ReLU 加最大池化超过 98.5 %，tanh 加平均池化超过 97.5 %。只有 MNIST 训练文件时，在最后 10,000 张训练图像上测试。

来源：Y. LeCun、L. Bottou、Y. Bengio、P. Haffner，*Gradient-based learning applied to document recognition*，1998。`,
  },
  rows: 5,
  mnistRows: [3, 4],
  code: [
    { path: 'src/models/lenet5.ts', words: { en: 'both LeNets', zh: '两种 LeNet' } },
    { path: 'course/training.ts', words: { en: 'the training loop', zh: '训练循环' } },
    { path: 'src/data/mnist.ts', words: { en: 'reading MNIST', zh: '读取 MNIST' } },
  ],
  parameters: {
    images: {
      kind: 'whole',
      words: { en: 'images to train on', zh: '训练图像数' },
      default: 2000,
      least: 128,
      most: 60000,
    },
    epochs: { kind: 'whole', words: { en: 'epochs', zh: '轮数' }, default: 3, least: 1, most: 100 },
    variant: {
      kind: 'choice',
      words: { en: 'ReLU and maximum, or tanh and mean', zh: 'ReLU 加最大池化，或 tanh 加平均池化' },
      ...{ default: 'relu', among: ['relu', 'tanh'] },
    },
  },
  async show({ print, table, picture, language }, { images, epochs, variant }) {
    const rows = (network: ReturnType<typeof lenet5> | ReturnType<typeof lenet5Original>) =>
      [...network.variables()]
        .filter(([, v]) => v.trainable)
        .map(([name, v]) => [name, v.shape.join(' × '), v.size] as const);
    const columns = [
      { en: 'parameter', zh: '参数' },
      { en: 'shape', zh: '形状' },
      { en: 'elements', zh: '元素数' },
    ];
    print({ en: `As it is written today, ${lenet5().size} parameters:`, zh: `现今的写法，${lenet5().size} 个参数：` });
    table(columns, rows(lenet5()));
    print({ en: `As the paper has it, ${lenet5Original().size}:`, zh: `论文原版，${lenet5Original().size} 个：` });
    table(columns, rows(lenet5Original()));
    table(
      [
        { en: 'layer', zh: '层' },
        { en: 'MACs an image', zh: '每张图像的 MAC' },
      ],
      (await macs()).map(({ name, macs: count }) => [name, count]),
    );
    const set = await digitsAtHand();
    if (!set.mnist) print(mnistAbsent());
    const few = { train: set.train, test: part(set.test, 0, 1000) };
    const count = Math.min(images, set.train.count);
    const { model, accuracies } = await trainLenet(few, count, epochs, { variant: variant as Variant, batch: 64 });
    print({
      en: `${set.name.en}: ${count} images, batches of 64, judged on ${few.test.count}:`,
      zh: `${set.name.zh}：${count} 张图像，批大小 64，在 ${few.test.count} 张上测试：`,
    });
    table(
      [
        { en: 'epoch', zh: '轮次' },
        { en: `accuracy, ${set.name.en}`, zh: `精度，${set.name.zh}` },
      ],
      accuracies.map((a, i) => [i + 1, `${(100 * a).toFixed(1)} %`]),
    );
    const [first] = [...model.variables()].map(([, v]) => v);
    const weights = (await first!.data()) as Float32Array;
    const most = weights.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const filters = Array.from({ length: 6 }, (_, i) => ({
      image: greyImage(
        weights.subarray(25 * i, 25 * (i + 1)).map((v) => (v / most + 1) / 2),
        5,
      ),
      caption: `C1, ${i + 1}`,
    }));
    const title = language === 'zh' ? '学到的 C1 滤波器' : 'The filters of C1 that were learned';
    picture('filters', imageStrip(title, filters, { side: 84 }), {
      en: 'The six filters of the first convolution, dark where the weight is large.',
      zh: '第一个卷积的 6 个滤波器，权重越大颜色越深。',
    });
  },
  async check({ row, atLeast }) {
    row(1).equal('parameters of today’s LeNet-5', lenet5().size, 61706);
    const original = lenet5Original();
    row(2).equal('parameters of the paper’s', original.size, 60000);
    row(5).equal(
      'MACs of C1, C3, C5, F6, output',
      (await macs()).map((l) => l.macs),
      [117600, 240000, 48000, 10080, 840],
    );
    const set = await digitsAtHand();
    if (set.mnist) row(4).atLeast(`${set.line}: 5000 images, ten epochs`, await last(set, 5000, 10), 0.95);
    else atLeast(`${set.line}: 3000 images, four epochs`, await last(set, 3000, 4, { batch: 64 }), 0.85);
  },
  async checkLong({ row }) {
    if (!mnistIsThere()) return;
    const set = await digitsAtHand();
    const { count } = set.train;
    row(3).atLeast(`${set.line}: ${count} images, four epochs, ReLU and maximum`, await last(set, count, 4), 0.985);
    row(3).atLeast(
      `${set.line}: ${count} images, four epochs, tanh and mean`,
      await last(set, count, 4, { variant: 'tanh' }),
      0.975,
    );
  },
  judge: async (submission) =>
    judgeNumbers(
      submission,
      await (async () => {
        const [modern, original] = [lenet5().size, lenet5Original().size];
        const work = (await macs()).map((l) => l.macs!);
        return [
          exact('modern', 'parameters of today’s LeNet-5', '现今 LeNet-5 的参数个数', modern, [
            slip(original, 'that is the paper’s', '那是论文原版的'),
          ]),
          exact('original', 'parameters of the paper’s', '论文原版的参数个数', original, [
            slip(modern, 'that is today’s', '那是现今版本的'),
          ]),
          ...['c1', 'c3', 'c5', 'f6', 'out'].map((name, i) =>
            exact(name, `multiply-accumulates of ${name}`, `${name} 层的乘加次数`, work[i]!),
          ),
        ];
      })(),
    ),
});
