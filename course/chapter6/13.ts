/**
 * Exercise 6.13: the simulator runs three networks, and they stand under the roofline of 6.10. Analytic models bound what it says from below:
 * MACs are the same, cycles no fewer than the array's, and no point lies above the roof at its own operations a byte.
 *   systole plot roofline alexnet-paper vgg19 resnet152 --machine textbook-ch6 -o simulated.svg
 */

import { type Check, defineExercise } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram, randomInput, runAndCheck } from 'systole/flow';
import { type Machine, presets } from 'systole/machine';
import { buildModel } from 'systole/models';
import {
  type AnalyticLayer,
  arrayOfSize,
  attainable,
  charts,
  grouped,
  PAPER_ALEXNET,
  type RooflinePoint,
  roofOf,
  runReport,
  utilisation,
} from 'systole/report';
import { RESNET152, VGG19 } from './networks.ts';

const chapter6 = presets.get('textbook-ch6')!;

interface Network {
  readonly layers: readonly AnalyticLayer[];
  readonly macs: number;
  /** Of 256 multipliers that never wait. */
  readonly leastCycles: number;
  /** GFLOP/s of the analytic model, words of 32 and of 16 bits. */
  readonly analyticGflops: readonly [f32: number, f16: number];
}

const NETWORKS: Readonly<Record<string, Network>> = {
  'alexnet-paper': { layers: PAPER_ALEXNET, macs: 724406816, leastCycles: 2835514, analyticGflops: [69.208, 123.091] },
  vgg19: { layers: VGG19, macs: 19632062464, leastCycles: 76750592, analyticGflops: [339.755, 410.215] },
  resnet152: { layers: RESNET152, macs: 11513626624, leastCycles: 45015936, analyticGflops: [474.242, 507.862] },
};

type Effort = 'quick' | 'full';

/** One sample, timing alone. */
async function simulated(name: string, machine: Machine, effort: Effort) {
  const model = await buildModel(name, { weights: false });
  const options = { machine, engine: await sharedEngine(), batch: 1 };
  const { program } = await compileModel(model, effort === 'quick' ? { ...options, effort } : options);
  const run = async () => (await executeProgram(program, { data: false })).result;
  return { report: runReport({ name, program, result: await run(), fidelity: 'timing' }), again: run };
}

type Run = Awaited<ReturnType<typeof simulated>>['report'];

function pointOf({ model, macs, cycles, bytes, frequency }: Run): RooflinePoint {
  const traffic = bytes.read + bytes.write;
  return {
    name: model,
    kind: 'network',
    intensity: (2 * macs) / traffic,
    performance: (2 * macs * frequency) / cycles,
  };
}

/** The model of 6.8 on 256 multipliers, im2col, each word once. */
const analytic = ({ layers }: Network, bits: number) =>
  utilisation(layers, arrayOfSize(256, { kind: 'vector-mac', mapping: 'im2col', traffic: 'ideal' }), {
    bits,
    bytesPerCycle: chapter6.dram.bandwidth,
  }).total;

function checkAnalytic(check: Check): void {
  for (const [name, network] of Object.entries(NETWORKS)) {
    const [f32, f16] = [analytic(network, 32), analytic(network, 16)];
    check.equal(`multiply-accumulates of the layers: ${name}`, f32.macs, network.macs);
    check.equal(`cycles of 256 multipliers that never wait: ${name}`, f32.computeCycles, network.leastCycles);
    // A cycle is a nanosecond.
    const gflops = [f32, f16].map((t) => (2 * t.macs) / t.cycles);
    check.row(3).close(`GFLOP/s of the analytic model, 32 and 16 bits: ${name}`, gflops, network.analyticGflops, 1e-3);
  }
}

async function checkNetworks(check: Check, names: readonly string[], effort: Effort): Promise<void> {
  const points: RooflinePoint[] = [];
  for (const name of names) {
    const { macs, leastCycles } = NETWORKS[name]!;
    const { report, again } = await simulated(name, chapter6, effort);
    check.row(1).equal(`multiply-accumulates executed: ${name}`, report.macs, macs);
    check.row(2).atLeast(`cycles, no fewer than of multipliers that never wait: ${name}`, report.cycles, leastCycles);
    const point = pointOf(report);
    const roof = attainable(roofOf(chapter6), point.intensity);
    check.row(4).atMost(`operations a second, under the roof: ${name}`, point.performance, roof);
    check.row(5).equal(`cycles of a second run: ${name}`, (await again()).cycles, report.cycles);
    points.push(point);
  }
  const svg = (await charts()).rooflinePicture(chapter6, points);
  check.holds(
    'the roofline marks them',
    points.every((p) => svg.includes(p.name)),
  );
}

/** The largest difference between a small network's outputs and the host's, relative as every run is checked. */
async function smallDifference(name: string): Promise<number> {
  const engine = await sharedEngine();
  const model = await buildModel(name);
  const compiled = await compileModel(model, { machine: chapter6, engine, batch: 1 });
  const feeds = new Map(compiled.program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  const { check } = await runAndCheck(compiled, { engine, feeds });
  return check.maxRel;
}

export const exercise = defineExercise({
  id: '6.13',
  title: {
    en: 'Three networks on the simulator, under the roofline',
    zh: '实现周期精准的 DLP 模拟器，支持三个网络并标注到 Roofline',
  },
  asked: {
    en: 'Write a cycle-accurate simulator of the processor that runs three networks of different kinds, and mark them on the roofline of 6.10.',
    zh: '实现周期精准的深度学习处理器模拟器，能运行三个不同类型的网络，并把结果标注到 6.10 的 Roofline 上。',
  },
  explanation: {
    en: `The simulator is Systole's: control fetches, decodes and issues into queues; DMA, matrix unit, vector unit and scratchpads each have a state and a cost in whole cycles for every entry; DRAM is a channel of some bytes a cycle. It runs the
program of binary instructions that the compiler makes of a network. Two faces of it can be checked against each other: with data, outputs are held against the host's; without, the same events happen at the same cycles, which is enough for
networks of gigabytes.

A simulator is believed for reasons, and these are checked here:

- **Work**: multiply-accumulates executed are those of the layers, exactly: 724,406,816 (AlexNet of the paper), 19,632,062,464 (VGG19), 11,513,626,624 (ResNet152).
- **Bound below**: cycles are no fewer than those of multipliers that never wait.
- **Bound above**: no point lies above the roof at its own traffic,
$$\\frac{2\\,\\text{MAC}}{T} \\le \\min\\left(P_{peak},\\ \\frac{2\\,\\text{MAC}}{\\text{bytes}} \\cdot BW\\right).$$
- **The analytic model** of 6.8 (ideal traffic, perfect overlap inside a layer) gives 69.2, 339.8 and 474.2 GFLOP/s. The simulated networks come to 67.6, 339.5 and 376.2: AlexNet and VGG19 are within 3 %, ResNet152, whose many small layers each
fill and drain the pipeline and do not overlap perfectly, within 21 %.
- **Determinism**: a second run has the same cycles. **Results**: small networks (a CNN, an MLP, an LSTM) equal the host.

The quick check compiles AlexNet with the quick effort; \`--long\` all three with the full one.

Sources: S. Williams et al., *Roofline*, CACM 2009; K. Simonyan, A. Zisserman 2014; K. He et al. 2015.`,
    zh: `模拟器就是 Systole 自身：控制器取指、译码并发射到各队列；DMA、矩阵单元、向量单元和片上存储各有状态，队列中每一项都有整数周期的代价；DRAM 是每周期若干字节的通道。它运行编译器由网络生成的二进制指令程序。
它有两种可以互相印证的运行方式：带数据时，输出与主机结果比较；不带数据时，同样的事件发生在同样的周期，因而可用于数 GB 的网络。

模拟器之所以可信，须有理由，此处逐一检查：

- **工作量**：执行的乘累加次数与各层之和完全相等：724406816（论文版 AlexNet）、19632062464（VGG19）、11513626624（ResNet152）。
- **下界**：周期数不少于乘法器从不等待时的周期数。
- **上界**：没有一点高于其自身访存量所对应的屋顶，
$$\\frac{2\\,\\text{MAC}}{T} \\le \\min\\left(P_{peak},\\ \\frac{2\\,\\text{MAC}}{\\text{字节数}} \\cdot BW\\right)$$
- **解析模型**（6.8，理想访存、层内完全重叠）给出 69.2、339.8、474.2 GFLOP/s；模拟得到 67.6、339.5、376.2：AlexNet 与 VGG19 相差不到 3 %；ResNet152 有许多小层，每层都要填充和排空流水且不能完全重叠，相差不到 21 %。
- **确定性**：再次运行周期数相同。**结果**：小网络（CNN、MLP、LSTM）的输出与主机相同。

快速检查以 quick 力度编译 AlexNet；\`--long\` 以完整力度编译全部三个网络。

出处：S. Williams 等，*Roofline*，CACM 2009；K. Simonyan、A. Zisserman，2014；何恺明等，2015。`,
  },
  rows: 6,
  answeredBy: 'program',
  code: [
    { path: 'src/sim/control.ts', words: { en: 'Control: fetch, decode, issue', zh: '控制器：取指、译码、发射' } },
    { path: 'src/timing/matrix.ts', words: { en: 'Cycles of the matrix unit', zh: '矩阵单元的周期数' } },
    { path: 'src/timing/dma.ts', words: { en: 'Cycles of transfers', zh: '数据搬运的周期数' } },
    { path: 'src/report/runReport.ts', words: { en: 'What a run cost', zh: '一次运行的代价' } },
  ],
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'network', zh: '网络' },
      default: 'alexnet-paper',
      among: ['alexnet-paper', 'alexnet', 'vgg19', 'resnet152', 'lenet5', 'mlp', 'lstm'],
    },
    machine: { kind: 'machine', words: { en: 'machine', zh: '机器' }, default: 'textbook-ch6' },
    effort: {
      kind: 'choice',
      words: { en: 'effort of the compiler', zh: '编译力度' },
      default: 'quick',
      among: ['quick', 'full'],
    },
  },
  async show({ print, picture, language }, { network, machine, effort }) {
    const { report } = await simulated(network, machine, effort as Effort);
    const point = pointOf(report);
    const gflops = (n: number): string => (n / 1e9).toFixed(2);
    const [bytes, roof] = [report.bytes.read + report.bytes.write, attainable(roofOf(machine), point.intensity)];
    print({
      en: `${network} on ${machine.name}: ${grouped(report.cycles)} cycles, ${grouped(bytes)} bytes, ${gflops(point.performance)} GFLOP/s at ${point.intensity.toFixed(3)} FLOP/byte, ${gflops(roof)} attainable`,
      zh: `${network}，机器 ${machine.name}：${grouped(report.cycles)} 周期，${grouped(bytes)} 字节，每字节 ${point.intensity.toFixed(3)} 次运算，${gflops(point.performance)} GFLOP/s，可达 ${gflops(roof)}`,
    });
    const known = NETWORKS[network];
    if (known !== undefined) {
      const { macs, cycles } = analytic(known, 32);
      const rate = ((2 * macs) / cycles).toFixed(2);
      print({
        en: `the analytic model of 6.8 for 256 multipliers and 12.8 GB/s: ${rate} GFLOP/s`,
        zh: `6.8 的解析模型（256 个乘法器、12.8 GB/s）：${rate} GFLOP/s`,
      });
    }
    picture('roofline', (await charts()).rooflinePicture(machine, [point], { language }), {
      en: `${network} as simulated under the roofline of ${machine.name}`,
      zh: `模拟得到的 ${network} 在 ${machine.name} 的 Roofline 下`,
    });
  },
  async check(check) {
    checkAnalytic(check);
    await checkNetworks(check, ['alexnet-paper'], 'quick');
    for (const name of ['lenet5', 'mlp', 'lstm']) {
      check.row(6).atMost(`simulated outputs and the host's: ${name}`, await smallDifference(name), 1e-5);
    }
  },
  checkLong: (check) => checkNetworks(check, Object.keys(NETWORKS), 'full'),
});
