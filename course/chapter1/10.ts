/**
 * Exercise 1.10: a design of an intelligent computing system: the one of this project, which a reader varies and measures on a network from end
 * to end: framework, compiler, instruction set, processor, report.
 */
import { defineExercise, machineOfName, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { adderInput, adderModel, compileModel, digitInput, digitOf, lenet5Model, runAndCheck } from 'systole/flow';
import { type Tensor as Data, type Model, tensorNumbers } from 'systole/ir';
import { type Machine, macsPerCycle } from 'systole/machine';
import {
  charts,
  grouped,
  joulesText,
  percent,
  type RooflinePoint,
  type RunReport,
  reportJson,
  reportText,
  runReport,
} from 'systole/report';
import { fromModel, type Tensor, tensor } from 'systole/tensor';

/** What a reader decides of the processor; the rest is that of textbook-single. */
export interface Design {
  /** Multiply-accumulates a cycle: filters × lanes of the reduction. */
  readonly filters: number;
  readonly lanes: number;
  /** Operations a cycle of the vector unit. */
  readonly vector: number;
  /** KB of the scratchpads for neurons and weights. */
  readonly nram: number;
  readonly wram: number;
  /** Bytes a cycle of DRAM. */
  readonly bandwidth: number;
}

const DESIGN: Design = { filters: 16, lanes: 16, vector: 64, nram: 128, wram: 256, bandwidth: 64 };

/** The machine of a design: one validated document, which compiler, simulator and report obey. */
export const machineOf = ({ filters, lanes, vector, nram, wram, bandwidth }: Design): Machine =>
  machineOfName(
    [
      'textbook-single',
      ...[`matrix.tn=${filters}`, `matrix.ti=${lanes}`, `vector.lanes=${vector}`],
      ...[`nram.bytes=${1024 * nram}`, `wram.bytes=${1024 * wram}`, `dram.bandwidth=${bandwidth}`],
    ].join(','),
  );

/** Networks with an input each: those that come with the system. */
const NETWORKS = {
  lenet5: (batch: number): [Model, Data] => [lenet5Model(), digitInput(batch).feed],
  adder: (batch: number): [Model, Data] => {
    const additions = Array.from({ length: batch }, (_, i) => ({ a: i % 16, b: (7 * i) % 16, carry: i % 2 }));
    return [adderModel(), adderInput(additions)];
  },
} as const;

export type NetworkName = keyof typeof NETWORKS;

export interface Measured {
  readonly report: RunReport;
  /** Largest difference of the processor's outputs to the framework's, which runs the same model. */
  readonly off: number;
  /** Share of the multipliers' cycles that multiply. */
  readonly utilisation: number;
  readonly output: Data;
}

const measured = new Map<string, Promise<Measured>>();

/** Framework, compiler, processor and report: what `systole run` does. Each design is measured once. */
export function measure(network: NetworkName, batch: number, machine: Machine): Promise<Measured> {
  const key = `${network} ${batch} ${machine.name}`;
  let found = measured.get(key);
  if (found === undefined) {
    found = measureNew(network, batch, machine);
    measured.set(key, found);
  }
  return found;
}

async function measureNew(network: NetworkName, batch: number, machine: Machine): Promise<Measured> {
  const [model, feed] = NETWORKS[network](batch);
  const engine = await sharedEngine();
  const compiled = await compileModel(model, { machine, engine, batch });
  const feeds = new Map([[model.graph.inputs[0]!.name, feed]]);
  const { result, outputs, check } = await runAndCheck(compiled, { engine, feeds });
  const report = runReport({ name: network, program: compiled.program, result, fidelity: 'data', check, outputs });
  const [output] = [...outputs.values()] as [Data];
  const x = tensor(Float32Array.from(tensorNumbers(feed)), { shape: feed.dims });
  const [own] = [fromModel(model).forward(x)].flat() as [Tensor];
  const framework = await own.data();
  const off = tensorNumbers(output).reduce((most, v, i) => Math.max(most, Math.abs(v - Number(framework[i]))), 0);
  const utilisation = result.total.macs / (result.cycles * macsPerCycle(machine.matrix, 'f32'));
  return { report, off, utilisation, output };
}

/** The design and its neighbours: each changes one decision. */
const NEIGHBOURS: readonly { readonly words: Words; readonly change: (d: Design) => Design }[] = [
  { words: { en: 'the design', zh: '该设计' }, change: (d) => d },
  { words: { en: 'twice the filters', zh: '滤波器加倍' }, change: (d) => ({ ...d, filters: 2 * d.filters }) },
  {
    words: { en: 'half of the filters', zh: '滤波器减半' },
    change: (d) => ({ ...d, filters: Math.max(1, d.filters >> 1) }),
  },
  { words: { en: 'twice the bandwidth', zh: '带宽加倍' }, change: (d) => ({ ...d, bandwidth: 2 * d.bandwidth }) },
  {
    words: { en: 'half of the bandwidth', zh: '带宽减半' },
    change: (d) => ({ ...d, bandwidth: Math.max(1, d.bandwidth >> 1) }),
  },
  {
    words: { en: 'a quarter of the scratchpads', zh: '便笺存储减为四分之一' },
    change: (d) => ({ ...d, nram: Math.max(8, d.nram >> 2), wram: Math.max(8, d.wram >> 2) }),
  },
];

const sizes = (d: Design): string =>
  `${d.filters} × ${d.lanes}, ${d.vector}, ${d.nram} + ${d.wram} KB, ${d.bandwidth} B`;

const whole = (words: Words, value: number, least: number, most: number) =>
  ({ kind: 'whole', words, default: value, least, most }) as const;

export const exercise = defineExercise({
  id: '1.10',
  title: { en: 'A design of an intelligent computing system', zh: '假如请你设计一个智能计算系统，你打算如何设计？' },
  asked: {
    en: 'Design an intelligent computing system of your own: how is it built, and how do its users use it?',
    zh: '假如由你设计一个智能计算系统，你会怎样设计？用户如何使用它？',
  },
  explanation: {
    en: String.raw`A design is complete when it has decided these, and has been **measured**:

1. **Workload.** Which networks, which batch, which latency. Here: LeNet-5, one digit.
2. **Hardware.** Load, compute and store work side by side (as in VTA); a matrix unit of filters × lanes with accumulators, a vector unit for all else, scratchpads for neurons and weights, DMA. Sizes follow from the roofline: at $P$ operations a
   second and $B$ bytes a second the network must do $P/B$ operations for each byte, or bandwidth is the bound.
3. **Instruction set.** Few instructions of much work, loops and address records in hardware, order between units by semaphores.
4. **Compiler.** A graph, passes over it (folding, fusion), tiles and layouts by search against the same timing that the simulator has, a schedule that overlaps.
5. **Interface.** A model file or a framework in the user's language goes in; results, cycles, utilisation, traffic and energy come out, and every run is held against a reference.

The answer here is this system itself. "systole run lenet5 --machine my.json" is its use from the command line; the parameters of this exercise change the processor, and the table shows what changing one decision does. Cycles can never be below
$\max(\text{work}/\text{peak},\ \text{bytes}/\text{bandwidth})$, nor utilisation above 1: a report in which they were would have an error.

Sources: T. Moreau et al., *VTA: A Hardware–Software Blueprint*, IEEE Micro 39(5), 2019; S. Williams, A. Waterman and D. Patterson, *Roofline*, CACM 52(4), 2009.`,
    zh: String.raw`一个设计要作出以下决定，并且经过**测量**，才算完整：

1. **负载。** 哪些网络、多大的批、怎样的延迟要求。这里：LeNet-5，一张数字图像。
2. **硬件。** 装载、计算、存回并行工作（如 VTA）；滤波器 × 通道的矩阵单元及累加器，处理其余运算的向量单元，存放神经元与权重的便笺存储，DMA。规模由 Roofline 决定：每秒 $P$ 次运算、每秒 $B$ 字节时，
   网络每字节须做 $P/B$ 次运算，否则受限于带宽。
3. **指令集。** 少量而每条工作量大的指令，硬件循环与地址记录，单元间用信号量定序。
4. **编译器。** 计算图及其优化（折叠、融合），按与仿真器相同的时间模型搜索分块与数据布局，相互重叠的调度。
5. **接口。** 输入模型文件或用框架写的网络；输出结果、周期数、利用率、访存量与能耗，每次运行都与参考结果核对。

这里的答案就是本系统自身。命令行用法是 “systole run lenet5 --machine my.json”；本题的参数可改变处理器，表中给出改变单个决定的效果。周期数不可能低于
$\max(\text{work}/\text{peak},\ \text{bytes}/\text{bandwidth})$，利用率不可能高于 1；若报告中出现这种情况，必有错误。

来源：T. Moreau 等，*VTA: A Hardware–Software Blueprint*，IEEE Micro 39(5)，2019；S. Williams、A. Waterman、D. Patterson，*Roofline*，CACM 52(4)，2009。`,
  },
  code: [
    { path: 'docs/machine.md', words: { en: 'what a machine file decides', zh: '机器文件决定什么' } },
    { path: 'docs/isa.md', words: { en: 'the instruction set', zh: '指令集' } },
    { path: 'docs/compiler.md', words: { en: 'the compiler', zh: '编译器' } },
    { path: 'src/flow', words: { en: 'compile, run, check', zh: '编译、运行、核对' } },
  ],
  rows: 3,
  answeredBy: 'design',
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'network', zh: '网络' },
      ...{ default: 'lenet5', among: Object.keys(NETWORKS) },
    },
    batch: whole({ en: 'samples at once', zh: '一次处理的样本数' }, 1, 1, 64),
    filters: whole({ en: 'filters of the matrix unit', zh: '矩阵单元的滤波器数' }, DESIGN.filters, 1, 256),
    lanes: whole({ en: 'its lanes', zh: '矩阵单元每个滤波器的乘法器数' }, DESIGN.lanes, 1, 256),
    vector: whole({ en: 'lanes of the vector unit', zh: '向量单元的通道数' }, DESIGN.vector, 1, 1024),
    nram: whole({ en: 'KB for neurons', zh: '神经元存储（KB）' }, DESIGN.nram, 8, 4096),
    wram: whole({ en: 'KB for weights', zh: '权重存储（KB）' }, DESIGN.wram, 8, 4096),
    bandwidth: whole({ en: 'bytes a cycle of DRAM', zh: 'DRAM 每周期字节数' }, DESIGN.bandwidth, 1, 4096),
  },
  async show({ print, table, listing, picture, language }, { network: word, batch, ...design }) {
    const network = word as NetworkName;
    const rows: (string | number)[][] = [];
    const points: RooflinePoint[] = [];
    let own: Measured | undefined;
    for (const { words, change } of NEIGHBOURS) {
      const one = await measure(network, batch, machineOf(change(design)));
      own ??= one;
      const { report, off, utilisation } = one;
      const { cycles, bytes, energy, bound } = report;
      rows.push([
        ...[words[language], sizes(change(design)), cycles, bound.physical, percent(utilisation)],
        ...[bytes.read + bytes.write, joulesText(energy!.total), off.toExponential(1)],
      ]);
    }
    table(
      [
        { en: 'design', zh: '设计' },
        {
          en: 'filters × lanes, vector lanes, NRAM + WRAM, DRAM a cycle',
          zh: '滤波器 × 乘法器，向量通道，NRAM + WRAM，DRAM 每周期',
        },
        { en: 'cycles', zh: '周期数' },
        { en: 'bound', zh: '下界' },
        { en: 'MAC utilisation', zh: 'MAC 利用率' },
        { en: 'DRAM bytes', zh: 'DRAM 字节数' },
        { en: 'energy', zh: '能耗' },
        { en: 'difference to the framework', zh: '与框架之差' },
      ],
      rows,
    );
    const { report, output } = own!;
    if (network === 'lenet5') {
      const { digit, probability } = digitOf(output);
      print({
        en: `The digit is ${digit}, with probability ${probability.toFixed(3)}; it was drawn as ${digitInput(1).label}.`,
        zh: `识别结果为 ${digit}，概率 ${probability.toFixed(3)}；绘制的是 ${digitInput(1).label}。`,
      });
    }
    listing({ en: 'report of the design', zh: '该设计的报告' }, reportText(report, { language }));
    const machine = machineOf(design);
    const flops = 2 * report.macs;
    const traffic = report.bytes.read + report.bytes.write;
    points.push({ name: network, kind: 'network', intensity: flops / traffic, performance: flops / report.seconds });
    const { rooflinePicture, energyPicture } = await charts();
    picture('roofline', rooflinePicture(machine, points, { language }), {
      en: `Roofline of the design: ${network} at ${(flops / traffic).toPrecision(3)} operations a byte`,
      zh: `该设计的 Roofline：${network} 每字节 ${(flops / traffic).toPrecision(3)} 次运算`,
    });
    picture(
      'energy',
      energyPicture(report.energy!, { model: network, machine: 'textbook-single', language, most: 6 }),
      {
        en: `Where the energy of ${network} goes`,
        zh: `${network} 的能耗去向`,
      },
    );
    print({
      en: `${grouped(report.cycles)} cycles at ${machine.frequency / 1e9} GHz are ${(1e6 * report.seconds).toPrecision(3)} µs.`,
      zh: `${machine.frequency / 1e9} GHz 下 ${grouped(report.cycles)} 个周期为 ${(1e6 * report.seconds).toPrecision(3)} µs。`,
    });
  },
  async check(check) {
    const { off, report } = await measure('lenet5', 1, machineOf(DESIGN));
    check.row(1).atMost('LeNet-5 end to end: largest difference to the framework', off, 1e-5);
    check.row(1).holds('and the run held itself against the host', report.check?.ok === true);
    const json = reportJson(report) as unknown as Record<string, unknown>;
    const text = reportText(report);
    for (const [what, found] of [
      ['cycles', json.cycles],
      ['MAC utilisation', report.layers.find((l) => l.macs > 0)?.utilisation],
      ['DRAM bytes', report.bytes.read],
      ['energy', report.energy?.total],
    ] as const) {
      check.row(2).holds(`the report has ${what}`, typeof found === 'number' && Number.isFinite(found) && found > 0);
    }
    check.row(2).holds(
      'and says so to a reader',
      ['cycles', 'MACs', 'DRAM', 'energy'].every((word) => text.includes(word)),
    );
    // Designs of which one is bound by its multipliers and another by bandwidth.
    for (const design of [
      DESIGN,
      { ...DESIGN, filters: 2, lanes: 2 },
      { ...DESIGN, bandwidth: 2, filters: 32 },
      { ...DESIGN, nram: 16, wram: 16 },
    ]) {
      const machine = machineOf(design);
      const one = await measure('lenet5', 1, machine);
      const { cycles, bound, macs, bytes } = one.report;
      const name = sizes(design);
      check.row(3).atMost(`${name}: utilisation`, one.utilisation, 1);
      const compute = macs / macsPerCycle(machine.matrix, 'f32');
      const memory = (bytes.read + bytes.write) / design.bandwidth;
      check
        .row(3)
        .atLeast(`${name}: cycles against work ÷ peak and bytes ÷ bandwidth`, cycles, Math.max(compute, memory));
      check.row(3).atLeast(`${name}: cycles against the report’s bound`, cycles, bound.physical);
      check.atMost(`${name}: largest difference to the framework`, one.off, 1e-5);
    }
  },
});
