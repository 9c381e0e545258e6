/**
 * Tables for a terminal: aligned columns without lines. Widths are terminal columns (a Chinese character takes two); colours
 * are put on after a cell has its width, by the palette that the caller hands in.
 */
import stringWidth from 'string-width';

type Paint = (text: string) => string;

/** How to colour. Without one, text stays plain. */
export interface Palette {
  readonly strong: Paint;
  readonly faint: Paint;
  readonly good: Paint;
  readonly bad: Paint;
}

const plain: Paint = (text) => text;
export const PLAIN: Palette = { strong: plain, faint: plain, good: plain, bad: plain };

export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  /** May be cut in the middle where the table is wider than the terminal. */
  readonly cut?: boolean;
  /** May be left out where that does not help: lower numbers go first. */
  readonly drop?: number;
}

/** Least columns that a cut column keeps. */
const LEAST = 12;

interface Layout {
  /** Columns that are shown, by index, and how wide. */
  readonly shown: readonly { readonly index: number; readonly width: number }[];
  readonly gap: number;
}

/** Lines of a table. `paint` colours a row. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number; readonly head: Paint; readonly paint?: (row: number) => Paint },
): string[] {
  const widths = columns.map((c, i) => Math.max(stringWidth(c.head), ...rows.map((r) => stringWidth(r[i]!))));
  const { shown, gap } = layoutIn(columns, widths, options.width);
  const line = (cells: readonly string[]): string =>
    shown
      .map(({ index, width }) => pad(cut(cells[index]!, width), width, columns[index]!.align))
      .join(' '.repeat(gap))
      .trimEnd();
  return [
    options.head(line(columns.map((c) => c.head))),
    ...rows.map((row, i) => (options.paint?.(i) ?? plain)(line(row))),
  ];
}

/** Makes a table fit: texts are cut, then gaps narrowed, then columns left out; what does not fit even so sticks out. */
function layoutIn(columns: readonly Column[], widths: readonly number[], width: number): Layout {
  const droppable = columns.flatMap((c, i) => (c.drop === undefined ? [] : [i]));
  droppable.sort((a, b) => columns[a]!.drop! - columns[b]!.drop!);
  let best: Layout | undefined;
  for (let dropped = 0; dropped <= droppable.length; dropped++) {
    const without = new Set(droppable.slice(0, dropped));
    const kept = columns.map((_, i) => i).filter((i) => !without.has(i));
    for (const gap of dropped === 0 ? [2, 1] : [1]) {
      const { shown, excess } = shrink(columns, kept, widths, width - gap * (kept.length - 1));
      best = { shown, gap };
      if (excess <= 0) return best;
    }
  }
  return best!;
}

/** Cuts the widest column that may be cut first. */
function shrink(columns: readonly Column[], kept: readonly number[], widths: readonly number[], room: number) {
  const cutTo = new Map(kept.map((i) => [i, widths[i]!]));
  let excess = [...cutTo.values()].reduce((a, b) => a + b, 0) - room;
  const cuttable = kept.filter((i) => columns[i]!.cut === true).sort((a, b) => widths[b]! - widths[a]!);
  for (const i of cuttable) {
    const spare = Math.max(0, Math.min(excess, widths[i]! - LEAST));
    cutTo.set(i, widths[i]! - spare);
    excess -= spare;
  }
  return { shown: [...cutTo].map(([index, w]) => ({ index, width: w })), excess };
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** The text in at most `width` columns, an ellipsis in the middle: ends tell node names apart. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const characters = [...text];
  const take = (from: readonly string[], room: number): string[] => {
    const taken: string[] = [];
    let used = 0;
    for (const c of from) {
      used += stringWidth(c);
      if (used > room) break;
      taken.push(c);
    }
    return taken;
  };
  const head = take(characters, Math.floor((width - 1) / 3));
  const tail = take(characters.toReversed(), width - 1 - stringWidth(head.join(''))).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

/** A paragraph in lines of at most `width` columns, broken at blanks and between Chinese characters. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [piece] of text.matchAll(PIECES)) {
    if (line !== '' && stringWidth(indent + line + piece.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else line += piece;
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines.map((l) => indent + l);
}

/** A blank, a word, or a Chinese character; each with the Chinese marks behind it, which begin no line. */
const PIECES = /(?:\s+|[\u2e80-\u9fff]|[^\s\u2e80-\u9fff\uff00-\uffef]+|[\uff00-\uffef])[，。：；、）”？！]*/g;
