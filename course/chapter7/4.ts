/**
 * Exercise 7.4: decoding on a deep-learning processor. The double-buffered program of 7.9: 130 instructions keep it busy for 133888 cycles.
 */
import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram, byOpcode, classOf } from 'systole/isa';
import { type Machine, presets, queuesOf } from 'systole/machine';
import { exact, real, slip } from '../numberFields.ts';
import { traced } from './2.ts';
import { LAYERS, rowTiles } from './programs.ts';

const single = presets.get('textbook-single')!;
const classOfWord = (word: bigint): string => classOf(byOpcode.get(Number(word >> 56n))!);

/** What the front end does in a run of the layer in row tiles. */
function frontEnd(rows: number, machine: Machine) {
  const text = rowTiles(LAYERS['7.9'], rows);
  const program = assembleProgram(text, { file: 'layer.s', machine });
  const { result, events } = traced(program);
  const classes = [...program.words].map(classOfWord);
  // The loop counts in hardware, and halt ends it.
  const bookkeeping = classes.filter((c) => c === 'loop' || c === 'halt').length;
  return {
    text,
    result,
    classes: new Set(classes),
    words: program.words.length,
    decoded: result.dynamicInstructions - bookkeeping,
    dispatched: events.filter((event) => event.type === 'dispatch').length,
  };
}

export const exercise = defineExercise({
  id: '7.4',
  title: { en: 'Decoding on the processor and on a CPU', zh: '单核 DLP 的指令译码过程与传统 CPU 的区别' },
  asked: {
    en: 'How does a single-core deep-learning processor decode instructions, compared with a CPU? For the layer of 7.9, double-buffered in tiles of 32 rows, hand in the numbers `instructions` (that are decoded, sync included) and `cycles`, those for each instruction. Real numbers to three digits.',
    zh: '单核深度学习处理器的指令译码过程与传统 CPU 有什么区别？对 7.9 的层，以 32 行为一块双缓冲，请提交数值 `instructions`（译码的指令条数，含 sync）与 `cycles`（平均每条指令的周期）。实数取三位有效数字。',
  },
  explanation: {
    en: `A CPU decodes several small instructions each cycle: it cuts them into micro-operations, renames registers, predicts branches and speculates. Here an
instruction is large: one \`compute\` of the layer here keeps the matrix unit busy for thousands of cycles. Control therefore needs little:

1. fetch a word, read its operands from the scalar registers (addresses, sizes) and take a snapshot of its address records;
2. do at once what concerns control alone (scalar arithmetic, branches, hardware loops);
3. hand everything else to the **queue** of its unit: compute, DMA; the unit's own sequencer makes the many small steps of it;
4. at \`sync\` wait until the queues are empty.

No renaming, no speculation, no branch prediction: loop counts are known. The figure that shows it is cycles executed for each instruction decoded, about a thousand
here, and a CPU is glad of one cycle for four instructions.`,
    zh: `CPU 每周期译码多条小指令：拆成微操作、重命名寄存器、预测分支并推测执行。这里一条指令很大：这里的层的一条 \`compute\` 就让矩阵单元忙上千个周期。因此控制部分要做的不多：

1. 取出指令字，从标量寄存器读取操作数（地址、大小），并对其地址记录做快照；
2. 只涉及控制的（标量运算、分支、硬件循环）立即完成；
3. 其余的交给相应单元的**队列**：计算、DMA；由单元内部的定序器展开为许多小步；
4. 遇到 \`sync\` 则等待各队列排空。

不需要重命名、推测执行与分支预测：循环次数是已知的。最能说明问题的是平均每译码一条指令执行的周期数，这里约为一千，而 CPU 能做到四条指令一个周期就很好了。`,
  },
  rows: 3,
  code: [
    { path: 'src/timing/decode/index.ts', words: { en: 'the state machine of decoding', zh: '译码状态机' } },
    { path: 'src/sim/dispatch.ts', words: { en: 'what is handed to the queues', zh: '送入队列的内容' } },
  ],
  parameters: {
    rows: {
      kind: 'choice',
      words: { en: 'rows of a tile', zh: '每块的行数' },
      default: '32',
      among: ['8', '16', '32', '64', '128'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-single' },
  },
  show(out, { rows, machine }) {
    const { text, words, decoded, dispatched, result, classes } = frontEnd(Number(rows), machine);
    out.table(
      [
        { en: 'of the front end', zh: '前端' },
        { en: 'number', zh: '数量' },
      ],
      [
        [out.language === 'en' ? 'instruction words' : '指令字', words],
        [
          out.language === 'en' ? 'instructions executed, without loop and halt' : '执行的指令（不含 loop 与 halt）',
          decoded,
        ],
        [out.language === 'en' ? 'handed to queues' : '送入队列', dispatched],
        [out.language === 'en' ? 'cycles' : '周期', result.cycles],
        [
          out.language === 'en' ? 'cycles for each instruction' : '每条指令的周期',
          (result.cycles / decoded).toFixed(2),
        ],
      ],
    );
    out.print({
      en: `Queues: ${queuesOf(machine).join(', ')}. Classes of its instructions: ${[...classes].join(', ')}.`,
      zh: `队列：${queuesOf(machine).join('、')}。其中的指令类别：${[...classes].join('、')}。`,
    });
    out.listing({ en: 'the program', zh: '程序' }, text);
  },
  check(check) {
    const { decoded, dispatched, result, classes } = frontEnd(32, single);
    check.row(1).equal('instructions with sync, B = 32', decoded, 130);
    check.atMost('those that queues take', dispatched, decoded - 1);
    check.row(2).close('cycles for each instruction', result.cycles / decoded, 1029.9076923076923, 1e-6);
    const working = result.units.filter((u) => u.entries > 0).map((u) => u.name);
    check.row(3).equal('queues that get work: DMA and compute', working, ['dma', 'matrix']);
    check.row(3).equal('and what control keeps for itself', [...classes].sort(), ['dispatch', 'halt', 'loop', 'sync']);
    check.row(3).equal('of the queues that there are', queuesOf(single), ['dma', 'matrix', 'vector']);
  },
  judge: (submission, { rows, machine }) =>
    judgeNumbers(
      submission,
      (() => {
        const { decoded, dispatched, result } = frontEnd(Number(rows), machine);
        return [
          exact('instructions', 'instructions that are decoded', '译码的指令条数', decoded, [
            slip(dispatched, 'only those of the queues are counted', '只算了进入队列的指令'),
          ]),
          real('cycles', 'cycles for each instruction', '每条指令的周期', result.cycles / decoded, [
            slip(result.cycles / dispatched, 'only instructions of the queues are counted', '只算了进入队列的指令'),
          ]),
        ];
      })(),
    ),
});
