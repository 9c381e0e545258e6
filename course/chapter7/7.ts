/** Exercise 7.7: one row times one column of 256 on the single core: 2052 bytes for 256 multiply-accumulates. */
import { defineExercise, layerWork } from 'systole/course';
import { type Machine, presets } from 'systole/machine';
import { judgeLayer } from './answers.ts';
import { SERIAL_7_7 } from './placed.ts';
import { innerSlices, LAYERS, serial } from './programs.ts';
import {
  boundOf,
  checkSchedules,
  compiledCycles,
  placesOf,
  type Schedule,
  showSchedules,
  showTimeline,
} from './schedule.ts';

const SHAPE = LAYERS['7.7'];
const single = presets.get('textbook-single')!;

const SERIAL: Schedule = { name: { en: 'one step after the other', zh: '逐步串行' }, text: serial(SHAPE) };
const slices = (n: number): Schedule => ({
  name: { en: `${n} slices of the inner dimension`, zh: `内部维度分 ${n} 片` },
  text: innerSlices(SHAPE, n),
});

/** The time of one step after the other where cycles were not whole. */
const fluid = ({ dram, matrix }: Machine): number => {
  const { x, w, y, macs } = layerWork(SHAPE, single);
  const lanes = matrix.kind === 'dot' ? matrix.tn * matrix.ti : Number.NaN;
  return ((x + w + y) * dram.bandwidth.cycles) / dram.bandwidth.bytes + macs / lanes;
};

export const exercise = defineExercise({
  id: '7.7',
  title: { en: 'A row times a column of 256 on one core', zh: 'FC 1x256 · 256x1，单核' },
  asked: {
    en: 'A fully connected layer with input $1\\times256$ and weights $256\\times1$ (32 bits) on the single-core processor: 64 GB/s of memory bandwidth, 256 multiply-accumulates a nanosecond, 128 KB of NRAM, 256 KB of WRAM. Write the program, and say how long it takes. Hand in a program, or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.',
    zh: '全连接层输入为 $1\\times256$、权重为 $256\\times1$（32 位），在单核处理器上运行：访存带宽 64 GB/s，每纳秒 256 次乘加，NRAM 128 KB，WRAM 256 KB。写出程序并计算时间。可提交程序，或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `$X$ and $W$ have 1024 bytes each, $Y$ has 4; the product is 256 multiply-accumulates, one cycle. Each of the 2052 bytes is moved once:

$$ \\lceil 1024/64\\rceil + \\lceil 1024/64\\rceil + \\lceil 256/256\\rceil + \\lceil 4/64\\rceil = 16+16+1+1 = 34 $$

cycles one after the other; without rounding to whole cycles 33.0625. The bound is $\\max(1, \\lceil 2052/64\\rceil)=33$. Cutting the inner dimension into halves overlaps the one cycle of computation, but costs another in rounding: 34 again. With
$256/2052\\approx 0.12$ multiply-accumulates a byte the layer waits for memory, and the matrix unit works 2.9 % of the time: no schedule can change that, only more rows for the same weights (7.8).`,
    zh: `$X$ 与 $W$ 各 1024 字节，$Y$ 为 4 字节；乘积共 256 次乘加，即一个周期。2052 字节各搬运一次：

$$ \\lceil 1024/64\\rceil + \\lceil 1024/64\\rceil + \\lceil 256/256\\rceil + \\lceil 4/64\\rceil = 16+16+1+1 = 34 $$

个周期（逐步串行）；若周期不取整则为 33.0625。下界为 $\\max(1, \\lceil 2052/64\\rceil)=33$。把内部维度分成两半可以重叠那一个计算周期，但取整又多出一个：仍为 34。每字节只有
$256/2052\\approx 0.12$ 次乘加，该层受限于访存，矩阵单元只有 2.9 % 的时间在工作：任何调度都改变不了这一点，只有让同一权重服务更多行才行（7.8）。`,
  },
  rows: 6,
  code: [
    { path: 'src/isa/textbook/textbook.ts', words: { en: "the textbook's dialect", zh: '教材写法' } },
    { path: 'src/timing/linear.ts', words: { en: 'what its statements cost', zh: '各语句的代价' } },
    { path: 'src/course/judge/program.ts', words: { en: 'how programs are judged', zh: '如何评判程序' } },
  ],
  parameters: {
    slices: {
      kind: 'choice',
      words: { en: 'slices of the inner dimension', zh: '内部维度的片数' },
      default: '2',
      among: ['2', '4', '8', '16'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  async show(out, { slices: n, machine }) {
    const chosen = slices(Number(n));
    const compiled = await compiledCycles(SHAPE, machine);
    showSchedules(out, [SERIAL, chosen], { machine, work: layerWork(SHAPE, machine), compiled });
    out.listing({ en: 'one step after the other, with places', zh: '逐步串行，写明位置' }, SERIAL_7_7);
    out.listing(chosen.name, chosen.text);
    showTimeline(out, SERIAL, { machine, file: 'serial' });
    showTimeline(out, chosen, { machine, file: 'sliced' });
  },
  check(check) {
    const work = layerWork(SHAPE, single);
    const bound = boundOf(work, single);
    checkSchedules(check, [['serial', SERIAL.text, 34, 1]], single, { bytes: 2052, busy: [33, 1] });
    check.row(2).close('without rounding', fluid(single), 33.0625, 1e-9);
    checkSchedules(check, [['two halves', slices(2).text, 34, 3]], single, { bytes: 2052, busy: [33, 2] });
    check.row(4).equal('lower bound', bound.cycles, 33);
    check.equal('of compute, and of bandwidth', [bound.compute, bound.bandwidth], [1, 33]);
    check.row(5).equal('DRAM bytes, MACs', [work.x + work.w + work.y, work.macs], [2052, 256]);
    const { nram, wram } = placesOf(SERIAL_7_7, single);
    check.row(6).equal('bytes used of NRAM, WRAM', [nram, wram], [1028, 1024]);
    checkSchedules(check, [['serial, with places', SERIAL_7_7, 34]], single);
  },
  judge: (submission, { machine }) =>
    judgeLayer(
      submission,
      { shape: SHAPE, machine, serial: SERIAL.text, best: slices(2).text },
      layerWork(SHAPE, machine),
    ),
});
