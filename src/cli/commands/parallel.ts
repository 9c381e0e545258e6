/**
 * `systole parallel MODEL --devices N --links …`: what a training step takes on several devices, by data, model (tensor) and pipeline parallelism:
 * table, timeline, bytes, memory, and which steps overlap or wait (docs/parallel.md).
 */
import { extname } from 'node:path';
import { Argument } from 'commander';
import { diagnostic } from '#base';
import type { Half } from '#flow';
import {
  ALL_REDUCES,
  type AllReduce,
  type Cluster,
  figureDevice,
  gradientExchange,
  machineDevice,
  OPTIMISERS,
  type OptimiserName,
  type ParallelReport,
  parallelCsv,
  parallelMarkdown,
  parallelSchema,
  parallelText,
  SCHEDULES,
  type Schedule,
  STRATEGIES,
  type Strategy,
  samplesOf,
  stepPicture,
  strategyReport,
} from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { checkWritable, writeFile } from '../files.ts';
import { loadMachine } from '../machine.ts';
import { MODEL_ARGUMENT } from '../model.ts';
import { withTypeOption } from '../modelOptions.ts';
import { openModel } from '../openModel.ts';
import { byteSize, type Links, links } from '../parallel/links.ts';
import { Pricer } from '../parallel/pricing.ts';
import { png, withFont } from '../png.ts';
import { textStyle } from '../style.ts';
import { choice, positive, sizes, whole } from '../values.ts';

const PARALLEL = answer('parallel', 'a training step on several devices (docs/parallel.md)', parallelSchema);

const FORMATS = ['text', 'markdown', 'csv', 'json'] as const;
const FORWARD = ['simulate', 'bound'] as const;

/** More make no step that anyone could read, and take long. */
const MOST_DEVICES = 1024;
const MOST_MICRO_BATCHES = 1024;

interface Options {
  readonly devices: number;
  readonly perNode?: number;
  readonly links?: Links;
  readonly batch?: number;
  readonly dim?: Readonly<Record<string, number>>;
  readonly dtype: 'f32' | Half;
  readonly deviceMachine?: string;
  readonly forward?: (typeof FORWARD)[number];
  readonly peak?: number;
  readonly bandwidth?: number;
  readonly strategy: Strategy | 'all';
  readonly microBatches?: number;
  readonly schedule: Schedule;
  readonly allReduce: AllReduce;
  readonly bucket: number;
  readonly overlap: boolean;
  readonly optimiser: OptimiserName;
  readonly memory?: number;
  readonly output?: string;
  readonly scale: number;
  readonly format: (typeof FORMATS)[number];
}

const twoDevices = diagnostic<{ option: string }>('SYS-CLI-240', 'usage', {
  en: (p) =>
    `${p.option} and --peak with --bandwidth both say what a device is. Give a machine (--device-machine NAME, or a file), or figures.`,
  zh: (p) => `${p.option} 与 --peak、--bandwidth 都指定了设备。请给出机器（--device-machine 名称或文件），或给出数值。`,
});
const halfFigures = diagnostic<{ given: string; missing: string }>('SYS-CLI-241', 'usage', {
  en: (p) => `${p.given} is given without ${p.missing}: a device needs both its peak and the bandwidth of its memory.`,
  zh: (p) => `给出了 ${p.given} 而没有 ${p.missing}：设备需要峰值与存储带宽两者。`,
});
const noLink = diagnostic<{ devices: number; machines: number; which: 'intra' | 'inter' }>('SYS-CLI-242', 'usage', {
  en: (p) =>
    `${p.devices} devices ${p.machines === 1 ? 'in one machine' : `in ${p.machines} machines`} exchange data, and --links has no ${p.which}. ` +
    `Say how fast these links are: --links ${p.machines === 1 ? 'intra=300,2us' : 'intra=300,2us,inter=12.5,10us'} (GB/s, latency).`,
  zh: (p) =>
    `${p.devices} 个设备（${p.machines} 台机器）需要交换数据，而 --links 中没有 ${p.which}。` +
    `请给出链路速度：--links ${p.machines === 1 ? 'intra=300,2us' : 'intra=300,2us,inter=12.5,10us'}（GB/s，延迟）。`,
});
const wholeMachines = diagnostic<{ devices: number; perNode: number }>('SYS-CLI-243', 'usage', {
  en: (p) =>
    `--devices ${p.devices} with --per-node ${p.perNode} leaves a machine that is not full. Give a multiple of ${p.perNode}, or no more than ${p.perNode}.`,
  zh: (p) =>
    `--devices ${p.devices} 与 --per-node ${p.perNode} 使一台机器未满。请给出 ${p.perNode} 的倍数，或不大于 ${p.perNode}。`,
});
const unevenBatch = diagnostic<{ batch: number; parts: number; strategy: Strategy; nearest: number }>(
  'SYS-CLI-244',
  'usage',
  {
    en: (p) =>
      `--batch ${p.batch} cannot be dealt into ${p.parts} equal ${p.strategy === 'data' ? 'parts, one a device (--strategy data)' : 'micro-batches (--strategy pipeline)'}. ` +
      `Take a multiple of ${p.parts}, such as ${p.nearest}${p.strategy === 'pipeline' ? ', or other --micro-batches' : ''}.`,
    zh: (p) =>
      `--batch ${p.batch} 无法等分为 ${p.parts} 份（${p.strategy === 'data' ? '每设备一份，--strategy data' : '微批次，--strategy pipeline'}）。` +
      `请取 ${p.parts} 的倍数，例如 ${p.nearest}${p.strategy === 'pipeline' ? '，或更改 --micro-batches' : ''}。`,
  },
);
const otherEnding = diagnostic<{ path: string }>('SYS-CLI-245', 'usage', {
  en: (p) => `-o ${p.path}: the timeline is written as a picture; give a name that ends in .svg or .png`,
  zh: (p) => `-o ${p.path}：时间线写为图片；请使用 .svg 或 .png 结尾的文件名`,
});
const noForward = diagnostic<object>('SYS-CLI-246', 'usage', {
  en: () =>
    '--forward is for a machine: with --peak and --bandwidth nothing is simulated. Leave it out, or give --device-machine.',
  zh: () => '--forward 用于机器：给出 --peak 与 --bandwidth 时不做仿真。请去掉它，或给出 --device-machine。',
});

const idleOption = diagnostic<{ option: string; strategy: Strategy }>('SYS-CLI-247', 'usage', {
  en: (p) =>
    `${p.option} is for --strategy ${p.strategy}, which is not asked for. Leave it out, or ask for that strategy.`,
  zh: (p) => `${p.option} 用于 --strategy ${p.strategy}，而没有要求该策略。请去掉它，或要求该策略。`,
});

export function configureParallel(command: CliCommand, console: Console): void {
  const t = console.text.bind(console);
  withExamples(console, command, [
    {
      run: 'systole parallel vgg19 --devices 8 --links intra=300,2us --peak 60000 --bandwidth 2000',
      does: {
        en: 'exercise 5.3: eight devices of 60 TFLOP/s in one machine',
        zh: '习题 5.3：一台机器内 8 个 60 TFLOP/s 的设备',
      },
    },
    {
      run: 'systole parallel resnet152 --devices 32 --per-node 8 --links intra=300,2us,inter=12.5,10us --peak 60000 --bandwidth 2000 --strategy data --all-reduce tree',
      does: { en: 'four machines, and a tree in place of the ring', zh: '四台机器，以树代替环' },
    },
    {
      run: 'systole parallel vit --devices 4 --links intra=100 --peak 60000 --bandwidth 2000 --strategy pipeline --micro-batches 16 --schedule 1f1b -o steps.svg',
      does: { en: 'a pipeline, and its timeline as a picture', zh: '流水线及其时间线图' },
    },
    {
      run: 'systole parallel alexnet --devices 4 --links intra=16 --device-machine textbook-cluster --batch 16 --strategy data',
      does: { en: 'forward passes timed by the simulator on a processor', zh: '由仿真器为处理器上的前向计时' },
    },
  ]);
  command
    .addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)))
    .requiredOption(
      '--devices <N>',
      t({ en: 'how many devices train it', zh: '用多少个设备训练' }),
      whole('--devices', 1, MOST_DEVICES),
    )
    .option(
      '--links <LIST>',
      t({
        en: 'intra=GB/s[,LATENCY] between devices of a machine, inter=… between machines; each way: intra=300,2us,inter=12.5,10us',
        zh: '机器内 intra=GB/s[,延迟]，机器间 inter=…，每方向：intra=300,2us,inter=12.5,10us',
      }),
      links,
    )
    .option(
      '--per-node <K>',
      t({ en: 'devices of a machine; default all in one', zh: '每台机器的设备数；默认都在一台' }),
      whole('--per-node', 1, MOST_DEVICES),
    )
    .option(
      '--batch <N>',
      t({
        en: 'samples of a step, of all devices together; default 32 a device',
        zh: '一步的样本数，所有设备合计；默认每设备 32',
      }),
      whole('--batch', 1, 2 ** 24),
    )
    .option(
      '--dim <NAME=N>',
      t({ en: 'size of a symbolic dimension; repeatable', zh: '符号维的大小；可重复' }),
      sizes('--dim'),
    );
  withTypeOption(console, command)
    .option(
      '--device-machine <NAME|FILE>',
      t({ en: 'a device is this processor; default textbook-single', zh: '设备为该处理器；默认 textbook-single' }),
    )
    .option(
      '--forward <simulate|bound>',
      t({
        en: 'with a machine: time forward passes by the simulator (default), or take every layer at its bound',
        zh: '对机器：由仿真器为前向计时（默认），或每层按下界计',
      }),
      choice('--forward', FORWARD),
    )
    .option(
      '--peak <GFLOP/s>',
      t({ en: 'in place of a machine: operations a device computes', zh: '代替机器：设备的运算速度' }),
      positive('--peak'),
    )
    .option(
      '--bandwidth <GB/s>',
      t({ en: 'in place of a machine: of its memory', zh: '代替机器：其存储带宽' }),
      positive('--bandwidth'),
    )
    .option(
      '--strategy <KIND>',
      t({ en: 'data, model, pipeline or all; default all', zh: 'data、model、pipeline 或 all；默认 all' }),
      choice('--strategy', [...STRATEGIES, 'all'] as const),
      'all',
    )
    .option(
      '--micro-batches <M>',
      t({
        en: 'pipeline: pieces of the batch; default as many as divide it, up to 4 a stage',
        zh: 'pipeline：批的份数；默认取能整除批的最大值，至多每级 4 份',
      }),
      whole('--micro-batches', 1, MOST_MICRO_BATCHES),
    )
    .option(
      '--schedule <gpipe|1f1b>',
      t({ en: 'pipeline: order of the passes; default 1f1b', zh: 'pipeline：各次前向与反向的顺序；默认 1f1b' }),
      choice('--schedule', SCHEDULES),
      '1f1b',
    )
    .option(
      '--all-reduce <ring|tree>',
      t({ en: 'how sums over devices are made; default ring', zh: '跨设备求和的方式；默认 ring' }),
      choice('--all-reduce', ALL_REDUCES),
      'ring',
    )
    .option(
      '--bucket <BYTES>',
      t({
        en: 'data: gradients are exchanged when so many bytes are there; default 25MB',
        zh: 'data：梯度达到该字节数即交换；默认 25MB',
      }),
      byteSize('--bucket'),
      25e6,
    )
    .option('--no-overlap', t({ en: 'data: exchange behind the backward pass', zh: 'data：反向结束后再交换' }))
    .option(
      '--optimiser <NAME>',
      t({ en: 'sgd, momentum or adam; default momentum', zh: 'sgd、momentum 或 adam；默认 momentum' }),
      choice('--optimiser', OPTIMISERS),
      'momentum',
    )
    .option(
      '--memory <BYTES>',
      t({ en: 'of a device: say whether a step fits, as in 80GB', zh: '设备内存：判断一步能否容纳，例如 80GB' }),
      byteSize('--memory'),
    )
    .option('-o, --output <FILE>', t({ en: 'write the timelines as .svg or .png', zh: '将时间线写为 .svg 或 .png' }))
    .option(
      '--scale <N>',
      t({
        en: 'PNG: pixels for each unit of the SVG, 1 to 8; default 2',
        zh: 'PNG：SVG 每单位的像素数，1 到 8；默认 2',
      }),
      whole('--scale', 1, 8),
      2,
    )
    .option(
      '--format <KIND>',
      t({
        en: 'text, markdown, csv (a line for each strategy) or json; default text',
        zh: 'text、markdown、csv（每策略一行）或 json；默认 text',
      }),
      choice('--format', FORMATS),
      'text',
    );
  withCommonOptions(console, command, PARALLEL);
  command.action((model: string, options: Options) => {
    refuseIdle(command, strategiesOf(options));
    return parallel(model, options, console);
  });
}

const strategiesOf = ({ strategy }: Options): readonly Strategy[] => (strategy === 'all' ? STRATEGIES : [strategy]);

async function parallel(name: string, options: Options, console: Console): Promise<void> {
  const { output, devices, overlap, optimiser, schedule, allReduce, bucket: bucketBytes } = options;
  const extension = output === undefined ? '' : extname(output).toLowerCase();
  if (output !== undefined && extension !== '.svg' && extension !== '.png') throw otherEnding({ path: output });
  checkWritable(output, 'file');
  const cluster = clusterOf(options);
  const batch = options.batch ?? 32 * devices;
  const microBatches = options.microBatches ?? largestDivisor(batch, Math.min(MOST_MICRO_BATCHES, 4 * devices));
  const strategies = strategiesOf(options);
  for (const strategy of strategies) refuseUneven(strategy, batch, { devices, microBatches });
  const { device, machine, pricing } = deviceOf(options);
  const { model } = await openModel(name, console, options, 'none');
  const { dim } = options;
  const simulated = pricing === 'simulated' && machine !== undefined ? { machine } : {};
  const pricer = new Pricer(name, model, { device, ...simulated, ...(dim === undefined ? {} : { dim }) }, console);
  const asked = { cluster, allReduce, bucketBytes, overlap, microBatches, schedule, optimiser };
  const reports = [];
  for (const strategy of strategies) {
    const priced = await pricer.at(samplesOf(strategy, batch, { devices, microBatches }));
    reports.push(strategyReport(strategy, priced, batch, asked, options.memory));
  }
  const priced = await pricer.at(samplesOf(strategies[0]!, batch, { devices, microBatches }));
  const { parameters, parameterBytes: gradientBytes } = priced.network;
  const report: ParallelReport = {
    ...{ network: name, device: deviceName(options, device.name), pricing, cluster, batch },
    ...{ optimiser, allReduce, bucketBytes, overlap, parameters, gradientBytes },
    exchange: gradientExchange(priced, cluster),
    strategies: reports,
  };
  if (output !== undefined) {
    const svg = stepPicture(report, { language: console.language });
    const drawn =
      extension === '.png' ? await png(svg, options.scale) : console.language === 'zh' ? withFont(svg) : svg;
    writeFile(output, [drawn]);
  }
  const style = textStyle(console);
  if (console.json || options.format === 'json') console.object(PARALLEL, report);
  else if (options.format === 'csv') console.say(parallelCsv(report));
  else if (options.format === 'markdown') console.say(parallelMarkdown(report, style));
  else console.say(parallelText(report, style));
  if (output !== undefined && !console.json)
    console.note(console.text({ en: `wrote ${output}`, zh: `已写出 ${output}` }));
}

/** @throws SYS-CLI-242, SYS-CLI-243 */
function clusterOf({ devices, perNode = devices, links: given = {} }: Options): Cluster {
  if (devices > perNode && devices % perNode !== 0) throw wholeMachines({ devices, perNode });
  const machines = Math.max(1, devices / perNode);
  const needs = (which: 'intra' | 'inter'): boolean => (which === 'intra' ? devices > 1 && perNode > 1 : machines > 1);
  for (const which of ['intra', 'inter'] as const)
    if (needs(which) && given[which] === undefined) throw noLink({ devices, machines, which });
  return {
    ...{ devices, perNode },
    intra: needs('intra') ? given.intra! : null,
    inter: needs('inter') ? given.inter! : null,
  };
}

/** The largest number up to a limit that divides a whole one. */
function largestDivisor(n: number, limit: number): number {
  for (let d = limit; d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** Options of one strategy. */
const STRATEGY_OF: Readonly<Record<string, Strategy>> = {
  bucket: 'data',
  overlap: 'data',
  microBatches: 'pipeline',
  schedule: 'pipeline',
};

/** @throws SYS-CLI-247 an option of a strategy that is not asked for */
function refuseIdle(command: CliCommand, strategies: readonly Strategy[]): void {
  for (const { long, attributeName } of command.options.map((o) => ({
    long: o.long,
    attributeName: o.attributeName(),
  }))) {
    const strategy = STRATEGY_OF[attributeName];
    if (strategy === undefined || strategies.includes(strategy)) continue;
    if (command.getOptionValueSource(attributeName) === 'cli') throw idleOption({ option: long ?? '', strategy });
  }
}

/** @throws SYS-CLI-244 */
function refuseUneven(
  strategy: Strategy,
  batch: number,
  { devices, microBatches }: { readonly devices: number; readonly microBatches: number },
): void {
  const parts = strategy === 'data' ? devices : strategy === 'pipeline' ? microBatches : 1;
  if (batch % parts !== 0) throw unevenBatch({ batch, parts, strategy, nearest: parts * Math.ceil(batch / parts) });
}

/** @throws SYS-CLI-240, SYS-CLI-241, SYS-CLI-246 */
function deviceOf({ deviceMachine, peak, bandwidth, forward }: Options) {
  const hasFigures = peak !== undefined || bandwidth !== undefined;
  if (!hasFigures) {
    const machine = loadMachine(deviceMachine, '--device-machine ./my.json');
    const pricing = forward === 'bound' ? ('bound' as const) : ('simulated' as const);
    return { device: machineDevice(machine), machine, pricing };
  }
  if (deviceMachine !== undefined) throw twoDevices({ option: `--device-machine ${deviceMachine}` });
  if (peak === undefined || bandwidth === undefined) {
    const [given, missing] = peak === undefined ? ['--bandwidth', '--peak'] : ['--peak', '--bandwidth'];
    throw halfFigures({ given, missing });
  }
  if (forward !== undefined) throw noForward({});
  return { device: figureDevice(peak * 1e9, bandwidth * 1e9), machine: undefined, pricing: 'figures' as const };
}

const deviceName = ({ peak, bandwidth }: Options, machine: string): string =>
  peak === undefined ? machine : `${peak} GFLOP/s, ${bandwidth} GB/s`;
