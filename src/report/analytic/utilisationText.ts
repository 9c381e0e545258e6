/**
 * Analytic utilisation for a terminal: layer by layer where one array is asked for, totals where several are. It says that it is
 * analytic, so that nobody takes its cycles for the simulator's.
 */
import type { Language } from '#base';
import { grouped } from '../quantities.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import type { LeftOut } from './layers.ts';
import type { AnalyticAmounts, AnalyticArray, Utilisation, WordsAndRate } from './utilisation.ts';

/** Everything that an answer holds. */
export interface UtilisationReport extends WordsAndRate {
  readonly network: string;
  readonly machine: string;
  /** One array or several, all used in the same way. */
  readonly sizes: readonly Utilisation[];
  readonly leftOut: readonly LeftOut[];
}

const WORDS = {
  en: {
    title: (network: string, machine: string) => `${network} on ${machine}: analytic utilisation, nothing is simulated`,
    amounts: ['MACs', 'compute cycles', 'words', 'cycles', 'busy %', 'lanes %'],
    layer: ['layer', 'operator'],
    sizes: ['multipliers', 'array'],
    total: 'total',
    words: (bits: number) => `words of ${bits} bits`,
    rate: (rate: string) => `${rate} B a cycle`,
    traffic: 'traffic',
    mapping: 'mapping',
    formula:
      'cycles = max(compute cycles, bytes ÷ bytes a cycle), layer by layer and therefore with fractions; busy = compute cycles ÷ cycles; lanes = MACs ÷ (multipliers × cycles).',
    leftOut: (names: string, macs: string) =>
      `Not in the table, for the models know Conv, Gemm and MatMul alone: ${names}; ${macs} MACs.`,
    open: (macs: string) => `${macs} and an unknown number of`,
    comma: ', ',
  },
  zh: {
    title: (network: string, machine: string) => `${network}，机器 ${machine}：解析模型给出的利用率，未做仿真`,
    amounts: ['MAC', '计算周期', '字', '周期', '忙 %', '乘法器 %'],
    layer: ['层', '算子'],
    sizes: ['乘法器', '阵列'],
    total: '合计',
    words: (bits: number) => `字长 ${bits} 位`,
    rate: (rate: string) => `每周期 ${rate} B`,
    traffic: '访存读法',
    mapping: '映射',
    formula:
      '周期 = max(计算周期, 字节 ÷ 每周期字节)，逐层计算，故带小数；忙 = 计算周期 ÷ 周期；乘法器 = MAC ÷ (乘法器数 × 周期)。',
    leftOut: (names: string, macs: string) =>
      `未列入表中（模型只认识 Conv、Gemm 和 MatMul）：${names}；MAC 数：${macs}。`,
    open: (macs: string) => `${macs}，另有未知`,
    comma: '，',
  },
} as const;

export interface UtilisationTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  /** Columns of the terminal; 120 by default. */
  readonly width?: number;
}

export function utilisationText(report: UtilisationReport, options: UtilisationTextOptions = {}): string {
  const { language = 'en', palette = PLAIN, width = 120 } = options;
  const words = WORDS[language];
  const [first] = report.sizes;
  const { bytes, cycles } = report.bytesPerCycle;
  const one = report.sizes.length === 1 ? first : undefined;
  const use = first!.array;
  const facts = [
    use.kind,
    ...(one === undefined ? [] : [shapeText(one.array)]),
    ...(use.kind === 'vector-mac' ? [`${words.mapping} ${use.mapping}`] : []),
    `${words.traffic} ${use.traffic}`,
    words.words(report.bits),
    words.rate(String(Number((bytes / cycles).toPrecision(6)))),
  ];
  const rows =
    one === undefined
      ? report.sizes.map((s) => [String(s.multipliers), shapeText(s.array), ...amountCells(s.total)])
      : [...one.layers.map((l) => [l.name, l.op, ...amountCells(l)]), [words.total, '', ...amountCells(one.total)]];
  const heads = [...(one === undefined ? words.sizes : words.layer), ...words.amounts];
  const columns = heads.map(
    (head, i): Column => ({
      head,
      align: i > 1 || (one === undefined && i === 0) ? 'right' : 'left',
      ...(one !== undefined && i === 0 ? { cut: true } : {}),
      // Narrow terminals go without what follows from the rest.
      ...(i === 2 ? { drop: 1 } : i === 4 ? { drop: 2 } : i === 1 && one !== undefined ? { drop: 3 } : {}),
    }),
  );
  const paint = (i: number) => (one !== undefined && i === rows.length - 1 ? palette.strong : PLAIN.strong);
  const known = grouped(report.leftOut.reduce((n, l) => n + (l.macs ?? 0), 0));
  const macs = report.leftOut.some((l) => l.macs === null) ? words.open(known) : known;
  const names = report.leftOut.map((l) => `${l.name} (${l.op})`).join(words.comma);
  const notes = [words.formula, ...(report.leftOut.length === 0 ? [] : [words.leftOut(names, macs)])];
  return `${[
    palette.strong(words.title(report.network, report.machine)),
    ...wrap(facts.join(words.comma), width, '  '),
    '',
    ...table(columns, rows, { width, head: palette.faint, paint }),
    '',
    ...notes.flatMap((note) => wrap(note, width, '')),
  ].join('\n')}\n`;
}

/** `Tn × Ti = 16 × 16`. */
const shapeText = (a: AnalyticArray): string =>
  a.kind === 'vector-mac' ? `Tn × Ti = ${a.tn} × ${a.ti}` : `Py × Px = ${a.py} × ${a.px}`;

const amountCells = (a: AnalyticAmounts): string[] => [
  grouped(a.macs),
  grouped(a.computeCycles),
  grouped(a.words),
  fractional(a.cycles),
  hundred(a.busy),
  hundred(a.laneUtilisation),
];

/** One decimal, since the memory's cycles are fractional. */
function fractional(cycles: number): string {
  const [whole, rest] = cycles.toFixed(1).split('.') as [string, string];
  return `${grouped(Number(whole))}.${rest}`;
}

const hundred = (share: number | null): string => (share === null ? '–' : (100 * share).toFixed(4));
