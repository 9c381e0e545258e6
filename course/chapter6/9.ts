/**
 * Exercise 6.9: the same as 6.8 on an array of scalar MACs that pass inputs to their neighbours, one output pixel each; the analytic reading of
 * src/report/analytic/scalarMac.ts.
 *   systole estimate utilisation alexnet-paper --machine textbook-ch6 --array scalar-mac
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { presets } from 'systole/machine';
import { type ArrayUse, arrayOfMachine, arrayOfSize } from 'systole/report';
import { UTILISATION } from './table.ts';
import { askedTotals, holdTable, type RowsOfTable, SIZES, showUtilisations, usedBy } from './utilisations.ts';

const chapter6 = presets.get('textbook-ch6')!;

const use = (traffic: 'ideal' | 'shift'): ArrayUse => ({ kind: 'scalar-mac', traffic });
const STREAMING: ArrayUse = { kind: 'vector-mac', mapping: 'im2col', traffic: 'streaming' };

export const exercise = defineExercise({
  id: '6.9',
  title: { en: 'The same with an array of scalar MACs', zh: '同 6.8，采用 6.4.1 节的标量 MAC 架构' },
  asked: {
    en: 'Answer 6.8 for a unit of scalar multiply-accumulate elements, each of which holds one output and passes inputs on to its neighbour. Hand in the numbers `lanes16`, `lanes32`, `lanes64`, `lanes128`, `lanes256`, `lanes512`, `lanes1024`, `lanes2048`, `lanes4096`. They are for so many multipliers.',
    zh: '若计算单元改为标量乘累加阵列（每个单元保存一个输出，并把输入传给相邻单元），重做 6.8。请提交数值 `lanes16`、`lanes32`、`lanes64`、`lanes128`、`lanes256`、`lanes512`、`lanes1024`、`lanes2048`、`lanes4096`。数字为乘法器个数。',
  },
  explanation: {
    en: `The array has $P_y \\times P_x = N$ elements, $P_x = 2^{\\lfloor \\log_2 N / 2 \\rfloor}$, and each accumulates one output pixel. A weight is broadcast to all; inputs come from memory
at the border of a block and are passed on inside it. For a convolution, with blocks of at most $P_y \\times P_x$ pixels ($p_y, p_x$ where they are cut off),

$$C = C_{out} \\frac{C_{in}}{g} k^2 \\left\\lceil \\frac{H_o}{P_y} \\right\\rceil \\left\\lceil \\frac{W_o}{P_x} \\right\\rceil,$$
$$\\text{words} = C_{out}\\frac{C_{in}}{g} \\sum_{\\text{blocks}} \\big((p_y - 1)s + k\\big)\\big((p_x - 1)s + k\\big) + C_{out} \\frac{C_{in}}{g} k^2 \\cdot \\text{blocks} + C_{out} P,$$

and for a fully connected layer $C = \\lceil C_{out}/N \\rceil\\, C_{in}$. Time and utilisation follow as in 6.8.

What comes out: passing inputs on saves most of the traffic. At $N = 256$ and 32 bits 6.2 % of the elements work, against 1.2 % of vector-MACs that stream every operand. But
the array is filled by pixels: the maps of conv3 to conv5 are $13 \\times 13$, so that an array of 512 or more is partly empty whatever the bandwidth, and *busy* no longer falls while *lanes* does: the unit is
not empty, most of its elements are. Fully connected layers are bound by their weights as before.

Sources: Z. Du et al., *ShiDianNao: shifting vision processing closer to the sensor*, ISCA 2015 (the array).`,
    zh: `阵列有 $P_y \\times P_x = N$ 个单元，$P_x = 2^{\\lfloor \\log_2 N / 2 \\rfloor}$，每个单元累加一个输出像素。权重广播给所有单元；输入只在块的边界由存储器送入，块内由相邻单元传递。
对卷积层，设块最多为 $P_y \\times P_x$ 个像素（边缘处为 $p_y, p_x$），则

$$C = C_{out} \\frac{C_{in}}{g} k^2 \\left\\lceil \\frac{H_o}{P_y} \\right\\rceil \\left\\lceil \\frac{W_o}{P_x} \\right\\rceil,$$
$$\\text{字数} = C_{out}\\frac{C_{in}}{g} \\sum_{\\text{块}} \\big((p_y - 1)s + k\\big)\\big((p_x - 1)s + k\\big) + C_{out} \\frac{C_{in}}{g} k^2 \\cdot \\text{块数} + C_{out} P,$$

全连接层 $C = \\lceil C_{out}/N \\rceil\\, C_{in}$。时间与利用率的算法同 6.8。

结论：相邻传递省去了大部分访存。$N = 256$、32 位时有 6.2 % 的单元在工作，而逐个取操作数的向量乘加只有 1.2 %。但阵列是由像素填满的：conv3～conv5 的特征图为 $13 \\times 13$，
阵列达到 512 个单元以上时，无论带宽多大都有一部分空着；这时 *busy* 不再下降而 *lanes* 继续下降：部件并不空闲，只是其中大多数单元空闲。全连接层仍受权重带宽限制。

出处：杜子东等，*ShiDianNao: shifting vision processing closer to the sensor*，ISCA 2015（阵列结构）。`,
  },
  rows: 6,
  code: [
    {
      path: 'src/report/analytic/scalarMac.ts',
      words: { en: 'Cycles and words of scalar MACs', zh: '标量乘加阵列的周期数与字数' },
    },
    {
      path: 'src/timing/matrix.ts',
      words: { en: 'The same kind of array in the simulator', zh: '模拟器中的矩阵单元' },
    },
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
      default: 'shift',
      among: ['shift', 'ideal'],
    },
  },
  async show(output, { multipliers, bits, traffic }) {
    const [first, second] = traffic === 'ideal' ? (['ideal', 'shift'] as const) : (['shift', 'ideal'] as const);
    const readings = [
      [`scalar, ${first}`, use(first)],
      [`scalar, ${second}`, use(second)],
      ['vector MACs', STREAMING],
    ] as const;
    await showUtilisations(output, readings, { multipliers: Number(multipliers), bits: Number(bits) });
  },
  check(check) {
    const { layers } = usedBy(use('shift'), 256, 32);
    check.row(1).equal(
      'compute cycles, N = 256',
      layers.map((l) => l.computeCycles),
      [557568, 1228800, 884736, 663552, 442368, 147456, 65536, 16384],
    );
    check.row(2).equal(
      'words, inputs passed on, N = 256',
      layers.map((l) => l.words),
      [18561120, 16468224, 23068032, 17317248, 11544832, 37900288, 16846848, 4113384],
    );
    const asserts: Readonly<Record<string, RowsOfTable>> = {
      'shift 32': { lanes: 3, busy: 4 },
      'shift 16': { lanes: 5 },
      'ideal 32': { lanes: 6 },
    };
    for (const table of UTILISATION) {
      if (table.use.kind === 'scalar-mac') holdTable(check, table, asserts[`${table.use.traffic} ${table.bits}`]);
    }
    check.equal(
      '256 multipliers of textbook-ch6 as scalar MACs',
      arrayOfMachine(chapter6, use('shift')),
      arrayOfSize(256, use('shift')),
    );
  },

  judge: (submission, { bits, traffic }) =>
    judgeNumbers(submission, askedTotals(use(traffic as 'ideal'), Number(bits))),
});
