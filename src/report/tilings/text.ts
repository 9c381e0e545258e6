/** Tilings for a terminal: what each order moves, and its loop nest. */
import type { Language } from '#base';
import { grouped } from '../quantities.ts';
import { type Column, type Palette, PLAIN, table, wrap } from '../table.ts';
import type { Order } from './nest.ts';
import type { TilingReport } from './tilings.ts';

export const ORDER_WORDS: Readonly<Record<Language, Readonly<Record<Order, string>>>> = {
  en: {
    'output-stationary': 'output-stationary',
    'weight-stationary': 'weight-stationary',
    'input-stationary': 'input-stationary',
  },
  zh: { 'output-stationary': '输出固定', 'weight-stationary': '权重固定', 'input-stationary': '输入固定' },
};

const WORDS = {
  en: {
    title: (layer: string) => `Tilings of ${layer}: analytic, nothing is simulated`,
    heads: ['order', 'input', 'weights', 'output', 'words', 'of the least'],
    layer: (c: string, groups: number) => `${c}${groups === 1 ? '' : `, in each of ${groups} groups`}`,
    tile: (tile: string, words: string) => `tile (To, Tc, Th, Tw) = (${tile}), ${words} words on the chip`,
    least: (words: string) => `each word once, with padding: ${words}`,
    counted: 'Words by closed form; walking the loops below and counting gives the same.',
    formula: 'Words by closed form; the loops below have too many tiles to be walked.',
  },
  zh: {
    title: (layer: string) => `${layer} 的分块：解析模型，未做仿真`,
    heads: ['循环次序', '输入', '权重', '输出', '字数', '为最少的'],
    layer: (c: string, groups: number) => `${c}${groups === 1 ? '' : `，共 ${groups} 组，每组如此`}`,
    tile: (tile: string, words: string) => `块 (To, Tc, Th, Tw) = (${tile})，片上 ${words} 字`,
    least: (words: string) => `每字只搬一次（含填充）：${words}`,
    counted: '字数由闭式算出；按下列循环逐块执行并计数，结果相同。',
    formula: '字数由闭式算出；下列循环的块数过多，未逐块计数。',
  },
} as const;

export function tilingText(
  report: TilingReport,
  options: { readonly language?: Language; readonly palette?: Palette; readonly width?: number } = {},
): string {
  const { language = 'en', palette = PLAIN, width = 100 } = options;
  const words = WORDS[language];
  const { convolution: c, tile, orders } = report;
  const columns = words.heads.map((head, i): Column => ({ head, align: i === 0 ? 'left' : 'right' }));
  const rows = orders.map(({ order, words: w }) => [
    ORDER_WORDS[language][order],
    ...[w.input, w.weights, w.output, w.total].map(grouped),
    `× ${(w.total / report.least).toFixed(3)}`,
  ]);
  const walked = orders.every(({ counted }) => counted !== null);
  const sizes = `Y[${c.filters}, ${c.output.join(', ')}] = W[${c.filters}, ${c.channels}, ${c.kernel.join(', ')}] ∗ X[${c.channels}], stride ${c.stride.join(', ')}`;
  return `${[
    palette.strong(words.title(report.layer)),
    ...wrap(words.layer(sizes, report.groups), width, '  '),
    ...wrap(words.tile([tile.o, tile.c, tile.h, tile.w].join(', '), grouped(report.tileBuffer)), width, '  '),
    ...wrap(words.least(grouped(report.least)), width, '  '),
    '',
    ...table(columns, rows, { width, head: palette.faint }),
    '',
    ...wrap(walked ? words.counted : words.formula, width, ''),
    ...orders.flatMap(({ order, nest }) => [
      '',
      palette.strong(ORDER_WORDS[language][order]),
      ...nest.map((l) => `  ${l}`),
    ]),
  ].join('\n')}\n`;
}
