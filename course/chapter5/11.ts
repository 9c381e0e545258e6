/** Exercise 5.11: why fusing operators helps, and which networks gain most. Batch 1, f32; convolutions and products take in what follows them alone. */

import { Random } from 'systole/base';
import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { type Model, type Tensor, tensorNumbers, tensorOf } from 'systole/ir';
import { runPasses } from 'systole/passes';
import { fusionReport, fusionSpeedUp, fusionText, summarize } from 'systole/report';
import { alexnet, mobilenetV1, Net, resnet152, vgg19 } from '../networks.ts';

export const NETWORKS = { AlexNet: alexnet, VGG19: vgg19, ResNet152: resnet152, MobileNetV1: mobilenetV1 } as const;

/** Operations a byte at which the machine computes as long as it moves. */
const RIDGE = 40;

/** A residual block with random weights, and how far its outputs move when it is fused. */
export async function fusedDifference(seed = 3): Promise<number> {
  const net = new Net('block', [1, 8, 12, 12]);
  const y = net.relu('relu1', net.batchNorm('bn1', net.conv('conv1', 'x', [8, 8, 3], { padding: 1, bias: false }), 8));
  const z = net.batchNorm('bn2', net.conv('conv2', y, [8, 8, 3], { padding: 1, bias: false }), 8);
  const model = withRandomWeights(net.model(net.relu('relu2', net.add('sum', z, 'x'))), seed);
  const fused = (await runPasses(model)).model;
  const random = new Random(seed + 1);
  const x = tensorOf(
    'float32',
    [1, 8, 12, 12],
    Float32Array.from({ length: 1152 }, () => random.normal()),
  );
  const run = async (m: Model, optimize: boolean): Promise<Float64Array> => {
    const session = await (await sharedEngine()).load(m, { optimize });
    const [out] = (await session.run(new Map([['x', x]]))).values();
    await session.release();
    return tensorNumbers(out!);
  };
  const [a, b] = [await run(model, false), await run(fused, true)];
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
}

function withRandomWeights(model: Model, seed: number): Model {
  const random = new Random(seed);
  const constants = new Map<string, Tensor>();
  for (const [name, { dims }] of model.graph.constants) {
    const count = dims.reduce((a, b) => a * b, 1);
    const value = (): number =>
      name.endsWith('var') ? 0.5 + random.uniform() : random.normal() / Math.sqrt(count / dims[0]!) / 2;
    constants.set(name, tensorOf('float32', dims, Float32Array.from({ length: count }, value)));
  }
  return { ...model, graph: { ...model.graph, constants } };
}

const reports = () => Object.values(NETWORKS).map((network) => fusionReport(network()));

export const exercise = defineExercise({
  id: '5.11',
  title: { en: 'What fusing operators saves', zh: '算子融合为何提高效率；对哪些网络加速比更大' },
  asked: {
    en: 'Why does fusing operators make a network faster? For which networks is the speed-up large? Hand in the numbers `alexnet.words`, `alexnet.speedup`, `vgg19.words`, `vgg19.speedup`, `resnet152.words`, `resnet152.speedup`, `mobilenetv1.words`, `mobilenetv1.speedup`. They are the words that the fused network moves, and how much faster it is.',
    zh: '算子融合为什么能提高效率？对哪些网络的加速比更大？请提交数值 `alexnet.words`、`alexnet.speedup`、`vgg19.words`、`vgg19.speedup`、`resnet152.words`、`resnet152.speedup`、`mobilenetv1.words`、`mobilenetv1.speedup`。分别为融合后网络搬运的字数与加速比。',
  },
  explanation: {
    en: `An operator by itself reads its inputs from memory and writes its output there, and the next one reads it back. Fused with its successor, the intermediate stays on the chip:

- no write and no read of it: traffic falls by two words for each element of an intermediate;
- one kernel is started in place of several;
- the scheduler sees more at once (it may choose tiles for both).

A word count makes it concrete. Each operator reads inputs and parameters once and writes its output once; fused, a convolution or product takes in the normalisation, activation and addition that follow it alone. Under a roofline with ridge $R$ operations a byte the time is
$$T \\propto \\max\\left(2\\,\\text{MAC},\\ R \\cdot 4 \\cdot \\text{words}\\right),$$
so what counts is traffic *that is waited for*. The table here is computed from the graphs; vary the ridge to see a machine with more or less bandwidth.

Large is the gain for networks of thin convolutions with element-wise work in between: MobileNet, ResNet, DenseNet. AlexNet's traffic is its weights, which fusion leaves as they are; VGG19 computes longer than it moves.

Sources: T. Chen et al., *TVM*, OSDI 2018, section 3; networks as in chapter 3 and A. Howard et al., *MobileNets*, arXiv:1704.04861.`,
    zh: `单独执行时，一个算子从存储器读输入、把输出写回，下一个算子再读回来。与后继融合后，中间结果留在片上：

- 既不写也不读：中间结果每个元素少传两个字；
- 几次核函数启动变成一次；
- 调度器一次看到更大的范围（可为两者一起选分块）。

用字数来具体说明：每个算子的输入与参数各读一次、输出写一次；融合时，卷积或矩阵乘并入只跟随其后的归一化、激活和加法。设 Roofline 的脊点为每字节 $R$ 次运算，则时间
$$T \\propto \\max\\left(2\\,\\text{MAC},\\ R \\cdot 4 \\cdot \\text{字数}\\right)$$
因此真正起作用的是*需要等待的*访存。这里的表由网络图计算得到；改变脊点可以看到带宽更大或更小的机器。

收益大的是卷积很“薄”、中间夹着逐元素运算的网络：MobileNet、ResNet、DenseNet。AlexNet 的访存主要是权重，融合动不了它；VGG19 的计算时间长于访存时间。

出处：陈天奇等，*TVM*，OSDI 2018，第 3 节；网络见第 3 章，以及 A. Howard 等，*MobileNets*，arXiv:1704.04861。`,
  },
  rows: 8,
  code: [
    { path: 'src/report/fusion.ts', words: { en: 'Counting what fusion saves', zh: '统计融合的收益' } },
    {
      path: 'src/passes/foldBatchNorm.ts',
      words: { en: 'Normalisation folded into the weights', zh: '把归一化折叠进权重' },
    },
    {
      path: 'src/lower/behindContraction.ts',
      words: { en: 'What the processor takes in behind a product', zh: '处理器在乘积之后并入的运算' },
    },
  ],
  parameters: {
    ridge: {
      kind: 'real',
      words: { en: 'ridge, operations a byte', zh: '脊点（每字节运算次数）' },
      default: RIDGE,
      least: 0.01,
      most: 10000,
    },
  },
  show({ listing, language }, { ridge }) {
    const networks = Object.entries(NETWORKS).map(([network, build]) => ({ network, fusion: fusionReport(build()) }));
    listing(
      { en: 'what fusion saves', zh: '融合的收益' },
      fusionText(networks, { ridge, bytesPerWord: 4 }, { language }),
    );
  },
  async check(check) {
    const all = reports();
    const words = [
      [63401744, 62415376],
      [206320656, 176600080],
      [232602640, 119104528],
      [34641680, 14470928],
    ];
    all.forEach(({ unfused, fused }, i) => {
      const name = Object.keys(NETWORKS)[i]!;
      check.row(i + 1).equal(`words, unfused and fused: ${name}`, [unfused.words, fused.words], words[i]);
    });
    const mobilenet = summarize(mobilenetV1()).totals;
    const size = [mobilenet.parameters, mobilenet.macs];
    check.row(4).equal('MobileNetV1: parameters and MACs', size, [4231976, 568740352]);
    check.row(5).close(
      'ratios',
      all.map((r) => r.unfused.words / r.fused.words),
      [1.0158, 1.1683, 1.9529, 2.3939],
      1e-4,
    );
    check.row(6).equal(
      'operators',
      all.map((r) => [r.unfused.operations, r.fused.operations]),
      [
        [18, 11],
        [42, 24],
        [514, 158],
        [83, 29],
      ],
    );
    check.row(7).close(
      'speed-up at 40 operations a byte',
      all.map((r) => fusionSpeedUp(r, RIDGE)),
      [1.0158, 1, 1.6162, 2.3939],
      1e-4,
    );
    check.row(8).atMost('a fused block and the same unfused', await fusedDifference(), 1e-6);
  },

  judge: (submission, { ridge }) =>
    judgeNumbers(
      submission,
      Object.entries(NETWORKS).flatMap(([name, build]): NumberField[] => {
        const report = fusionReport(build());
        const { unfused, fused } = report;
        const key = name.toLowerCase();
        const ratio = unfused.words / fused.words;
        const times = fusionSpeedUp(report, ridge);
        return [
          {
            name: `${key}.words`,
            words: { en: `words of ${name}, fused`, zh: `${name} 融合后的字数` },
            expected: fused.words,
          },
          {
            name: `${key}.speedup`,
            words: { en: `speed-up of ${name}`, zh: `${name} 的加速比` },
            expected: times,
            tolerance: 1e-3 * times,
            slips: [
              {
                value: ratio,
                words: {
                  en: 'the ratio of traffic is taken, though a network that computes longer than it moves gains less',
                  zh: '这是访存之比；若计算时间长于访存时间，收益更小',
                },
              },
            ],
          },
        ];
      }),
    ),
});
