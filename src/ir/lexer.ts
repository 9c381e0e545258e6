/**
 * Tokens of the text form. A token keeps its place in the source; line and column are worked out only when an error
 * needs them. White space and comments (`#` to the end of the line) separate tokens and mean nothing else.
 */
import { type Diagnostic, diagnostic, type Place } from '#base';

const unexpected = diagnostic<{ found: string; expected: string; expectedZh: string }>('SYS-IR-100', 'invalid', {
  en: (p) => `found ${p.found === '' ? 'the end of the text' : `'${p.found}'`}, expected ${p.expected}`,
  zh: (p) => `此处是${p.found === '' ? '文本结尾' : ` '${p.found}'`}，应为${p.expectedZh}`,
});

const unterminated = diagnostic<object>('SYS-IR-101', 'invalid', {
  en: () => 'this string has no closing quote on its line; add the quote (a line break inside is written \\n)',
  zh: () => '该字符串在本行没有结束引号；请补上引号（换行写作 \\n）',
});

const badEscape = diagnostic<{ text: string }>('SYS-IR-102', 'invalid', {
  en: (p) => `${p.text} is not a valid string; escapes are those of JSON: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u1234`,
  zh: (p) => `${p.text} 不是有效的字符串；转义与 JSON 相同：\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u1234`,
});

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'mark' | 'end';
  /** As written, without the quotes of a string. */
  readonly text: string;
  /** The value of a string. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** What an error says should have stood there, in both languages. */
export interface Expected {
  readonly en: string;
  readonly zh: string;
}

const SPACE = /(?:[ \t\r\n\uFEFF]+|#[^\n]*)*/y;
const NAME = /[A-Za-z_/][A-Za-z0-9_./]*/y;
const NUMBER = /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?d?|inf(?![A-Za-z0-9_./]))/y;
const MARK = /->|::|[()[\]{}<>=,:@?*…]/y;

export class Lexer {
  readonly #source: string;
  readonly #file: string | undefined;
  #token: Token;

  constructor(source: string, file: string | undefined) {
    this.#source = source;
    this.#file = file;
    this.#token = this.#scan(0);
  }

  /** The token that comes next. */
  get token(): Token {
    return this.#token;
  }

  next(): Token {
    const token = this.#token;
    this.#token = this.#scan(token.end);
    return token;
  }

  /** Whether the next token is this mark or bare word. */
  at(text: string): boolean {
    return (this.#token.kind === 'mark' || this.#token.kind === 'name') && this.#token.text === text;
  }

  /** Takes the mark or bare word if it comes next. */
  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.next();
    return true;
  }

  expect(text: string): Token {
    if (!this.at(text)) throw this.unexpected(`'${text}'`, `'${text}'`);
    return this.next();
  }

  unexpected(en: string, zh: string, token: Token = this.#token): Error {
    const found = token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text;
    return this.error(unexpected, { found, expected: en, expectedZh: zh }, token);
  }

  error<P extends object>(make: Diagnostic<P>, params: P, token: Pick<Token, 'start' | 'end'> = this.#token): Error {
    return make(params, this.#place(token));
  }

  #place({ start, end }: Pick<Token, 'start' | 'end'>): Place {
    const before = this.#source.slice(0, start);
    const line = before.split('\n').length;
    const column = start - (before.lastIndexOf('\n') + 1) + 1;
    const stop = this.#source.indexOf('\n', start);
    const length = Math.max(1, Math.min(end, stop < 0 ? end : stop) - start);
    const file = this.#file === undefined ? {} : { file: this.#file };
    return { ...file, line, column, length, source: this.#source };
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#source)?.[0];
  }

  #scan(from: number): Token {
    const start = from + (this.#match(SPACE, from)?.length ?? 0);
    const make = (kind: Token['kind'], text: string): Token => {
      return { kind, text, value: text, start, end: start + text.length };
    };
    if (start >= this.#source.length) return make('end', '');
    if (this.#source[start] === '"') return this.#string(start);
    const number = this.#match(NUMBER, start);
    if (number !== undefined && this.#source[start] !== 'i') return make('number', number);
    const name = this.#match(NAME, start);
    if (name !== undefined) return make('name', name);
    const mark = this.#match(MARK, start);
    if (mark !== undefined) return make('mark', mark);
    const character = String.fromCodePoint(this.#source.codePointAt(start)!);
    throw this.unexpected(
      'a name, a number, a string or punctuation',
      '名字、数字、字符串或标点',
      make('mark', character),
    );
  }

  /** A JSON string. Its end is found by hand: base64 of hundreds of megabytes stands in one. */
  #string(start: number): Token {
    const source = this.#source;
    let end = start;
    for (let escaped = true; escaped; ) {
      end = source.indexOf('"', end + 1);
      if (end < 0) break;
      let slashes = 0;
      while (source[end - 1 - slashes] === '\\') slashes++;
      escaped = slashes % 2 === 1;
    }
    const stop = source.indexOf('\n', start);
    if (end < 0 || (stop >= 0 && stop < end)) {
      throw this.error(unterminated, {}, { start, end: stop < 0 ? source.length : stop });
    }
    const text = source.slice(start + 1, end);
    let value = text;
    if (text.includes('\\')) {
      const parsed = parseJson(source.slice(start, end + 1));
      if (parsed === undefined) {
        throw this.error(
          badEscape,
          { text: source.slice(start, Math.min(end + 1, start + 60)) },
          { start, end: end + 1 },
        );
      }
      value = parsed;
    }
    return { kind: 'string', text, value, start, end: end + 1 };
  }
}

function parseJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // The caller reports the place.
    return undefined;
  }
}
