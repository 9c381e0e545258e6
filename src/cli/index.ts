/**
 * Layer `cli`: all commands in one, the tree that commander parses with. A command's file, and with it what it stands on, is loaded
 * only where its name occurs in the arguments: help and mistakes need none of them.
 */
import { type CliCommand, define, withCommonOptions, withExamples } from './command.ts';
import type { Console } from './console.ts';
import type { Both } from './language.ts';

interface CommandEntry {
  readonly name: string;
  readonly summary: Both;
  /** Gives the command its arguments, options, examples and action. */
  readonly load: (argv: readonly string[]) => Promise<(command: CliCommand, console: Console) => void>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: {
      en: 'run a network on the processor, check its numbers against the host, and report every layer',
      zh: '在处理器上运行网络，与主机结果核对，并逐层报告',
    },
    load: async () => (await import('./commands/run.ts')).configureRun,
  },
  {
    name: 'train',
    summary: { en: 'train a network and save it as ONNX', zh: '训练网络并保存为 ONNX' },
    load: async () => (await import('./commands/train.ts')).configureTrain,
  },
  {
    name: 'optimize',
    summary: {
      en: 'simplify a network by graph passes and write it as ONNX',
      zh: '用图优化遍化简网络并写为 ONNX',
    },
    load: async () => (await import('./commands/optimize.ts')).configureOptimize,
  },
  {
    name: 'quantize',
    summary: {
      en: 'quantise a trained network to 8 bits, calibrated on data',
      zh: '把训练好的网络量化为 8 位（用数据校准）',
    },
    load: async () => (await import('./commands/quantize.ts')).configureQuantize,
  },
  {
    name: 'prune',
    summary: { en: 'set the smallest weights of a network to zero', zh: '把网络中最小的权重置零' },
    load: async () => (await import('./commands/prune.ts')).configurePrune,
  },
  {
    name: 'compile',
    summary: { en: 'compile a network to a program file that runs by itself', zh: '把网络编译成可独立运行的程序文件' },
    load: async () => (await import('./commands/compile.ts')).configureCompile,
  },
  {
    name: 'cache',
    summary: { en: 'tell or clear what compiling keeps for the next time', zh: '查看或清空编译缓存' },
    load: async () => (await import('./commands/cache.ts')).configureCache,
  },
  {
    name: 'exec',
    summary: { en: 'run a program file (.dlp) with the numbers', zh: '带数据运行程序文件（.dlp）' },
    load: async () => (await import('./commands/exec.ts')).configureExec,
  },
  {
    name: 'asm',
    summary: { en: 'assemble a file', zh: '汇编一个文件' },
    load: async () => (await import('./commands/asm.ts')).configureAsm,
  },
  {
    name: 'disasm',
    summary: { en: 'print a program file as assembly', zh: '把程序文件打印为汇编' },
    load: async () => (await import('./commands/disasm.ts')).configureDisasm,
  },
  {
    name: 'sim',
    summary: { en: 'simulate an assembly or program file', zh: '仿真汇编文件或程序文件' },
    load: async () => (await import('./commands/sim.ts')).configureSim,
  },
  {
    name: 'debug',
    summary: {
      en: 'step through a program, forward and back, and look into the processor',
      zh: '单步调试程序（可前进与后退），查看处理器内部',
    },
    load: async () => (await import('./commands/debug.ts')).configureDebug,
  },
  {
    name: 'summary',
    summary: {
      en: 'list layers, shapes, parameters, neurons and MACs of a network',
      zh: '列出网络各层的形状、参数、神经元与乘加数',
    },
    load: async () => (await import('./commands/summary.ts')).configureSummary,
  },
  {
    name: 'report',
    summary: {
      en: 'write a run as a page that opens from disk: layers, roofline, timeline, memory, program',
      zh: '将一次运行写为可离线打开的网页：各层、Roofline、时间线、存储、程序',
    },
    load: async () => (await import('./commands/report.ts')).configureReport,
  },
  {
    name: 'diff',
    summary: {
      en: 'compare two runs, machines or networks, in the terminal or as a page',
      zh: '对比两次运行、两台机器或两个网络，显示在终端或写为网页',
    },
    load: async () => (await import('./commands/diff.ts')).configureDiff,
  },
  {
    name: 'explain',
    summary: {
      en: 'why a layer takes its time: schedules considered, the loop nest chosen, where the cycles went',
      zh: '解释某一层的用时：考虑过的调度、所选循环、周期去向',
    },
    load: async () => (await import('./commands/explain.ts')).configureExplain,
  },
  {
    name: 'advise',
    summary: {
      en: 'what to change next: rules propose, runs confirm what each change saves',
      zh: '下一步改什么：规则提出修改，运行确认节省',
    },
    load: async () => (await import('./commands/advise.ts')).configureAdvise,
  },
  {
    name: 'explore',
    summary: {
      en: 'search a space of machines and networks for the best designs',
      zh: '在机器与网络的设计空间中搜索最优设计',
    },
    load: async () => (await import('./commands/explore.ts')).configureExplore,
  },
  {
    name: 'worker',
    summary: {
      en: 'evaluate points of searches submitted elsewhere (explore --queue)',
      zh: '评估别处提交的搜索点（explore --queue）',
    },
    load: async () => (await import('./commands/worker.ts')).configureWorker,
  },
  {
    name: 'utilisation',
    summary: {
      en: 'how busy a network keeps an array of multipliers, by analytic models and without simulation',
      zh: '用解析模型（不做仿真）估算网络对乘法器阵列的利用率',
    },
    load: async () => (await import('./commands/utilisation.ts')).configureUtilisation,
  },
  {
    name: 'estimate',
    summary: {
      en: "on paper, without simulation: what fusion saves, Amdahl's law, fully connected layers, tilings",
      zh: '纸面估算（不做仿真）：算子融合、Amdahl 定律、全连接层、分块',
    },
    load: async () => (await import('./commands/estimate.ts')).configureEstimate,
  },
  {
    name: 'parallel',
    summary: {
      en: 'a training step on several devices: data, model and pipeline parallel, with what overlaps, what waits, bytes and memory',
      zh: '多设备上的一个训练步：数据、模型、流水线并行，哪些步骤重叠或等待，通信字节与内存',
    },
    load: async () => (await import('./commands/parallel.ts')).configureParallel,
  },
  {
    name: 'plot',
    summary: {
      en: 'pictures: roofline, timeline, memory, energy, utilisation, activations, training, machine',
      zh: '图：roofline、timeline、memory、energy、utilisation、activations、training、machine',
    },
    load: async () => (await import('./commands/plot.ts')).configurePlot,
  },
  {
    name: 'scalesim',
    summary: {
      en: "SCALE-Sim's reports of a topology on a systolic array, from its own files",
      zh: '读取 SCALE-Sim 的文件，给出拓扑在脉动阵列上的 SCALE-Sim 报告',
    },
    load: async () => (await import('./commands/scalesim.ts')).configureScalesim,
  },
  {
    name: 'course',
    summary: {
      en: 'the exercises of AI Computing Systems: run them, check their figures, judge answers',
      zh: '《智能计算系统》习题：运行、核对数值、评判答案',
    },
    load: async (argv) => (await import('./commands/course.ts')).courseFor(argv),
  },
  {
    name: 'machine',
    summary: { en: 'list, show and check processors', zh: '列出、查看、检查处理器' },
    load: async () => (await import('./commands/machine.ts')).configureMachine,
  },
];

/** Names of all commands, as they are typed. */
export const commandNames = (): readonly string[] => COMMANDS.map(({ name }) => name);

export async function buildProgram(console: Console, version: string, argv: readonly string[]): Promise<CliCommand> {
  const program = define(console, 'systole', {
    en: 'Bring a neural network, run it on a deep-learning processor you can see through.',
    zh: '带来一个神经网络，在一台看得透的深度学习处理器上运行它。',
  });
  withExamples(console, program, [
    { run: 'systole run', does: { en: 'add two numbers on the processor', zh: '在处理器上做一次加法' } },
    {
      run: 'systole run mnist.onnx --input digit.png --top 3',
      does: { en: 'a network on a picture', zh: '用网络处理一张图片' },
    },
    { run: 'systole run --help', does: { en: 'all options of a command', zh: '某个命令的全部选项' } },
  ]);
  // What stands behind a command's name is that command's, as where a part has an option of its command's name.
  program.enablePositionalOptions();
  program.version(version, '--version', console.text({ en: 'print the version', zh: '显示版本' }));
  for (const { name, summary, load } of COMMANDS) {
    const command = define(console, name, summary);
    if (argv.includes(name)) (await load(argv))(command, console);
    program.addCommand(command);
  }
  return withCommonOptions(console, program);
}
