/** The timelines of training steps as SVG: of each strategy a row for what devices compute and one for what their links carry. */
import type { Language } from '#base';
import { FAINT, INK, LINE, picture, rect, text, tickStep } from '../pictures/svg.ts';
import { percent, secondsText } from '../quantities.ts';
import type { ParallelReport, StrategyReport, TimelineSpan } from './parallelReport.ts';
import { TASK_KINDS, type TaskKind } from './simulate.ts';
import { rowName } from './stepTimelineText.ts';
import { KIND_WORDS, STRATEGY_WORDS } from './words.ts';

const FILLS: Readonly<Record<TaskKind, string>> = {
  forward: '#8fc1ee',
  backward: '#f5a96b',
  inputGradient: '#e2884a',
  weightGradient: '#f7d08a',
  update: '#9aa4ae',
  allReduce: '#9fd0a4',
  allGather: '#c4b1e8',
  activations: '#bfe0f5',
  gradients: '#f9cdb0',
};
const NAMES = 110;
const RIGHT = 34;
const [COMPUTE, LINKS, GAP] = [24, 13, 7];
/** Rows of a strategy that are drawn; of more the middle is left out. */
const ROWS = 32;

const UNITS = [
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
  [1e-9, 'ns'],
] as const;

export interface StepPictureOptions {
  readonly language?: Language;
  readonly width?: number;
}

export function stepPicture(report: ParallelReport, { language = 'en', width = 980 }: StepPictureOptions = {}): string {
  const { devices } = report.cluster;
  const title =
    language === 'en'
      ? `${report.network}: a training step on ${devices} ${devices === 1 ? 'device' : 'devices'}`
      : `${report.network}：${devices} 个设备上的一个训练步`;
  const body = [text(16, 20, title, { bold: true })];
  let top = 34;
  for (const strategy of report.strategies) {
    const { parts, bottom } = steps(strategy, { language, width, top });
    body.push(...parts);
    top = bottom + 16;
  }
  return picture(width, top, title, body);
}

function steps(
  s: StrategyReport,
  { language, width, top }: { readonly language: Language; readonly width: number; readonly top: number },
) {
  const words = KIND_WORDS[language];
  const plot = width - NAMES - RIGHT;
  const parts: string[] = [text(16, top + 12, headOf(s, language), { size: 12 })];
  const kinds = new Set(s.timeline.flatMap((row) => [...row.compute, ...row.links].map((span) => span.kind)));
  let left = NAMES;
  for (const kind of TASK_KINDS.filter((k) => kinds.has(k))) {
    parts.push(rect(left, top + 21, 11, 11, `fill="${FILLS[kind]}"`));
    parts.push(text(left + 16, top + 31, words[kind], { size: 11, fill: FAINT }));
    left += 34 + [...words[kind]].reduce((n, c) => n + (c.charCodeAt(0) > 255 ? 12 : 6.2), 0);
  }
  const hidden = s.timeline.length > ROWS;
  const rows = hidden ? [...s.timeline.slice(0, ROWS / 2), null, ...s.timeline.slice(-ROWS / 2)] : s.timeline;
  const first = top + 42;
  const heights = rows.map((row) => (row === null ? 16 : COMPUTE + (row.links.length > 0 ? LINKS : 0) + GAP));
  const bottom = first + heights.reduce((a, b) => a + b, 0);
  const [size, unit] = UNITS.find(([u]) => s.seconds >= u) ?? UNITS[3];
  // Whole steps of the unit, or of its thousandth where it is only just passed.
  const step = tickStep((1000 * s.seconds) / size / 8) / 1000;
  const x = (seconds: number): number => NAMES + (seconds / s.seconds) * plot;
  for (let n = 0; n * step * size <= s.seconds; n++) {
    const at = x(n * step * size);
    parts.push(rect(at, first - 3, 1, bottom - first + 3, `fill="${LINE}"`));
    parts.push(
      text(at, bottom + 12, String(Number((n * step).toPrecision(6))), { anchor: 'middle', size: 11, fill: FAINT }),
    );
  }
  parts.push(text(width - 6, bottom + 12, unit, { anchor: 'end', size: 11, fill: FAINT }));
  let y = first;
  rows.forEach((row, i) => {
    if (row === null) parts.push(text(NAMES - 10, y + 11, '⋮', { anchor: 'end', fill: FAINT }));
    else {
      parts.push(text(NAMES - 10, y + 16, rowName(row, language), { anchor: 'end', size: 12, fill: INK }));
      parts.push(...bars(row.compute, x, y, COMPUTE), ...bars(row.links, x, y + COMPUTE + 1, LINKS - 2));
    }
    y += heights[i]!;
  });
  return { parts, bottom: bottom + 14 };
}

function headOf(s: StrategyReport, language: Language): string {
  const name = STRATEGY_WORDS[language][s.strategy];
  const [comma, colon] = language === 'en' ? [', ', ': '] : ['，', '：'];
  const micro =
    s.schedule === null
      ? []
      : [language === 'en' ? `${s.microBatches} micro-batches` : `${s.microBatches} 个微批次`, s.schedule];
  const idle = `${language === 'en' ? 'idle' : '空闲'} ${percent(s.idle)}`;
  const speedUp = `${language === 'en' ? 'speed-up' : '加速比'} ${s.speedUp.toFixed(2)}`;
  return `${name}${colon}${[...micro, secondsText(s.seconds), speedUp, idle].join(comma)}`;
}

/** Neighbours of one kind that are too narrow to tell apart become one. */
function bars(spans: readonly TimelineSpan[], x: (seconds: number) => number, y: number, height: number): string[] {
  const drawn: { kind: TaskKind; label: string; from: number; to: number }[] = [];
  for (const { kind, label, from, to } of spans) {
    const [a, b] = [x(from), x(to)];
    const last = drawn.at(-1);
    if (last !== undefined && last.kind === kind && b - last.from < 1.5) {
      last.to = Math.max(last.to, b);
      last.label = '';
    } else drawn.push({ kind, label, from: a, to: b });
  }
  return drawn.flatMap(({ kind, label, from, to }) => {
    const wide = to - from;
    const edge = wide > 3 ? ' stroke="#ffffff" stroke-width="0.5"' : '';
    const box = rect(from, y, Math.max(0.5, wide), height, `fill="${FILLS[kind]}"${edge}`);
    const size = height > 15 ? [11, 9].find((n) => wide > 0.6 * n * label.length + 3) : 9.5;
    if (label === '' || size === undefined || wide <= 0.6 * size * label.length + 3) return [box];
    return [box, text((from + to) / 2, y + height / 2 + 0.36 * size, label, { anchor: 'middle', size })];
  });
}
