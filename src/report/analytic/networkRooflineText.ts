/** The analytic roofline as a table: a row for each network or layer, a column for each array. */
import type { Language } from '#base';
import { grouped } from '../quantities.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import type { AnalyticRoofline } from './networkRoofline.ts';

const WORDS = {
  en: {
    title: (machine: string) => `Roofline of ${machine}: analytic, nothing is simulated`,
    heads: ['', 'MACs', 'words', 'FLOP/byte'],
    array: (n: number) => `N = ${n}`,
    ridge: 'ridge',
    peak: 'peak GFLOP/s',
    note: (bits: number, bandwidth: string) =>
      `Attainable GFLOP/s with N multipliers a core: min(peak, FLOP/byte × ${bandwidth} GB/s). Words of ${bits} bits: inputs, weights and outputs of each convolution and product, each once.`,
  },
  zh: {
    title: (machine: string) => `${machine} 的 Roofline：解析模型，未做仿真`,
    heads: ['', 'MAC', '字数', 'FLOP/字节'],
    array: (n: number) => `N = ${n}`,
    ridge: '拐点',
    peak: '峰值 GFLOP/s',
    note: (bits: number, bandwidth: string) =>
      `每核 N 个乘法器时可达的 GFLOP/s：min(峰值, FLOP/字节 × ${bandwidth} GB/s)。字长 ${bits} 位：各卷积与矩阵乘的输入、权重、输出各计一次。`,
  },
} as const;

export function analyticRooflineText(
  roofline: AnalyticRoofline,
  options: { readonly language?: Language; readonly palette?: Palette; readonly width?: number } = {},
): string {
  const { language = 'en', palette = PLAIN, width = 100 } = options;
  const words = WORDS[language];
  const { roofs, points } = roofline;
  const columns: readonly Column[] = [
    ...words.heads.map(
      (head, i): Column => ({
        head,
        align: i === 0 ? 'left' : 'right',
        ...(i === 0 ? { cut: true } : {}),
        ...(i === 1 ? { drop: 1 } : i === 2 ? { drop: 2 } : {}),
      }),
    ),
    ...roofs.map(({ multipliers }): Column => ({ head: words.array(multipliers), align: 'right' })),
  ];
  const giga = (value: number): string => (value / 1e9).toFixed(2);
  const rows = [
    [words.peak, '', '', '', ...roofs.map((r) => giga(r.peak))],
    [words.ridge, '', '', '', ...roofs.map((r) => String(Number(r.ridge.toPrecision(6))))],
    ...points.map((p) => [
      p.name,
      grouped(p.macs),
      grouped(p.words),
      p.intensity.toFixed(4),
      ...p.attainable.map(giga),
    ]),
  ];
  const paint = (i: number) => (i > 1 && points[i - 2]!.kind === 'network' ? palette.strong : PLAIN.strong);
  return `${[
    palette.strong(words.title(roofline.machine)),
    '',
    ...table(columns, rows, { width, head: palette.faint, paint }),
    '',
    ...wrap(words.note(roofline.bits, String(Number((roofline.bandwidth / 1e9).toPrecision(6)))), width, ''),
  ].join('\n')}\n`;
}
