/**
 * Exercise 6.2: convolutions become 10 times faster, fully connected layers twice, the rest not at all; how much faster is AlexNet? Amdahl's law is
 * the easy half; the answer follows from what the layers take before.
 * `systole estimate speedup alexnet-paper --conv 10 --fc 2` prints it.
 */

import { defineExercise, judgeNumbers, type NumberField } from 'systole/course';
import { networkSpeedUp, type Summary, speedUpText, type TimeModel } from 'systole/report';
import { summaryOf } from '../chapter3/1.ts';

interface Factors {
  readonly convolution: number;
  readonly product: number;
}

const FACTORS: Factors = { convolution: 10, product: 2 };
/** A CPU of 50 GFLOP/s behind 12.8 GB/s. */
const ROOF = { peak: 50e9, bandwidth: 12.8e9 } as const;
/** Of the rest, in the explanation. */
const SHARES = [0.01, 0.02, 0.05, 0.1] as const;
const MACS: TimeModel = { kind: 'macs' };

const summaries = new Map<string, Promise<Summary>>();

/** What the layers of a network compute and move, counted once. */
function counted(network: string): Promise<Summary> {
  const found = summaries.get(network) ?? summaryOf(network);
  summaries.set(network, found);
  return found;
}

async function speedUp(network: string, time: TimeModel, otherShare?: number, factors = FACTORS) {
  const stated = otherShare === undefined ? {} : { otherShare };
  return networkSpeedUp(await counted(network), { time, factors: { ...factors, other: 1 }, ...stated });
}

/** The speed-up where time goes with multiply-accumulates, and what leads to others. */
async function numbers(network: string, factors: Factors, share: number | undefined): Promise<readonly NumberField[]> {
  const found = await speedUp(network, MACS, share, factors);
  const [convolutions, connected] = found.kinds;
  const [c, p] = [convolutions!.before, connected!.before].map(
    (t) => t / (convolutions!.before + connected!.before),
  ) as [number, number];
  const roofline = await Promise.all(
    // Of the other layers what the model says, and nothing, as in the explanation.
    [share, 0].map((of) => speedUp(network, { kind: 'roofline', ...ROOF }, of, factors)),
  );
  const shares = await Promise.all(
    SHARES.filter((of) => of !== share).map(async (of) => [of, await speedUp(network, MACS, of, factors)] as const),
  );
  const { convolution, product } = factors;
  const slip = (value: number, en: string, zh: string) => ({ value, words: { en, zh } });
  return [
    {
      name: 'speedup',
      words: {
        en: 'speed-up of the network, time by multiply-accumulates',
        zh: '整网加速比（时间与乘累加次数成正比）',
      },
      expected: found.speedUp!,
      tolerance: 0.005 * found.speedUp!,
      main: true,
      slips: [
        slip(
          (convolution + product) / 2,
          'the two factors are averaged; what counts is the time that each kind of layer takes',
          '对两个倍数取了平均；应看各类层所占的时间',
        ),
        slip(
          c * convolution + p * product,
          'the factors are weighted by the shares of the time; it is the times that add up, each divided by its factor',
          '用时间占比对倍数加权；应相加的是各自除以倍数之后的时间',
        ),
        slip(
          convolution * product,
          'the factors are multiplied; they belong to different layers',
          '把两个倍数相乘了；它们属于不同的层',
        ),
        ...roofline.map((of) =>
          slip(
            of.speedUp!,
            'the time before obeys a roofline: right for that model, the number asked for takes time by multiply-accumulates',
            '原时间服从 Roofline：对该模型正确，但所问的是时间与乘累加次数成正比',
          ),
        ),
        ...shares.map(([of, { speedUp: value }]) =>
          slip(
            value!,
            `the rest takes ${100 * of} % of the time before: right for that share (--other ${100 * of} asks for it), and another is asked for`,
            `其余部分占原时间的 ${100 * of} %：对该比例正确（--other ${100 * of} 即问此数），但所问的是另一比例`,
          ),
        ),
      ],
    },
  ];
}

export const exercise = defineExercise({
  id: '6.2',
  title: { en: 'Amdahl over AlexNet', zh: 'DLP 卷积层加速 10 倍、全连接 2 倍、其余不加速，AlexNet 整体加速比' },
  asked: {
    en: 'A processor does convolutions 10 times as fast as a CPU, fully connected layers twice as fast, and leaves the rest as it is. How much faster is AlexNet as a whole? Hand in the number `speedup`.',
    zh: '某处理器做卷积层比 CPU 快 10 倍，做全连接层快 2 倍，其余部分不加速。AlexNet 整体快多少？请提交数值 `speedup`。',
  },
  explanation: {
    en: `With the times $t_c$, $t_f$, $t_o$ that convolutions, fully connected layers and the rest take on the CPU,
$$S = \\frac{t_c + t_f + t_o}{t_c/10 + t_f/2 + t_o}.$$
That is the formula, and it is not yet an answer: the times have to come from somewhere, and what comes out hangs on them.

- **Time by multiply-accumulates**, rest nothing: convolutions have 665,784,864 of the paper's 724,406,816, a share of 0.919. $S = 1/(0.0919 + 0.0405) = 7.55$.
- **The rest takes a share** $o$ of the CPU's time: 1, 2, 5, 10 % make 7.09, 6.68, 5.69, 4.56. What is not accelerated soon decides.
- **A CPU under a roofline** of 50 GFLOP/s and 12.8 GB/s, one image at a time: each weight of a fully connected layer is used once, so these layers wait for memory and
take 41 % of the time in place of 8 %. $S = 3.80$.

Whatever the times, $2 \\le S \\le 10$ while $t_o = 0$.

Sources: G. M. Amdahl, *Validity of the single processor approach to achieving large scale computing capabilities*, AFIPS 1967; S. Williams, A. Waterman, D. Patterson, *Roofline*, CACM 2009.`,
    zh: `设 CPU 上卷积层、全连接层和其余部分的时间为 $t_c$、$t_f$、$t_o$，则
$$S = \\frac{t_c + t_f + t_o}{t_c/10 + t_f/2 + t_o}$$
这只是公式，还不是答案：时间从何而来，决定了结果。

- **时间与乘累加次数成正比**，其余部分不计：论文版 AlexNet 的 724406816 次中，卷积占 665784864 次，比例 0.919，$S = 1/(0.0919 + 0.0405) = 7.55$。
- **其余部分占 CPU 时间的比例为** $o$：1、2、5、10 % 时分别为 7.09、6.68、5.69、4.56。不被加速的部分很快就成为决定因素。
- **CPU 服从 Roofline**（50 GFLOP/s、12.8 GB/s，每次一张图）：全连接层的权重各只用一次，这些层要等存储器，占时间的 41 % 而不是 8 %，$S = 3.80$。

只要 $t_o = 0$，无论时间如何分配，总有 $2 \\le S \\le 10$。

出处：G. M. Amdahl，*Validity of the single processor approach to achieving large scale computing capabilities*，AFIPS 1967；S. Williams、A. Waterman、D. Patterson，*Roofline*，CACM 2009。`,
  },
  rows: 4,
  code: [
    { path: 'src/report/analytic/amdahl.ts', words: { en: 'The law over a network', zh: '对一个网络应用该定律' } },
    {
      path: 'src/report/summary/summary.ts',
      words: { en: 'What the layers compute and move', zh: '各层的计算量与访存量' },
    },
  ],
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'network', zh: '网络' },
      default: 'alexnet-paper',
      among: ['alexnet-paper', 'alexnet', 'vgg19', 'resnet152', 'lenet5'],
    },
    conv: {
      kind: 'real',
      words: { en: 'factor of convolutions', zh: '卷积层的加速倍数' },
      default: 10,
      least: 1,
      most: 1e6,
    },
    fc: {
      kind: 'real',
      words: { en: 'factor of fully connected layers', zh: '全连接层的加速倍数' },
      default: 2,
      least: 1,
      most: 1e6,
    },
    other: {
      kind: 'real',
      words: {
        en: 'share of the rest in the time before, in per cent; −1: what the model says of these layers',
        zh: '其余部分在原时间中所占百分比；−1：由模型计算这些层',
      },
      default: -1,
      least: -1,
      most: 99,
    },
  },
  async show({ listing, language }, { network, conv, fc, other }) {
    const factors = { convolution: conv, product: fc };
    const share = other < 0 ? undefined : other / 100;
    const about = { network, ...(share === undefined ? {} : { otherShare: share }) };
    listing(
      { en: 'time by multiply-accumulates', zh: '时间与乘累加次数成正比' },
      speedUpText(await speedUp(network, MACS, share, factors), about, { language, width: 88 }),
    );
    listing(
      { en: 'time under a roofline', zh: '时间服从 Roofline' },
      speedUpText(
        await speedUp(network, { kind: 'roofline', ...ROOF }, share, factors),
        { ...about, roof: ROOF },
        { language, width: 88 },
      ),
    );
  },
  async check(check) {
    const paper = await speedUp('alexnet-paper', MACS);
    check.row(1).close('paper AlexNet, time by MACs', paper.speedUp!, 7.554602954995813, 1e-9);
    check
      .row(2)
      .close('torchvision AlexNet, time by MACs', (await speedUp('alexnet', MACS)).speedUp!, 7.5282632130044345, 1e-9);
    const shares = await Promise.all([0.01, 0.02, 0.05, 0.1].map((o) => speedUp('alexnet-paper', MACS, o)));
    check.row(3).close(
      'paper AlexNet, the rest 1, 2, 5, 10 %',
      shares.map((s) => s.speedUp!),
      [7.0899, 6.679, 5.6899, 4.5634],
      1e-4,
    );
    const roofline = await speedUp('alexnet-paper', { kind: 'roofline', ...ROOF }, 0);
    check.row(4).close('a CPU of 50 GFLOP/s, 12.8 GB/s', roofline.speedUp!, 3.8018, 1e-3);
    const [convolutions, connected] = roofline.kinds;
    check.close('  milliseconds before, convolutions', 1e3 * convolutions!.before, 26.63, 0.01);
    // 18.32 are the weights alone; neurons are moved, too.
    check.close('  milliseconds before, fully connected', 1e3 * connected!.before, 18.32, 0.02);
    const whole = await speedUp('alexnet-paper', { kind: 'roofline', ...ROOF });
    check.atMost('with the other layers of the network it is less', whole.speedUp!, roofline.speedUp!);
    check.atLeast('from 2', roofline.speedUp!, 2);
    check.atMost('to 10', roofline.speedUp!, 10);
  },
  judge: async (submission, { network, conv, fc, other }) =>
    judgeNumbers(
      submission,
      await numbers(network, { convolution: conv, product: fc }, other < 0 ? undefined : other / 100),
    ),
});
