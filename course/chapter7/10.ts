/**
 * Exercise 7.10: the layer of 7.9 with weights in a quarter and inputs in half of their bytes, index words included. What it gains depends on what the
 * hardware does with zeros: (a) decompresses on the way in and multiplies all, (b) leaves out zeros of W, (c) of X and W. As programs of the
 * textbook's dialect, and, but for (c), with real numbers on `textbook-extended`. (c) depends on data that no program knows before it runs.
 */
import { type Compression, defineExercise, layerWork, type Slip, type Words } from 'systole/course';
import { type Machine, presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { judgeLayer } from './answers.ts';
import { compressedProgram, type Schedule as DataSchedule, product, sparseLayer, type Weights } from './compressed.ts';
import { LAYERS, rowTiles, rowTilesSerial, rowTilesSliced } from './programs.ts';
import {
  boundOf,
  checkSchedules,
  cyclesOf,
  type Figure,
  type Schedule,
  showSchedules,
  showTimeline,
} from './schedule.ts';

const SHAPE = LAYERS['7.9'];
const single = presets.get('textbook-single')!;
const extended = presets.get('textbook-extended')!;

const SKIPS = ['nothing', 'weights', 'both'] as const;
type Skip = (typeof SKIPS)[number];

/** Density as far as its multiplications go: at most the part of the volume, which holds the indices, too. */
const compression = (x: number, w: number, skip: Skip): Compression => ({
  x,
  w,
  macs: skip === 'nothing' ? 1 : skip === 'weights' ? w : x * w,
});
const READINGS = {
  a: compression(1 / 2, 1 / 4, 'nothing'),
  b: compression(1 / 2, 1 / 4, 'weights'),
  c: compression(1 / 2, 1 / 4, 'both'),
} as const;

const schedules = (c: Compression, rows: number): readonly Schedule[] => [
  {
    name: { en: `one step after the other, ${rows} rows`, zh: `逐步串行，每块 ${rows} 行` },
    text: rowTilesSerial(SHAPE, rows, c),
  },
  { name: { en: `double-buffered, ${rows} rows`, zh: `双缓冲，每块 ${rows} 行` }, text: rowTiles(SHAPE, rows, c) },
  {
    name: { en: `sliced start and end, ${rows} rows`, zh: `首尾切片，每块 ${rows} 行` },
    text: rowTilesSliced(SHAPE, rows, 8, c),
  },
];

const READING_WORDS: Readonly<Record<Skip, Words>> = {
  nothing: {
    en: 'all is multiplied, zeros too: another reading of the table, --skip nothing',
    zh: '全部相乘，包括零：这是表的另一种理解，--skip nothing',
  },
  weights: {
    en: 'the zeros of W are left out: another reading of the table, --skip weights',
    zh: '跳过 W 的零：这是表的另一种理解，--skip weights',
  },
  both: {
    en: 'the zeros of X and of W are left out: another reading of the table, --skip both',
    zh: '跳过 X 与 W 的零：这是表的另一种理解，--skip both',
  },
};

/** Multiply-accumulates of the readings that are not asked for. */
const otherReadings = (x: number, w: number, skip: Skip): readonly Slip[] =>
  SKIPS.filter((s) => s !== skip).map((s) => ({
    value: SHAPE.rows * SHAPE.inner * SHAPE.columns * compression(x, w, s).macs,
    words: READING_WORDS[s],
  }));

/** What was worked out: one after the other in tiles of 64 rows, double-buffered and sliced in tiles of 32. */
const FIGURES: readonly (readonly [
  reading: keyof typeof READINGS,
  row: number,
  matrix: number,
  cycles: readonly [number, number, number],
])[] = [
  ['a', 1, 131072, [147968, 132096, 131424]],
  ['b', 2, 32768, [49664, 33792, 33376]],
  ['c', 3, 16384, [33280, 17408, 17120]],
];

/** A program with numbers: its cycles, bytes and multiplications, and whether it leaves X·W. */
function withNumbers(weights: Weights, schedule: DataSchedule, rows: number, machine: Machine) {
  const layer = sparseLayer(710);
  const simulation = createSimulation(compressedProgram(layer, weights, schedule, rows, machine), { data: true });
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const { cycles, total } = state.result;
  const found = new Float32Array(simulation.readOutput('y').slice().buffer);
  const expected = product(layer);
  return {
    cycles,
    bytes: total.readBytes + total.writeBytes,
    macs: total.macs,
    isProduct: found.every((value, i) => value === expected[i]),
  };
}

export const exercise = defineExercise({
  id: '7.10',
  title: { en: '7.9 with compressed weights and inputs', zh: '7.9 加稀疏：权重压到 1/4，输入压到 1/2' },
  asked: {
    en: 'The layer of 7.9, but sparse: the weights are compressed to a quarter, the inputs to half of their bytes. How long does it take? Hand in a program (`--skip` says which reading), or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.',
    zh: '7.9 的层改为稀疏：权重压缩到 1/4，输入压缩到 1/2。需要多少时间？可提交程序（用 `--skip` 指明哪种理解），或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `$Y$ stays dense. $W$ has 32768 bytes (512 cycles), $X$ 524288 (8192), $Y$ 524288 (8192): 1081344 bytes, 16896 cycles. What the multiplications take is a question of the hardware:

| zeros | multiply-accumulates | bound | serial | double-buffered | sliced |
|---|---|---|---|---|---|
| (a) decompressed on the way in, all multiplied | $1$ | 131072 | 147968 | 132096 | 131424 |
| (b) those of $W$ left out | $1/4$ | 32768 | 49664 | 33792 | 33376 |
| (c) those of $X$ and $W$ left out | $1/8$ | 16896 | 33280 | 17408 | 17120 |

As posed, only traffic shrinks, and the layer of 7.9 waits for its matrix unit: (a) gains 1.4 % over 7.9. With (b) it is 3.96 times as fast; with (c) 7.69 times, and the memory is the bound: $\\max(16384, 16896)$. A quarter of the *volume* is less than a quarter of the *values*, since it holds the
indices: with a bitmap of one bit for each of 32 values, 7 values of 32 and one word of bits make $8/32$. (S. Zhang et al., *Cambricon-X*, MICRO 2016; A. Parashar et al., *SCNN*, ISCA 2017.)`,
    zh: `$Y$ 仍是稠密的。$W$ 为 32768 字节（512 周期），$X$ 为 524288（8192），$Y$ 为 524288（8192）：共 1081344 字节、16896 周期。乘法需要多少时间取决于硬件：

| 零的处理 | 乘加次数 | 下界 | 串行 | 双缓冲 | 切片 |
|---|---|---|---|---|---|
| (a) 传入时解压，全部相乘 | $1$ | 131072 | 147968 | 132096 | 131424 |
| (b) 跳过 $W$ 的零 | $1/4$ | 32768 | 49664 | 33792 | 33376 |
| (c) 跳过 $X$ 与 $W$ 的零 | $1/8$ | 16896 | 33280 | 17408 | 17120 |

按题面，只有访存量减少，而 7.9 的层受限于矩阵单元：(a) 只比 7.9 快 1.4 %。(b) 的速度为 7.9 的 3.96 倍；(c) 为 7.69 倍，此时瓶颈是访存：$\\max(16384, 16896)$。*体积*的四分之一比*数值个数*的四分之一少，因为其中还含索引：
若每 32 个值用一个 32 位的位图，则 7 个值加一个位图字正好是 $8/32$。（S. Zhang 等，*Cambricon-X*，MICRO 2016；A. Parashar 等，*SCNN*，ISCA 2017。）`,
  },
  rows: 5,
  code: [
    { path: 'src/isa/sparse/stream.ts', words: { en: 'compressed streams', zh: '压缩数据流' } },
    { path: 'src/isa/sparse/weights.ts', words: { en: 'compressed weights', zh: '压缩权重' } },
    { path: 'src/timing/sparse.ts', words: { en: 'what they cost', zh: '其代价' } },
    { path: 'course/chapter7/compressed.ts', words: { en: 'the layer with real numbers', zh: '带真实数据的该层程序' } },
  ],
  parameters: {
    skip: {
      kind: 'choice',
      words: { en: 'zeros whose multiplications are left out', zh: '跳过哪些零的乘法' },
      default: 'nothing',
      among: SKIPS,
    },
    inputs: {
      kind: 'choice',
      words: { en: 'volume of the inputs', zh: '输入的体积' },
      default: '1/2',
      among: ['1', '1/2', '1/4'],
    },
    weights: {
      kind: 'choice',
      words: { en: 'volume of the weights', zh: '权重的体积' },
      default: '1/4',
      among: ['1', '1/2', '1/4', '1/8'],
    },
    rows: {
      kind: 'choice',
      words: { en: 'rows of a tile', zh: '每块的行数' },
      default: '32',
      among: ['8', '16', '32', '64'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  show(out, { skip, inputs, weights, rows, machine }) {
    const part = (text: string): number => 1 / Number(text.split('/')[1] ?? 1);
    const c = compression(part(inputs), part(weights), skip as Skip);
    const all = schedules(c, Number(rows));
    showSchedules(out, all, { machine, work: layerWork(SHAPE, machine, c) });
    const dense = cyclesOf(rowTiles(SHAPE, Number(rows)), machine);
    out.print({
      en: `Double-buffered it is ${(dense / cyclesOf(all[1]!.text, machine)).toFixed(4)} times as fast as dense.`,
      zh: `双缓冲时的速度为稠密时的 ${(dense / cyclesOf(all[1]!.text, machine)).toFixed(4)} 倍。`,
    });
    for (const [i, schedule] of all.entries()) {
      out.listing(schedule.name, schedule.text);
      showTimeline(out, schedule, { machine, file: ['serial', 'overlapped', 'sliced'][i]!, to: 12_000 });
    }
  },
  check(check) {
    for (const [reading, row, matrix, cycles] of FIGURES) {
      const c = READINGS[reading];
      const texts = [schedules(c, 64)[0]!, schedules(c, 32)[1]!, schedules(c, 32)[2]!].map((s) => s.text);
      const figures = texts.map(
        (text, i): Figure => [`(${reading}) ${['serial', 'double-buffered', 'sliced'][i]}`, text, cycles[i]!, row],
      );
      checkSchedules(check, figures, single, { bytes: 1081344, busy: [16896, matrix] });
    }
    check.equal(
      '(a) double-buffered, 64 rows: NRAM holds X compressed',
      cyclesOf(schedules(READINGS.a, 64)[1]!.text, single),
      132608,
    );
    const works = Object.values(READINGS).map((c) => layerWork(SHAPE, single, c));
    check.row(4).equal(
      'bounds of (a), (b), (c)',
      works.map((work) => boundOf(work, single).cycles),
      [131072, 32768, 16896],
    );
    check.row(5).equal(
      'DRAM bytes',
      works.map((work) => work.x + work.w + work.y),
      [1081344, 1081344, 1081344],
    );
    const before = cyclesOf(rowTiles(SHAPE, 32), single);
    const gains = Object.values(READINGS).map((c) => before / cyclesOf(schedules(c, 32)[1]!.text, single));
    check.close('times as fast as 7.9', gains, [1.0136, 3.962, 7.691], 5e-4);
    // With numbers: the same cycles as counting gives.
    for (const [weights, c, macs] of [
      ['dense', READINGS.a, 256],
      ['sparse', READINGS.b, 56],
    ] as const) {
      for (const [i, [schedule, rows]] of (
        [
          ['serial', 64],
          ['overlapped', 32],
          ['sliced', 32],
        ] as const
      ).entries()) {
        const found = withNumbers(weights, schedule, rows, extended);
        const name = `with numbers, W ${weights}, ${schedule}`;
        check.equal(`${name}: cycles as counted`, found.cycles, cyclesOf(schedules(c, rows)[i]!.text, single));
        check.equal(`${name}: bytes, multiply-accumulates`, [found.bytes, found.macs], [1081344, 1024 * 128 * macs]);
        check.holds(`${name}: X·W`, found.isProduct);
      }
    }
  },
  judge(submission, { skip, inputs, weights, machine }) {
    const part = (text: string): number => 1 / Number(text.split('/')[1] ?? 1);
    const c = compression(part(inputs), part(weights), skip as Skip);
    const task = {
      shape: SHAPE,
      machine,
      compression: c,
      readings: otherReadings(part(inputs), part(weights), skip as Skip),
      serial: rowTilesSerial(SHAPE, 32, c),
      best: rowTilesSliced(SHAPE, 16, 8, c),
    };
    return judgeLayer(submission, task, layerWork(SHAPE, machine, c), { isCompiled: false });
  },
});
