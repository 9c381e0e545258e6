/** One line of assembly as tokens. Columns count from 1. Comments (`#`, `//`, `;`) end the line outside of quotes. */
import type { Place } from '#base';
import { type ErrorList, openString, strayCharacter } from './errors.ts';

export interface Token {
  readonly kind: 'name' | 'integer' | 'float' | 'string' | 'mark';
  /** As written. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
  /** Of an integer. */
  readonly integer: bigint;
  /** Of a float. */
  readonly float: number;
  /** Of a string, without quotes and escapes. */
  readonly content: string;
}

/** The file being assembled. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

// A dot starts a directive only before a letter, so that `.5f` is a number and `.` alone means "here".
const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['integer', /(?:0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|0[bB][01](?:_?[01])*)(?![\w.])/y],
  ['float', /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?f?(?![\w.])|\d+[eE][+-]?\d+f?(?![\w.])|\d+f(?![\w.])/y],
  ['integer', /\d(?:_?\d)*(?![\w.])/y],
  ['name', /\.?[A-Za-z_$][\w.$]*/y],
  ['mark', /<<|>>|[.,:()[\]+\-*/%]/y],
];

/** Where a token, or everything from it to `last`, stands. */
export function placeOf(source: Source, token: Token, last: Token = token): Place {
  const length = last.column + last.text.length - token.column;
  return { file: source.file, line: token.line, column: token.column, length, source: source.text };
}

const blank = { integer: 0n, float: 0, content: '' };

/** The tokens of a line; what is not a token is reported and skipped. */
export function scanLine(source: Source, text: string, line: number, errors: ErrorList): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    if (rest[0] === '#' || rest[0] === ';' || rest === '//') break;
    if (/\s/.test(rest[0]!)) {
      at++;
      continue;
    }
    const machine = tokens.length === 1 && tokens[0]!.text === '.machine' ? scanMachine(text, line, at) : undefined;
    if (machine !== undefined) {
      tokens.push(machine);
      at += machine.text.length;
      continue;
    }
    const token = rest[0] === '"' ? scanString(text, line, at) : scanPlain(text, line, at);
    if (token !== undefined) {
      tokens.push(token);
      at += token.text.length;
    } else if (rest[0] === '"') {
      const length = text.length - at;
      errors.add(openString({}, { file: source.file, line, column: at + 1, length, source: source.text }));
      break;
    } else {
      // A run of letters and digits that is no number (`12ab`) is one mistake, not four.
      const found = /^[\w.$]+/.exec(text.slice(at))?.[0] ?? String.fromCodePoint(text.codePointAt(at)!);
      const place = { file: source.file, line, column: at + 1, length: found.length, source: source.text };
      errors.add(strayCharacter({ found }, place));
      at += found.length;
    }
  }
  return tokens;
}

function scanPlain(text: string, line: number, at: number): Token | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) continue;
    const token = { ...blank, kind, text: found, line, column: at + 1 };
    if (kind === 'integer') return { ...token, integer: BigInt(found.replaceAll('_', '')) };
    if (kind === 'float') return { ...token, float: Number(found.replace(/f$/, '')) };
    return token;
  }
  return undefined;
}

/** The name of a machine is one word whatever it holds: `systolic-16x16`. */
function scanMachine(text: string, line: number, at: number): Token | undefined {
  const found = /^\w[\w.-]*/.exec(text.slice(at))?.[0];
  return found === undefined ? undefined : { ...blank, kind: 'name', text: found, line, column: at + 1 };
}

function scanString(text: string, line: number, at: number): Token | undefined {
  const found = /^"((?:[^"\\]|\\["\\nr])*)"/.exec(text.slice(at));
  if (found === null) return undefined;
  const content = found[1]!.replace(/\\(.)/g, (_, escaped: string) => LINE_ENDS[escaped] ?? escaped);
  return { ...blank, kind: 'string', text: found[0], line, column: at + 1, content };
}

/** What stands behind `\` for what cannot stand in a line. */
const LINE_ENDS: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

/** A name or text as the assembler reads it back: in quotes, with `"`, `\` and ends of lines escaped. */
export const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;

/** Splits at commas outside of brackets. No tokens: no operands. */
export function splitOperands(tokens: readonly Token[]): Token[][] {
  if (tokens.length === 0) return [];
  const operands: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    if (token.kind === 'mark' && token.text === ',' && depth <= 0) operands.push([]);
    else operands.at(-1)!.push(token);
  }
  return operands;
}
