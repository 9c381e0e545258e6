/**
 * Units × cycles as SVG: what each unit did when, of a short run or a part of it. The recorder keeps spans, not events; a run of more
 * than `limit` spans is told so rather than drawn as a blot.
 */
import type { Language } from '#base';
import type { Observer, SimulationEvent } from '#sim';
import { FAINT, INK, LINE, picture, rect, text } from './svg.ts';
import { textDensity } from './terminal.ts';

export interface TimelineSpan {
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  readonly kind: 'transfer' | 'compute' | 'wait' | 'host';
  readonly label: string;
}

/** Mutable: collects the spans of a run; give its `observer` to the simulation. */
export class TimelineRecorder {
  readonly #limit: number;
  readonly spans: TimelineSpan[] = [];
  /** Spans beyond the limit, which were not kept. */
  dropped = 0;
  /** When control of a core began to wait, or handed over to the host. */
  readonly #since = new Map<number, number>();
  /** The unit that signalled a semaphore last: for whom a wait was. */
  readonly #signallers = new Map<string, string>();

  constructor(limit = 2000) {
    this.#limit = limit;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    switch (event.type) {
      case 'load:end':
      case 'store:end':
      case 'loadSparse:end':
      case 'get:end':
      case 'put:end':
      case 'move:end':
        this.#add({
          unit: unitOf(event),
          from: event.start,
          to: event.cycle,
          kind: 'transfer',
          label: event.entry.kind,
        });
        return;
      case 'mma:end':
      case 'mmaSparse:end':
      case 'winograd:end':
      case 'vec:end':
      case 'compute:end': {
        const { entry } = event;
        const label = entry.kind === 'vec' ? `vec.${entry.function}` : entry.kind;
        this.#add({ unit: unitOf(event), from: event.start, to: event.cycle, kind: 'compute', label });
        return;
      }
      case 'signal:end':
        if (event.entry.kind === 'signal')
          this.#signallers.set(`${event.entry.core ?? event.core} ${event.entry.semaphore}`, event.unit);
        return;
      case 'wait:end': {
        const by = event.entry.kind === 'wait' ? this.#signallers.get(`${event.core} ${event.entry.semaphore}`) : '';
        this.#add({ unit: unitOf(event), from: event.start, to: event.cycle, kind: 'wait', label: by ?? '' });
        return;
      }
      case 'host:start':
      case 'control:stall':
        this.#since.set(event.core, event.cycle);
        return;
      case 'host:end':
        this.#add({
          unit: 'host',
          from: this.#since.get(event.core) ?? event.cycle,
          to: event.cycle,
          kind: 'host',
          label: event.name,
        });
        return;
      case 'control:resume':
        this.#add({
          ...{ unit: unitOf({ unit: 'control', core: event.core }), kind: 'wait', label: event.cause },
          ...{ from: this.#since.get(event.core) ?? event.cycle, to: event.cycle },
        });
        return;
      default:
    }
  };

  #add(span: TimelineSpan): void {
    if (span.to === span.from) return;
    if (this.spans.length < this.#limit) this.spans.push(span);
    else this.dropped++;
  }
}

/** Of other cores than the first with their number. */
const unitOf = ({ unit, core }: { readonly unit: string; readonly core: number }): string =>
  core === 0 ? unit : `${unit} ${core}`;

const FILLS = { transfer: '#9fd0a4', compute: '#8fc1ee', wait: '#eaeef2', host: '#f5c98b' } as const;
const ROW = 30;
const NAMES = 90;

export interface TimelineOptions {
  readonly title: string;
  /** First and one-past-last cycle shown. */
  readonly from?: number;
  readonly to: number;
  /** Rows, from above; by default those that have a span. */
  readonly units?: readonly string[];
  readonly width?: number;
  /** Spans that are drawn at most, the longest; the picture says how many more there are. */
  readonly limit?: number;
  readonly language?: Language;
}

/** The picture of spans. */
export function timeline(all: readonly TimelineSpan[], options: TimelineOptions): string {
  const { from = 0, to, width = 980, language = 'en', limit = 20_000 } = options;
  const spans = all.length <= limit ? all : [...all].sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, limit);
  const units = options.units ?? [...new Set(all.map((s) => s.unit))].sort(byUnit);
  const plot = width - NAMES - 30;
  const x = (cycle: number): number => NAMES + ((cycle - from) / Math.max(1, to - from)) * plot;
  const body: string[] = [];
  const bottom = 34 + units.length * ROW;
  const step = tickStep((to - from) / 8);
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
    body.push(rect(x(tick), 28, 1, bottom - 28, `fill="${LINE}"`));
    body.push(text(x(tick), bottom + 16, String(tick), { anchor: 'middle', size: 11, fill: FAINT }));
  }
  body.push(
    text(width - 30, bottom + 34, language === 'en' ? 'cycles' : '周期', { anchor: 'end', size: 11, fill: FAINT }),
  );
  body.push(text(16, 18, options.title, { bold: true }));
  if (spans.length < all.length) {
    const more = all.length - spans.length;
    const words = language === 'en' ? `${more} shorter spans are not drawn` : `另有 ${more} 段较短的活动未画出`;
    body.push(text(NAMES, bottom + 34, words, { size: 11, fill: FAINT }));
  }
  units.forEach((unit, row) => {
    const y = 32 + row * ROW;
    body.push(text(NAMES - 10, y + 18, unit, { anchor: 'end', fill: INK }));
    for (const span of spans) {
      if (span.unit !== unit || span.to <= from || span.from >= to) continue;
      const [a, b] = [x(Math.max(from, span.from)), x(Math.min(to, span.to))];
      body.push(
        rect(a, y, Math.max(0.5, b - a), ROW - 6, `fill="${FILLS[span.kind]}" stroke="#ffffff" stroke-width="0.5"`),
      );
      if (b - a > 7 * span.label.length + 6) {
        body.push(text((a + b) / 2, y + 16, span.label, { anchor: 'middle', size: 11 }));
      }
    }
  });
  return picture(width, bottom + 44, options.title, body);
}

const ORDER = ['control', 'load', 'store', 'dma', 'link', 'winograd', 'matrix', 'vector', 'host'];

/** Cores in order, and of each control, transfers, computing units, host. */
function byUnit(a: string, b: string): number {
  const [nameA = '', coreA = '0'] = a.split(' ');
  const [nameB = '', coreB = '0'] = b.split(' ');
  return Number(coreA) - Number(coreB) || ORDER.indexOf(nameA) - ORDER.indexOf(nameB);
}

/** For a terminal: how busy each unit is in each part of the time. */
export function timelineText(
  spans: readonly TimelineSpan[],
  options: TimelineOptions & { readonly columns?: number },
): readonly string[] {
  const { from = 0, to, language = 'en', columns = 100 } = options;
  const units = options.units ?? [...new Set(spans.map((s) => s.unit))].sort(byUnit);
  const widest = Math.max(7, ...units.map((u) => u.length));
  const width = Math.max(20, Math.min(columns - widest - 14, 120));
  return [
    options.title,
    ...units.map((unit) => {
      const busy = spans.filter((s) => s.unit === unit && s.kind !== 'wait');
      const cycles = busy.reduce((n, s) => n + Math.max(0, Math.min(to, s.to) - Math.max(from, s.from)), 0);
      const share = `${((100 * cycles) / Math.max(1, to - from)).toFixed(1)} %`;
      return `${unit.padStart(widest)} │${textDensity(busy, from, to, width)}│ ${share.padStart(7)}`;
    }),
    `${' '.repeat(widest + 2)}${from}${String(to).padStart(Math.max(1, width - String(from).length))}`,
    `${' '.repeat(widest + 2)}${language === 'en' ? 'cycles; · idle, ░▒▓█ a quarter busy to all' : '周期；· 空闲，░▒▓█ 表示四分之一忙到全忙'}`,
  ];
}

/** 1, 2 or 5 times a power of ten, not below `least`, and a whole number of cycles. */
function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((m) => m * power >= least) ?? 10);
}
