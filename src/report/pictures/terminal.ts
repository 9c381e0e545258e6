/** Pictures in any terminal: a grid of characters for points and lines, bars for shares. */

export interface TextPoint {
  readonly x: number;
  readonly y: number;
  readonly mark: string;
}

export interface TextGrid {
  readonly columns: number;
  readonly rows: number;
  readonly x: { readonly low: number; readonly high: number; readonly log?: boolean; readonly label: string };
  readonly y: { readonly low: number; readonly high: number; readonly log?: boolean; readonly label: string };
  readonly format?: (value: number) => string;
}

/** Points on a grid with an axis to the left and one below; later points stand over earlier ones. */
export function textGrid(points: readonly TextPoint[], { columns, rows, x, y, format = short }: TextGrid): string[] {
  const cells = Array.from({ length: rows }, () => new Array<string>(columns).fill(' '));
  for (const p of points) {
    const column = Math.round(at(p.x, x) * (columns - 1));
    const row = Math.round((1 - at(p.y, y)) * (rows - 1));
    if (column >= 0 && column < columns && row >= 0 && row < rows) cells[row]![column] = p.mark;
  }
  const ticks = [format(y.high), format(between(y)), format(y.low)];
  const margin = Math.max(...ticks.map((t) => t.length));
  const tick = (row: number): string =>
    row === 0 ? ticks[0]! : row === rows - 1 ? ticks[2]! : row === Math.round((rows - 1) / 2) ? ticks[1]! : '';
  const [left, middle, right] = [format(x.low), format(between(x)), format(x.high)];
  const gap = columns - left.length - middle.length - right.length;
  const before = Math.max(1, Math.floor(columns / 2 - left.length - middle.length / 2));
  return [
    `${' '.repeat(margin)} ${y.label}`,
    ...cells.map((line, row) => `${tick(row).padStart(margin)} │${line.join('')}`.trimEnd()),
    `${' '.repeat(margin)} └${'─'.repeat(columns)}`,
    `${' '.repeat(margin + 2)}${left}${' '.repeat(before)}${middle}${' '.repeat(Math.max(1, gap - before))}${right}`,
    `${' '.repeat(margin + 2)}${x.label}`,
  ];
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly log?: boolean;
}

/** Where a value stands on an axis: 0 at its low end, 1 at its high end. */
const at = (value: number, { low, high, log = false }: Axis): number => {
  const of = log ? Math.log : (v: number) => v;
  return high === low ? 0.5 : (of(value) - of(low)) / (of(high) - of(low));
};

const between = ({ low, high, log = false }: Axis): number => (log ? Math.sqrt(low * high) : (low + high) / 2);

const short = (value: number): string => String(Number(value.toPrecision(3)));

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of so many columns for a share from 0 to 1, to an eighth of a column. */
export function textBar(share: number, columns: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * columns * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

/** How full each of some equal parts of a span is, by spans within it. */
export function textDensity(
  spans: readonly { readonly from: number; readonly to: number }[],
  from: number,
  to: number,
  columns: number,
): string {
  const filled = new Float64Array(columns);
  const step = (to - from) / columns;
  for (const s of spans) {
    const [a, b] = [Math.max(from, s.from), Math.min(to, s.to)];
    for (let i = Math.max(0, Math.floor((a - from) / step)); i < columns && from + i * step < b; i++)
      filled[i]! += Math.max(0, Math.min(b, from + (i + 1) * step) - Math.max(a, from + i * step)) / step;
  }
  return [...filled].map((f) => (f <= 0.02 ? '·' : '░▒▓█'[Math.min(3, Math.floor(f * 4))]!)).join('');
}
