/** Exercise 1.6: why intelligent computing systems are needed: where the energy of a network goes on a simple CPU and on a processor for it. */
import { defineExercise, machineOfName, type Words } from 'systole/course';
import { sharedEngine } from 'systole/engine';
import { compileModel, executeProgram } from 'systole/flow';
import type { Machine } from 'systole/machine';
import { buildModel } from 'systole/models';
import { charts, type EnergyReport, energyReport } from 'systole/report';
import { countedOnce } from '../networks.ts';

/** Instructions of a CPU for each multiply-accumulate: the operation and a load; with none for loops and addresses that is little. */
const INSTRUCTIONS_PER_MAC = 2;

/** Joules of one run on a simple CPU with the machine's energy figures. Its caches and register files are left out, in its favour. */
export interface CpuEnergy {
  /** The additions and multiplications themselves. */
  readonly arithmetic: number;
  /** Fetching, decoding and controlling the instructions. */
  readonly overhead: number;
  /** Each weight once from DRAM. */
  readonly weights: number;
  readonly total: number;
}

type Figures = NonNullable<Machine['energy']>;

const JOULES = 1e-12;

/** From the work of a network, counted on its graph; f32. */
export function cpuEnergy({ macs, parameters }: { macs: number; parameters: number }, figures: Figures): CpuEnergy {
  const arithmetic = macs * figures.mac * JOULES;
  const overhead = INSTRUCTIONS_PER_MAC * macs * figures.instruction * JOULES;
  const weights = 4 * parameters * figures.dram.read * JOULES;
  return { arithmetic, overhead, weights, total: arithmetic + overhead + weights };
}

/** Multiply-accumulates and parameters of a network of `systole/models`, one sample. */
export const workOf = async (network: string): Promise<{ readonly macs: number; readonly parameters: number }> => {
  const { macs, parameters } = (await countedOnce(await buildModel(network, { weights: false }), network)).totals;
  return { macs, parameters };
};

const simulated = new Map<string, Promise<EnergyReport | null>>();

/** The energy of a simulated run, time only, for so many samples at once; null where the machine has no figures. */
export function processorEnergy(network: string, machine: Machine, batch: number): Promise<EnergyReport | null> {
  const key = `${network} ${batch} ${JSON.stringify(machine)}`;
  let found = simulated.get(key);
  if (found === undefined) {
    found = (async () => {
      const model = await buildModel(network, { weights: false });
      const { program } = await compileModel(model, { machine, engine: await sharedEngine(), batch });
      return energyReport(program, (await executeProgram(program, { data: false })).result);
    })();
    simulated.set(key, found);
  }
  return found;
}

const millijoules = (joules: number): string => (1e3 * joules).toPrecision(4);

const [NETWORK, MACHINE] = ['alexnet-paper', 'textbook-single'];

export const exercise = defineExercise({
  id: '1.6',
  title: { en: 'Why intelligent computing systems are needed', zh: '为什么需要智能计算系统？' },
  asked: {
    en: 'Why are special systems needed for intelligent computing; what is wrong with general-purpose ones?',
    zh: '为什么需要专门的智能计算系统？通用系统有什么不足？',
  },
  explanation: {
    en: String.raw`Because the energy of general-purpose systems cannot meet the demand. In 45 nm an f32 multiplication takes 3.7 pJ and an addition 0.9 pJ, so a multiply-accumulate takes 4.6 pJ. A simple CPU spends about 70 pJ on
*each instruction* for fetching, decoding and control, whatever it computes. With two instructions for each multiply-accumulate the overhead is
$$\frac{2\cdot 70}{4.6}=30.4$$
times the arithmetic: 97 % of what the core spends does not compute. A processor for deep learning has one instruction for thousands of multiply-accumulates, so that its control costs next to nothing.

What is left is data: a word of 32 bits from DRAM takes 640 pJ, as much as 139 multiply-accumulates. For one sample the weights of a large network are read once and used once in its fully connected layers, and no processor can do
anything about that; with a batch they are shared. Hence the rest of the design: scratchpads, reuse by tiles, narrow numbers, compressed weights.

Source of the figures: M. Horowitz, *Computing's Energy Problem (and what we can do about it)*, ISSCC 2014.`,
    zh: String.raw`因为通用系统的能效满足不了应用需求。45 nm 工艺下，一次 f32 乘法耗 3.7 pJ，一次加法 0.9 pJ，一次乘加共 4.6 pJ。而简单 CPU *每条指令*都要花约 70 pJ 用于取指、译码与控制，与算什么无关。若每次乘加需两条指令，开销就是算术的
$$\frac{2\cdot 70}{4.6}=30.4$$
倍：核心消耗的能量中 97 % 不用于计算。深度学习处理器一条指令完成数千次乘加，控制的开销几乎可以忽略。

剩下的是数据：从 DRAM 读一个 32 位字耗 640 pJ，相当于 139 次乘加。只处理一个样本时，大型网络全连接层的权重读一次只用一次，任何处理器对此都无能为力；成批处理则可以分摊。于是有了其余的设计：便笺存储、分块复用、窄位宽、权重压缩。

数据来源：M. Horowitz，*Computing's Energy Problem (and what we can do about it)*，ISSCC 2014。`,
  },
  code: [
    { path: 'src/report/energy.ts', words: { en: 'energy of a run', zh: '一次运行的能耗' } },
    {
      path: 'src/machine/presets/textbook-single.json',
      words: { en: 'the figures, with their sources', zh: '所用数据及其来源' },
    },
  ],
  rows: 4,
  answeredBy: 'explanation',
  parameters: {
    network: {
      kind: 'choice',
      words: { en: 'network', zh: '网络' },
      ...{ default: NETWORK, among: ['lenet5', 'alexnet-paper', 'alexnet', 'resnet18', 'squeezenet', 'mobilenet-v2'] },
    },
    batch: { kind: 'whole', words: { en: 'samples at once', zh: '一次处理的样本数' }, default: 1, least: 1, most: 16 },
    machine: {
      kind: 'machine',
      words: { en: 'processor; its energy figures serve the CPU, too', zh: '处理器；其能耗数据也用于 CPU' },
      default: MACHINE,
    },
  },
  async show({ print, table, picture, language }, { network, batch, machine }) {
    if (machine.energy === undefined) {
      print({
        en: `${machine.name} has no energy figures; textbook-single has some.`,
        zh: `${machine.name} 没有能耗数据；textbook-single 有。`,
      });
      return;
    }
    const work = await workOf(network);
    const cpu = cpuEnergy({ macs: batch * work.macs, parameters: work.parameters }, machine.energy);
    const processor = (await processorEnergy(network, machine, batch))!;
    const { by, total } = processor;
    const onChip = by.nram + by.wram + by.accumulators + by.sharedRam;
    const rows: readonly (readonly [Words, number, number | undefined])[] = [
      [{ en: 'arithmetic', zh: '算术' }, cpu.arithmetic, by.matrix + by.vector + by.winograd],
      [{ en: 'instructions', zh: '指令' }, cpu.overhead, by.control],
      [{ en: 'memories on chip', zh: '片上存储' }, Number.NaN, onChip],
      [{ en: 'DRAM', zh: 'DRAM' }, cpu.weights, by.dram],
      [{ en: 'all', zh: '总计' }, cpu.total, total],
      [{ en: 'all but DRAM', zh: '除 DRAM 外' }, cpu.arithmetic + cpu.overhead, total - by.dram],
    ];
    table(
      [
        { en: `energy of ${network}, ${batch} at once, mJ`, zh: `${network} 的能耗，一次 ${batch} 个样本，mJ` },
        { en: 'simple CPU', zh: '简单 CPU' },
        machine.name,
        { en: 'ratio', zh: '比值' },
      ],
      rows.map(([words, a, b]) => {
        const ratio = b === undefined || Number.isNaN(a) || b === 0 ? '–' : (a / b).toPrecision(4);
        return [words[language], Number.isNaN(a) ? '–' : millijoules(a), millijoules(b ?? 0), ratio];
      }),
    );
    print({
      en: `The CPU is charged ${INSTRUCTIONS_PER_MAC} instructions for each multiply-accumulate and each weight once from DRAM; its caches are left out, in its favour. The processor is charged all that the simulated run did.`,
      zh: `CPU 按每次乘加 ${INSTRUCTIONS_PER_MAC} 条指令、每个权重从 DRAM 读一次计，不计缓存（对其有利）；处理器则计入仿真运行所做的一切。`,
    });
    const { energyPicture } = await charts();
    picture('energy', energyPicture(processor, { model: network, machine: machine.name, language, most: 8 }), {
      en: `Where the energy of ${network} goes on ${machine.name}: the whole run and the layers that take most`,
      zh: `${network} 在 ${machine.name} 上的能耗去向：整个运行及耗能最多的各层`,
    });
  },
  async check(check) {
    const machine = machineOfName(MACHINE);
    const { arithmetic, overhead, weights } = cpuEnergy(await workOf(NETWORK), machine.energy!);
    check.row(1).close('AlexNet, arithmetic, mJ', 1e3 * arithmetic, 3.3322713536, 1e-9);
    check.row(2).close('CPU, 2 instructions for each multiply-accumulate, mJ', 1e3 * overhead, 101.41695424, 1e-6);
    check.row(3).close('weights once from DRAM, mJ', 1e3 * weights, 39.01774336, 1e-6);
    check.row(4).close('overhead for each unit of arithmetic', overhead / arithmetic, 30.434782608695652, 1e-9);
    const { by } = (await processorEnergy(NETWORK, machine, 1))!;
    check.close('the processor’s arithmetic is the same, mJ', 1e3 * by.matrix, 1e3 * arithmetic, 1e-9);
    check.atMost('its instructions for each unit of arithmetic', by.control / by.matrix, 0.01);
    check.atLeast('and its DRAM brings at least the weights, mJ', 1e3 * by.dram, 1e3 * weights);
  },
});
