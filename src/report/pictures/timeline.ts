/**
 * Units × cycles as SVG: what each unit did when, of a short run or a part of it. The recorder keeps spans, not events; a run of more
 * than `limit` spans is told so rather than drawn as a blot.
 */
import type { Language } from '#base';
import type { Observer, SimulationEvent } from '#sim';
import { FAINT, INK, LINE, picture, rect, text } from './svg.ts';

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
  #since = 0;

  constructor(limit = 2000) {
    this.#limit = limit;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    switch (event.type) {
      case 'load:end':
      case 'store:end':
      case 'move:end':
        this.#add({ unit: event.unit, from: event.start, to: event.cycle, kind: 'transfer', label: event.entry.kind });
        return;
      case 'mma:end':
      case 'vec:end':
      case 'compute:end': {
        const { entry } = event;
        const label = entry.kind === 'vec' ? `vec.${entry.function}` : entry.kind;
        this.#add({ unit: event.unit, from: event.start, to: event.cycle, kind: 'compute', label });
        return;
      }
      case 'host:start':
      case 'control:stall':
        this.#since = event.cycle;
        return;
      case 'host:end':
        this.#add({ unit: 'host', from: this.#since, to: event.cycle, kind: 'host', label: event.name });
        return;
      case 'control:resume':
        this.#add({ unit: 'control', from: this.#since, to: event.cycle, kind: 'wait', label: event.cause });
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
  readonly language?: Language;
}

/** The picture of spans. */
export function timeline(spans: readonly TimelineSpan[], options: TimelineOptions): string {
  const { from = 0, to, width = 980, language = 'en' } = options;
  const units = options.units ?? [...new Set(spans.map((s) => s.unit))];
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

/** 1, 2 or 5 times a power of ten, not below `least`, and a whole number of cycles. */
function tickStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5, 10].find((m) => m * power >= least) ?? 10);
}
