/** Markdown with formulas as a terminal shows it: formulas in Unicode, marks taken away, lines broken at the width. */
import stringWidth from 'string-width';
import { replace as unicode } from 'unicodeit';

/** What a command has in braces, which may hold one more pair. */
const BODY = String.raw`\s*\{((?:[^{}]|\{[^{}]*\})*)\}`;

/** Fractions, roots and words of a formula, which have no Unicode of their own. */
const WRITTEN: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  [new RegExp(String.raw`\\(?:text|mathrm|operatorname|mathbf|mathit|boldsymbol)${BODY}`, 'g'), '$1'],
  [new RegExp(String.raw`\\[dt]?frac${BODY}${BODY}`, 'g'), (_, over, under) => `${grouped(over!)}/${grouped(under!)}`],
  [new RegExp(String.raw`\\sqrt${BODY}`, 'g'), (_, of) => `√${grouped(of!)}`],
];

const grouped = (text: string): string => (/^[\w.\\]+$/.test(text.trim()) ? text.trim() : `(${text.trim()})`);

export function formulaText(tex: string): string {
  let text = tex.trim();
  for (let before = ''; before !== text; ) {
    before = text;
    for (const [pattern, by] of WRITTEN) text = text.replace(pattern, by as string);
  }
  return unicode(text.replace(/\\(?:left|right|,|;|!|quad|qquad| )/g, ' ').replace(/\\([{}%_#&])/g, '$1'))
    .replace(/\\\\/g, '; ')
    .replace(/[{}]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** Lines of at most so many columns. */
export function markdownText(markdown: string, width: number): string {
  const text = markdown
    .replace(/\$\$([\s\S]*?)\$\$/g, (_, tex: string) => `\n    ${formulaText(tex)}\n`)
    .replace(/\$([^$\n]+)\$/g, (_, tex: string) => formulaText(tex))
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
    .replace(/^#+\s*/gm, '');
  return text
    .split('\n')
    .map((line) => wrapped(line, width))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Chinese may be broken between any two characters, but not before a mark that closes. */
const pieces = (line: string): readonly string[] =>
  line.match(/[\u2e80-\u9fff\uff00-\uffe6][，。；：、！？）】》”’]*|[^\s\u2e80-\u9fff\uff00-\uffe6]+\s*|\s+/g) ?? [];

function wrapped(line: string, width: number): string {
  const indent = /^\s*(?:[-*] |\d+\. )?/.exec(line)![0].length;
  const lines: string[] = [];
  let current = '';
  for (const piece of pieces(line)) {
    if (stringWidth((current + piece).trimEnd()) > width && current.trim() !== '') {
      lines.push(current.trimEnd());
      current = ' '.repeat(indent);
    }
    current += piece;
  }
  return [...lines, current.trimEnd()].join('\n');
}
