/** The table of devices on the market for a terminal, their sources below it. */
import type { Language } from '#base';
import type { MarketDevice } from '#machine';
import { type Column, type Palette, PLAIN, table } from './table.ts';

type Cell = (device: MarketDevice) => string;

const scaled = (value: number | null, unit: number, digits: number): string =>
  value === null ? '–' : String(Number((value / unit).toFixed(digits)));

/** Heads in both languages; the least needed columns go first where the terminal is narrow. */
const COLUMNS: readonly (readonly [en: string, zh: string, align: Column['align'], cell: Cell, drop?: number])[] = [
  ['device', '装置', 'left', (d) => `${d.brand} ${d.model}`],
  ['precision', '精度', 'left', (d) => d.precision],
  ['peak TFLOPS', '峰值 TFLOPS', 'right', (d) => scaled(d.peak, 1e12, 1)],
  ['GB/s', 'GB/s', 'right', (d) => scaled(d.bandwidth, 1e9, 1)],
  ['W', 'W', 'right', (d) => String(d.power), 2],
  ['ridge FLOP/B', '拐点 FLOP/B', 'right', (d) => scaled(d.ridge, 1, 1)],
  ['TFLOPS/W', 'TFLOPS/W', 'right', (d) => d.efficiency.toFixed(2)],
  ['announced', '发布', 'left', (d) => d.date, 1],
];

const NOTE = {
  en: 'Peaks are of dense operations as stated by the makers, a multiply-accumulate counting as two; for integers read OPS. – : no source confirmed it.',
  zh: '峰值为厂商所述的稠密运算峰值，一次乘加计为两次运算；整数类型读作 OPS。–：未找到可确认的来源。',
} as const;

export function marketText(
  devices: readonly MarketDevice[],
  options: { readonly language?: Language; readonly palette?: Palette; readonly width?: number } = {},
): string {
  const { language = 'en', palette = PLAIN, width = 100 } = options;
  const columns: readonly Column[] = COLUMNS.map(([en, zh, align, , drop]) => ({
    head: language === 'en' ? en : zh,
    align,
    ...(drop === undefined ? {} : { drop }),
  }));
  const rows = devices.map((device) => COLUMNS.map(([, , , cell]) => cell(device)));
  const sources = new Map(devices.map((d) => [`${d.brand} ${d.model}`, d.source]));
  return `${[
    ...table(columns, rows, { width, head: palette.faint }),
    '',
    NOTE[language],
    '',
    palette.strong(language === 'en' ? 'Sources' : '来源'),
    ...[...sources].map(([name, source]) => `  ${name}${language === 'en' ? ': ' : '：'}${source}`),
  ].join('\n')}\n`;
}
