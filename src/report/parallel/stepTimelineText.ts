/** The timeline of a training step for a terminal: a letter for each part of the time, by what takes most of it. */

import stringWidth from 'string-width';
import type { Language } from '#base';
import { secondsText } from '../quantities.ts';
import { pad, wrap } from '../table.ts';
import type { StrategyReport, TimelineRow, TimelineSpan } from './parallelReport.ts';
import type { TaskKind } from './simulate.ts';
import { deviceRange, KIND_WORDS } from './words.ts';

/** Where it takes more than half of the time, and where less. */
const MARKS: Readonly<Record<TaskKind, readonly [more: string, less: string]>> = {
  forward: ['F', 'f'],
  backward: ['B', 'b'],
  inputGradient: ['X', 'x'],
  weightGradient: ['W', 'w'],
  update: ['U', 'u'],
  allReduce: ['R', 'r'],
  allGather: ['G', 'g'],
  activations: ['>', '›'],
  gradients: ['<', '‹'],
};

/** Rows shown; of more the middle is left out. */
const ROWS = 16;

export function stepTimelineText(
  { timeline, seconds }: StrategyReport,
  { language = 'en', columns = 100 }: { readonly language?: Language; readonly columns?: number },
): readonly string[] {
  const words = KIND_WORDS[language];
  const names = timeline.map((row) => rowName(row, language));
  const links = language === 'en' ? 'links' : '链路';
  const widest = Math.max(stringWidth(links), ...names.map((n) => stringWidth(n)));
  const width = Math.max(20, Math.min(columns - widest - 4, 120));
  const rows = timeline.map((row, i) => [
    `${pad(names[i]!, widest, 'right')} │${marks(row.compute, seconds, width)}│`,
    ...(row.links.length === 0 ? [] : [`${pad(links, widest, 'right')} │${marks(row.links, seconds, width)}│`]),
  ]);
  const shown =
    rows.length <= ROWS
      ? rows.flat()
      : [...rows.slice(0, ROWS / 2).flat(), `${pad('⋮', widest, 'right')} │`, ...rows.slice(-ROWS / 2).flat()];
  const kinds = new Set(timeline.flatMap((row) => [...row.compute, ...row.links].map((s) => s.kind)));
  const legend = (Object.keys(MARKS) as TaskKind[])
    .filter((k) => kinds.has(k))
    .map((k) => `${MARKS[k][0]} ${words[k]}`);
  const idle = language === 'en' ? '· nothing; small letters: less than half of the time' : '· 无；小写：不到一半时间';
  const end = secondsText(seconds);
  return [
    ...shown,
    `${' '.repeat(widest + 2)}0${end.padStart(width - 1)}`,
    ...wrap([...legend, idle].join(language === 'en' ? ', ' : '，'), columns, ' '.repeat(widest + 2)),
  ];
}

export const rowName = ({ devices }: TimelineRow, language: Language): string => {
  const range = deviceRange(devices);
  if (language === 'zh') return `设备 ${range}`;
  return `${devices.length === 1 ? 'device' : 'devices'} ${range}`;
};

function marks(spans: readonly TimelineSpan[], end: number, columns: number): string {
  const step = end / columns;
  const cells = Array.from({ length: columns }, () => new Map<TaskKind, number>());
  for (const { kind, from, to } of spans) {
    for (let i = Math.floor(from / step); i < columns && i * step < to; i++) {
      const share = (Math.min(to, (i + 1) * step) - Math.max(from, i * step)) / step;
      if (share > 0) cells[i]!.set(kind, (cells[i]!.get(kind) ?? 0) + share);
    }
  }
  return cells
    .map((cell) => {
      const [kind, share] = [...cell].reduce<readonly [TaskKind | null, number]>(
        (most, c) => (c[1] > most[1] ? c : most),
        [null, 0],
      );
      return kind === null ? '·' : MARKS[kind][share > 0.5 ? 0 : 1];
    })
    .join('');
}
