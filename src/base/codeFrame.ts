/** Code frames: the lines around a place in a text, with a caret under what is meant. */
import type { Place } from './diagnostics.ts';

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
    const mark = n === place.line ? '>' : ' ';
    out.push(`${mark} ${String(n).padStart(width)} | ${lines[n - 1] ?? ''}`.trimEnd());
    if (n === place.line && place.column !== undefined) {
      const caret = '^'.repeat(Math.max(1, place.length ?? 1));
      out.push(`  ${' '.repeat(width)} | ${' '.repeat(place.column - 1)}${caret}`);
    }
  }
  return out.join('\n');
}

/** `file:line:column`, as far as it is known. */
export function placeText(place: Place): string {
  const parts: string[] = [];
  if (place.file !== undefined) {
    let text = place.file;
    if (place.line !== undefined) text += `:${place.line}`;
    if (place.line !== undefined && place.column !== undefined) text += `:${place.column}`;
    parts.push(text);
  } else if (place.line !== undefined) {
    parts.push(`line ${place.line}${place.column === undefined ? '' : `:${place.column}`}`);
  }
  if (place.node !== undefined) parts.push(`node '${place.node}'`);
  if (place.instruction !== undefined) parts.push(`instruction ${place.instruction}`);
  if (place.cycle !== undefined) parts.push(`cycle ${place.cycle}`);
  return parts.join(', ');
}
