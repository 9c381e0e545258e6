/**
 * Exercise 6.7: instructions of whole layers load their unit unevenly; cut into tiles of at most so many cycles by a sequencer with loop counters they
 * are even, and compute the same. Both programs are executed, and the loads are those that the units had.
 */

import { defineExercise, judgeNumbers } from 'systole/course';
import { assembleProgram } from 'systole/isa';
import { presets } from 'systole/machine';
import {
  type ArrayUse,
  arrayOfSize,
  grouped,
  LoadRecorder,
  loadBalance,
  PAPER_ALEXNET,
  splitLoad,
  type UnitLoads,
  utilisation,
} from 'systole/report';
import { createSimulation } from 'systole/sim';
import { exact, real, slip } from '../numberFields.ts';

const machine = presets.get('textbook-single')!;
/** Of the matrix unit of that machine, and cycles of a tile. */
const [MULTIPLIERS, TILE] = [256, 1024];
const VECTOR: ArrayUse = { kind: 'vector-mac', mapping: 'im2col', traffic: 'ideal' };

/** Cycles of AlexNet's layers on an array of 256 multipliers that never waits. */
const layerCycles = (): readonly number[] =>
  utilisation(PAPER_ALEXNET, arrayOfSize(MULTIPLIERS, VECTOR), {
    bits: 32,
    bytesPerCycle: presets.get('textbook-ch6')!.dram.bandwidth,
  }).layers.map((l) => l.computeCycles);

/** Runs a program, and takes down what every instruction kept its unit busy for. */
function run(text: string, tile: number, data = false) {
  const program = assembleProgram(text, { file: 'layers.s', machine });
  const recorder = new LoadRecorder();
  const simulation = createSimulation(program, { data, observer: recorder.observer });
  for (const { name, dims } of data ? program.inputs : []) {
    const values = Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i));
    simulation.writeInput(name, new Uint8Array(values.buffer));
  }
  const state = simulation.run();
  if (state.state !== 'done') throw new Error(state.state);
  const loads = recorder.report(program, tile);
  const matrix = loads.units.find((u) => u.unit === 'matrix') as UnitLoads;
  return { simulation, cycles: state.result.cycles, instructions: state.result.dynamicInstructions, loads, matrix };
}

/** A layer of so many cycles as one instruction, or as a loop of tiles and what remains. */
const whole = (cycles: number): string => `compute MAC_32 ${MULTIPLIERS * cycles}`;
const tiled = (cycles: number, tile: number): string => {
  const [full, rest] = [Math.floor(cycles / tile), cycles % tile];
  const loop = full === 0 ? [] : full === 1 ? [whole(tile)] : [`loop ${full}`, whole(tile), 'endloop'];
  return [...loop, ...(rest > 0 ? [whole(rest)] : [])].join('\n');
};

const [ROWS, INNER, COLUMNS] = [32, 256, 128];

/** Y = X·W; `products` multiplies with X at r0, W at r0, Y at r1. */
const product = (products: string): string => `
  .dram 65536 * 4
  .input x, 0, f32[${ROWS}, ${INNER}]
  .input w, ${4 * ROWS * INNER}, f32[${INNER * COLUMNS}]
  .output y, ${4 * (ROWS * INNER + INNER * COLUMNS)}, f32[${ROWS}, ${COLUMNS}]
  cfg.dimi R0, 0, ${ROWS * INNER}, 4
  cfg.dimi R1, 0, ${INNER * COLUMNS}, 4
  cfg.dimi R2, 0, ${INNER}, 4
  cfg.dimi R3, 0, ${ROWS * COLUMNS}, 4
  li r1, ${4 * ROWS * INNER}
  li r2, ${4 * (ROWS * INNER + INNER * COLUMNS)}
  load nram, r0, r0, R0, R0, f32
  load wram, r0, r1, R1, R1, f32
  sync
${products}
  sync
  store nram, r2, r1, R3, R3, f32
  halt`;

const pixels = (rows: number): string => `
  cfg.dimi R4, 0, ${rows}, ${4 * INNER}
  cfg.dimi R5, 0, ${rows}, ${4 * COLUMNS}
  cfg.dimi R5, 4, ${COLUMNS}, 64`;

/** The whole product as one instruction, and as a hardware loop over tiles of some rows. */
const LARGE = `${pixels(ROWS)}
  mma r1, r0, r0, R4, R2, R5, r0, r0, f32, clear, drain`;
const TILES = `${pixels(8)}
  li r3, 0
  li r4, ${4 * ROWS * INNER}
  loopi ${ROWS / 8}
    mma r4, r3, r0, R4, R2, R5, r0, r0, f32, clear, drain
    addi r3, r3, ${8 * 4 * INNER}
    addi r4, r4, ${8 * 4 * COLUMNS}
  endloop`;

const bytesEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((v, i) => v === b[i]);

export const exercise = defineExercise({
  id: '6.7',
  title: { en: 'The load of an instruction, balanced', zh: '译码单元每条指令负载是否平衡？如何改进，重做 6.5/6.6' },
  asked: {
    en: "Is the load of the instructions of your decode unit balanced? Improve it, and do 6.5 and 6.6 again. Hand in the numbers `maxOverMean` and `maxOverMin` of the loads of AlexNet's layers (that of the paper, on 256 multipliers), an instruction for each layer; and `tiles`, of how many instructions of at most 1024 cycles the layers are made. Real numbers to three digits.",
    zh: '你的译码单元中，每条指令的负载是否平衡？请加以改进，并重做 6.5 与 6.6。请提交数值 `maxOverMean` 与 `maxOverMin`：AlexNet（论文版，256 个乘法器）每层一条指令时，各指令负载的最大值与平均值、最小值之比；以及 `tiles`：各层切成每条至多 1024 周期后的指令条数。实数取三位有效数字。',
  },
  explanation: {
    en: `It is not, if an instruction stands for a layer. With the multipliers of a 256-MAC unit the layers of AlexNet take from 16,128 to 874,800 cycles: the largest
load is 2.47 times the mean and 54 times the least, while a scalar instruction takes one cycle. Queues then fill up behind a long instruction, buffers have to hold whole layers, and nothing
that waits can begin.

The improvement is a fixed grain. A large operation is cut into tiles of at most $t$ cycles:
$$n_l = \\lceil C_l / t \\rceil,\\qquad \\frac{\\max}{\\text{mean}} = \\frac{t}{\\sum_l C_l \\,/ \\sum_l n_l} \\to 1.$$
With $t = 1024$ AlexNet is 2772 tiles, of which the largest is 1.001 times the mean. That does not cost 2772 instructions in memory: the cutting is done by a sequencer with loop counters in hardware,
so that a layer is \`loop n\`, one tile, \`endloop\`, whatever $n$ is.

In the instruction set of 6.5 this is \`loopi … endloop\` around \`mma\`, with \`addi\` for the addresses; each unit has its own queue. In the state machine of 6.6 the
loop instructions are a class of EXECUTE, and the end of a loop costs no state and no cycle. The check runs one product as a single instruction and as four tiles: results are the same, bit for bit.

Change the tile (\`--tile\`) to see what is paid for: small tiles are even, but more instructions are issued.

Sources: Y.-H. Chen, J. Emer, V. Sze, *Eyeriss*, ISCA 2016 (tiles as the unit of scheduling). The counters are \`src/isa/instructions/loop.ts\`; \`systole sim --stats\` prints these tables for any program.`,
    zh: `如果一条指令代表一层，负载就不平衡。在 256 个乘法器上，AlexNet 各层需 16128～874800 个周期：最大负载是平均值的 2.47 倍、最小值的 54 倍，而一条标量指令只需一个周期。
于是长指令后面队列堆满，缓冲区必须容纳整层数据，等待者无法开始。

改进办法是固定粒度：把大操作切成每块不超过 $t$ 个周期的分块：
$$n_l = \\lceil C_l / t \\rceil,\\qquad \\frac{\\max}{\\text{平均}} = \\frac{t}{\\sum_l C_l \\,/ \\sum_l n_l} \\to 1$$
取 $t = 1024$ 时，AlexNet 共 2772 块，最大块是平均值的 1.001 倍。这并不需要在存储器里放 2772 条指令：切分由带硬件循环计数器的定序器完成，一层就是 \`loop n\`、一个分块、\`endloop\`，与 $n$ 无关。

在 6.5 的指令集中，这就是包住 \`mma\` 的 \`loopi … endloop\`，地址由 \`addi\` 递增；每个部件有自己的队列。在 6.6 的状态机中，循环指令属于 EXECUTE 的一类，循环结束不占状态也不占周期。
检查时把同一个乘积分别用一条指令和四个分块运行：结果逐位相同。

改变分块大小（\`--tile\`）可以看到代价：分块越小越均匀，但发射的指令越多。

出处：Y.-H. Chen、J. Emer、V. Sze，*Eyeriss*，ISCA 2016（以分块为调度单位）。循环计数器见 \`src/isa/instructions/loop.ts\`；\`systole sim --stats\` 对任何程序打印这些表。`,
  },
  rows: 4,
  code: [
    { path: 'src/isa/instructions/loop.ts', words: { en: 'Hardware loops', zh: '硬件循环指令' } },
    { path: 'src/report/loads.ts', words: { en: 'Loads of executed instructions', zh: '统计已执行指令的负载' } },
    { path: 'src/report/analytic/loadBalance.ts', words: { en: 'Balance, and splitting', zh: '负载平衡度与切分' } },
  ],
  parameters: {
    tile: {
      kind: 'whole',
      words: { en: 'cycles that no tile is longer than', zh: '每个分块的最大周期数' },
      default: TILE,
      least: 16,
      most: 1_000_000,
    },
  },
  show({ table, print, listing }, { tile }) {
    const cycles = layerCycles();
    table(
      [
        { en: 'layer', zh: '层' },
        { en: 'cycles as one instruction', zh: '作为一条指令的周期' },
        { en: 'tiles', zh: '分块数' },
      ],
      PAPER_ALEXNET.map(({ name }, i) => [name, grouped(cycles[i]!), splitLoad(cycles[i]!, tile).length]),
    );
    const ratio = (n: number | null): string => (n === null ? '–' : n.toFixed(4));
    const [before, after] = [
      run(cycles.map(whole).join('\n'), tile),
      run(cycles.map((c) => tiled(c, tile)).join('\n'), tile),
    ];
    table(
      [
        { en: 'program', zh: '程序' },
        { en: 'of the matrix unit', zh: '矩阵单元指令' },
        { en: 'issued', zh: '发射指令' },
        { en: 'longest ÷ mean', zh: '最大 ÷ 平均' },
        { en: 'longest ÷ shortest', zh: '最大 ÷ 最小' },
        { en: 'cycles', zh: '周期' },
      ],
      [['layers', before] as const, ['tiles', after] as const].map(([name, r]) => [
        name,
        r.matrix.balance.count,
        r.instructions,
        ratio(r.matrix.balance.maxOverMean),
        ratio(r.matrix.balance.maxOverMin),
        grouped(r.cycles),
      ]),
    );
    const [large, small] = [run(product(LARGE), TILE, true), run(product(TILES), TILE, true)];
    const same = bytesEqual(large.simulation.readOutput('y'), small.simulation.readOutput('y'));
    print({
      en: `32 × 256 by 256 × 128: one instruction of ${large.matrix.balance.max} cycles, or ${small.matrix.balance.count} of ${small.matrix.balance.max}; the results are ${same ? 'the same, bit for bit' : 'different'}`,
      zh: `32 × 256 乘 256 × 128：一条 ${large.matrix.balance.max} 周期的指令，或 ${small.matrix.balance.count} 条 ${small.matrix.balance.max} 周期的指令；结果${same ? '逐位相同' : '不同'}`,
    });
    listing({ en: 'the product in tiles', zh: '分块的乘积' }, TILES);
  },
  check(check) {
    const cycles = layerCycles();
    const before = run(cycles.map(whole).join('\n'), TILE);
    check.equal(
      'loads that were executed are those of the layers',
      before.loads.instructions.map((i) => i.max),
      cycles,
    );
    const { balance, split } = before.matrix;
    check
      .row(1)
      .close(
        'a layer an instruction: max/mean, max/min',
        [balance.maxOverMean!, balance.maxOverMin!],
        [2.4681239450766244, 54.24107142857143],
        1e-9,
      );
    const tiles = cycles.map((c) => run(tiled(c, TILE), TILE).matrix.balance.count);
    check.row(2).equal('tiles executed of each layer', tiles, [408, 855, 571, 428, 286, 144, 64, 16]);
    check.row(2).equal(
      '  as the closed formula splits them',
      cycles.map((c) => splitLoad(c, TILE).length),
      tiles,
    );
    const after = run(cycles.map((c) => tiled(c, TILE)).join('\n'), TILE);
    check.row(3).close('tiles: max/mean', after.matrix.balance.maxOverMean!, 1.0010629466121486, 1e-9);
    check.row(3).equal('  which the report had foreseen of splitting them', after.matrix.balance, split);
    check
      .row(3)
      .close(
        '  and so does the formula',
        loadBalance(cycles.flatMap((c) => splitLoad(c, TILE))).maxOverMean!,
        1.0010629466121486,
        1e-9,
      );
    check.equal('the tiles take no cycle more', after.cycles, before.cycles);
    const [large, small] = [run(product(LARGE), TILE, true), run(product(TILES), TILE, true)];
    const y = large.simulation.readOutput('y');
    check
      .row(4)
      .holds(
        'one instruction and its tiles leave the same numbers, bit for bit',
        bytesEqual(small.simulation.readOutput('y'), y),
      );
    check
      .row(4)
      .atLeast('  of which so many differ from each other', new Set(new Float32Array(y.slice().buffer)).size, 1000);
    check.equal(
      '  instructions and cycles of each',
      [large, small].map((r) => [r.matrix.balance.count, r.matrix.balance.max]),
      [
        [1, 4096],
        [4, TILE],
      ],
    );
  },
  judge: (submission, { tile }) =>
    judgeNumbers(
      submission,
      (() => {
        const cycles = layerCycles();
        const { maxOverMean, maxOverMin } = loadBalance(cycles);
        const tiles = cycles.flatMap((c) => splitLoad(c, tile)).length;
        return [
          real('maxOverMean', 'largest load over the mean', '最大负载与平均之比', maxOverMean!, [
            slip(maxOverMin!, 'that is the largest over the least', '那是最大与最小之比'),
          ]),
          real('maxOverMin', 'largest load over the least', '最大与最小负载之比', maxOverMin!, [
            slip(maxOverMean!, 'that is the largest over the mean', '那是最大与平均之比'),
          ]),
          exact(
            'tiles',
            'instructions in tiles',
            '切块后的指令条数',
            tiles,
            [
              slip(
                cycles.reduce((sum, c) => sum + Math.floor(c / tile), 0),
                'what is left of each layer is dropped',
                '丢掉了各层的余数',
              ),
            ].filter((s) => s.value !== tiles),
          ),
        ];
      })(),
    ),
});
