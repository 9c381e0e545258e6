/**
 * Exercise 7.3: how a deep-learning processor reads memory. The layer of 7.8 as a program with addresses: three instructions ask for all of its
 * traffic, in long runs whose addresses are known before it starts.
 */
import { defineExercise, judgeNumbers, layerWork } from 'systole/course';
import { assembleProgram, byOpcode } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { exact, slip } from '../numberFields.ts';
import { traced } from './2.ts';
import { LAYERS, serial } from './programs.ts';

const single = presets.get('textbook-single')!;
const LINE = 64;
const machine: Machine = { ...single, dma: { ...single.dma, burstBytes: LINE } };
const shape = LAYERS['7.8'];
const { x, w, y } = layerWork(shape, single);

const TEXT = `.dram ${x + w + y}
.fill 0, ${x + w}, f32 1
.output y, ${x + w}, f32[${shape.rows}, ${shape.columns}]
cfg.dimi R0, 0, ${x / 4}, 4
cfg.dimi R1, 0, ${w / 4}, 4
cfg.dimi R2, 0, ${y / 4}, 4
cfg.dimi R3, 0, ${shape.rows}, ${4 * shape.inner}
cfg.dimi R4, 0, ${shape.inner}, 4
cfg.dimi R5, 0, ${shape.rows}, ${4 * shape.columns}
cfg.dimi R5, 4, ${shape.columns}, 64
li r1, ${x}
li r2, ${x + w}
load nram, r0, r0, R0, R0, f32      # X
load wram, r0, r1, R1, R1, f32      # W
sync
mma r1, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
sync
store nram, r2, r1, R2, R2, f32     # Y
halt
`;

const program = () => assembleProgram(TEXT, { file: 'layer.s', machine });
const transfersOf = (words: BigUint64Array): number =>
  [...words].filter((word) => ['load', 'store', 'dma'].includes(byOpcode.get(Number(word >> 56n))!.unit)).length;

/** Transfers of a run in their order: DRAM address and lines. At 64 bytes a cycle a line is a cycle. */
function requests(): readonly { readonly name: string; readonly address: number; readonly lines: number }[] {
  return traced(program()).events.flatMap((event) => {
    if (!('start' in event) || (event.entry.kind !== 'load' && event.entry.kind !== 'store')) return [];
    const { dram, kind } = event.entry;
    const name = kind === 'store' ? 'Y' : dram === 0 ? 'X' : 'W';
    return [{ name, address: dram, lines: (event.cycle - event.start) * (LINE / 64) }];
  });
}

export const exercise = defineExercise({
  id: '7.3',
  title: { en: 'Memory accesses of the processor and of a CPU', zh: '单核 DLP 的访存行为与传统 CPU 的区别' },
  asked: {
    en: 'How do the memory accesses of a single-core deep-learning processor differ from those of a CPU? For the layer of 7.8 hand in the numbers `x`, `w`, `y`: its operands in lines of 64 bytes; and `transfers`: instructions that transfer in its serial program.',
    zh: '单核深度学习处理器的访存行为与传统 CPU 有什么区别？对 7.8 的层，请提交数值 `x`、`w`、`y`：各操作数以 64 字节的行计的行数；以及 `transfers`：其串行程序中传输指令的条数。',
  },
  explanation: {
    en: `A CPU asks for memory word by word inside its instructions: each load or store may miss, the hardware guesses what to fetch ahead, and the order of misses
depends on what the cache holds. Here a transfer is an instruction of its own:

- **few and large**: three instructions move all ${x + w + y} bytes of the layer of 7.8, which a CPU with lines of 64 bytes would fetch as ${(x + w + y) / LINE} lines;
- **known ahead**: address, size and strides stand in the instruction, so a transfer can begin long before its data are needed (double buffering) and runs at
  the full rate of the channel;
- **beside computation**: the DMA has its own queue; what must wait is said by \`sync\` or a semaphore;
- **separate streams**: weights go to WRAM, neurons to NRAM;
- **deterministic**: the order on the channel is that of the program, in every run.

What is lost is the help for irregular accesses: a gather of single words pays a whole burst for each (7.6).`,
    zh: `CPU 在指令中逐字访存：每次读写都可能缺失，硬件靠猜测预取，缺失的次序取决于缓存中的内容。这里传输本身就是指令：

- **少而大**：三条指令就搬运了 7.8 题该层的全部 ${x + w + y} 字节，而行长 64 字节的 CPU 要取 ${(x + w + y) / LINE} 行；
- **预先可知**：地址、大小与步长写在指令中，因此传输可以远在数据被用到之前开始（双缓冲），并以通道的全速进行；
- **与计算并行**：DMA 有自己的队列，需要等待之处由 \`sync\` 或信号量说明；
- **数据流分开**：权重送入 WRAM，神经元送入 NRAM；
- **确定**：通道上的次序就是程序的次序，每次运行都一样。

失去的是对不规则访问的支持：逐字收集数据时，每个字都要付出一次完整突发的代价（7.6）。`,
  },
  rows: 3,
  code: [
    { path: 'src/isa/instructions/transfer.ts', words: { en: 'load and store', zh: 'load 与 store 指令' } },
    { path: 'src/timing/dma.ts', words: { en: 'what a transfer costs', zh: '传输的代价' } },
  ],
  show(out) {
    const rows = requests().map(({ name, address, lines }) => [name, address, lines * LINE, lines]);
    out.table(
      [
        { en: 'operand', zh: '操作数' },
        { en: 'DRAM address', zh: 'DRAM 地址' },
        { en: 'bytes', zh: '字节' },
        { en: 'lines of 64 bytes', zh: '64 字节行数' },
      ],
      rows,
    );
    const count = transfersOf(program().words);
    out.print({
      en: `${count} instructions ask for all of it; a CPU would ask for ${rows.reduce((n, r) => n + Number(r[3]), 0)} lines.`,
      zh: `${count} 条指令完成全部访存；CPU 要请求 ${rows.reduce((n, r) => n + Number(r[3]), 0)} 行。`,
    });
    out.listing({ en: 'the layer with its addresses', zh: '写明地址的该层程序' }, TEXT);
  },
  check(check) {
    check.row(1).equal(
      'requests of X, W, Y as lines of 64 bytes',
      requests().map((r) => r.lines),
      [512, 2048, 256],
    );
    check.equal(
      'they begin where the operands lie',
      requests().map((r) => r.address),
      [0, x, x + w],
    );
    check.row(2).equal('instructions that transfer, with addresses', transfersOf(program().words), 3);
    const textbook = assembleProgram(serial(shape), { file: 'serial.s', machine: single });
    check.row(2).equal("and in the textbook's dialect", transfersOf(textbook.words), 3);
    const { events } = traced(program());
    const order = events.filter((event) => event.type === 'channel:grant').map((event) => event.pc);
    check.row(3).equal(
      'the channel serves them in the order of the program',
      order,
      order.toSorted((a, b) => a - b),
    );
    check.row(3).equal('and every run is the same, event by event', traced(program()).events, events);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      ...requests().map((r, i) => exact(['x', 'w', 'y'][i]!, `lines of ${'XWY'[i]}`, `${'XWY'[i]} 的行数`, r.lines)),
      exact('transfers', 'instructions that transfer', '传输指令条数', transfersOf(program().words), [
        slip(
          requests().reduce((sum, r) => sum + r.lines, 0),
          'each line is an instruction, as on a CPU',
          '把每行当作一条指令（如 CPU）',
        ),
        slip(transfersOf(program().words) - 1, 'the results are not stored', '漏掉了写回结果'),
      ]),
    ]),
});
