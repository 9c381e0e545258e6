/**
 * Exercise 7.5: out-of-order execution. This system has it as an option of the machine file (`control.scoreboard`): entries are compared by byte
 * ranges, may start out of order, and ranges that are overwritten whole may be renamed. The layer of 7.9 in row tiles is load, multiply, store,
 * 32 times, with neither semaphores nor sync between them: what orders them is the scoreboard alone.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { TimelineRecorder, timeline } from 'systole/report';
import { createSimulation } from 'systole/sim';
import { exact, real, slip } from '../numberFields.ts';
import { LAYERS } from './programs.ts';

const { rows: ROWS, inner: INNER, columns: COLUMNS } = LAYERS['7.9'];
const single = presets.get('textbook-single')!;

type Scoreboard = NonNullable<Machine['control']['scoreboard']>;

interface Design extends Scoreboard {
  /** Rows of a tile. */
  readonly rows: number;
  /** Of X and of Y in NRAM, which the tiles take in turn. */
  readonly buffers: number;
}

const machineOf = (base: Machine, { order, versions, entries }: Scoreboard): Machine => ({
  ...base,
  control: { ...base.control, scoreboard: { order, versions, entries } },
});

function layer({ rows, buffers }: Pick<Design, 'rows' | 'buffers'>): string {
  const [x, y, tiles] = [4 * rows * INNER, 4 * rows * COLUMNS, ROWS / rows];
  const [wAt, yAt] = [x * tiles, x * tiles + 4 * INNER * COLUMNS];
  return `.dram ${yAt + y * tiles}
.input x, 0, f32[${ROWS}, ${INNER}]
.input w, ${wAt}, f32[${INNER}, ${COLUMNS}]
.output y, ${yAt}, f32[${ROWS}, ${COLUMNS}]
# W of a group of 16 filters lies row by row of these 16.
cfg.dimi R0, 0, 16, 4
cfg.dimi R0, 1, ${INNER}, ${4 * COLUMNS}
cfg.dimi R0, 2, ${COLUMNS / 16}, 64
cfg.dimi R1, 0, 16, 4
cfg.dimi R1, 1, ${INNER}, 64
cfg.dimi R1, 2, ${COLUMNS / 16}, ${64 * INNER}
cfg.dimi R2, 0, ${rows * INNER}, 4        # a tile of X
cfg.dimi R3, 0, ${rows * COLUMNS}, 4      # a tile of Y
cfg.dimi R4, 0, ${rows}, ${4 * INNER}     # pixels are rows
cfg.dimi R5, 0, ${INNER}, 4
cfg.dimi R6, 0, ${rows}, ${4 * COLUMNS}
cfg.dimi R6, 4, ${COLUMNS}, 64
li r1, ${wAt}
load wram, r0, r1, R1, R0, f32
li r2, 0                                  # X in DRAM
li r3, ${yAt}                             # Y in DRAM
li r4, 0                                  # X in NRAM
li r5, ${buffers * x}                     # Y in NRAM
li r6, ${buffers === 2 ? x : 0}
li r7, ${buffers === 2 ? 2 * x + (2 * x + y) : 2 * x}
loopi ${tiles}
  load nram, r4, r2, R2, R2, f32
  mma r5, r4, r0, R4, R5, R6, r0, r0, f32, clear, drain
  store nram, r3, r5, R3, R3, f32
  addi r2, r2, ${x}
  addi r3, r3, ${y}
  sub r4, r6, r4
  sub r5, r7, r5
endloop
halt
`;
}

const DESIGN: Design = { rows: 32, buffers: 1, order: 'out-of-order', versions: 1, entries: 256 };

function cyclesOf(changes: Partial<Design>, base = single, recorder?: TimelineRecorder): number {
  const design = { ...DESIGN, ...changes };
  const program = assembleProgram(layer(design), { file: 'layer.s', machine: machineOf(base, design) });
  const observer = recorder === undefined ? {} : { observer: recorder.observer };
  const state = createSimulation(program, { data: false, ...observer }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return state.result.cycles;
}

const values = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

/** Y of a design, and of plain loops. */
function results(versions: number): readonly [found: Float32Array, expected: Float32Array] {
  const design = { ...DESIGN, versions };
  const program = assembleProgram(layer(design), { file: 'layer.s', machine: machineOf(single, design) });
  const x = Float32Array.from({ length: ROWS * INNER }, (_, i) => (i * 7) % 5);
  const w = Float32Array.from({ length: INNER * COLUMNS }, (_, i) => ((i * 3) % 7) - 3);
  const expected = new Float32Array(ROWS * COLUMNS);
  for (let r = 0; r < ROWS; r++) {
    const row = expected.subarray(r * COLUMNS, (r + 1) * COLUMNS);
    for (let k = 0; k < INNER; k++) {
      const a = x[r * INNER + k]!;
      for (let c = 0; c < COLUMNS; c++) row[c]! += a * w[k * COLUMNS + c]!;
    }
  }
  const simulation = createSimulation(program, { data: true });
  simulation.writeInput('x', new Uint8Array(x.buffer));
  simulation.writeInput('w', new Uint8Array(w.buffer));
  simulation.run();
  return [values(simulation.readOutput('y')), expected];
}

export const exercise = defineExercise({
  id: '7.5',
  title: { en: 'Out-of-order execution', zh: '如何支持乱序执行？DLP 是否有必要？' },
  asked: {
    en: 'How could a deep-learning processor execute out of order, and is that needed? For the layer of 7.9 in tiles of 32 rows hand in the numbers `inOrder`, `oneBuffer`, `renamed`, the cycles in order with two buffers, out of order with one buffer, and out of order with it renamed; and `gain`, the second over the third. Real numbers to three digits. Cycles exactly.',
    zh: '深度学习处理器如何支持乱序执行？是否有必要？对 7.9 的层（32 行一块），请提交数值 `inOrder`、`oneBuffer`、`renamed`：顺序执行且两个缓冲、乱序且一个缓冲、乱序且对该缓冲重命名时的周期数；以及 `gain`：第二个与第三个之比。周期须准确，实数取三位有效数字。',
  },
  explanation: {
    en: `**How.** Operands are ranges of memory, not registers, so the scoreboard (J. Thornton, *Parallel Operation in the Control Data 6600*, 1964) compares byte ranges.
This system's design, which the machine file switches on (\`control.scoreboard\`):

- at dispatch an entry is compared with all before it that are not over: reading behind a write, writing behind a read, writing behind a write of an overlapping range;
- it starts when those it depends on are complete: \`in-order\` only at the head of its unit's queue, \`out-of-order\` from anywhere in it;
- \`versions\` renames: an entry that overwrites a range whole gets another copy of it, so that it need not wait for readers of the old one; that is double buffering
  done by hardware, and takes its memory;
- entries leave in the order of dispatch, so that a fault is precise, and at most \`entries\` are watched.

**Whether.** With 32 tiles of *load, multiply, store* and no \`sync\` at all, in-order queues end at the serial time, and so does out-of-order with one buffer: the next tile
has nowhere to go. Only both together overlap, as the double-buffered program of 7.9 does by itself: 157696 cycles become 133888, 1.18 times less. A compiler knows loops, addresses and sizes
ahead and places buffers and semaphores, so a network of large static layers does not need the hardware, its comparators and its copies. It helps where schedules cannot be known: many small or
irregular operators, dynamic shapes, sparsity, or a program that nobody scheduled.`,
    zh: `**如何支持。** 操作数是存储器中的区间而不是寄存器，因此记分牌（J. Thornton，*Parallel Operation in the Control Data 6600*，1964）比较的是字节区间。本系统的设计由机器文件开启（\`control.scoreboard\`）：

- 发射时，把该项与之前所有未完成的项比较：区间重叠的写后读、读后写、写后写；
- 所依赖的项都完成后才能开始：\`in-order\` 只允许各单元队列的队首开始，\`out-of-order\` 允许队列中任意一项开始；
- \`versions\` 为重命名：完整覆盖某区间的项得到该区间的另一个副本，不必等待旧副本的读者；这就是由硬件完成的双缓冲，要占用相应的存储；
- 各项按发射次序离开，因此异常是精确的；同时监视的项不超过 \`entries\` 个。

**是否必要。** 32 块*加载、相乘、写回*之间完全没有 \`sync\` 时，顺序队列只能达到串行时间；只有一个缓冲区的乱序也一样：下一块没有地方可放。两者同时具备才能重叠，而 7.9 的双缓冲程序自己就做到了：157696 周期变为 133888，即 1.18 倍。
编译器预先知道循环、地址与大小，可以安排缓冲区和信号量，因此由大而静态的层构成的网络不需要这些硬件及其比较器和副本。它有用之处在于无法预知调度的情形：大量小的或不规则的算子、动态形状、稀疏，或没有人调度过的程序。`,
  },
  rows: 4,
  code: [
    { path: 'src/sim/scoreboard.ts', words: { en: 'the scoreboard', zh: '记分牌' } },
    {
      path: 'src/machine/schema.ts',
      words: { en: 'control.scoreboard in the machine file', zh: '机器文件中的 control.scoreboard' },
    },
    { path: 'docs/control.md', words: { en: 'control and its queues', zh: '控制与队列' } },
  ],
  parameters: {
    order: {
      kind: 'choice',
      words: { en: 'order of starting', zh: '启动次序' },
      default: 'out-of-order',
      among: ['in-order', 'out-of-order'],
    },
    buffers: {
      kind: 'choice',
      words: { en: 'buffers of the program', zh: '程序的缓冲区数' },
      default: '1',
      among: ['1', '2'],
    },
    versions: {
      kind: 'whole',
      words: { en: 'versions that hardware renames to', zh: '硬件重命名的版本数' },
      default: 2,
      least: 1,
      most: 8,
    },
    entries: {
      kind: 'whole',
      words: { en: 'entries that are watched', zh: '监视的项数' },
      default: 256,
      least: 1,
      most: 256,
    },
    rows: {
      kind: 'choice',
      words: { en: 'rows of a tile', zh: '每块的行数' },
      default: '32',
      among: ['8', '16', '32'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  show(out, { order, buffers, versions, entries, rows, machine }) {
    const design = {
      order: order as Scoreboard['order'],
      buffers: Number(buffers),
      versions,
      entries,
      rows: Number(rows),
    };
    const designs: readonly Partial<Design>[] = [
      { order: 'in-order', buffers: 2, versions: 1 },
      { order: 'out-of-order', buffers: 1, versions: 1 },
      { order: 'in-order', buffers: 1, versions: 2 },
      { order: 'out-of-order', buffers: 2, versions: 1 },
      { order: 'out-of-order', buffers: 1, versions: 2 },
    ];
    const size = { rows: design.rows };
    const serial = cyclesOf({ ...size, order: 'in-order', buffers: 1, versions: 1 }, machine);
    const row = (d: Partial<Design>, mark = '') => {
      const cycles = cyclesOf({ ...size, ...d }, machine);
      return [
        `${d.order}${mark}`,
        d.buffers!,
        d.versions!,
        d.entries ?? DESIGN.entries,
        cycles,
        (serial / cycles).toFixed(4),
      ];
    };
    out.table(
      [
        { en: 'order', zh: '次序' },
        { en: 'buffers', zh: '缓冲区' },
        { en: 'versions', zh: '版本' },
        { en: 'entries', zh: '项数' },
        { en: 'cycles', zh: '周期' },
        { en: 'times faster', zh: '加速比' },
      ],
      [...designs.map((d) => row(d)), row(design, out.language === 'en' ? ' (yours)' : '（所选）')],
    );
    const recorder = new TimelineRecorder(20_000);
    const cycles = cyclesOf(design, machine, recorder);
    const to = Math.min(cycles, 24_000);
    const title =
      out.language === 'en' ? `The first ${to} of ${cycles} cycles` : `共 ${cycles} 周期，显示前 ${to} 周期`;
    const svg = timeline(recorder.spans, { title, to, end: cycles, language: out.language });
    out.picture('scoreboard', svg, {
      en: 'Timeline of DMA and matrix unit under the chosen scoreboard.',
      zh: '所选记分牌下 DMA 与矩阵单元的时间线。',
    });
    out.listing({ en: 'the layer without any sync', zh: '没有任何 sync 的该层程序' }, layer(design));
  },
  async check(check) {
    check
      .row(1)
      .equal(
        'in order, two buffers: the store of a tile holds up the load of the next',
        cyclesOf({ order: 'in-order', buffers: 2 }),
        157696,
      );
    check.row(2).equal('out of order, one buffer: the next tile has nowhere to go', cyclesOf({}), 157696);
    check.row(3).equal('out of order, one buffer renamed', cyclesOf({ versions: 2 }), 133888);
    check.row(3).equal('out of order, two buffers of the program', cyclesOf({ buffers: 2 }), 133888);
    check.equal(
      'in order, one buffer renamed: the queue is in the way',
      cyclesOf({ order: 'in-order', versions: 2 }),
      157696,
    );
    check.row(4).close('gain', cyclesOf({}) / cyclesOf({ versions: 2 }), 1.1778202676864242, 1e-12);
    await check.throws(
      'without a scoreboard nothing lets the product wait for its operands',
      () =>
        createSimulation(assembleProgram(layer(DESIGN), { file: 'layer.s', machine: single }), { data: false }).run(),
      /SYS-SIM-030/,
    );
    for (const versions of [1, 2]) {
      const [found, expected] = results(versions);
      check.holds(
        `results are those of the sequential program, ${versions} version(s)`,
        found.every((v, i) => v === expected[i]),
      );
    }
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (() => {
        const [inOrder, one, renamed] = [
          cyclesOf({ order: 'in-order', buffers: 2 }),
          cyclesOf({}),
          cyclesOf({ versions: 2 }),
        ];
        return [
          exact('inOrder', 'cycles in order, two buffers', '顺序执行、两个缓冲的周期', inOrder, [
            slip(
              renamed,
              'everything overlaps; the store of a tile holds up the load of the next',
              '认为全部重叠；实际上一块的写回挡住了下一块的读入',
            ),
          ]),
          exact('oneBuffer', 'cycles out of order, one buffer', '乱序、一个缓冲的周期', one, [
            slip(renamed, 'everything overlaps; the next tile has nowhere to go', '认为全部重叠；实际下一块无处可放'),
          ]),
          exact('renamed', 'cycles out of order, renamed', '乱序、重命名的周期', renamed, [
            slip(one, 'nothing overlaps', '认为没有重叠'),
          ]),
          real('gain', 'gain of renaming', '重命名的加速', one / renamed),
        ];
      })(),
    ),
});
