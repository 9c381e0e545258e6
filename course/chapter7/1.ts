/**
 * Exercise 7.1: peak, bandwidth and power of accelerators that one can buy or rent, each with its source, and what follows: the operations a
 * byte at the ridge, and operations for each watt. `systole machine list --market` prints the table.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { marketDevices } from 'systole/machine';
import { charts, marketText } from 'systole/report';
import { real } from '../numberFields.ts';

const device = (model: string, precision: string) =>
  marketDevices.find((d) => d.model.startsWith(model) && d.precision.includes(precision))!;

export const exercise = defineExercise({
  id: '7.1',
  title: { en: 'Accelerators on the market', zh: '列举至少三种品牌和型号的 AI 加速装置的峰值算力、带宽和功耗' },
  asked: {
    en: 'Name accelerators of at least three brands with their peak performance, memory bandwidth and power. Hand in the numbers `a100`, `mlu100`, `tpuv4`: their ridge, peak performance over memory bandwidth in operations a byte (half precision; bfloat16 of the TPU). Real numbers to three digits.',
    zh: '列举至少三种品牌和型号的 AI 加速装置，给出其峰值算力、访存带宽和功耗。请提交数值 `a100`、`mlu100`、`tpuv4`：各自的脊点，即峰值算力与访存带宽之比（每字节运算次数；半精度，TPU 为 bfloat16）。实数取三位有效数字。',
  },
  explanation: {
    en: `A figure without its precision, date and source says little: the peak of one chip differs by a factor of 16 between FP32 and sparse INT8. The table has dense peaks as the makers state them, a
multiply-accumulate counting as two operations, and derives two numbers:

$$\\text{ridge} = \\frac{\\text{peak}}{\\text{bandwidth}}\\ \\left[\\frac{\\text{FLOP}}{\\text{byte}}\\right],\\qquad \\text{efficiency} = \\frac{\\text{peak}}{\\text{power}}.$$

A program with fewer operations a byte than the ridge waits for memory (S. Williams, A. Waterman, D. Patterson, *Roofline*, CACM 2009). The ridge of most of these devices lies beyond 100 FLOP a byte: a fully connected layer of one sample has half an operation a byte in FP32 (7.7), and
uses less than a hundredth of the peak. What no source confirmed is left open rather than guessed.`,
    zh: `不注明精度、时间和来源的数字没有多少意义：同一芯片的 FP32 与稀疏 INT8 峰值可相差 16 倍。表中是厂商所述的稠密峰值，一次乘加计为两次运算，并由此导出两个量：

$$\\text{拐点} = \\frac{\\text{峰值}}{\\text{带宽}}\\ \\left[\\frac{\\text{FLOP}}{\\text{字节}}\\right],\\qquad \\text{能效} = \\frac{\\text{峰值}}{\\text{功耗}}$$

每字节运算数低于拐点的程序受限于访存（S. Williams、A. Waterman、D. Patterson，*Roofline*，CACM 2009）。这些装置的拐点大多在每字节 100 FLOP 以上：单样本的 FP32 全连接层每字节只有半次运算（7.7），
用不到峰值的百分之一。没有来源可确认的项留空，而不是猜测。`,
  },
  rows: 6,
  code: [
    { path: 'src/machine/market.ts', words: { en: 'the figures with their sources', zh: '数据及来源' } },
    { path: 'docs/counting.md', words: { en: 'what counts as an operation', zh: '运算的计数规则' } },
  ],
  parameters: {
    brand: {
      kind: 'choice',
      words: { en: 'brand that is listed', zh: '列出的品牌' },
      default: 'all',
      among: ['all', ...new Set(marketDevices.map((d) => d.brand))],
    },
  },
  async show(out, { brand }) {
    const devices = marketDevices.filter((d) => brand === 'all' || d.brand === brand);
    out.listing(
      { en: 'systole machine list --market', zh: 'systole machine list --market' },
      marketText(devices, { language: out.language }),
    );
    const words =
      out.language === 'en'
        ? { title: 'Operations a second and watt, dense', x: 'TFLOPS or TOPS a watt' }
        : { title: '每瓦运算速度（稠密）', x: 'TFLOPS（或 TOPS）每瓦' };
    const bars = devices.map((d) => ({
      name: `${d.brand} ${d.model}, ${d.precision}`,
      value: d.efficiency,
      group: d.brand,
    }));
    out.picture('efficiency', (await charts()).barsPicture(bars, words), {
      en: 'Bars of the operations for each watt of the devices, a colour for each brand.',
      zh: '各装置每瓦运算速度的条形图，每个品牌一种颜色。',
    });
  },
  check(check) {
    const [a100, mlu100, v4] = [device('A100', 'FP16'), device('MLU100', 'FP16'), device('TPU v4', 'BF16')];
    check.row(1).atLeast('entries', marketDevices.length, 3);
    check.row(1).atLeast('brands', new Set(marketDevices.map((d) => d.brand)).size, 3);
    check.row(2).close('A100: ridge, FLOP a byte', a100.ridge!, 153.01618440411966, 1e-9);
    check.row(3).equal('MLU100: ridge', mlu100.ridge, 625);
    check.row(4).close('TPU v4: ridge', v4.ridge!, 229.16666666666666, 1e-9);
    const efficiencies = [a100, mlu100, v4].map((d) => d.efficiency);
    check.row(5).close('TFLOPS a watt of the three', efficiencies, [0.78, 0.8, 1.4322916666666667], 1e-9);
    check.row(6).holds(
      'every row has a source and a date',
      marketDevices.every((d) => d.source !== '' && /^20\d\d-\d\d$/.test(d.date)),
    );
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (
        [
          ['a100', 'A100', 'FP16'],
          ['mlu100', 'MLU100', 'FP16'],
          ['tpuv4', 'TPU v4', 'BF16'],
        ] as const
      ).map(([name, model, type]) =>
        real(
          name,
          `ridge of ${model}, operations a byte`,
          `${model} 的脊点（每字节运算次数）`,
          device(model, type).ridge!,
        ),
      ),
    ),
});
