/**
 * Exercise 6.8: how much of the processor's multipliers AlexNet keeps busy behind 12.8 GB/s, and what becomes of it as the array grows; vector-MACs
 * with adder trees, the analytic reading of src/report/analytic/vectorMac.ts.
 *   systole estimate utilisation alexnet-paper --machine textbook-ch6      the table
 *   systole plot utilisation alexnet-paper -o utilisation.svg              the picture
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { presets } from 'systole/machine';
import { type ArrayUse, arrayOfMachine, arrayOfSize } from 'systole/report';
import { UTILISATION } from './table.ts';
import { askedTotals, holdTable, type RowsOfTable, SIZES, showUtilisations, usedBy } from './utilisations.ts';

const chapter6 = presets.get('textbook-ch6')!;

const use = (
  traffic: 'ideal' | 'streaming' | 'weight-stationary',
  mapping: 'im2col' | 'channel' = 'im2col',
): ArrayUse => ({
  kind: 'vector-mac',
  mapping,
  traffic,
});

export const exercise = defineExercise({
  id: '6.8',
  title: {
    en: 'Utilisation of the multipliers on AlexNet, by their number',
    zh: 'DLP 片内带宽 12.8GB/s，以 AlexNet 计算单元利用率及其随规模的变化（画图）',
  },
  asked: {
    en: 'With an on-chip bandwidth of 12.8 GB/s, what share of the time is the compute unit not empty while AlexNet runs? How does it change with the number of multipliers? Draw it. Hand in the numbers `lanes16`, `lanes32`, `lanes64`, `lanes128`, `lanes256`, `lanes512`, `lanes1024`, `lanes2048`, `lanes4096`. They are for so many multipliers.',
    zh: '片内带宽为 12.8 GB/s 时，运行 AlexNet 的过程中计算单元的非空置时间占多大比例？它如何随乘法器个数变化？请画图。请提交数值 `lanes16`、`lanes32`、`lanes64`、`lanes128`、`lanes256`、`lanes512`、`lanes1024`、`lanes2048`、`lanes4096`。数字为乘法器个数。',
  },
  explanation: {
    en: `A stated model, since the question leaves it open: $N = T_n \\cdot T_i$ multipliers at 1 GHz, $T_n$ vector-MACs of $T_i = 2^{\\lfloor \\log_2 N / 2 \\rfloor}$ lanes with an adder tree
each. For a layer with $g$ groups, $P$ positions and $K = (C_{in}/g)\\,k^2$ products to a sum

$$C = g \\left\\lceil \\frac{C_{out}/g}{T_n} \\right\\rceil P \\left\\lceil \\frac{K}{T_i} \\right\\rceil,\\qquad T = \\max\\left(C, \\frac{\\text{bytes}}{12.8}\\right),\\qquad
\\text{busy} = \\frac{C}{T},\\quad \\text{lanes} = \\frac{\\text{MAC}}{N\\,T}.$$

*busy* is the share of time in which the unit is not empty, *lanes* that of multipliers at work. What is moved is the second assumption, and so there are two brackets: *ideal*, each
word once, and *streaming*, each operand with each use. They lie a factor of ten apart at $N = 256$ (13.5 % and 1.2 %): reuse decides, not the number of multipliers.

In all readings utilisation falls about as $1/N$ once memory is what is waited for: streaming, for every layer; ideal, for the fully connected ones, which use each weight once: at most
$12.8/(b N)$ of the lanes have work where a word has $b$ bytes, 20 % at $N = 16$ and 32 bits. Words of 16 bits move the whole curve one doubling of $N$ to the right. At large $N$ the first and the later layers also fill
the array badly ($C_{out}/g < T_n$).

The readings are analytic: cycles have fractions, and nothing is overlapped between layers. Exercise 6.13 has the simulator's.

Sources: T. Chen et al., *DianNao*, ASPLOS 2014 (the array); A. Krizhevsky et al., *ImageNet classification with deep convolutional neural networks*, 2012 (the network, two towers).`,
    zh: `题目没有规定模型，这里写明假设：$N = T_n \\cdot T_i$ 个乘法器，主频 1 GHz；共 $T_n$ 个向量乘加单元，每个有 $T_i = 2^{\\lfloor \\log_2 N / 2 \\rfloor}$ 条通道和一棵加法树。
某层有 $g$ 组、$P$ 个输出位置，每个和由 $K = (C_{in}/g)\\,k^2$ 个乘积组成，则

$$C = g \\left\\lceil \\frac{C_{out}/g}{T_n} \\right\\rceil P \\left\\lceil \\frac{K}{T_i} \\right\\rceil,\\qquad T = \\max\\left(C, \\frac{\\text{字节数}}{12.8}\\right),\\qquad
\\text{busy} = \\frac{C}{T},\\quad \\text{lanes} = \\frac{\\text{MAC}}{N\\,T}$$

*busy* 是单元非空置时间的比例，*lanes* 是真正工作的乘法器比例。第二个假设是访存量，因此给出两端：*ideal*（每个字只传一次）与 *streaming*（每次使用都传）。
$N = 256$ 时两者相差十倍（13.5 % 与 1.2 %）：起决定作用的是数据复用，而不是乘法器个数。

在所有读法下，一旦受访存限制，利用率就大致按 $1/N$ 下降：streaming 读法下各层皆然；ideal 读法下是全连接层，因为每个权重只用一次：若每字 $b$ 字节，最多只有 $12.8/(b N)$ 的通道有活可干，$N = 16$、32 位时为 20 %。
改用 16 位字，整条曲线向右平移一个倍频（$N$ 加倍）。$N$ 很大时，第一层和靠后的层也填不满阵列（$C_{out}/g < T_n$）。

这些是解析读法：周期可带小数，层与层之间不重叠。模拟器的结果见习题 6.13。

出处：陈天石等，*DianNao*，ASPLOS 2014（阵列）；A. Krizhevsky 等，*ImageNet classification with deep convolutional neural networks*，2012（网络，两塔版本）。`,
  },
  rows: 7,
  code: [
    {
      path: 'src/report/analytic/vectorMac.ts',
      words: { en: 'Cycles and words of vector-MACs', zh: '向量乘加阵列的周期数与字数' },
    },
    { path: 'src/report/analytic/utilisation.ts', words: { en: 'Utilisation of a network', zh: '网络的利用率' } },
    { path: 'src/report/pictures/curves.ts', words: { en: 'The picture', zh: '画图' } },
  ],
  parameters: {
    multipliers: {
      kind: 'choice',
      words: { en: 'multipliers of which the layers are shown', zh: '逐层列出时的乘法器个数' },
      default: '256',
      among: SIZES.map(String),
    },
    bits: {
      kind: 'choice',
      words: { en: 'bits of a word', zh: '字长（位）' },
      default: '32',
      among: ['32', '16', '8'],
    },
    traffic: {
      kind: 'choice',
      words: { en: 'reading of the traffic in the tables', zh: '表中采用的访存读法' },
      default: 'ideal',
      among: ['ideal', 'streaming', 'weight-stationary'],
    },
    mapping: {
      kind: 'choice',
      words: {
        en: 'what the lanes run over: the whole reduction, or channels',
        zh: '通道展开的维度：整个归约维，或输入通道',
      },
      default: 'im2col',
      among: ['im2col', 'channel'],
    },
  },
  async show(output, { multipliers, bits, traffic, mapping }) {
    const [asked, map] = [traffic, mapping] as ['ideal', 'im2col'];
    const others = (['ideal', 'streaming'] as const).filter((t) => t !== asked);
    const readings = [asked, ...others].map((t) => [t, use(t, map)] as const);
    await showUtilisations(output, readings, { multipliers: Number(multipliers), bits: Number(bits) });
  },
  check(check) {
    const { layers, total } = usedBy(use('ideal'), 256, 32);
    check.row(1).equal(
      'compute cycles, N = 256',
      layers.map((l) => l.computeCycles),
      [417450, 874800, 584064, 438048, 292032, 147456, 65536, 16128],
    );
    check.row(2).equal(
      'words, each once',
      layers.map((l) => l.words),
      [479835, 563808, 992896, 793344, 550528, 37762048, 16785408, 4101096],
    );
    const asserts: Readonly<Record<string, RowsOfTable>> = {
      'im2col ideal 32': { lanes: 3, busy: 4 },
      'im2col ideal 16': { lanes: 5 },
      'im2col streaming 32': { lanes: 6 },
    };
    for (const table of UTILISATION) {
      if (table.use.kind !== 'vector-mac') continue;
      holdTable(check, table, asserts[`${table.use.mapping} ${table.use.traffic} ${table.bits}`]);
    }
    check.row(7).close('cycles, N = 256, 32 bits, ideal', total.cycles, 20934066.5, 0.5);
    check.equal('multiply-accumulates', total.macs, 724406816);
    check.equal(
      '  of each layer',
      layers.map((l) => l.macs),
      [105415200, 223948800, 149520384, 112140288, 74760192, 37748736, 16777216, 4096000],
    );
    check.equal(
      'the array of textbook-ch6 is that of 256 multipliers',
      arrayOfMachine(chapter6, use('ideal')),
      arrayOfSize(256, use('ideal')),
    );
  },

  judge: (submission, { bits, traffic, mapping }) =>
    judgeNumbers(submission, askedTotals(use(traffic as 'ideal', mapping as 'im2col'), Number(bits))),
});
