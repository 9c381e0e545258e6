/**
 * Code frames: the lines around a place in a text, with a caret under what is meant. A long line is clipped around the
 * caret; widths are terminal columns, of which a Chinese character takes two.
 */
import stringWidth from 'string-width';
import type { Language, Place } from './diagnostics.ts';

/** Columns of a line that are shown, and how many of them stand before the caret at most. */
const SHOWN = 100;
const BEFORE = 60;

/**
 * The frame for `place`, or '' where it has no source or line.
 * @param context how many lines before and after are shown
 */
export function codeFrame(place: Place, context = 2): string {
  if (place.source === undefined || place.line === undefined) return '';
  const lines = place.source.split(/\r?\n/);
  const first = Math.max(1, place.line - context);
  const last = Math.min(lines.length, place.line + context);
  const width = String(last).length;
  const out: string[] = [];
  for (let n = first; n <= last; n++) {
    const isMarked = n === place.line;
    const text = lines[n - 1] ?? '';
    const at = isMarked && place.column !== undefined ? place.column - 1 : 0;
    const { shown, before, marked } = clip(text, at, place.length ?? 1);
    out.push(`${isMarked ? '>' : ' '} ${String(n).padStart(width)} | ${shown}`.trimEnd());
    if (isMarked && place.column !== undefined) {
      out.push(`  ${' '.repeat(width)} | ${before}${'^'.repeat(Math.max(1, stringWidth(marked)))}`);
    }
  }
  return out.join('\n');
}

interface Clipped {
  readonly shown: string;
  /** Blanks as wide as what is shown before the mark. */
  readonly before: string;
  /** What is marked, as far as it is shown. */
  readonly marked: string;
}

/** The part of a line around `at` that fits, with an ellipsis where something is left out. */
function clip(line: string, at: number, length: number): Clipped {
  // No character takes less than a unit, so these hold all that can be shown, whatever the length of the line.
  const head = [...line.slice(Math.max(0, at - 2 * SHOWN), at)].map(printable);
  const tail = [...line.slice(at, at + 2 * SHOWN)].map(printable);
  let from = head.length;
  let used = 0;
  const isShort = line.length <= SHOWN && columnsOf([...line]) <= SHOWN;
  const room = isShort ? SHOWN : columnsOf(head) > BEFORE ? BEFORE - 1 : BEFORE;
  while (from > 0 && used + columnsOf([head[from - 1]!]) <= room) used += columnsOf([head[--from]!]);
  let to = 0;
  while (to < tail.length && used + columnsOf([tail[to]!]) <= (isShort ? SHOWN : SHOWN - 1))
    used += columnsOf([tail[to++]!]);
  const left = from > 0 || at > 2 * SHOWN ? '…' : '';
  const right = to < tail.length || at + 2 * SHOWN < line.length ? '…' : '';
  const kept = head.slice(from);
  return {
    shown: left + kept.join('') + tail.slice(0, to).join('') + right,
    before: left.replace('…', ' ') + kept.map((c) => (c === '\t' ? c : ' '.repeat(stringWidth(c)))).join(''),
    marked: [...line.slice(at, at + Math.min(length, 2 * SHOWN))].map(printable).slice(0, to).join(''),
  };
}

const columnsOf = (characters: readonly string[]): number =>
  characters.reduce((sum, c) => sum + (c === '\t' ? 8 : stringWidth(c)), 0);

/** Control characters would move the cursor or colour the terminal. */
const printable = (character: string): string =>
  character !== '\t' && /\p{Cc}/u.test(character) ? '\ufffd' : character;

/** `file:line:column`, node, core, instruction and cycle, as far as they are known. */
export function placeText(place: Place, language: Language = 'en'): string {
  const en = language === 'en';
  const parts: string[] = [];
  if (place.file !== undefined) {
    let text = place.file;
    if (place.line !== undefined) text += `:${place.line}`;
    if (place.line !== undefined && place.column !== undefined) text += `:${place.column}`;
    parts.push(text);
  } else if (place.line !== undefined) {
    const column = place.column === undefined ? '' : `:${place.column}`;
    parts.push(en ? `line ${place.line}${column}` : `行 ${place.line}${column}`);
  }
  if (place.node !== undefined) parts.push(en ? `node '${place.node}'` : `节点“${place.node}”`);
  if (place.core !== undefined) parts.push(en ? `core ${place.core}` : `核 ${place.core}`);
  if (place.instruction !== undefined)
    parts.push(en ? `instruction ${place.instruction}` : `指令 ${place.instruction}`);
  if (place.cycle !== undefined) parts.push(en ? `cycle ${place.cycle}` : `周期 ${place.cycle}`);
  return parts.join(en ? ', ' : '，');
}
