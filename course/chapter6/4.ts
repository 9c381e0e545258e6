/**
 * Exercise 6.4: why instruction-level parallelism helps little in a deep-learning processor, and when it does. What an instruction costs to issue is
 * varied: an endless width of issue costs nothing, one instruction a cycle costs 1.
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram } from 'systole/isa';
import { type Machine, presets } from 'systole/machine';
import { percent } from 'systole/report';
import { createSimulation } from 'systole/sim';
import { innerSlices, LAYERS, rowTiles, rowTilesSerial } from '../chapter7/programs.ts';
import { real, slip } from '../numberFields.ts';

const single = presets.get('textbook-single')!;
const issuing = (cyclesPerInstruction: number): Machine => ({
  ...single,
  control: { ...single.control, cyclesPerInstruction },
});

/** Cycles and executed instructions of a program of the textbook's dialect. */
export function runAt(text: string, cost: number): { readonly cycles: number; readonly instructions: number } {
  const program = assembleProgram(text, { file: 'layer.s', machine: issuing(cost) });
  const run = createSimulation(program, { data: false }).run();
  if (run.state !== 'done') throw new Error(run.state);
  return { cycles: run.result.cycles, instructions: run.result.dynamicInstructions };
}

const slowerBy = (text: string, cost: number): number => runAt(text, cost).cycles / runAt(text, 0).cycles - 1;

const DOUBLE_BUFFERED = rowTiles(LAYERS['7.9'], 32);
const SERIAL = rowTilesSerial(LAYERS['7.9'], 32);
const SLICES = [8, 32, 128, 256] as const;

export const exercise = defineExercise({
  id: '6.4',
  title: {
    en: 'Instruction-level parallelism in a deep-learning processor',
    zh: '为什么指令级并行在 DLP 中作用不大？何时有用？',
  },
  asked: {
    en: 'Why does instruction-level parallelism matter so little in a deep-learning processor, and when would it be of use? Hand in the number `gain`: how many times as fast the layer of 7.9 is in tiles of 32 rows where transfers and computation overlap (issuing is free). Real numbers to three digits.',
    zh: '为什么指令级并行在深度学习处理器中作用不大？在什么情况下有用？请提交数值 `gain`：对 7.9 的层，以 32 行为一块，传输与计算重叠时快多少倍（发射不占时间）。实数取三位有效数字。',
  },
  explanation: {
    en: `An out-of-order, multiple-issue processor looks for independent instructions because each of them keeps a unit busy for a cycle or two. An instruction of
a deep-learning processor names a whole tile and keeps its unit busy for hundreds to millions of cycles. With $I$ executed instructions, each costing $c$ cycles to issue, and $T$
cycles of work, issuing can lengthen the run by no more than
$$\\frac{I \\cdot c}{T},$$
which for the double-buffered program of exercise 7.9 is less than 0.1 %: a wider issue has nothing to gain. What does pay is parallelism between *units*: while
the matrix unit works on one tile, the DMA brings the next. That needs queues and two buffers, not a window of instructions and renaming; the order is known when
the program is compiled.

Instruction-level parallelism is of use where instructions are short and of many kinds: small layers cut into many slices (last rows of the table), element-wise
operators between products, scalar address work, sparse networks whose next address hangs on data. There the share of issue grows with the number of instructions, as
measured here.

Source: S. Liu et al., *Cambricon: an instruction set architecture for neural networks*, ISCA 2016. The controller here issues in order into queues, one a unit: \`src/timing/decode\`.`,
    zh: `乱序、多发射处理器要寻找相互独立的指令，因为每条指令只占用部件一两个周期。深度学习处理器的一条指令描述整个分块，
会占用部件几百到几百万个周期。若共执行 $I$ 条指令，每条发射需 $c$ 个周期，而工作本身需 $T$ 个周期，则发射最多使运行时间增加
$$\\frac{I \\cdot c}{T}$$
对习题 7.9 的双缓冲程序，这不到 0.1 %：再宽的发射也无利可图。真正有收益的是*部件之间*的并行：矩阵单元计算一块时，DMA 搬运下一块。
这需要的是队列和两个缓冲区，而不是指令窗口和寄存器重命名；顺序在编译时就已知道。

当指令短小且种类繁多时，指令级并行才有用：切成许多片的小层（表中最后几行）、乘积之间的逐元素算子、标量地址计算、下一地址取决于数据的稀疏网络。
此时发射所占比例随指令条数增长，见这里的实测。

出处：刘少礼等，*Cambricon: an instruction set architecture for neural networks*，ISCA 2016。本系统的控制器按序发射到各部件的队列，见 \`src/timing/decode\`。`,
  },
  rows: 2,
  code: [
    {
      path: 'src/timing/decode/table.ts',
      words: { en: 'The controller: one instruction at a time, into queues', zh: '控制器：逐条指令，送入各队列' },
    },
    {
      path: 'course/chapter7/programs.ts',
      words: { en: 'The programs of chapter 7', zh: '第 7 章的程序' },
    },
  ],
  parameters: {
    cost: {
      kind: 'whole',
      words: { en: 'cycles that an instruction costs to issue', zh: '每条指令的发射周期数' },
      default: 1,
      least: 0,
      most: 64,
    },
  },
  show({ table, print }, { cost }) {
    const programs: [string, string][] = [
      ['7.9, ×32', DOUBLE_BUFFERED],
      ...SLICES.map((n): [string, string] => [`7.8, K ÷ ${n}`, innerSlices(LAYERS['7.8'], n)]),
    ];
    table(
      [
        { en: 'program', zh: '程序' },
        { en: 'instructions', zh: '指令数' },
        { en: 'cycles, issue free', zh: '周期（发射不计）' },
        { en: `cycles, ${cost} each`, zh: `周期（每条 ${cost}）` },
        { en: 'slower by', zh: '变慢' },
      ],
      programs.map(([name, text]) => {
        const [free, paid] = [runAt(text, 0), runAt(text, cost)];
        return [name, free.instructions, free.cycles, paid.cycles, percent(paid.cycles / free.cycles - 1)];
      }),
    );
    const [serial, overlapped] = [runAt(SERIAL, 0).cycles, runAt(DOUBLE_BUFFERED, 0).cycles];
    const gain = (serial / overlapped).toFixed(4);
    print({
      en: `7.9: ${serial} cycles one unit after the other, ${overlapped} with DMA and matrix unit side by side: ${gain} times as fast`,
      zh: `7.9：各部件依次工作 ${serial} 周期，DMA 与矩阵单元并行 ${overlapped} 周期，快到 ${gain} 倍`,
    });
  },
  check(check) {
    const [free, paid] = [runAt(DOUBLE_BUFFERED, 0), runAt(DOUBLE_BUFFERED, 1)];
    check.equal('7.9 double-buffered, issue free', free.cycles, 133888);
    check.holds('issue costs something', paid.cycles > free.cycles);
    check.row(1).atMost('7.9 double-buffered: slower by, 1 cycle an instruction', paid.cycles / free.cycles - 1, 0.002);
    check.atMost('which is bounded by instructions ÷ cycles', paid.cycles - free.cycles, paid.instructions);
    const gain = runAt(SERIAL, 0).cycles / free.cycles;
    check.row(2).close('7.9: gain of units side by side', gain, 1.1778202676864242, 1e-12);
    const slower = [8, 32, 256].map((n) => slowerBy(innerSlices(LAYERS['7.8'], n), 4));
    check.holds(
      `short instructions cost more, the more there are: ${slower.map(percent).join(', ')}`,
      slower[0]! < slower[1]! && slower[1]! < slower[2]!,
    );
    check.atMost('7.8 in 8 slices, 4 cycles an instruction', slower[0]!, 0.03);
    check.atLeast('7.8 in 256 slices, 4 cycles an instruction', slower[2]!, 0.2);
  },
  judge: (submission) =>
    judgeNumbers(submission, [
      real(
        'gain',
        'gain of units side by side',
        '单元并行的加速',
        runAt(SERIAL, 0).cycles / runAt(DOUBLE_BUFFERED, 0).cycles,
        [slip(2, 'both take the same time; computation is much longer', '假设两者用时相同；实际计算长得多')],
      ),
    ]),
});
