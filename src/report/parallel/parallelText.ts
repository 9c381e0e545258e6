/** The report on parallel training for a terminal, as Markdown, and its table as CSV. */
import type { Language } from '#base';
import { bytesText, grouped, percent, secondsText } from '../quantities.ts';
import { type Column, type Palette, PLAIN, pad, table, wrap } from '../table.ts';
import type { Link } from './cluster.ts';
import { ALL_REDUCES } from './collectives.ts';
import type { ParallelReport, StrategyReport } from './parallelReport.ts';
import { stepTimelineText } from './stepTimelineText.ts';
import { relationText, STRATEGY_WORDS } from './words.ts';

export interface ParallelTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  readonly width?: number;
}

const WORDS = {
  en: {
    title: (r: ParallelReport) =>
      `${r.network} trained on ${r.cluster.devices} ${r.cluster.devices === 1 ? 'device' : 'devices'}: a step of ${grouped(r.batch)} samples`,
    device: 'device',
    pricing: {
      simulated:
        'forward passes simulated, backward passes by the bound and the efficiency of the forward pass of each layer',
      bound: 'every layer at its bound',
      figures: 'peak and bandwidth as given, every layer at its bound',
    },
    links: 'links',
    inMachine: (n: number) => `${n} a machine`,
    between: 'between machines',
    model: 'model',
    parameters: (n: string, bytes: string) => `${n} parameters, ${bytes} of gradients`,
    exchange: ['all gradients at once', 'bytes from a device', 'from all', 'rounds', 'time'],
    strategy: [
      'strategy',
      'samples a pass',
      'step',
      'samples/s',
      'speed-up',
      'efficiency',
      'compute',
      'links',
      'exposed',
      'idle',
      'sent',
      'memory',
    ],
    overlaps: 'At once',
    waits: 'In order',
    always:
      'the next forward pass waits for the update; loading and preparing the next batch waits for nothing of these, and is not timed',
    stages: ['stage', 'layers', 'from', 'to', 'forward', 'backward', 'hands on', 'in flight'],
    buckets: ['bucket', 'from', 'to', 'bytes', 'ready', 'exchanged'],
    memory: ['memory', 'weights', 'gradients', 'optimiser', 'activations', 'total'],
    devices: (d: string) => `device ${d}`,
    bubble: (idle: string, ideal: string) =>
      `Idle: ${idle} of the step; (p − 1)/(M + p − 1) is ${ideal}, for equal stages and free messages.`,
    micro: (n: number, schedule: string) => `${n} micro-batches, ${schedule}`,
    replicated: (n: number, names: string) =>
      `Not split, done in full by every device: ${n} ${n === 1 ? 'layer' : 'layers'} (${names})`,
    fits: 'It does not fit the memory of a device.',
    more: (n: number) => `and ${n} more`,
    ofThese: (time: string) => `: ${time}`,
    never: 'not in this step',
  },
  zh: {
    title: (r: ParallelReport) => `${r.network} 在 ${r.cluster.devices} 个设备上训练：每步 ${grouped(r.batch)} 个样本`,
    device: '设备',
    pricing: {
      simulated: '前向由仿真计时，反向按各层的下界与其前向的效率计',
      bound: '每层按其下界计',
      figures: '峰值与带宽为给定值，每层按其下界计',
    },
    links: '链路',
    inMachine: (n: number) => `每台机器 ${n} 个`,
    between: '机器之间',
    model: '模型',
    parameters: (n: string, bytes: string) => `${n} 个参数，梯度 ${bytes}`,
    exchange: ['一次交换全部梯度', '每设备发送字节', '全部设备', '轮数', '时间'],
    strategy: [
      '策略',
      '每次样本数',
      '一步',
      '样本/秒',
      '加速比',
      '效率',
      '计算',
      '链路',
      '未隐藏',
      '空闲',
      '发送',
      '内存',
    ],
    overlaps: '同时进行',
    waits: '必须先后',
    always: '下一步的前向等待更新；下一批数据的读取与预处理不等待上述任何步骤，未计时',
    stages: ['级', '层数', '起', '止', '前向', '反向', '向后传递', '在途'],
    buckets: ['桶', '起', '止', '字节', '就绪', '交换完成'],
    memory: ['内存', '权重', '梯度', '优化器', '激活', '合计'],
    devices: (d: string) => `设备 ${d}`,
    bubble: (idle: string, ideal: string) =>
      `空闲：占一步的 ${idle}；各级用时相等且通信不计时为 (p − 1)/(M + p − 1) = ${ideal}。`,
    micro: (n: number, schedule: string) => `${n} 个微批次，${schedule}`,
    replicated: (n: number, names: string) => `未切分、每个设备各算全部：${n} 层（${names}）`,
    fits: '设备内存容纳不下。',
    more: (n: number) => `另有 ${n} 个`,
    ofThese: (time: string) => `：${time}`,
    never: '本步中没有',
  },
} as const;

const right = (heads: readonly string[], dropped: readonly number[] = []): readonly Column[] =>
  heads.map((head, i) => ({
    head,
    align: i === 0 ? 'left' : 'right',
    ...(dropped.includes(i) ? { drop: dropped.indexOf(i) } : {}),
  }));

/** Rows of lists that are shown; all are in the JSON. */
const SHOWN = 12;

/** `300 GB/s, 2 µs`. */
const linkText = ({ bandwidth, latency }: Link): string =>
  `${Number((bandwidth / 1e9).toPrecision(6))} GB/s, ${latency === 0 ? '0 s' : secondsText(latency)}`;

const strategyCells = (s: StrategyReport): readonly string[] => [
  String(s.samples),
  secondsText(s.seconds),
  String(Number(s.samplesPerSecond.toPrecision(4))),
  s.speedUp.toFixed(2),
  percent(s.efficiency),
  secondsText(s.compute),
  secondsText(s.communication),
  secondsText(s.exposed),
  percent(s.idle),
  bytesText(s.sent.most),
  bytesText(mostMemory(s).total),
];

export const mostMemory = (s: StrategyReport) => s.memory.reduce((most, m) => (m.total > most.total ? m : most));

/** Lines that say what was asked. */
function factLines(r: ParallelReport, language: Language): readonly (readonly [string, string])[] {
  const words = WORDS[language];
  const comma = language === 'en' ? ', ' : '，';
  const { devices, perNode, intra, inter } = r.cluster;
  const colon = language === 'en' ? ': ' : '：';
  const links = [
    ...(intra === null || devices < 2
      ? []
      : [`${words.inMachine(Math.min(devices, perNode))}${colon}${linkText(intra)}`]),
    ...(inter === null || devices <= perNode ? [] : [`${words.between} ${linkText(inter)}`]),
  ];
  return [
    [words.device, `${r.device}${colon}${words.pricing[r.pricing]}`],
    ...(links.length === 0 ? [] : [[words.links, links.join(language === 'en' ? '; ' : '；')] as const]),
    [words.model, [words.parameters(grouped(r.parameters), bytesText(r.gradientBytes)), r.optimiser].join(comma)],
  ];
}

const exchangeRows = (r: ParallelReport): readonly (readonly string[])[] =>
  ALL_REDUCES.map((kind) => {
    const e = r.exchange[kind];
    return [kind, grouped(Math.round(e.most)), grouped(Math.round(e.total)), grouped(e.rounds), secondsText(e.seconds)];
  });

export function parallelText(
  report: ParallelReport,
  { language = 'en', palette = PLAIN, width = 100 }: ParallelTextOptions = {},
): string {
  const words = WORDS[language];
  const facts = factLines(report, language);
  const options = { width, head: palette.faint };
  const lines = [
    palette.strong(words.title(report)),
    ...facts.flatMap(([what, text]) => wrap(`${pad(what, 8, 'left')}${text}`, width, '  ')),
    '',
    ...(report.cluster.devices < 2 ? [] : [...table(right(words.exchange), exchangeRows(report), options), '']),
    ...table(
      right(words.strategy, [1, 8, 9, 3]),
      report.strategies.map((s) => [s.strategy, ...strategyCells(s)]),
      options,
    ),
  ];
  for (const s of report.strategies) lines.push('', ...strategyLines(report, s, { language, palette, width }));
  return `${lines.join('\n')}\n`;
}

function strategyLines(
  report: ParallelReport,
  s: StrategyReport,
  { language, palette, width }: Required<ParallelTextOptions>,
): readonly string[] {
  const words = WORDS[language];
  const options = { width, head: palette.faint };
  const colon = language === 'en' ? ': ' : '：';
  const micro = s.schedule === null ? '' : `${colon}${words.micro(s.microBatches, s.schedule)}`;
  const say = (rule: 'overlaps' | 'waits'): string[] =>
    s.relations
      .filter((r) => r.rule === rule)
      .flatMap((r) => {
        const text = relationText(s.strategy, r, language);
        const time = r.seconds === null ? '' : words.ofThese(r.seconds === 0 ? words.never : secondsText(r.seconds));
        return bullet(`${text}${time}`, width);
      });
  const [overlaps, waits] = [say('overlaps'), say('waits')];
  const exchanged = s.timeline[0]?.links ?? [];
  const passes = s.timeline[0]?.compute ?? [];
  const buckets = s.buckets.map((b, i) => {
    const label = String(i + 1);
    const ready = passes.find((p) => p.kind === 'backward' && p.label === label);
    const done = exchanged.find((p) => p.label === label);
    return [
      label,
      b.from,
      b.to,
      bytesText(b.bytes),
      ready === undefined ? '–' : secondsText(ready.to),
      done === undefined ? '–' : secondsText(done.to),
    ];
  });
  const stages = s.stages.map((g) => [
    String(g.device),
    String(g.layers),
    g.from,
    g.to,
    secondsText(g.forward),
    secondsText(g.backward),
    bytesText(g.handsOn),
    String(g.inFlight),
  ]);
  const cut = (heads: readonly string[], from: number): readonly Column[] =>
    heads.map((head, i) => ({
      head,
      align: i === from || i === from + 1 ? 'left' : 'right',
      cut: i === from || i === from + 1,
    }));
  const list = (columns: readonly Column[], rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0
      ? []
      : [
          '',
          ...table(columns, rows.slice(0, SHOWN), options),
          ...(rows.length > SHOWN ? [`… ${words.more(rows.length - SHOWN)}`] : []),
        ];
  return [
    palette.strong(`${STRATEGY_WORDS[language][s.strategy]}${micro}`),
    ...stepTimelineText(s, { language, columns: width }),
    ...(overlaps.length === 0 ? [] : [words.overlaps, ...overlaps]),
    ...(waits.length === 0 ? [] : [words.waits, ...waits]),
    ...bullet(words.always, width),
    ...(s.idealBubble === null ? [] : wrap(words.bubble(percent(s.idle), percent(s.idealBubble)), width, '')),
    ...(s.replicated.length === 0
      ? []
      : wrap(words.replicated(s.replicated.length, namesOf(s, words.more)), width, '')),
    ...(s.fits === false ? [palette.bad(words.fits)] : []),
    ...list(cut(words.buckets, 1), buckets),
    ...list(cut(words.stages, 2), stages),
    '',
    ...table(right(words.memory), memoryRows(report, s, language), options),
  ];
}

/** A point of a list; its further lines stand under its first word. */
const bullet = (text: string, width: number): string[] =>
  wrap(text, width, '    ').map((line, i) => (i === 0 ? `  - ${line.slice(4)}` : line));

const namesOf = ({ replicated }: StrategyReport, more: (n: number) => string): string => {
  const named = replicated.slice(0, 5).map(({ name, op }) => `${name} ${op}`);
  return [...named, ...(replicated.length > 5 ? [more(replicated.length - 5)] : [])].join(', ');
};

/** Of devices with equal memory one row, and one of a device that does all alone. */
function memoryRows(_report: ParallelReport, s: StrategyReport, language: Language): readonly (readonly string[])[] {
  const words = WORDS[language];
  const rows = new Map<string, number[]>();
  s.memory.forEach((m, d) => {
    const cells = [m.weights, m.gradients, m.optimiser, m.activations, m.total].map((n) => bytesText(Math.round(n)));
    const key = JSON.stringify(cells);
    rows.set(key, [...(rows.get(key) ?? []), d]);
  });
  return [...rows].slice(0, SHOWN).map(([cells, devices]) => {
    const [first, last] = [devices[0]!, devices.at(-1)!];
    const range = first === last ? String(first) : `${first}–${last}`;
    return [words.devices(range), ...(JSON.parse(cells) as string[])];
  });
}

const CSV_COLUMNS = [
  'strategy',
  'samples',
  'microBatches',
  'schedule',
  'seconds',
  'samplesPerSecond',
  'speedUp',
  'efficiency',
  'compute',
  'communication',
  'exposed',
  'idle',
  'sentMost',
  'sentTotal',
  'memoryMost',
] as const;

/** A line for each strategy; seconds and bytes. */
export function parallelCsv({ strategies }: ParallelReport): string {
  const rows = strategies.map((s) =>
    CSV_COLUMNS.map((column) => {
      if (column === 'sentMost') return s.sent.most;
      if (column === 'sentTotal') return s.sent.total;
      if (column === 'memoryMost') return mostMemory(s).total;
      return s[column] ?? '';
    }).join(','),
  );
  return `${[CSV_COLUMNS.join(','), ...rows].join('\n')}\n`;
}

/** Facts and both tables as Markdown. */
export function parallelMarkdown(report: ParallelReport, { language = 'en' }: ParallelTextOptions = {}): string {
  const words = WORDS[language];
  const rows = (heads: readonly string[], cells: readonly (readonly string[])[]): string[] =>
    [heads, heads.map((_, i) => (i === 0 ? '---' : '---:')), ...cells].map((row) => `| ${row.join(' | ')} |`);
  return `${[
    `# ${words.title(report)}`,
    '',
    ...factLines(report, language).map(([what, text]) => `- ${what}${language === 'en' ? ': ' : '：'}${text}`),
    '',
    ...(report.cluster.devices < 2 ? [] : [...rows(words.exchange, exchangeRows(report)), '']),
    ...rows(
      words.strategy,
      report.strategies.map((s) => [STRATEGY_WORDS[language][s.strategy], ...strategyCells(s)]),
    ),
  ].join('\n')}\n`;
}
