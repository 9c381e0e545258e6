/**
 * Exercise 7.6: what the DMA does with a descriptor. A 256 × 128 matrix of f32 lies in DRAM; columns of it are gathered into NRAM. In bursts of 64
 * bytes every segment costs a whole one; in plain bytes only what it holds.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { createSimulation } from 'systole/sim';
import { exact, slip } from '../numberFields.ts';

const single = presets.get('textbook-single')!;
const inBursts = (machine: Machine, burstBytes: number): Machine => ({
  ...machine,
  dma: { ...machine.dma, burstBytes },
});
const bursts = inBursts(single, 64);

const ROWS = 256;
const COLUMNS = 128;

/** Gathers `columns` columns from `from` on, row by row: the descriptor is two records, a base register each, and the instruction. */
const gather = (columns: number, from = 0, rows = ROWS): string => `.input matrix, 0, f32[${ROWS}, ${COLUMNS}]
.output columns, ${4 * ROWS * COLUMNS}, f32[${ROWS}, ${columns}]
.dram ${4 * ROWS * (COLUMNS + columns)}
cfg.dimi R1, 0, ${columns}, 4            # source: so many elements side by side,
cfg.dimi R1, 1, ${rows}, ${4 * COLUMNS}  # so many rows, a row of the matrix apart
cfg.dimi R2, 0, ${columns}, 4            # target: the same, densely
cfg.dimi R2, 1, ${rows}, ${4 * columns}
li r1, ${4 * from}
load nram, r0, r1, R2, R1, f32`;

function cyclesOf(text: string, machine: Machine): number {
  const program = assembleProgram(`${text}\nhalt`, { file: 'gather.s', machine });
  const state = createSimulation(program, { data: false, hazards: false }).run();
  if (state.state !== 'done') throw new Error(state.state);
  return state.result.cycles;
}

/** Columns 32 to 47, gathered into NRAM and stored one behind the other. */
function gathered(): readonly number[] {
  const text = `${gather(16, 32)}
sync
li r2, ${4 * ROWS * COLUMNS}
store nram, r2, r0, R2, R2, f32
halt`;
  const simulation = createSimulation(assembleProgram(text, { file: 'gather.s', machine: bursts }), { data: true });
  const matrix = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => i);
  simulation.writeInput('matrix', new Uint8Array(matrix.buffer));
  simulation.run();
  return [...new Float32Array(simulation.readOutput('columns').slice().buffer)];
}

/** The gather of 16 columns, and so many vector instructions of `elements` beside it; the vector unit takes 64 elements a cycle. */
const beside = (elements: number, times = 1): string => `${gather(16)}
li r3, 65536
cfg.dimi R3, 0, ${elements}, 4
${'vec.mov r3, r3, r3, R3, R3, R3, f32\n'.repeat(times)}`;

export const exercise = defineExercise({
  id: '7.6',
  title: { en: 'What the DMA does', zh: '简述 DMA 的工作过程及其关键要点' },
  asked: {
    en: 'Describe how DMA works, and its key points. Of a 256 × 128 matrix of 32-bit numbers hand in the numbers `wide`, `narrow`, `plain`: cycles of gathering 16 columns and of one column in bursts of 64 bytes, and of one column where only its bytes are moved (64 bytes a cycle).',
    zh: '简述 DMA 的工作过程及其关键要点。对 256 × 128 的 32 位矩阵，请提交数值 `wide`、`narrow`、`plain`：以 64 字节突发收集 16 列与 1 列所需的周期，以及只搬运 1 列自身字节时的周期（每周期 64 字节）。',
  },
  explanation: {
    en: `1. The program describes the transfer: source, target, size, strides, counts. Here these are two address records and their base registers, which dispatch copies into
   the queue entry, so that the program may change them at once.
2. The DMA waits its turn in its queue, and for the DRAM channel, which others may hold (arbitration).
3. It cuts the transfer into bursts, reads the source, buffers, writes the target, and counts until all is done.
4. It says so: the next entry of its queue begins, \`signal\` counts a semaphore up, \`sync\` is let go.

**Key points.** It runs *beside* computation: both together take the longer of the two, which double buffering lives on. Segments shorter than a burst waste the channel: with bursts of $b$ bytes and a
channel of $B$ bytes a cycle, $n$ segments of $s$ bytes take

$$ n\\,\\lceil s/b\\rceil\\,b\\,/\\,B \\text{ cycles instead of } n\\,s/B . $$

One column of the matrix here, 4 bytes in each of 256 rows, costs as much as sixteen. A stride is part of the descriptor, so no program loop is needed. Order is not given for free: who reads what the DMA writes waits
for it. Addresses are checked: a transfer that leaves its memory is refused.`,
    zh: `1. 程序描述传输：源、目的、大小、步长、次数。这里是两个地址记录及各自的基址寄存器，发射时复制到队列项中，因此程序可以马上改写它们。
2. DMA 在队列中排队，并等待可能被占用的 DRAM 通道（仲裁）。
3. 它把传输拆成突发，读源、缓冲、写目的，计数直到全部完成。
4. 完成后发出通知：队列中的下一项开始，\`signal\` 使信号量加一，\`sync\` 得以通过。

**要点。** 它与计算*并行*：两者合计只用较长者的时间，双缓冲正是依靠这一点。比突发短的段会浪费通道：突发为 $b$ 字节、通道每周期 $B$ 字节时，$n$ 段、每段 $s$ 字节需要

$$ n\\,\\lceil s/b\\rceil\\,b\\,/\\,B \\text{ 个周期，而不是 } n\\,s/B . $$

这里矩阵的一列（256 行，每行 4 字节）与十六列代价相同。步长属于描述符，不需要程序循环。次序不会自动保证：读取 DMA 所写数据者必须等待。地址要检查：越出存储器的传输会被拒绝。`,
  },
  rows: 5,
  code: [
    { path: 'src/timing/dma.ts', words: { en: 'cycles of a transfer', zh: '传输的周期' } },
    { path: 'src/isa/instructions/transfer.ts', words: { en: 'the instruction', zh: '传输指令' } },
    { path: 'src/timing/record.ts', words: { en: 'address records', zh: '地址记录' } },
  ],
  parameters: {
    columns: {
      kind: 'whole',
      words: { en: 'columns that are gathered', zh: '收集的列数' },
      default: 16,
      least: 1,
      most: 64,
    },
    burst: {
      kind: 'choice',
      words: { en: 'bytes of a burst', zh: '突发字节数' },
      default: '64',
      among: ['1', '16', '32', '64', '128'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  show(out, { columns, burst, machine }) {
    const set = inBursts(machine, Number(burst));
    const counts = [...new Set([1, 2, 4, 8, 16, 32, columns])].sort((a, b) => a - b);
    out.table(
      [
        { en: 'columns', zh: '列数' },
        { en: 'bytes', zh: '字节' },
        { en: `cycles, bursts of ${burst} bytes`, zh: `周期（突发 ${burst} 字节）` },
        { en: 'cycles, plain bytes', zh: '周期（按字节）' },
      ],
      counts.map((n) => [n, 4 * n * ROWS, cyclesOf(gather(n), set), cyclesOf(gather(n), inBursts(machine, 1))]),
    );
    out.listing({ en: 'the descriptor and its instruction', zh: '描述符与指令' }, gather(columns));
  },
  async check(check) {
    check.row(1).equal('256 segments of 64 bytes take as long as one block', cyclesOf(gather(16), bursts), 256);
    check.row(1).equal('in plain bytes, too', cyclesOf(gather(16), single), 256);
    check
      .row(2)
      .equal(
        '256 segments of 4 bytes: a burst each, or their bytes',
        [cyclesOf(gather(1), bursts), cyclesOf(gather(1), single)],
        [256, 16],
      );
    const expected = Array.from({ length: ROWS * 16 }, (_, i) => Math.floor(i / 16) * COLUMNS + 32 + (i % 16));
    check.row(3).equal('what is gathered is what stands there', gathered(), expected);
    await check
      .row(4)
      .throws('a descriptor that leaves DRAM', () => cyclesOf(gather(16, 0, 2 * ROWS), bursts), /SYS-SIM-020/);
    const together = [beside(64 * 100), beside(64 * 200), beside(64 * 200, 3)].map((text) => cyclesOf(text, bursts));
    check.row(5).equal(
      'with 100, 200, 600 cycles of computation beside it: the longer of the two',
      together,
      [100, 200, 600].map((n) => Math.max(256, n)),
    );
  },
  judge: (submission) =>
    judgeNumbers(
      submission,
      (() => {
        const [wide, narrow, plain] = [
          cyclesOf(gather(16), bursts),
          cyclesOf(gather(1), bursts),
          cyclesOf(gather(1), single),
        ];
        return [
          exact('wide', 'cycles of 16 columns', '16 列的周期', wide),
          exact('narrow', 'cycles of one column in bursts', '以突发收集 1 列的周期', narrow, [
            slip(
              plain,
              'only the bytes of the column are counted; every segment costs a whole burst',
              '只算了该列的字节；每段都要占一个完整的突发',
            ),
          ]),
          exact('plain', 'cycles of one column, its bytes alone', '只搬运 1 列字节的周期', plain, [
            slip(narrow, 'every segment costs a whole burst', '每段占了一个完整的突发'),
          ]),
        ];
      })(),
    ),
});
