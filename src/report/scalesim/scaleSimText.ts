/** The compute report for a terminal, and what of it is whose. */
import type { Language } from '#base';
import { grouped } from '../quantities.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import type { ArrayDesign } from './arrayFolds.ts';
import type { LayerUse } from './layerUse.ts';

const WORDS = {
  en: {
    title: (run: string) => `${run}: SCALE-Sim's reports by closed forms`,
    array: ({ rows, columns, dataflow }: ArrayDesign) => `${rows} × ${columns}, ${dataflow}`,
    rate: (rate: number | undefined) =>
      rate === undefined ? 'DRAM as wide as needed (CALC)' : `${grouped(rate)} words a cycle to DRAM (USER)`,
    heads: ['layer', 'cycles', 'stalls', 'utilisation %', 'mapping %', 'DRAM words'],
    total: 'total',
    more: (n: number) => `… ${grouped(n)} more layers; all are in the files`,
    note: 'Cycles are counted (SCALE-Sim numbers the last one from 0). Each column, and how close it is: docs/scalesim.md.',
    comma: ', ',
  },
  zh: {
    title: (run: string) => `${run}：用闭式公式计算的 SCALE-Sim 报告`,
    array: ({ rows, columns, dataflow }: ArrayDesign) => `${rows} × ${columns}，${dataflow}`,
    rate: (rate: number | undefined) =>
      rate === undefined ? 'DRAM 带宽按需（CALC）' : `DRAM 每周期 ${grouped(rate)} 字（USER）`,
    heads: ['层', '周期', '停顿', '利用率 %', '映射 %', 'DRAM 字'],
    total: '合计',
    more: (n: number) => `… 另有 ${grouped(n)} 层；全部在文件中`,
    note: '周期为个数（SCALE-Sim 从 0 起给最后一个周期编号）。各列的含义与吻合程度见 docs/scalesim.md。',
    comma: '，',
  },
} as const;

export interface ScaleSimTextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  /** Columns of the terminal; 100 by default. */
  readonly width?: number;
}

/** Layers that are listed; the files have all. */
const SHOWN = 24;

export function scaleSimText(
  run: string,
  layers: readonly LayerUse[],
  design: ArrayDesign,
  options: ScaleSimTextOptions = {},
): string {
  const { language = 'en', palette = PLAIN, width = 100 } = options;
  const words = WORDS[language];
  const dramWords = ({ dram }: LayerUse): number => dram.ifmap.words + dram.filter.words + dram.ofmap.words;
  const sum = (of: (layer: LayerUse) => number): number => layers.reduce((total, layer) => total + of(layer), 0);
  const cycles = sum((l) => l.cycles);
  const hundred = (share: number): string => (100 * share).toFixed(2);
  const shown = layers.slice(0, SHOWN);
  const rows = [
    ...shown.map((l) => [
      l.name,
      grouped(l.cycles),
      grouped(l.stalls),
      hundred(l.utilisation),
      hundred(l.mapping),
      grouped(dramWords(l)),
    ]),
    [
      words.total,
      grouped(cycles),
      grouped(sum((l) => l.stalls)),
      hundred(sum((l) => l.utilisation * l.cycles) / cycles),
      '',
      grouped(sum(dramWords)),
    ],
  ];
  const columns = words.heads.map(
    (head, i): Column => ({ head, align: i === 0 ? 'left' : 'right', ...(i === 0 ? { cut: true } : {}) }),
  );
  const paint = (row: number) => (row === rows.length - 1 ? palette.strong : PLAIN.strong);
  return `${[
    palette.strong(words.title(run)),
    `  ${[words.array(design), words.rate(design.bandwidth)].join(words.comma)}`,
    '',
    ...table(columns, rows, { width, head: palette.faint, paint }),
    ...(layers.length > shown.length ? [words.more(layers.length - shown.length)] : []),
    '',
    ...wrap(words.note, width, ''),
  ].join('\n')}\n`;
}
