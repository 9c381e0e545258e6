/** What fusion, Amdahl's law and the bound of a fully connected layer say, for a terminal. */
import type { Language } from '#base';
import type { FusionReport } from '../fusion.ts';
import { fusionSpeedUp } from '../fusion.ts';
import { grouped, secondsText } from '../quantities.ts';
import type { LayerKind } from '../summary/summary.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import type { SpeedUp } from './amdahl.ts';
import type { FullyConnected, FullyConnectedSpeedUp } from './fullyConnected.ts';

export interface EstimateTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  readonly width?: number;
}

export interface FusedNetwork {
  readonly network: string;
  readonly fusion: FusionReport;
}

const FUSION = {
  en: {
    title: 'What fusing operators saves: analytic, nothing is simulated',
    heads: ['network', 'operators', 'fused', 'words', 'fused', 'traffic ÷', 'speed-up'],
    note: (ridge: string, bytes: number) =>
      `Words of DRAM traffic (${bytes} bytes each): every operator reads its inputs and parameters once and writes its output once. Fused, convolutions and products take in what follows them alone: normalisation, activation, addition. Speed-up under a roofline whose ridge is ${ridge} FLOP/byte.`,
  },
  zh: {
    title: '算子融合的收益：解析模型，未做仿真',
    heads: ['网络', '算子数', '融合后', '字数', '融合后', '访存比', '加速比'],
    note: (ridge: string, bytes: number) =>
      `DRAM 访存字数（每字 ${bytes} 字节）：每个算子的输入与参数各读一次、输出写一次。融合时，卷积与矩阵乘并入只跟随其后的归一化、激活与加法。加速比按拐点为每字节 ${ridge} 次运算的 Roofline 计。`,
  },
} as const;

export function fusionText(
  networks: readonly FusedNetwork[],
  { ridge, bytesPerWord }: { readonly ridge: number; readonly bytesPerWord: number },
  { language = 'en', palette = PLAIN, width = 100 }: EstimateTextOptions = {},
): string {
  const words = FUSION[language];
  const columns = words.heads.map((head, i): Column => ({ head, align: i === 0 ? 'left' : 'right' }));
  const rows = networks.map(({ network, fusion }) => {
    const { unfused, fused } = fusion;
    return [
      network,
      ...[unfused.operations, fused.operations, unfused.words, fused.words].map(grouped),
      (unfused.words / fused.words).toFixed(4),
      fusionSpeedUp(fusion, ridge, bytesPerWord).toFixed(4),
    ];
  });
  return `${[
    palette.strong(words.title),
    '',
    ...table(columns, rows, { width, head: palette.faint }),
    '',
    ...wrap(words.note(String(Number(ridge.toPrecision(6))), bytesPerWord), width, ''),
  ].join('\n')}\n`;
}

const KINDS: Readonly<Record<Language, Readonly<Record<LayerKind, string>>>> = {
  en: { convolution: 'convolutions', product: 'fully connected, products', other: 'other layers' },
  zh: { convolution: '卷积', product: '全连接、矩阵乘', other: '其余层' },
};

const SPEEDUP = {
  en: {
    title: (network: string) => `Speed-up of ${network} by Amdahl's law: analytic, nothing is simulated`,
    heads: ['layers', 'before', '% before', 'faster ×', 'after'],
    total: 'network',
    macs: 'Time is taken as the number of MACs.',
    roofline: (peak: string, bandwidth: string) =>
      `Time of a layer: max(operations ÷ ${peak} GFLOP/s, bytes ÷ ${bandwidth} GB/s).`,
    stated: (share: string) => `Other layers take ${share} % of the time before, as stated.`,
    unknown: (n: number) => `The work of ${n} layers is not known and takes no time here (systole summary names them).`,
  },
  zh: {
    title: (network: string) => `按 Amdahl 定律估算 ${network} 的整体加速比：解析模型，未做仿真`,
    heads: ['层', '加速前', '占比 %', '加速倍数', '加速后'],
    total: '整个网络',
    macs: '以 MAC 数作为时间。',
    roofline: (peak: string, bandwidth: string) =>
      `每层时间：max(运算数 ÷ ${peak} GFLOP/s, 字节 ÷ ${bandwidth} GB/s)。`,
    stated: (share: string) => `其余层占加速前时间的 ${share} %（给定值）。`,
    unknown: (n: number) => `有 ${n} 层的计算量未知，此处不计时间（见 systole summary）。`,
  },
} as const;

export interface SpeedUpAbout {
  readonly network: string;
  /** Of the roofline, where time is by one. */
  readonly roof?: { readonly peak: number; readonly bandwidth: number };
  readonly otherShare?: number;
}

export function speedUpText(
  result: SpeedUp,
  { network, roof, otherShare }: SpeedUpAbout,
  { language = 'en', palette = PLAIN, width = 100 }: EstimateTextOptions = {},
): string {
  const words = SPEEDUP[language];
  const time = (value: number): string =>
    result.unit === 'seconds' ? secondsText(value) : grouped(Math.round(value * 10) / 10);
  const columns = words.heads.map((head, i): Column => ({ head, align: i === 0 ? 'left' : 'right' }));
  const rows = [
    ...result.kinds.map((k) => [
      KINDS[language][k.kind],
      time(k.before),
      (100 * k.share).toFixed(2),
      String(k.factor),
      time(k.after),
    ]),
    [words.total, time(result.before), '100.00', result.speedUp?.toFixed(4) ?? '–', time(result.after)],
  ];
  const giga = (value: number): string => String(Number((value / 1e9).toPrecision(6)));
  const notes = [
    roof === undefined ? words.macs : words.roofline(giga(roof.peak), giga(roof.bandwidth)),
    ...(otherShare === undefined ? [] : [words.stated(String(100 * otherShare))]),
    ...(result.unknown === 0 ? [] : [words.unknown(result.unknown)]),
  ];
  const paint = (i: number) => (i === rows.length - 1 ? palette.strong : PLAIN.strong);
  return `${[
    palette.strong(words.title(network)),
    '',
    ...table(columns, rows, { width, head: palette.faint, paint }),
    '',
    ...notes.flatMap((note) => wrap(note, width, '')),
  ].join('\n')}\n`;
}

const CONNECTED = {
  en: {
    title: 'Fully connected layer, an array against a single unit, both behind the same memory: analytic',
    weights: (rate: string, batch: number) =>
      `memory brings ${rate} weights a second${batch === 1 ? '' : `, each for ${batch} samples`}`,
    single: (rate: string) => `a single unit does ${rate} MACs a second`,
    speedUp: (times: string) => `at best ${times} times faster`,
    bounds: {
      memory: 'Memory bounds the array: more multipliers would wait.',
      array: 'The array bounds it: memory could bring more.',
      'single unit': 'A single unit keeps up with memory already, so that an array gains nothing.',
    },
  },
  zh: {
    title: '全连接层：乘法器阵列对比单个运算单元，二者的存储带宽相同（解析模型）',
    weights: (rate: string, batch: number) =>
      `存储每秒提供 ${rate} 个权重${batch === 1 ? '' : `，每个用于 ${batch} 个样本`}`,
    single: (rate: string) => `单个单元每秒 ${rate} 次乘加`,
    speedUp: (times: string) => `最理想加速比 ${times}`,
    bounds: {
      memory: '受存储带宽限制：更多乘法器只会空等。',
      array: '受阵列规模限制：存储还能提供更多。',
      'single unit': '单个单元已跟得上存储，阵列没有收益。',
    },
  },
} as const;

export function fullyConnectedText(
  { rate, batch = 1 }: FullyConnected,
  result: FullyConnectedSpeedUp,
  { language = 'en', palette = PLAIN }: EstimateTextOptions = {},
): string {
  const words = CONNECTED[language];
  const giga = (value: number): string => `${Number((value / 1e9).toPrecision(6))} G`;
  return `${[
    palette.strong(words.title),
    `  ${words.weights(giga(result.weightRate), batch)}`,
    `  ${words.single(giga(rate))}`,
    `  ${palette.strong(words.speedUp(String(Number(result.speedUp.toPrecision(6)))))}`,
    '',
    words.bounds[result.bound],
  ].join('\n')}\n`;
}
