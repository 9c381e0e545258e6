/**
 * The text form of protocol buffers (https://protobuf.dev/reference/protobuf/textformat-spec/), read without a schema: a message is its
 * fields in order, each a scalar or a message. What a structure does not need is read and left alone.
 */
import { diagnostic, type Place } from '#base';

const unexpected = diagnostic<{ found: string; expected: string; expectedZh: string }>('SYS-STR-001', 'invalid', {
  en: (p) => `found ${p.found === '' ? 'the end of the text' : `'${p.found}'`}, expected ${p.expected}`,
  zh: (p) => `此处是${p.found === '' ? '文本结尾' : `“${p.found}”`}，应为${p.expectedZh}`,
});

const tooDeep = diagnostic<{ limit: number }>('SYS-STR-002', 'invalid', {
  en: (p) => `messages are nested more than ${p.limit} deep; no network is. Check the braces.`,
  zh: (p) => `消息嵌套超过 ${p.limit} 层；网络不会如此。请检查花括号。`,
});

/** Messages within messages: deeper is a damaged file. */
const DEPTH = 64;

export interface Field {
  readonly name: string;
  readonly value: string | Message;
  readonly place: Place;
}

/** The fields of a message, in the order of the file. */
export class Message {
  readonly fields: readonly Field[];
  readonly place: Place;

  constructor(fields: readonly Field[], place: Place) {
    this.fields = fields;
    this.place = place;
  }

  all(name: string): readonly Field[] {
    return this.fields.filter((f) => f.name === name);
  }

  /** The last field of this name, which is the one that counts. */
  field(name: string): Field | undefined {
    return this.fields.findLast((f) => f.name === name);
  }

  /** Its messages of this name. */
  messages(name: string): readonly Message[] {
    return this.all(name).flatMap((f) => (f.value instanceof Message ? [f.value] : []));
  }

  message(name: string): Message | undefined {
    return this.messages(name).at(-1);
  }

  /** Its scalars of this name, strings without quotes. */
  texts(name: string): readonly string[] {
    return this.all(name).flatMap((f) => (typeof f.value === 'string' ? [f.value] : []));
  }

  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  numbers(name: string): readonly number[] {
    return this.all(name).map((f) => numberOf(f));
  }

  number(name: string): number | undefined {
    const field = this.field(name);
    return field === undefined ? undefined : numberOf(field);
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.text(name);
    return text === undefined ? otherwise : text === 'true' || text === '1' || text === 't';
  }
}

function numberOf(field: Field): number {
  const text = typeof field.value === 'string' ? field.value.replace(/f$/i, '') : '{';
  const value = Number(text);
  if (text === '' || Number.isNaN(value))
    throw unexpected(
      { found: text, expected: `a number for ${field.name}`, expectedZh: `${field.name} 的数值` },
      field.place,
    );
  return value;
}

interface Token {
  readonly kind: 'word' | 'string' | 'mark' | 'end';
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

const SPACE = /(?:[ \t\r\n\f\v\uFEFF]+|#[^\n]*)*/y;
const WORD = /[-+]?[A-Za-z0-9_.+-]+/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;

/**
 * Reads a message.
 * @throws SYS-STR-001, -002 with the place
 */
export function parseTextProto(source: string, file?: string): Message {
  let at = 0;
  const lineStarts = [0];
  for (let i = source.indexOf('\n'); i >= 0; i = source.indexOf('\n', i + 1)) lineStarts.push(i + 1);

  const placeOf = (start: number, length = 1): Place => {
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (lineStarts[middle]! <= start) low = middle;
      else high = middle - 1;
    }
    return {
      ...(file === undefined ? {} : { file }),
      line: low + 1,
      column: start - lineStarts[low]! + 1,
      length,
      source,
    };
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const scan = (): Token => {
    at += match(SPACE)?.length ?? 0;
    if (at >= source.length) return { kind: 'end', text: '', at, length: 1 };
    const start = at;
    for (const [kind, pattern] of [
      ['string', STRING],
      ['word', WORD],
    ] as const) {
      const text = match(pattern);
      if (text === undefined) continue;
      at += text.length;
      return { kind, text: kind === 'string' ? unquoted(text) : text, at: start, length: text.length };
    }
    const text = String.fromCodePoint(source.codePointAt(at)!);
    at += text.length;
    return { kind: 'mark', text, at: start, length: text.length };
  };
  let token = scan();
  const next = (): Token => {
    const taken = token;
    token = scan();
    return taken;
  };
  const fail = (expected: string, expectedZh: string): Error =>
    unexpected({ found: token.text.slice(0, 40), expected, expectedZh }, placeOf(token.at, token.length));
  const isMark = (text: string): boolean => token.kind === 'mark' && token.text === text;

  const message = (close: string, depth: number, place: Place): Message => {
    if (depth > DEPTH) throw tooDeep({ limit: DEPTH }, place);
    const fields: Field[] = [];
    while (!isMark(close)) {
      if (token.kind === 'end' && close === '') return new Message(fields, place);
      if (token.kind !== 'word')
        throw fail(
          close === '' ? 'the name of a field' : `the name of a field, or '${close}'`,
          close === '' ? '字段名' : `字段名或“${close}”`,
        );
      const name = next();
      const where = placeOf(name.at, name.length);
      const colon = isMark(':');
      if (colon) next();
      for (const value of values(colon, depth, where)) fields.push({ name: name.text, value, place: where });
      if (isMark(',') || isMark(';')) next();
    }
    next();
    return new Message(fields, place);
  };
  /** The value of a field: one, or a list of them in brackets. */
  const values = (colon: boolean, depth: number, where: Place): (string | Message)[] => {
    if (isMark('{') || isMark('<')) {
      const close = next().text === '{' ? '}' : '>';
      return [message(close, depth + 1, where)];
    }
    if (!colon && !isMark('[')) throw fail("':' or '{' behind the name of a field", '字段名之后的“:”或“{”');
    if (isMark('[')) {
      next();
      const list: (string | Message)[] = [];
      while (!isMark(']')) {
        list.push(...values(true, depth, where));
        if (!isMark(',')) break;
        next();
      }
      if (!isMark(']')) throw fail("',' or ']' in a list", '列表中的“,”或“]”');
      next();
      return list;
    }
    if (token.kind === 'word') return [next().text];
    if (token.kind !== 'string') throw fail('a value', '一个值');
    // Strings that stand beside each other are one.
    let text = next().text;
    while (token.kind === 'string') text += next().text;
    return [text];
  };
  return message('', 0, placeOf(0));
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const unquoted = (text: string): string => text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c);
