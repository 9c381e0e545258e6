/**
 * Exercise 1.8: intelligent computing systems of the second generation, processors for deep learning. Shown with the fully connected layer
 * of exercise 7.8 on the simulated one: written by hand, one step after the other, and compiled.
 */

import { Random } from 'systole/base';
import { defineExercise, machineOfName } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram, runAndCheck } from 'systole/flow';
import { type Tensor as Data, tensorNumbers, tensorOf } from 'systole/ir';
import { assembleProgram, type Program } from 'systole/isa';
import type { Machine } from 'systole/machine';
import { energyReport, joulesText, TimelineRecorder, timeline } from 'systole/report';
import type { Observer, SimulationResult } from 'systole/sim';
import { exportModel, matMul, type Tensor, tensor } from 'systole/tensor';

export interface Layer {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Y = X·W of exercise 7.8. */
export const LAYER: Layer = { rows: 32, inner: 256, columns: 128 };

/** X and W of small whole numbers, whose sums are exact in f32 in any order. */
function operands({ rows, inner, columns }: Layer): { readonly x: number[]; readonly w: number[] } {
  const random = new Random(18);
  const draw = (count: number): number[] => Array.from({ length: count }, () => random.integer(-8, 8));
  return { x: draw(rows * inner), w: draw(inner * columns) };
}

/** Everything in, everything computed, everything out, by the instruction set: `group` filters of W lie beside each other. */
const serialText = ({ rows, inner, columns }: Layer, group: number): string => `
.input  x, 0, f32[${rows}, ${inner}]
.input  w, ${4 * rows * inner}, f32[${inner * columns}]
.output y, ${4 * inner * (rows + columns)}, f32[${rows}, ${columns}]

        li       r1, ${4 * rows * inner}            # W in DRAM, Y in NRAM behind X
        li       r2, ${4 * inner * (rows + columns)}           # Y in DRAM
        cfg.dimi R0, 0, ${rows * inner}, 4      # X, one run
        cfg.dimi R1, 0, ${inner * columns}, 4     # W
        load     wram, r0, r1, R1, R1, f32
        load     nram, r0, r0, R0, R0, f32
        sync
        cfg.dimi R2, 0, ${rows}, ${4 * inner}      # pixels: rows of X
        cfg.dimi R3, 0, ${inner}, 4        # reduction: along a row
        cfg.dimi R4, 0, ${rows}, ${4 * columns}       # rows of Y
        cfg.dimi R4, 4, ${columns}, ${4 * group}       # its columns, in groups of ${group}
        mma      r1, r0, r0, R2, R3, R4, r0, r0, f32, clear, drain
        sync
        cfg.dimi R5, 0, ${rows * columns}, 4
        store    nram, r2, r1, R5, R5, f32
        halt
`;

/** W row by row as the matrix unit takes it: k-major by groups of filters. */
function packed(w: readonly number[], { inner, columns }: Layer, group: number): number[] {
  const out: number[] = [];
  for (let from = 0; from < columns; from += group) {
    const width = Math.min(group, columns - from);
    for (let k = 0; k < inner; k++) for (let n = 0; n < width; n++) out.push(w[k * columns + from + n]!);
  }
  return out;
}

interface Ran {
  readonly program: Program;
  readonly result: SimulationResult;
  /** The largest difference to the framework's product. */
  readonly off: number;
}

/** The framework's X·W. */
async function reference(layer: Layer): Promise<readonly number[]> {
  const { x, w } = operands(layer);
  const { rows, inner, columns } = layer;
  return [
    ...((await matMul(
      tensor(x, { shape: [rows, inner] }),
      tensor(w, { shape: [inner, columns] }),
    ).data()) as Float32Array),
  ];
}

const largest = (found: Data, expected: readonly number[]): number =>
  tensorNumbers(found).reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i]!)), 0);

/** The program written by hand, with data. The machine's matrix unit must be of kind dot. */
export async function byHand(
  layer: Layer,
  machine: Machine,
  observer?: Observer,
): Promise<Ran & { readonly text: string }> {
  const { rows, inner, columns } = layer;
  const group = machine.matrix.kind === 'dot' ? machine.matrix.tn : columns;
  const text = serialText(layer, group);
  const program = assembleProgram(text, { file: 'layer.s', machine });
  const { x, w } = operands(layer);
  const feeds = new Map([
    ['x', tensorOf('float32', [rows, inner], x)],
    ['w', tensorOf('float32', [inner * columns], packed(w, layer, group))],
  ]);
  const { result, outputs } = await executeProgram(program, { data: true, feeds, ...(observer ? { observer } : {}) });
  return { text, program, result, off: largest(outputs.get('y')!, await reference(layer)) };
}

/** The same layer from the framework through the compiler, in tiles that overlap. */
export async function compiled(layer: Layer, machine: Machine): Promise<Ran> {
  const { rows, inner, columns } = layer;
  const { x, w } = operands(layer);
  const weights = tensor(w, { shape: [inner, columns] });
  const model = await exportModel((input: Tensor) => matMul(input, weights), { x: [rows, inner] }, { outputs: ['y'] });
  const engine = await sharedEngine();
  const { program, ...rest } = await compileModel(model, { machine, engine });
  const feeds = new Map([['x', tensorOf('float32', [rows, inner], x)]]);
  const { result, outputs } = await runAndCheck({ program, ...rest }, { engine, feeds });
  return { program, result, off: largest(outputs.get('y')!, await reference(layer)) };
}

const DEFAULT = 'textbook-single';

export const exercise = defineExercise({
  id: '1.8',
  title: { en: 'The second generation of intelligent computing systems', zh: '第二代智能计算系统有什么特点？' },
  asked: {
    en: 'What characterises the second generation of intelligent computing systems?',
    zh: '第二代智能计算系统有哪些特点？',
  },
  explanation: {
    en: String.raw`The second generation is built for connectionism: deep networks, whose work is almost entirely multiply-accumulates in regular loops. Its processors (the DianNao family, designed from 2008 on and published from 2014;
Google's TPU, in use since 2015) have in common:

- **Units for vectors and matrices** that do hundreds to thousands of multiply-accumulates a cycle for one instruction, so that the 70 pJ which a simple processor spends on each instruction are shared by many operations.
- **Scratchpads instead of caches**, one for neurons and one for weights, since the reuse of a layer is known before it runs.
- **DMA beside computation**: loads of the next tile and stores of the last overlap with the work on this one.
- **Narrow numbers** where the network allows it.

The result is one to two orders of magnitude in energy and time over CPUs and GPUs of their day (DianNao: 117 times faster than a 2 GHz SIMD core and 21 times less energy).

The layer here, $Y=XW$ with $32\times256$ by $256\times128$, takes, one step after the other, $512+2048$ cycles for loads at 64 B a cycle, $4096$ for $2^{20}$ multiply-accumulates at 256 a cycle and $256$ for the store: $6912$. Compiled, they overlap.

Sources: T. Chen et al., *DianNao*, ASPLOS 2014; N. Jouppi et al., *In-Datacenter Performance Analysis of a Tensor Processing Unit*, ISCA 2017; M. Horowitz, *Computing's Energy Problem*, ISSCC 2014.`,
    zh: String.raw`第二代面向连接主义：深度网络的工作几乎全是规则循环中的乘加。其处理器（2008 年起设计、2014 年起发表的 DianNao 系列；2015 年投入使用的 Google TPU）有以下共同点：

- **向量与矩阵单元**，一条指令每周期完成数百至数千次乘加，于是简单处理器花在每条指令上的 70 pJ 由大量运算分摊。
- **以便笺存储代替缓存**，神经元与权重分开存放，因为一层的数据复用在运行之前就是已知的。
- **DMA 与计算并行**：装载下一块、存回上一块与当前块的计算重叠。
- 在网络允许之处使用**窄位宽**数据。

其结果是能效与速度比同时代的 CPU、GPU 高一到两个数量级（DianNao：比 2 GHz 的 SIMD 核快 117 倍，能耗低 21 倍）。

这里的层 $Y=XW$（$32\times256$ 乘 $256\times128$）若逐步执行，以每周期 64 字节装载需 $512+2048$ 周期，以每周期 256 次完成 $2^{20}$ 次乘加需 $4096$ 周期，存回需 $256$ 周期，共 $6912$。编译后的程序使它们重叠。

来源：T. Chen 等，*DianNao*，ASPLOS 2014；N. Jouppi 等，*In-Datacenter Performance Analysis of a Tensor Processing Unit*，ISCA 2017；M. Horowitz，*Computing's Energy Problem*，ISSCC 2014。`,
  },
  code: [
    { path: 'src/isa/instructions/mma.ts', words: { en: 'the matrix instruction', zh: '矩阵指令' } },
    { path: 'src/machine/presets/textbook-single.json', words: { en: 'the machine', zh: '所用的机器' } },
    {
      path: 'course/chapter7/programs.ts',
      words: { en: 'schedules of this layer in chapter 7', zh: '第 7 章中该层的各种调度' },
    },
  ],
  rows: 2,
  answeredBy: 'explanation',
  parameters: {
    rows: { kind: 'whole', words: { en: 'rows of X', zh: 'X 的行数' }, default: LAYER.rows, least: 1, most: 64 },
    inner: { kind: 'whole', words: { en: 'columns of X', zh: 'X 的列数' }, default: LAYER.inner, least: 1, most: 256 },
    columns: {
      kind: 'whole',
      words: { en: 'columns of W', zh: 'W 的列数' },
      default: LAYER.columns,
      least: 1,
      most: 128,
    },
  },
  async show({ print, table, listing, picture, language }, layer) {
    const machine = machineOfName(DEFAULT);
    const recorder = new TimelineRecorder();
    const hand = await byHand(layer, machine, recorder.observer);
    const flow = await compiled(layer, machine);
    const macs = layer.rows * layer.inner * layer.columns;
    table(
      [
        { en: 'program', zh: '程序' },
        { en: 'cycles', zh: '周期数' },
        { en: 'multiply-accumulates a cycle', zh: '每周期乘加数' },
        { en: 'instructions executed', zh: '执行的指令数' },
        { en: 'energy', zh: '能耗' },
        { en: 'largest difference to the framework', zh: '与框架结果的最大差' },
      ],
      (
        [
          [{ en: 'by hand, one after the other', zh: '手写，逐步执行' }, hand],
          [{ en: 'compiled', zh: '编译' }, flow],
        ] as const
      ).map(([words, { program, result, off }]) => [
        ...[words[language], result.cycles, (macs / result.cycles).toFixed(1), result.dynamicInstructions],
        ...[joulesText(energyReport(program, result)!.total), off],
      ]),
    );
    listing('layer.s', hand.text.trim());
    picture(
      'timeline',
      timeline(recorder.spans, { title: 'layer.s', to: hand.result.cycles, end: hand.result.cycles, language }),
      {
        en: 'Units over time: loads, then the product, then the store, none beside another',
        zh: '各单元随时间的活动：装载、乘法、存回依次进行，互不重叠',
      },
    );
    print({
      en: `${macs} multiply-accumulates for ${hand.result.dynamicInstructions} instructions: ${Math.round(macs / hand.result.dynamicInstructions)} for each.`,
      zh: `${hand.result.dynamicInstructions} 条指令完成 ${macs} 次乘加：平均每条 ${Math.round(macs / hand.result.dynamicInstructions)} 次。`,
    });
  },
  async check(check) {
    const machine = machineOfName(DEFAULT);
    const hand = await byHand(LAYER, machine);
    check.row(1).equal('the layer of 7.8, one step after the other: cycles', hand.result.cycles, 6912);
    check.row(2).equal('its largest difference to the framework’s product', hand.off, 0);
    const flow = await compiled(LAYER, machine);
    check.row(2).equal('the same, compiled', flow.off, 0);
    check.atMost('compiled, loads and stores overlap with the product: cycles', flow.result.cycles, 6911);
    check.atLeast('but not below the multiplier’s bound', flow.result.cycles, 4096);
  },
});
