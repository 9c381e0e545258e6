/** Exercise 7.8: 32 rows by 256 × 128 on the single core. All of it fits, so only the order of loading, computing and storing is left to choose. */
import { Random } from 'systole/base';
import { defineExercise, layerWork } from 'systole/course';
import { assembleProgram } from 'systole/isa';
import { presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { judgeLayer } from './answers.ts';
import {
  columnTiles,
  growingSlices,
  innerSlices,
  innerSlicesThenColumns,
  LAYERS,
  type Product,
  serial,
} from './programs.ts';
import {
  boundOf,
  checkSchedules,
  compiledCycles,
  cyclesOf,
  type Figure,
  type Schedule,
  showSchedules,
  showTimeline,
} from './schedule.ts';

const SHAPE = LAYERS['7.8'];
const single = presets.get('textbook-single')!;
/** Rows of X and of Y that NRAM holds together. */
const MOST_ROWS = Math.floor(single.nram.bytes / (4 * (SHAPE.inner + SHAPE.columns)));

/** The layer with other rows of X. */
const layer = (rows: number): Product => ({ ...SHAPE, rows });

const serially = (p: Product): Schedule => ({
  name: { en: 'one step after the other', zh: '逐步串行' },
  text: serial(p),
});
const columns = (n: number, p: Product = SHAPE): Schedule => ({
  name: { en: `${n} column tiles, double-buffered`, zh: `${n} 个列块，双缓冲` },
  text: columnTiles(p, n),
});
const slices = (n: number, p: Product = SHAPE): Schedule => ({
  name: { en: `${n} slices of K, double-buffered`, zh: `K 分 ${n} 片，双缓冲` },
  text: innerSlices(p, n),
});
const tail = (p: Product): Schedule => ({
  name: { en: '32 slices of K, the last 8 as column tiles', zh: 'K 分 32 片，最后 8 片按列块' },
  text: innerSlicesThenColumns(p, 32, 8),
});
/**
 * Loading an element of K takes (4·rows + 4·128) ÷ 64 cycles, computing with it rows·128 ÷ 256: 10 and 16 of 32 rows. A slice may be as
 * many times as large as the one before it; where computation is the shorter of the two, none may grow.
 */
const growing = (p: Product): Schedule => ({
  name: { en: 'growing slices of K, the last 32 as 128 column tiles', zh: 'K 的片逐渐增大，最后 32 个按 128 个列块' },
  text: growingSlices(p, 32, 128, Math.max(1, (p.rows * p.columns) / 256 / ((4 * (p.rows + p.columns)) / 64))),
});

const [SERIAL, TAIL, GROWING] = [serially(SHAPE), tail(SHAPE), growing(SHAPE)];

/** By instructions of the processor, with numbers: whether what is stored is X·W. */
function isProduct(): boolean {
  const { rows, inner, columns: out } = SHAPE;
  const { x, w, y } = layerWork(SHAPE, single);
  const text = `.dram ${x + w + y}
    .input x, 0, f32[${rows}, ${inner}]
    .input w, ${x}, f32[${inner}, ${out}]
    .output y, ${x + w}, f32[${rows}, ${out}]
    # W of a group of 16 filters lies row by row of these 16.
    cfg.dimi R0, 0, 16, 4
    cfg.dimi R0, 1, ${inner}, ${4 * out}
    cfg.dimi R0, 2, ${out / 16}, 64
    cfg.dimi R1, 0, ${x / 4}, 4
    cfg.dimi R2, 0, ${y / 4}, 4
    cfg.dimi R3, 0, ${rows}, ${4 * inner}
    cfg.dimi R4, 0, ${inner}, 4
    cfg.dimi R5, 0, ${rows}, ${4 * out}
    cfg.dimi R5, 4, ${out}, 64
    cfg.dimi R6, 0, 16, 4
    cfg.dimi R6, 1, ${inner}, 64
    cfg.dimi R6, 2, ${out / 16}, ${64 * inner}
    li r1, ${x}
    li r2, ${x + w}
    load nram, r0, r0, R1, R1, f32
    load wram, r0, r1, R6, R0, f32
    sync
    mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
    sync
    store nram, r2, r1, R2, R2, f32
    halt`;
  const random = new Random(78);
  const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.integer(-9, 9));
  const [a, b] = [numbers(rows * inner), numbers(inner * out)];
  const simulation = createSimulation(assembleProgram(text, { file: 'layer.s', machine: single }), { data: true });
  simulation.writeInput('x', new Uint8Array(a.buffer));
  simulation.writeInput('w', new Uint8Array(b.buffer));
  simulation.run();
  const found = new Float32Array(simulation.readOutput('y').slice().buffer);
  return found.every((value, i) => {
    const [r, c] = [Math.floor(i / out), i % out];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a[r * inner + k]! * b[k * out + c]!;
    return value === sum;
  });
}

const FIGURES: readonly Figure[] = [
  ['serial', SERIAL.text, 6912, 1],
  ...(
    [
      [2, 5760],
      [4, 5184],
      [8, 4896],
      [16, 4752],
    ] as const
  ).map(([n, cycles]): Figure => [`${n} column tiles`, columns(n).text, cycles, 2]),
  ...(
    [
      [32, 4680],
      [64, 4644],
      [128, 4626],
    ] as const
  ).map(([n, cycles]): Figure => [`${n} column tiles`, columns(n).text, cycles]),
  ...(
    [
      [8, 4672],
      [32, 4432],
    ] as const
  ).map(([n, cycles]): Figure => [`${n} slices of K`, slices(n).text, cycles, 3]),
  ...(
    [
      [2, 5632],
      [4, 4992],
      [16, 4512],
      [64, 4392],
      [128, 4372],
      [256, 4362],
    ] as const
  ).map(([n, cycles]): Figure => [`${n} slices of K`, slices(n).text, cycles]),
  ['32 slices of K, the last 8 as column tiles', TAIL.text, 4208, 4],
  // A better one than the row has: the errata of the source.
  ['growing slices of K', GROWING.text, 4112],
];

export const exercise = defineExercise({
  id: '7.8',
  title: { en: '32 rows by 256 × 128 on one core', zh: 'FC 32x256 · 256x128，单核' },
  asked: {
    en: "The same for input $32\\times256$ and weights $256\\times128$: write the fastest program that you can. Hand in a program (`.s`, in the textbook's dialect or in instructions with inputs x, w and output y), or the numbers `macs`, `bytes`, `compute`, `bandwidth`, `bound`, `serial`.",
    zh: '同上，输入为 $32\\times256$、权重为 $256\\times128$：写出尽可能快的程序。可提交程序（`.s`，教材写法，或带输入 x、w 与输出 y 的指令），或数值 `macs`、`bytes`、`compute`、`bandwidth`、`bound`、`serial`。',
  },
  explanation: {
    en: `$X$ has 32768 bytes (512 cycles), $W$ 131072 (2048), $Y$ 16384 (256); $32\\cdot256\\cdot128=1048576$ multiply-accumulates take 4096 cycles. All of it fits (WRAM 128 of 256 KB, NRAM 48 of 128 KB).

| schedule | cycles |
|---|---|
| one step after the other | $512+2048+4096+256=6912$ |
| $n$ column tiles of $W$, double-buffered | $4608+2304/n$ |
| $n$ slices of the inner dimension $K$ | $4352+2560/n$ |

The bound is $\\max(4096, 2816)=4096$: the matrix unit is what counts, and a schedule loses what it waits before the first computation and what it stores behind the last. Column tiles must load all of $X$ first; slices of $K$ need little of both to begin, but have no result before the end.
So begin with slices of $K$ and end with column tiles: 32 slices, of which the last 8 are computed as 8 column tiles, take 4208. Better still, slices that grow as fast as computing (16 cycles for one element of $K$) outlasts loading (10 cycles), 1, 1, 2, 3, 4, 6, 9, … and the last 32
elements as 128 column tiles: 4112, 99.6 % of the bound.

\`systole compile\` schedules the layer with semaphores instead of \`sync\`, which lets each unit wait for what it needs alone.`,
    zh: `$X$ 有 32768 字节（512 周期），$W$ 有 131072（2048），$Y$ 有 16384（256）；$32\\cdot256\\cdot128=1048576$ 次乘加需 4096 周期。全部放得下（WRAM 用 128/256 KB，NRAM 用 48/128 KB）。

| 调度 | 周期 |
|---|---|
| 逐步串行 | $512+2048+4096+256=6912$ |
| $W$ 分 $n$ 个列块，双缓冲 | $4608+2304/n$ |
| 内部维度 $K$ 分 $n$ 片 | $4352+2560/n$ |

下界为 $\\max(4096, 2816)=4096$：瓶颈是矩阵单元，调度损失的是首次计算之前的等待与最后一次计算之后的写回。按列块必须先加载全部 $X$；按 $K$ 分片只需少量数据就能开始，但到最后才有结果。
因此以 $K$ 分片开始、以列块结束：32 片，其中最后 8 片按 8 个列块计算，共 4208 周期。更好的是让片逐渐增大，增长比为计算（每个 $K$ 元素 16 周期）与加载（10 周期）之比：1、1、2、3、4、6、9、……，最后 32 个元素按 128 个列块计算：4112 周期，达到下界的 99.6 %。

\`systole compile\` 用信号量而不是 \`sync\` 来调度该层，每个单元只等待自己所需的数据。`,
  },
  rows: 7,
  code: [
    { path: 'src/isa/textbook/textbook.ts', words: { en: "the textbook's dialect", zh: '教材写法' } },
    { path: 'course/chapter7/programs.ts', words: { en: 'the programs', zh: '各程序' } },
    { path: 'src/lower/index.ts', words: { en: 'how the compiler schedules', zh: '编译器如何调度' } },
    {
      path: 'src/course/judge/order.ts',
      words: { en: 'what is said of a program without addresses', zh: '对没有地址的程序能说什么' },
    },
    {
      path: 'src/course/judge/contents.ts',
      words: { en: 'and of one with addresses: what lies where', zh: '对有地址的程序：各处存放着什么' },
    },
  ],
  parameters: {
    rows: {
      kind: 'whole',
      words: {
        en: 'rows of X; more do not fit into NRAM with their results (7.9)',
        zh: 'X 的行数；再多则 NRAM 放不下 X 与结果（见 7.9）',
      },
      default: SHAPE.rows,
      least: 1,
      most: MOST_ROWS,
    },
    tiles: {
      kind: 'choice',
      words: { en: 'column tiles', zh: '列块数' },
      default: '8',
      among: ['2', '4', '8', '16', '32', '64', '128'],
    },
    slices: {
      kind: 'choice',
      words: { en: 'slices of K', zh: 'K 的片数' },
      default: '32',
      among: ['2', '4', '8', '16', '32', '64', '128', '256'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  async show(out, { rows, tiles, slices: n, machine }) {
    const shape = layer(rows);
    const chosen = [columns(Number(tiles), shape), slices(Number(n), shape)];
    const all = [serially(shape), ...chosen, tail(shape), growing(shape)];
    const compiled = await compiledCycles(shape, machine);
    showSchedules(out, all, { machine, work: layerWork(shape, machine), compiled });
    for (const [i, schedule] of all.entries()) {
      out.listing(schedule.name, schedule.text);
      showTimeline(out, schedule, { machine, file: ['serial', 'columns', 'slices', 'tail', 'growing'][i]! });
    }
  },
  check(check) {
    const work = layerWork(SHAPE, single);
    const bound = boundOf(work, single);
    checkSchedules(check, FIGURES, single, { bytes: 180224, busy: [2816, 4096] });
    check.row(5).equal('lower bound of compute, bandwidth', [bound.compute, bound.bandwidth], [4096, 2816]);
    for (const [name, text] of FIGURES)
      check.row(6).atLeast(`above the bound: ${name}`, cyclesOf(text, single), bound.cycles);
    check.row(7).holds('a program with numbers leaves X·W', isProduct());
  },
  judge(submission, { rows, machine }) {
    const shape = layer(rows);
    const all = [
      serially(shape),
      ...[16, 128].map((n) => columns(n, shape)),
      slices(256, shape),
      tail(shape),
      growing(shape),
    ];
    const best = all.reduce((a, b) => (cyclesOf(b.text, machine) < cyclesOf(a.text, machine) ? b : a));
    const task = { shape, machine, serial: all[0]!.text, best: best.text };
    return judgeLayer(submission, task, layerWork(shape, machine));
  },
});
