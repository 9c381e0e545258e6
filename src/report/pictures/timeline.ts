/**
 * Units × cycles as SVG: what each unit did when, of a short run or a part of it. The recorder keeps spans, not events; a run of more
 * than `limit` spans is told so rather than drawn as a blot.
 */
import type { Language } from '#base';
import type { EntryEnd, Observer, SimulationEvent } from '#sim';
import { CAUSE_FILLS, CAUSE_WORDS, CAUSES, type StallCause, stallsOf } from './stalls.ts';
import { FAINT, INK, LINE, picture, rect, text, thousands, tickStep } from './svg.ts';
import { textDensity } from './terminal.ts';

export interface TimelineSpan {
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  /** `signal`: what a semaphore operation itself takes; `wait`: what stood before it. */
  readonly kind: 'transfer' | 'compute' | 'signal' | 'wait' | 'host';
  readonly label: string;
  /** From when on its entry could have begun: it was in the queue, and the unit free. */
  readonly ready?: number;
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
  /** From when on the entry that each unit works at could have begun, and when its last one ended. */
  readonly #ready = new Map<string, number>();
  readonly #free = new Map<string, number>();
  /** End of the last span that was kept of each unit. */
  readonly #last = new Map<string, number>();

  constructor(limit = 2000) {
    this.#limit = limit;
  }

  readonly observer: Observer = (event: SimulationEvent): void => {
    if ('ready' in event) {
      const unit = unitOf(event);
      this.#ready.set(unit, Math.max(event.ready, this.#free.get(unit) ?? 0));
    } else if ('start' in event) this.#free.set(unitOf(event), event.cycle);
    switch (event.type) {
      case 'channel:grant': {
        // Inside the span of its transfer, which ends later.
        const from = event.cycle - event.waited;
        this.#add({ unit: unitOf(event), from, to: event.cycle, kind: 'wait', label: 'channel' });
        return;
      }
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
          ...this.#queued(event),
        });
        return;
      case 'mma:end':
      case 'mmaSparse:end':
      case 'winograd:end':
      case 'vec:end':
      case 'compute:end': {
        const { entry } = event;
        const label = entry.kind === 'vec' ? `vec.${entry.function}` : entry.kind;
        this.#add({
          ...{ unit: unitOf(event), from: event.start, to: event.cycle, kind: 'compute', label },
          ...this.#queued(event),
        });
        return;
      }
      case 'signal:end':
        if (event.entry.kind === 'signal')
          this.#signallers.set(`${event.entry.core ?? event.core} ${event.entry.semaphore}`, event.unit);
        this.#semaphore(event, 'signal');
        return;
      case 'wait:end': {
        const unit = unitOf(event);
        const by = event.entry.kind === 'wait' ? this.#signallers.get(`${event.core} ${event.entry.semaphore}`) : '';
        this.#add({ unit, from: this.#ready.get(unit) ?? event.start, to: event.start, kind: 'wait', label: by ?? '' });
        this.#semaphore(event, 'wait');
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

  /** Kept even where it takes no time, behind a gap: what is idle before the last of them is no tail. */
  #semaphore(event: EntryEnd, label: string): void {
    const unit = unitOf(event);
    const span = { unit, from: event.start, to: event.cycle, kind: 'signal', label, ...this.#queued(event) } as const;
    const last = this.#last.get(unit) ?? 0;
    if (span.to > span.from || span.from > last) this.#keep(span);
  }

  #queued(event: { readonly unit: string; readonly core: number }): { ready?: number } {
    const ready = this.#ready.get(unitOf(event));
    return ready === undefined ? {} : { ready };
  }

  #add(span: TimelineSpan): void {
    if (span.to > span.from) this.#keep(span);
  }

  #keep(span: TimelineSpan): void {
    this.#last.set(span.unit, Math.max(span.to, this.#last.get(span.unit) ?? 0));
    if (this.spans.length < this.#limit) this.spans.push(span);
    else this.dropped++;
  }
}

/** Of other cores than the first with their number. */
const unitOf = ({ unit, core }: { readonly unit: string; readonly core: number }): string =>
  core === 0 ? unit : `${unit} ${core}`;

const FILLS = {
  transfer: '#9fd0a4',
  compute: '#8fc1ee',
  signal: '#9aa4ae',
  host: '#f5a96b',
  control: '#e3e7ec',
} as const;
const ROW = 30;
const NAMES = 90;
const LEGEND = 22;

const KIND_WORDS = {
  en: { transfer: 'transfers', compute: 'computes', signal: 'signals', host: 'host', cycles: 'cycles' },
  zh: { transfer: '传输', compute: '计算', signal: '信号', host: '主机', cycles: '周期' },
} as const;

export interface TimelineOptions {
  readonly title: string;
  /** First and one-past-last cycle shown. */
  readonly from?: number;
  readonly to: number;
  /** Cycles of the run; by default the last that a span tells of. */
  readonly end?: number;
  /** Rows, from above; by default those that have a span. */
  readonly units?: readonly string[];
  readonly width?: number;
  /** Spans that are drawn one by one; of more a column of pixels tells what its cycles went to. */
  readonly limit?: number;
  readonly language?: Language;
}

/** One piece of a row. */
interface Piece {
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  readonly fill: string;
  readonly label: string;
}

/** What is drawn: stalls below, then spans, then what waits inside of them. */
function piecesOf(spans: readonly TimelineSpan[], units: readonly string[], end: number): readonly Piece[] {
  const within = ({ kind, label }: TimelineSpan): boolean => kind === 'wait' && label === 'channel';
  const isControl = (unit: string): boolean => unit.startsWith('control');
  const waits = spans.filter((s) => s.kind === 'wait' && !isControl(s.unit) && !within(s));
  const by = new Map(waits.map((s) => [`${s.unit} ${s.from}`, s.label]));
  return [
    ...stallsOf(spans, units, end)
      .filter((s) => s.cause !== 'channel')
      .map(({ cause, ...s }) => {
        const producer = cause === 'semaphore' ? by.get(`${s.unit} ${s.from}`) : undefined;
        return { ...s, fill: CAUSE_FILLS[cause], label: producer === undefined ? '' : `… ${producer}` };
      }),
    ...spans
      .filter((s) => s.to > s.from && (s.kind !== 'wait' || isControl(s.unit)))
      .map(({ kind, ...s }) => ({ ...s, fill: kind === 'wait' ? FILLS.control : FILLS[kind] })),
    ...spans.filter(within).map((s) => ({ ...s, fill: CAUSE_FILLS.channel, label: '' })),
  ];
}

const endOf = (spans: readonly TimelineSpan[]): number => spans.reduce((n, s) => Math.max(n, s.to), 0);

/** The picture of all spans of a run, with what stalls each unit between them. */
export function timeline(spans: readonly TimelineSpan[], options: TimelineOptions): string {
  const { from = 0, to, width = 980, language = 'en', limit = 20_000 } = options;
  const units = options.units ?? [...new Set(spans.map((s) => s.unit))].sort(byUnit);
  const all = piecesOf(spans, units, options.end ?? endOf(spans)).filter((s) => s.to > from && s.from < to);
  const plot = width - NAMES - 30;
  const x = (cycle: number): number => NAMES + ((cycle - from) / Math.max(1, to - from)) * plot;
  const words = KIND_WORDS[language];
  const body: string[] = [text(16, 18, options.title, { bold: true })];
  const fills = new Set(all.map((s) => s.fill));
  const entries = [
    ...(['transfer', 'compute', 'signal', 'host'] as const).map((kind) => [FILLS[kind], words[kind]] as const),
    ...CAUSES.map((cause) => [CAUSE_FILLS[cause], CAUSE_WORDS[language][cause]] as const),
  ].filter(([fill]) => fills.has(fill));
  let [left, line] = [NAMES, 0];
  for (const [fill, called] of entries) {
    const long = 24 + [...called].reduce((n, c) => n + (c.charCodeAt(0) > 255 ? 12 : 6.4), 0) + 14;
    if (left + long > width - 20) [left, line] = [NAMES, line + 1];
    body.push(rect(left, 28 + LEGEND * line, 11, 11, `fill="${fill}"`));
    body.push(text(left + 17, 38 + LEGEND * line, called, { size: 11, fill: FAINT }));
    left += long;
  }
  const top = 32 + (entries.length === 0 ? 0 : LEGEND * (line + 1));
  const bottom = top + 2 + units.length * ROW;
  const step = tickStep((to - from) / 8);
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
    body.push(rect(x(tick), top - 4, 1, bottom - top + 4, `fill="${LINE}"`));
    body.push(text(x(tick), bottom + 16, thousands(tick), { anchor: 'middle', size: 11, fill: FAINT }));
  }
  body.push(text(width - 30, bottom + 34, words.cycles, { anchor: 'end', size: 11, fill: FAINT }));
  if (all.length > limit) {
    const columns = language === 'en' ? 'each column: what its cycles went to' : '每列：其中周期的去向';
    body.push(text(NAMES, bottom + 34, columns, { size: 11, fill: FAINT }));
  }
  const byRow = Map.groupBy(all, (s) => s.unit);
  units.forEach((unit, row) => {
    const y = top + row * ROW;
    body.push(text(NAMES - 10, y + 18, unit, { anchor: 'end', fill: INK }));
    if (all.length > limit) {
      body.push(...columnsOf(byRow.get(unit) ?? [], { from, to, plot, y }));
      return;
    }
    for (const { fill, label, ...piece } of byRow.get(unit) ?? []) {
      const [a, b] = [x(Math.max(from, piece.from)), x(Math.min(to, piece.to))];
      // A white edge would leave nothing of a narrow one.
      const edge = b - a > 3 ? ' stroke="#ffffff" stroke-width="0.5"' : '';
      body.push(rect(a, y, Math.max(0.5, b - a), ROW - 6, `fill="${fill}"${edge}`));
      if (label !== '' && b - a > 7 * label.length + 6)
        body.push(text((a + b) / 2, y + 16, label, { anchor: 'middle', size: 11 }));
    }
  });
  return picture(width, bottom + 44, options.title, body);
}

/** Columns of two pixels, each stacked of what its cycles went to. Later pieces lie over earlier ones only inside transfers, whose waits count apart. */
function columnsOf(
  pieces: readonly Piece[],
  { from, to, plot, y }: { readonly from: number; readonly to: number; readonly plot: number; readonly y: number },
): string[] {
  const count = Math.floor(plot / 2);
  const wide = (to - from) / count;
  const columns = Array.from({ length: count }, () => new Map<string, number>());
  for (const piece of pieces) {
    const [a, b] = [Math.max(from, piece.from) - from, Math.min(to, piece.to) - from];
    for (let i = Math.floor(a / wide); i < count && i * wide < b; i++) {
      const cycles = Math.min(b, (i + 1) * wide) - Math.max(a, i * wide);
      const column = columns[i]!;
      if (cycles > 0) column.set(piece.fill, (column.get(piece.fill) ?? 0) + cycles);
    }
  }
  const order = [...Object.values<string>(FILLS), ...CAUSES.map((c) => CAUSE_FILLS[c])];
  return columns.flatMap((column, i) => {
    const total = Math.max(
      wide,
      [...column.values()].reduce((n, v) => n + v, 0),
    );
    let at = y + ROW - 6;
    return order.flatMap((fill) => {
      const tall = ((column.get(fill) ?? 0) / total) * (ROW - 6);
      if (tall < 0.05) return [];
      at -= tall;
      return [rect(NAMES + 2 * i, at, 2, tall, `fill="${fill}"`)];
    });
  });
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
  // Control has no queue: what it waits for is not idleness of a unit.
  const units = (options.units ?? [...new Set(spans.map((s) => s.unit))].sort(byUnit)).filter(
    (u) => !u.startsWith('control'),
  );
  const widest = Math.max(7, ...units.map((u) => u.length));
  const width = Math.max(20, Math.min(columns - widest - 14, 120));
  const within = (s: { readonly from: number; readonly to: number }): number =>
    Math.max(0, Math.min(to, s.to) - Math.max(from, s.from));
  const percent = (cycles: number): string => `${((100 * cycles) / Math.max(1, to - from)).toFixed(1)} %`;
  const stalls = Map.groupBy(stallsOf(spans, units, options.end ?? endOf(spans)), (s) => s.unit);
  /** The causes that took most, of a unit. */
  const causes = (unit: string): string => {
    const cycles = new Map<StallCause, number>();
    for (const s of stalls.get(unit) ?? []) cycles.set(s.cause, (cycles.get(s.cause) ?? 0) + within(s));
    const most = [...cycles].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
    return most
      .map(([cause, n]) => `${CAUSE_WORDS[language][cause]} ${percent(n)}`)
      .join(language === 'en' ? ', ' : '，');
  };
  return [
    options.title,
    ...units.map((unit) => {
      const busy = spans.filter((s) => s.unit === unit && s.kind !== 'wait');
      const share = percent(busy.reduce((n, s) => n + within(s), 0));
      return `${unit.padStart(widest)} │${textDensity(busy, from, to, width)}│ ${share.padStart(7)}`;
    }),
    `${' '.repeat(widest + 2)}${from}${String(to).padStart(Math.max(1, width - String(from).length))}`,
    `${' '.repeat(widest + 2)}${language === 'en' ? 'cycles; · idle, ░▒▓█ a quarter busy to all' : '周期；· 空闲，░▒▓█ 表示四分之一忙到全忙'}`,
    ...units.flatMap((unit) => {
      const why = causes(unit);
      return why === '' ? [] : [`${unit.padStart(widest)}   ${why}`];
    }),
  ];
}
