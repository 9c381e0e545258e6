/** What pages of layers have in common: buffers, memories, and schedules with the one that was chosen. */
import type { ContractionText, KernelText, ScheduleText } from '#lower';
import { bytesText, grouped, type Palette, PLAIN, table } from '#report';
import type { Console } from './console.ts';

export type Texts = Readonly<Record<'en' | 'zh', string>>;

export interface ExplainStyle {
  readonly palette?: Palette;
  readonly width?: number;
}

export const COLON: Texts = { en: ': ', zh: '：' };

export const headLines = (console: Console, text: Texts, palette: Palette): string[] => [
  '',
  palette.strong(console.text(text)),
];

export function bufferLines(
  console: Console,
  streams: ContractionText['streams'],
  { palette = PLAIN, width = 160 }: ExplainStyle,
): string[] {
  const t = console.text.bind(console);
  return [
    ...headLines(console, { en: 'Buffers', zh: '缓冲区' }, palette),
    ...table(
      [
        { head: '', align: 'left' },
        { head: t({ en: 'in', zh: '位于' }), align: 'left' },
        { head: t({ en: 'buffers', zh: '缓冲' }), align: 'right' },
        { head: t({ en: 'transfers', zh: '传输次数' }), align: 'right' },
      ],
      streams.map((s) => [
        s.name,
        s.space,
        s.buffers === 0 ? t({ en: 'stays', zh: '驻留' }) : `${s.buffers} × ${bytesText(s.bytes)}`,
        grouped(s.transfers),
      ]),
      { width, head: palette.faint },
    ).map((line) => `  ${line}`),
  ];
}

const scheduleRows = (console: Console, list: readonly ScheduleText[]): string[][] =>
  list.map(({ loops, predicted }) => [
    grouped(predicted.cycles),
    bytesText(predicted.readBytes + predicted.writeBytes),
    loops.join(console.text({ en: '; ', zh: '；' })) || console.text({ en: 'one tile', zh: '单块' }),
  ]);

export function scheduleLines(
  console: Console,
  considered: readonly ScheduleText[],
  { palette = PLAIN, width = 160 }: ExplainStyle,
): string[] {
  const t = console.text.bind(console);
  return [
    ...headLines(console, { en: 'Schedules that were predicted', zh: '预测过的调度' }, palette),
    ...table(
      [
        { head: t({ en: 'cycles', zh: '周期' }), align: 'right' },
        { head: t({ en: 'DRAM', zh: 'DRAM' }), align: 'right' },
        { head: t({ en: 'loops, outermost first', zh: '循环（由外到内）' }), align: 'left' },
      ],
      scheduleRows(console, considered),
      { width, head: palette.faint },
    ).map((line) => `  ${line}`),
  ];
}

/** A kernel of the vector unit: what it reads where, its nest with the instructions of a tile, why these tiles. */
export function kernelLines(console: Console, k: KernelText, style: ExplainStyle): string[] {
  const { palette = PLAIN } = style;
  const t = console.text.bind(console);
  const [best] = k.considered;
  const isBest = best?.loops.join() === k.chosen.loops.join();
  const why =
    best === undefined
      ? {
          en: 'Cut by rule, outermost dimensions first: until tiles fit, and there are enough of them for loads, work and stores to overlap.',
          zh: '按规则自最外维切分：直到块能放下，且块数足以使读取、计算与写回重叠。',
        }
      : isBest
        ? {
            en: 'Chosen is the first: of the least predicted time; of about equal ones what moves least.',
            zh: '选用第一个：预测时间最短；相近时取搬运最少者。',
          }
        : {
            en: `Chosen: ${k.chosen.loops.join('; ') || 'one tile'}, ${grouped(k.chosen.predicted.cycles)} cycles predicted.`,
            zh: `选用：${k.chosen.loops.join('；') || '单块'}，预测 ${grouped(k.chosen.predicted.cycles)} 周期。`,
          };
  return [
    ...headLines(console, { en: 'Tensors', zh: '张量' }, palette),
    ...k.access.map((line) => `  ${line}`),
    ...(k.domain.length === 0 ? [] : [`  ${t({ en: 'for', zh: '范围' })} ${k.domain.join(', ')}`]),
    ...headLines(console, { en: 'The chosen loop nest', zh: '所选循环' }, palette),
    ...k.nest.map((line) => `  ${line}`),
    ...bufferLines(console, k.streams, style),
    `  ${k.memory.name}${t(COLON)}${bytesText(k.memory.used)} / ${bytesText(k.memory.of)}`,
    ...(best === undefined
      ? headLines(console, { en: 'Tiles', zh: '分块' }, palette)
      : scheduleLines(console, k.considered, style)),
    `  ${t(why)}`,
  ];
}
