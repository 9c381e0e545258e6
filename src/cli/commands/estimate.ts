/**
 * `systole estimate fusion|speedup|fully-connected|tiling`: what can be worked out of a network on paper, in the textbook's ways. Nothing is compiled
 * or simulated, and the answers say so.
 */
import { Argument } from 'commander';
import {
  fullyConnectedSchema,
  fullyConnectedSpeedUp,
  fullyConnectedText,
  fusionReport,
  fusionSchema,
  fusionSpeedUp,
  fusionText,
  networkSpeedUp,
  ridge,
  roofOf,
  speedUpSchema,
  speedUpText,
  summarize,
  type TimeModel,
  tilingText,
} from '#report';
import { answer } from '../answers.ts';
import { type CliCommand, define, withCommonOptions, withExamples } from '../command.ts';
import type { Console } from '../console.ts';
import { loadMachine } from '../machine.ts';
import { countedModel, inModel, MODEL_ARGUMENT } from '../model.ts';
import { withSizeOptions } from '../modelOptions.ts';
import { textStyle } from '../style.ts';
import { type Sizes, TILING, type TilingOptions, tilingOf } from '../tilings.ts';
import { choice, dimensions, positive, share, whole } from '../values.ts';

const FUSION = answer('fusion', 'what fusing operators saves', fusionSchema);
const SPEED_UP = answer('speedup', "Amdahl's law over the kinds of layers of a network", speedUpSchema);
const FULLY_CONNECTED = answer(
  'fully-connected',
  'how much faster than a single unit an array can make a fully connected layer',
  fullyConnectedSchema,
);

export function configureEstimate(command: CliCommand, console: Console): void {
  withExamples(console, command, [
    {
      run: 'systole estimate fusion alexnet vgg19 resnet152',
      does: { en: 'exercise 5.11: traffic and operators, fused and not', zh: '习题 5.11：融合前后的访存与算子数' },
    },
    {
      run: 'systole estimate speedup alexnet-paper --conv 10 --fc 2',
      does: { en: "exercise 6.2: Amdahl's law over a network", zh: '习题 6.2：网络的 Amdahl 定律' },
    },
    {
      run: 'systole estimate tiling --layer conv3 --tile 64,32,7,7',
      does: { en: 'exercise 6.11: three orders of loops over tiles', zh: '习题 6.11：三种分块循环次序' },
    },
  ]);
  for (const [sub, prints] of [
    [fusion(console), FUSION],
    [speedup(console), SPEED_UP],
    [fullyConnected(console), FULLY_CONNECTED],
    [tiling(console), TILING],
  ] as const) {
    command.addCommand(withCommonOptions(console, sub, prints));
  }
  withCommonOptions(console, command);
}

function fusion(console: Console): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'fusion', {
    en: 'what fusing operators saves: words of traffic, operators, speed-up under a roofline',
    zh: '算子融合的收益：访存字数、算子数、Roofline 下的加速比',
  });
  command
    .addArgument(new Argument('<MODEL...>', t(MODEL_ARGUMENT)))
    .option(
      '--machine <NAME|FILE>',
      t({ en: 'whose roofline; default textbook-ch6', zh: '采用哪台机器的 Roofline；默认 textbook-ch6' }),
      'textbook-ch6',
    )
    .option(
      '--ridge <N>',
      t({ en: 'operations a byte at the ridge, in place of a machine', zh: '以拐点的每字节运算数代替机器' }),
      positive('--ridge'),
    )
    .option('--bits <N>', t({ en: 'of a word; default 32', zh: '字长；默认 32' }), whole('--bits', 1, 64), 32);
  withSizeOptions(console, command);
  withExamples(console, command, [
    {
      run: 'systole estimate fusion mobilenet-v2 resnet152 --ridge 40',
      does: { en: 'on a machine with its ridge at 40 FLOP/byte', zh: '拐点为每字节 40 次运算的机器' },
    },
  ]);
  command.action(
    async (
      names: readonly string[],
      options: Sizes & { readonly machine: string; readonly ridge?: number; readonly bits: number },
    ) => {
      const at = options.ridge ?? ridge(roofOf(loadMachine(options.machine)));
      const bytesPerWord = options.bits / 8;
      const networks = [];
      for (const network of names) {
        const model = await countedModel(console, network, options);
        networks.push({ network, fusion: await inModel(network, () => fusionReport(model)) });
      }
      if (!console.json) return console.say(fusionText(networks, { ridge: at, bytesPerWord }, textStyle(console)));
      return console.object(FUSION, {
        analytic: true,
        ridge: at,
        bytesPerWord,
        networks: networks.map(({ network, fusion: f }) => ({
          network,
          ...{ unfused: f.unfused, fused: f.fused, macs: f.macs },
          trafficRatio: f.unfused.words / f.fused.words,
          speedUp: fusionSpeedUp(f, at, bytesPerWord),
          groups: f.groups,
        })),
      });
    },
  );
  return command;
}

interface SpeedUpOptions extends Sizes {
  readonly conv: number;
  readonly fc: number;
  readonly rest: number;
  readonly time: TimeModel['kind'];
  readonly peak: number;
  readonly bandwidth: number;
  readonly otherShare?: number;
}

function speedup(console: Console): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'speedup', {
    en: "how much faster a network becomes where its convolutions and fully connected layers do (Amdahl's law)",
    zh: '卷积层与全连接层各自加速后，整个网络的加速比（Amdahl 定律）',
  });
  const factor = (name: string, en: string, zh: string) =>
    [`--${name} <TIMES>`, t({ en, zh }), positive(`--${name}`), 1] as const;
  command
    .addArgument(new Argument('<MODEL>', t(MODEL_ARGUMENT)))
    .option(...factor('conv', 'how much faster convolutions become; default 1', '卷积层的加速倍数；默认 1'))
    .option(...factor('fc', 'the same of fully connected layers and other products', '全连接层及其他矩阵乘的加速倍数'))
    .option(...factor('rest', 'the same of all other layers', '其余各层的加速倍数'))
    .option(
      '--time <MODEL>',
      t({
        en: 'what a layer takes before: macs (default), or roofline, with --peak and --bandwidth',
        zh: '加速前各层的时间：macs（默认），或 roofline（配合 --peak 与 --bandwidth）',
      }),
      choice('--time', ['macs', 'roofline'] as const),
      'macs',
    )
    .option(
      '--peak <GFLOP/s>',
      t({ en: 'of the roofline; default 50', zh: 'Roofline 的峰值；默认 50' }),
      positive('--peak'),
      50,
    )
    .option(
      '--bandwidth <GB/s>',
      t({ en: 'of the roofline; default 12.8', zh: 'Roofline 的带宽；默认 12.8' }),
      positive('--bandwidth'),
      12.8,
    )
    .option(
      '--other-share <PERCENT>',
      t({
        en: 'share of the time before that other layers take; default what the model says of them',
        zh: '其余各层占加速前时间的百分比；默认按时间模型计算',
      }),
      share('--other-share'),
    );
  withSizeOptions(console, command);
  withExamples(console, command, [
    {
      run: 'systole estimate speedup alexnet-paper --conv 10 --fc 2 --other-share 5',
      does: { en: 'other layers take 5 % of the time', zh: '其余层占 5 % 的时间' },
    },
    {
      run: 'systole estimate speedup resnet152 --conv 10 --time roofline --peak 50 --bandwidth 12.8',
      does: { en: 'of a CPU that is bound by its memory', zh: '受内存限制的 CPU' },
    },
  ]);
  command.action(async (network: string, options: SpeedUpOptions) => {
    const { conv, fc, rest, otherShare } = options;
    const summary = summarize(await countedModel(console, network, options), network);
    const roof = { peak: options.peak * 1e9, bandwidth: options.bandwidth * 1e9 };
    const time: TimeModel = options.time === 'macs' ? { kind: 'macs' } : { kind: 'roofline', ...roof };
    const stated = otherShare === undefined ? {} : { otherShare };
    const result = networkSpeedUp(summary, {
      time,
      factors: { convolution: conv, product: fc, other: rest },
      ...stated,
    });
    if (console.json) return console.object(SPEED_UP, { analytic: true, network, time, ...result });
    const about = { network, ...(time.kind === 'macs' ? {} : { roof }), ...stated };
    return console.say(speedUpText(result, about, textStyle(console)));
  });
  return command;
}

interface FullyConnectedOptions {
  readonly bandwidth: number;
  readonly bits: number;
  readonly rate: number;
  readonly batch: number;
  readonly peak?: number;
}

function fullyConnected(console: Console): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'fully-connected', {
    en: 'how much faster than a single unit an array can make a fully connected layer behind a memory',
    zh: '在给定存储带宽下，阵列相对单个运算单元对全连接层的最理想加速比',
  });
  command
    .option(
      '--bandwidth <GB/s>',
      t({ en: 'of memory; default 12.8', zh: '存储带宽；默认 12.8' }),
      positive('--bandwidth'),
      12.8,
    )
    .option(
      '--bits <N>',
      t({ en: 'of a weight; default 32', zh: '每个权重的位数；默认 32' }),
      whole('--bits', 1, 64),
      32,
    )
    .option(
      '--rate <GMAC/s>',
      t({ en: 'MACs a nanosecond of the single unit; default 1', zh: '单个单元每纳秒的乘加次数；默认 1' }),
      positive('--rate'),
      1,
    )
    .option(
      '--batch <N>',
      t({ en: 'samples that each weight serves; default 1', zh: '每个权重服务的样本数；默认 1' }),
      whole('--batch', 1, 2 ** 24),
      1,
    )
    .option(
      '--peak <GMAC/s>',
      t({ en: 'of the array; default unbounded', zh: '阵列的峰值；默认不限' }),
      positive('--peak'),
    );
  withExamples(console, command, [
    {
      run: 'systole estimate fully-connected --bandwidth 12.8 --bits 16',
      does: { en: 'exercise 6.3, with weights of 16 bits', zh: '习题 6.3，权重 16 位' },
    },
  ]);
  command.action(({ bandwidth, bits, rate, batch, peak }: FullyConnectedOptions) => {
    const asked = {
      ...{ bandwidth: bandwidth * 1e9, bits, rate: rate * 1e9, batch },
      ...(peak === undefined ? {} : { peak: peak * 1e9 }),
    };
    const result = fullyConnectedSpeedUp(asked);
    if (console.json) return console.object(FULLY_CONNECTED, { analytic: true, ...asked, ...result });
    return console.say(fullyConnectedText(asked, result, textStyle(console)));
  });
  return command;
}

function tiling(console: Console): CliCommand {
  const t = console.text.bind(console);
  const command = define(console, 'tiling', {
    en: 'a convolution in tiles: words that three orders of loops move, and the loops (picture: plot tiling)',
    zh: '卷积分块：三种循环次序搬运的字数与循环本身（图：plot tiling）',
  });
  command
    .addArgument(
      new Argument('[MODEL]', t({ en: 'default AlexNet as its paper has it', zh: '默认为论文中的 AlexNet' })),
    )
    .option(
      '--layer <NAME>',
      t({ en: 'which convolution or product; default the first', zh: '哪个卷积或矩阵乘；默认第一个' }),
    )
    .option(
      '--tile <To,Tc,Th,Tw>',
      t({
        en: 'filters, channels, rows and columns of the output in a tile; default 64, 32 and half of the map',
        zh: '每块的输出通道、输入通道、输出行与列；默认 64、32 与特征图的一半',
      }),
      dimensions('--tile'),
    );
  withSizeOptions(console, command);
  withExamples(console, command, [
    {
      run: 'systole estimate tiling vgg19 --layer features/28/Conv --tile 64,64,7,7',
      does: { en: 'of any layer', zh: '任意一层' },
    },
  ]);
  command.action(async (network: string | undefined, options: TilingOptions) => {
    const report = await tilingOf(console, network, options);
    if (console.json)
      return console.object(TILING, { analytic: true, network: network ?? 'AlexNet (NIPS 2012)', ...report });
    return console.say(tilingText(report, textStyle(console)));
  });
  return command;
}
