/** Markdown with formulas as a terminal shows it: formulas in Unicode, marks taken away, lines broken at the width. */
import stringWidth from 'string-width';
import { replace as unicode } from 'unicodeit';

/** What a command has in braces, which may hold one more pair. */
const BODY = String.raw`\s*\{((?:[^{}]|\{[^{}]*\})*)\}`;

/** In the place of a `_`, `^` and brace that stay. */
const [LOW, HIGH, OPEN, CLOSE] = ['\ue8f0', '\ue8f1', '\ue8f2', '\ue8f3'];

/** Fractions, roots and words of a formula, which have no Unicode of their own. */
const WRITTEN: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  [/\^\\mathsf\s*\{?T\}?/g, 'ᵀ'],
  // A word as an index is a word, not a product of letters.
  [/_\\(?:text|mathrm)\{(\w+)\}/g, `${LOW}$1`],
  [
    new RegExp(String.raw`([_^])(\\(?:text|texttt|mathrm|operatorname|mathbf|mathit|boldsymbol)${BODY})`, 'g'),
    '$1{$2}',
  ],
  [new RegExp(String.raw`\\mathbin${BODY}`, 'g'), '$1'],
  [new RegExp(String.raw`\\pmod${BODY}`, 'g'), ' (mod $1)'],
  [/\\math(?:sf|bb|rm|bf)\s+(\w)/g, '$1'],
  [/\\(bar|hat|tilde)\s+(\w)/g, '\\$1{$2}'],
  [/\\(?:begin|end)\{\w+\}/g, ''],
  [/\s*\\\\\s*/g, '; '],
  [/(?<!\\)&+/g, ' '],
  [new RegExp(String.raw`\\(?:text|texttt|mathrm|operatorname|mathbf|mathit|boldsymbol)${BODY}`, 'g'), '$1'],
  [new RegExp(String.raw`\\[dt]?frac${BODY}${BODY}`, 'g'), (_, over, under) => `${grouped(over!)}/${grouped(under!)}`],
  // What stands under a brace: what it comes to, or what it is called.
  [
    new RegExp(String.raw`\\underbrace${BODY}_${BODY}`, 'g'),
    (_, of, name) => (/^\s*[\d.]/.test(name!) ? `(${of} = ${name})` : `(${of}) [${name}]`),
  ],
  [/\\[dt]?frac(\w)(\w)/g, '$1/$2'],
  [new RegExp(String.raw`\\sqrt${BODY}`, 'g'), (_, of) => `√${grouped(of!)}`],
];

/** Sizes of brackets, which a line of text has not. */
const SIZES = /\\(?:left|right|[bB]igg?[lr]?|limits|displaystyle)(?![a-zA-Z])\.?/g;

const BY_NAME: Readonly<Record<string, string>> = {
  ...{ lvert: '|', rvert: '|', vert: '|', lVert: '‖', rVert: '‖', dots: '…', ldots: '…', cdots: '⋯', mid: '|' },
  ...{ leftarrow: '←', gets: '←', lfloor: '⌊', rfloor: '⌋', lceil: '⌈', rceil: '⌉', quad: '  ', qquad: '  ' },
  ...{ log: 'log ', ln: 'ln ', exp: 'exp ', arg: 'arg ', max: 'max ', min: 'min ', tanh: 'tanh ' },
  ...{ sin: 'sin ', cos: 'cos ' },
  ...{ ',': ' ', ';': ' ', ':': ' ', '!': '', ' ': ' ' },
};
const MARKS = /\\([a-zA-Z]+|[,;:! ])/g;

const grouped = (text: string): string => (/^[\w.\\]+$/.test(text.trim()) ? text.trim() : `(${text.trim()})`);

export function formulaText(tex: string): string {
  let text = tex.trim().replaceAll('\\{', OPEN).replaceAll('\\}', CLOSE);
  for (let before = ''; before !== text; ) {
    before = text;
    for (const [pattern, by] of WRITTEN) text = text.replace(pattern, by as string);
  }
  text = text.replace(SIZES, '').replace(MARKS, (mark, name: string) => BY_NAME[name] ?? mark);
  // From the inmost braces outwards, so that an index is text before it is asked whether it can be lowered.
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(
      /([_^]|\\[a-zA-Z]+\s*)?\{([^{}]*)\}(?=(\w?))/,
      (_, of: string | undefined, inner: string, next) =>
        of === '_' || of === '^'
          ? script(of, flat(inner), next)
          : of === undefined
            ? flat(inner)
            : flat(`${of}{${inner}}`),
    );
  }
  return (
    flat(text)
      .replace(/\\([%_#&|])/g, '$1')
      .replace(/[{}]/g, '')
      .replace(/ ?([⋅×]) ?/g, ' $1 ')
      // Commands end in a space that is no part of the formula.
      .replace(/([|⌊⌈‖]) (?=\S)/g, '$1')
      .replace(new RegExp(`(log|ln|exp|max|min|tanh|arg|sin|cos) (?=[(${LOW}${HIGH}₀-ₜᵢ-ᵪ⁰-ⁿ²³])`, 'g'), '$1')
      .replaceAll(LOW, '_')
      .replaceAll(HIGH, '^')
      .replaceAll(OPEN, '{')
      .replaceAll(CLOSE, '}')
      .replace(/ {2,}/g, ' ')
      .trim()
  );
}

/** A formula without groups in Unicode. */
const flat = (text: string): string =>
  unicode(
    text.replace(/([_^])(\\[a-zA-Z]+|[^\s{}])(?=(\w?))/g, (_, sign: string, of: string, next: string) =>
      script(sign, unicode(of), next),
    ),
  );

/** Raised or lowered as a whole, or as it is behind its sign: a word of which some letters are lowered cannot be read. */
function script(sign: string, text: string, next: string): string {
  const plain = text.trim();
  const moved = [...plain.replaceAll(' ', '')].map((c) => moveOne(sign, c));
  // An index that is a word is one, too.
  const isName = /^(?:[A-Za-z]{3,}|in)$/.test(plain);
  if (!isName && moved.every((c) => c !== undefined)) return moved.join('');
  const isWord = /^[\w.]+$/.test(plain) || [...plain].length === 1 || /^⌊[^⌊⌋]*⌋$/.test(plain);
  return `${sign === '_' ? LOW : HIGH}${isWord && next === '' ? plain : `(${plain})`}`;
}

const SAME_RAISED: Readonly<Record<string, string>> = { '⊤': 'ᵀ', '*': '*', '∗': '*', '′': '′' };
const found = new Map<string, string | undefined>();

/** The raised or lowered form of one character, where Unicode has one. */
function moveOne(sign: string, c: string): string | undefined {
  if (sign === '^' && SAME_RAISED[c] !== undefined) return SAME_RAISED[c];
  const key = `${sign}${c === '−' ? '-' : c}`;
  if (!found.has(key)) {
    const as = unicode(key);
    found.set(key, as.startsWith(sign) ? undefined : as);
  }
  return found.get(key);
}

/** What stands in a text for a formula or code while marks are taken away: these have stars and bars of their own. */
const HELD = /[\ue000-\ue7ff]/g;

/** Lines of at most so many columns. */
export function markdownText(markdown: string, width: number): string {
  const held: string[] = [];
  const hold = (text: string): string => String.fromCharCode(0xe000 + held.push(text) - 1);
  const released = (text: string): string => text.replace(HELD, (c) => held[c.charCodeAt(0) - 0xe000]!);
  const text = markdown
    .replace(/^```\w*\n([\s\S]*?)\n```$/gm, (_, code: string) => hold(code.replace(/^/gm, '    ')))
    .replace(/`[^`]+`/g, hold)
    .replace(/\$\$([\s\S]*?)\$\$/g, (_, tex: string) => `\n\n    ${hold(formulaText(tex))}\n\n`)
    .replace(/\$([^$]+)\$/g, (_, tex: string) => hold(formulaText(tex)))
    .replace(/\*\*([\s\S]+?)\*\*(?!\*)/g, '$1')
    .replace(/(?<![\w*])\*([^\s*](?:(?:[^*\n]|\n(?!\s*\n))*[^\s*])?)\*(?![\w*])/g, '$1')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
    .replace(/^#+\s*/gm, '')
    // Lines of one paragraph are one; Chinese has no space between them.
    .replace(/([\u2e80-\u9fff\uff00-\uffe6])\n(?=[^\s\-*\d|])/g, '$1')
    .replace(/(\S)\n(?=[^\s\-*|]|\*\w)(?!\d{1,2}\. )/g, '$1 ')
    // So are those of an item of a list.
    .replace(/([\u2e80-\u9fff\uff00-\uffe6])\n {2,3}(?=[^\s\-*\d|])/g, '$1')
    .replace(/(\S)\n {2,3}(?=[^\s\-*|]|\*\w)(?!\d{1,2}\. )/g, '$1 ');
  return text
    .replace(
      /^\|.*\|\s*\n\|[\s:|-]+\|\s*\n(?:\|.*\|[^\S\n]*(?:\n|$))*/gm,
      (lines) => `${hold(tableText(lines, released, width))}\n`,
    )
    .split('\n')
    .map((line) => (isBlock(line, held) ? released(line) : wrapped(released(line), width)))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** A line that stands for a table or a block of code, which have their lines already. */
const isBlock = (line: string, held: readonly string[]): boolean =>
  line.length === 1 && held[line.charCodeAt(0) - 0xe000]?.includes('\n') === true;

/** A table of Markdown in columns; where it is too wide, its widest columns are narrowed and their cells broken. */
function tableText(markdown: string, released: (text: string) => string, width: number): string {
  const [head = [], , ...body] = markdown
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .slice(1, -1)
        .split('|')
        .map((cell) => released(cell.trim())),
    );
  const rows = [head, ...body];
  const gap = 2;
  const widths = head.map((_, i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  const total = (): number => widths.reduce((sum, w) => sum + w + gap, -gap);
  while (total() > width && Math.max(...widths) > LEAST_COLUMN) widths[widths.indexOf(Math.max(...widths))]!--;
  return rows
    .flatMap((row) => {
      const cells = widths.map((w, i) => wrapped(row[i] ?? '', w).split('\n'));
      const height = Math.max(...cells.map((lines) => lines.length));
      return Array.from({ length: height }, (_, line) =>
        cells
          .map((lines, i) => (lines[line] ?? '') + ' '.repeat(Math.max(0, widths[i]! - stringWidth(lines[line] ?? ''))))
          .join(' '.repeat(gap))
          .trimEnd(),
      );
    })
    .join('\n');
}

/** Columns that a narrowed one keeps. */
const LEAST_COLUMN = 12;

/** Chinese may be broken between any two characters, but not before a mark that closes. */
const pieces = (line: string): readonly string[] =>
  line.match(
    /[\u2e80-\u9fff\uff00-\uffe6][，。；：、！？）】》”’]*|[^\s\u2e80-\u9fff\uff00-\uffe6]+[，。；：、！？）】》”’]*\s*|\s+/g,
  ) ?? [];

/** A line broken at the width; what follows an item's mark is indented. */
export function wrapped(line: string, width: number): string {
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
