/** Markdown with formulas as a terminal shows it: formulas in Unicode, marks taken away, lines broken at the width. */
import stringWidth from 'string-width';
import { replace as unicode } from 'unicodeit';

/** What a command has in braces, which may hold one more pair. */
const BODY = String.raw`\s*\{((?:[^{}]|\{[^{}]*\})*)\}`;

/** In the place of a `_` that stays one. */
const LOW = '\uff3f';

/** Fractions, roots and words of a formula, which have no Unicode of their own. */
const WRITTEN: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  [/\^\\mathsf\s*\{?T\}?/g, 'ᵀ'],
  // Most letters have no lower form, and a word half lowered cannot be read.
  [/_\\(?:text|mathrm)\{(\w+)\}/g, `${LOW}$1`],
  [/_\{(\d+\.\d+)\}/g, `${LOW}$1`],
  [new RegExp(String.raw`\\mathbin${BODY}`, 'g'), '$1'],
  [new RegExp(String.raw`\\pmod${BODY}`, 'g'), ' (mod $1)'],
  [/\\math(?:sf|bb|rm|bf)\s+(\w)/g, '$1'],
  [/\\(bar|hat|tilde)\s+(\w)/g, '\\$1{$2}'],
  [/\\(?:begin|end)\{\w+\}/g, ''],
  [/\s*\\\\\s*/g, '; '],
  [/(?<!\\)&+/g, ' '],
  [new RegExp(String.raw`\\(?:text|mathrm|operatorname|mathbf|mathit|boldsymbol)${BODY}`, 'g'), '$1'],
  [new RegExp(String.raw`\\[dt]?frac${BODY}${BODY}`, 'g'), (_, over, under) => `${grouped(over!)}/${grouped(under!)}`],
  [new RegExp(String.raw`\\underbrace${BODY}_${BODY}`, 'g'), (_, of, name) => `(${of}) [${name}]`],
  [/\\[dt]?frac(\d)(\d)/g, '$1/$2'],
  [new RegExp(String.raw`\\sqrt${BODY}`, 'g'), (_, of) => `√${grouped(of!)}`],
];

/** Sizes of brackets, which a line of text has not. */
const SIZES = /\\(?:left|right|[bB]igg?[lr]?|limits|displaystyle)(?![a-zA-Z])\.?/g;

const BY_NAME: Readonly<Record<string, string>> = {
  ...{ lvert: '|', rvert: '|', vert: '|', lVert: '‖', rVert: '‖', dots: '…', ldots: '…', cdots: '⋯', mid: '|' },
  ...{ leftarrow: '←', gets: '←', lfloor: '⌊', rfloor: '⌋', lceil: '⌈', rceil: '⌉', quad: '  ', qquad: '  ' },
  ...{ log: 'log ', ln: 'ln ', exp: 'exp ', arg: 'arg ', max: 'max ', min: 'min ', tanh: 'tanh ' },
  ...{ ',': ' ', ';': ' ', ':': ' ', '!': '', ' ': ' ' },
};
const MARKS = /\\([a-zA-Z]+|[,;:! ])/g;

const grouped = (text: string): string => (/^[\w.\\]+$/.test(text.trim()) ? text.trim() : `(${text.trim()})`);

export function formulaText(tex: string): string {
  let text = tex.trim();
  for (let before = ''; before !== text; ) {
    before = text;
    for (const [pattern, by] of WRITTEN) text = text.replace(pattern, by as string);
  }
  return (
    unicode(text.replace(SIZES, '').replace(MARKS, (mark, name: string) => BY_NAME[name] ?? mark))
      .replace(/\\([{}%_#&|])/g, '$1')
      .replace(/[{}]/g, '')
      .replace(/ ([⋅×]) ?/g, ' $1 ')
      // Commands end in a space that is no part of the formula.
      .replace(/([|⌊⌈‖]) (?=\S)/g, '$1')
      .replace(/(log|ln|exp|max|min|tanh) (?=[(_{])/g, '$1')
      .replaceAll(LOW, '_')
      .replace(/ {2,}/g, ' ')
      .trim()
  );
}

/** Lines of at most so many columns. */
export function markdownText(markdown: string, width: number): string {
  const text = markdown
    .replace(/\$\$([\s\S]*?)\$\$/g, (_, tex: string) => `\n\n    ${formulaText(tex)}\n\n`)
    .replace(/\$([^$]+)\$/g, (_, tex: string) => formulaText(tex))
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/(?<![\w*])\*([^*\n]+)\*(?![\w*])/g, '$1')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
    .replace(/^#+\s*/gm, '')
    // Lines of one paragraph are one; Chinese has no space between them.
    .replace(/([\u2e80-\u9fff\uff00-\uffe6])\n(?=[^\s\-*\d|])/g, '$1')
    .replace(/(\S)\n(?=[^\s\-*|]|\*\w)(?!\d{1,2}\. )/g, '$1 ');
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
  const indent = /^\s*(?:[-*] |\d{1,2}\. )?/.exec(line)![0].length;
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
