/** The summary of a network for a terminal. */
import type { Language } from '#base';
import type { Dim } from '#ir';
import { bytesText, grouped } from './quantities.ts';
import type { Summary } from './summary.ts';
import { type Column, type Palette, PLAIN, table, wrap } from './table.ts';

const WORDS = {
  en: {
    heads: ['layer', 'operator', 'output', 'parameters', 'neurons', 'MACs', 'multiplications', 'additions', 'bytes'],
    total: 'total',
    input: 'input',
    parameters: (n: string, size: string) => `${n} parameters, ${size}`,
    statistics: (n: string) => `${n} running statistics of BatchNormalization are not among the parameters`,
    unknown: (n: number) =>
      `The work of ${n} ${n === 1 ? 'layer' : 'layers'} is not known (?) and not in the totals: give symbolic dimensions sizes with --dim NAME=N; an operator without a cost rule stays unknown.`,
  },
  zh: {
    heads: ['层', '算子', '输出', '参数', '神经元', 'MAC', '乘法', '加法', '字节'],
    total: '合计',
    input: '输入',
    parameters: (n: string, size: string) => `参数 ${n} 个，${size}`,
    statistics: (n: string) => `BatchNormalization 的 ${n} 个运行统计量不计入参数`,
    unknown: (n: number) =>
      `有 ${n} 层的计算量未知（?），未计入合计：请用 --dim 名称=N 给出符号维的大小；没有代价规则的算子仍为未知。`,
  },
} as const;

export interface SummaryTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  /** Columns of the terminal; 120 by default. */
  readonly width?: number;
}

export function summaryText(summary: Summary, options: SummaryTextOptions = {}): string {
  const { language = 'en', palette = PLAIN, width = 120 } = options;
  const words = WORDS[language];
  const columns = words.heads.map(
    (head, i): Column => ({
      head,
      align: i < 3 ? 'left' : 'right',
      cut: i === 0,
      // Narrow terminals go without the finer counts.
      ...(i === 6 || i === 7 ? { drop: 1 } : i === 8 ? { drop: 2 } : i === 4 ? { drop: 3 } : {}),
    }),
  );
  const { totals } = summary;
  const rows = summary.layers.map((l) => [
    l.name,
    l.op,
    shapeText(l.outputShape),
    ...[l.parameters, l.neurons, l.macs, l.multiplications, l.additions].map(amount),
    l.bytes === null ? '?' : bytesText(l.bytes),
  ]);
  rows.push([
    words.total,
    '',
    '',
    ...[totals.parameters, totals.neurons, totals.macs, totals.multiplications, totals.additions].map(amount),
    bytesText(totals.bytes),
  ]);
  const paint = (i: number) => (i === rows.length - 1 ? palette.strong : PLAIN.strong);
  const notes = [
    words.parameters(grouped(totals.parameters), bytesText(totals.parameterBytes)),
    ...(totals.statistics === 0 ? [] : [words.statistics(grouped(totals.statistics))]),
    ...(totals.unknown === 0 ? [] : [words.unknown(totals.unknown)]),
  ];
  return `${[
    palette.strong(summary.model),
    ...summary.inputs.map((v) => `  ${words.input} ${v.name} ${v.dtype}${shapeText(v.shape)}`),
    '',
    ...table(columns, rows, { width, head: palette.faint, paint }),
    '',
    ...notes.flatMap((note) => wrap(note, width, '')),
  ].join('\n')}\n`;
}

const shapeText = (shape: readonly Dim[] | null): string =>
  shape === null ? '[*]' : `[${shape.map((d) => d ?? '?').join(',')}]`;

const amount = (n: number | null): string => (n === null ? '?' : n === 0 ? '–' : grouped(n));
