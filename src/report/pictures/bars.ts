/** Quantities beside one another: a bar for each, with its name before it and its number behind it. */
import * as Plot from '@observablehq/plot';
import { chart, decades, HUES, plainNumber, tickText } from './chart.ts';

export interface Bar {
  readonly name: string;
  /** Above zero where the axis is logarithmic. */
  readonly value: number;
  /** What stands behind the bar; the number by default. */
  readonly label?: string;
  /** Bars of the same group have the same colour; by default all are of one. */
  readonly group?: string;
}

export interface BarsOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** What the axis says. */
  readonly x: string;
  readonly log?: boolean;
}

/** Bars from top to bottom in the order given. On a logarithmic axis they begin at the power of ten below the least. */
export function barsPicture(bars: readonly Bar[], { title, subtitle, x, log = false }: BarsOptions): string {
  const values = bars.map((b) => b.value);
  const most = Math.max(...values);
  const low = log ? 10 ** Math.floor(Math.log10(Math.min(...values)) - 0.3) : Math.min(0, ...values);
  const groups = [...new Set(bars.map((b) => b.group))];
  const hue = (b: Bar): string => HUES[groups.indexOf(b.group) % HUES.length]!;
  // Names may come twice, so that bars are told apart by their places.
  const rows = bars.map((bar, i) => ({ ...bar, row: String(i), low }));
  const { ticks, tickFormat } = log
    ? { ticks: decades(low, most).filter((_, i, all) => i % Math.ceil(all.length / 8) === 0), tickFormat: tickText }
    : { ticks: 4, tickFormat: plainNumber };
  return chart({
    title,
    ...(subtitle === undefined ? {} : { subtitle }),
    ...{ width: 860, height: 60 + 30 * bars.length, marginLeft: 250, marginRight: 170, marginTop: 10 },
    x: { label: `${x} →`, grid: true, ticks, tickFormat, domain: [low, most], ...(log ? { type: 'log' } : {}) },
    y: { domain: rows.map((r) => r.row), label: null, tickFormat: (row: string) => bars[Number(row)]!.name },
    marks: [
      Plot.barX(rows, { x1: 'low', x2: 'value', y: 'row', inset: 3, fill: (_: Bar, i: number) => hue(bars[i]!) }),
      Plot.text(rows, {
        ...{ x: 'value', y: 'row', dx: 6, textAnchor: 'start' },
        text: (b: Bar) => b.label ?? plainNumber(b.value),
      }),
    ],
  });
}
