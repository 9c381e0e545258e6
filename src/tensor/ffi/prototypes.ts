/**
 * C function prototypes, as header files write them: `float dot(const float *x, const float *y, int n);`. Read are functions of numbers,
 * booleans, arrays of numbers (pointers) and strings (`const char *`), with comments between; a preprocessor is not run, and structures,
 * pointers to pointers and callbacks are refused. Sizes are those of WebAssembly with 32-bit addresses: `int` and `long` have 32 bits.
 */
import { type Diagnostic, diagnostic, nearestName, type Place } from '#base';

const unexpected = diagnostic<{ found: string; expected: string; expectedZh: string }>('SYS-TEN-077', 'invalid', {
  en: (p) => `found ${p.found === '' ? 'the end of the text' : `'${p.found}'`}, expected ${p.expected}`,
  zh: (p) => `此处是${p.found === '' ? '文本结尾' : `“${p.found}”`}，应为${p.expectedZh}`,
});

const unknownType = diagnostic<{ found: string; nearest: string | undefined; known: string }>(
  'SYS-TEN-078',
  'unsupported',
  {
    en: (p) =>
      `'${p.found}' is no type that a call can pass${p.nearest ? `; did you mean '${p.nearest}'?` : `; types: ${p.known}`}`,
    zh: (p) => `“${p.found}”不是可传递的类型${p.nearest ? `；是否指“${p.nearest}”？` : `；可用类型：${p.known}`}`,
  },
);

const badType = diagnostic<{ found: string; why: string; whyZh: string }>('SYS-TEN-079', 'unsupported', {
  en: (p) => `'${p.found}' cannot be bound: ${p.why}`,
  zh: (p) => `“${p.found}”无法绑定：${p.whyZh}`,
});

const twice = diagnostic<{ name: string }>('SYS-TEN-080', 'invalid', {
  en: (p) => `function ${p.name} is declared twice; leave one out`,
  zh: (p) => `函数 ${p.name} 声明了两次；请去掉其一`,
});

/** What one element is, beyond the spelling. */
export type Scalar = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64' | 'bool';

/** A value that goes in or out. */
export interface CType {
  /** `array` is a pointer to elements, `string` a pointer to characters that end with 0. */
  readonly kind: 'scalar' | 'array' | 'string' | 'void';
  readonly scalar: Scalar;
  /** Elements behind the pointer that the function does not write. */
  readonly readonly: boolean;
  /** As C writes it. */
  readonly text: string;
}

export interface Prototype {
  readonly name: string;
  readonly result: CType;
  readonly parameters: readonly { readonly name: string; readonly type: CType }[];
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  char: 'i8',
  'signed char': 'i8',
  'unsigned char': 'u8',
  short: 'i16',
  'unsigned short': 'u16',
  int: 'i32',
  signed: 'i32',
  long: 'i32',
  unsigned: 'u32',
  'unsigned int': 'u32',
  'unsigned long': 'u32',
  'long long': 'i64',
  'unsigned long long': 'u64',
  int8_t: 'i8',
  uint8_t: 'u8',
  int16_t: 'i16',
  uint16_t: 'u16',
  int32_t: 'i32',
  uint32_t: 'u32',
  int64_t: 'i64',
  uint64_t: 'u64',
  size_t: 'u32',
  float: 'f32',
  double: 'f64',
  bool: 'bool',
  _Bool: 'bool',
};

/** Words of which a type may consist. */
const WORDS = new Set([
  'unsigned',
  'signed',
  'short',
  'int',
  'long',
  'char',
  'double',
  'float',
  'void',
  ...Object.keys(SCALARS),
]);
/** Words before a type that change nothing here. */
const IGNORED = new Set(['extern', 'static', 'inline', 'volatile', 'restrict', '__restrict']);

const TOKEN = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*([A-Za-z_]\w*|[0-9]+|[^\s]|$)/y;

interface Token {
  readonly text: string;
  readonly start: number;
}

class Reader {
  readonly #source: string;
  readonly #file: string | undefined;
  #at = 0;
  token: Token;

  constructor(source: string, file: string | undefined) {
    this.#source = source;
    this.#file = file;
    this.token = this.#scan();
  }

  next(): Token {
    const token = this.token;
    this.token = this.#scan();
    return token;
  }

  /** Takes the mark if it comes next. */
  takes(text: string): boolean {
    const found = this.token.text === text;
    if (found) this.next();
    return found;
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.#unexpected(`'${text}'`, `“${text}”`);
  }

  name(expected: string, expectedZh: string): Token {
    if (!/^[A-Za-z_]/.test(this.token.text)) throw this.#unexpected(expected, expectedZh);
    return this.next();
  }

  #unexpected(expected: string, expectedZh: string): Error {
    return this.fail(unexpected, { found: this.token.text, expected, expectedZh }, this.token);
  }

  fail<P extends object>(make: Diagnostic<P>, params: P, { start, text }: Token): Error {
    const before = this.#source.slice(0, start).split('\n');
    const place: Place = {
      ...(this.#file === undefined ? {} : { file: this.#file }),
      line: before.length,
      column: before.at(-1)!.length + 1,
      length: Math.max(1, text.length),
      source: this.#source,
    };
    return make(params, place);
  }

  #scan(): Token {
    TOKEN.lastIndex = this.#at;
    const [, text] = TOKEN.exec(this.#source)!;
    this.#at = TOKEN.lastIndex;
    return { text: text!, start: this.#at - text!.length };
  }
}

/**
 * Reads prototypes.
 * @param file named in errors
 * @throws SYS-TEN-077 no prototype; -078, -079 a type that cannot be passed; -080 a function twice. With the place in the text.
 */
export function readPrototypes(source: string, file?: string): readonly Prototype[] {
  const reader = new Reader(source, file);
  const found = new Map<string, Prototype>();
  while (reader.token.text !== '') {
    const result = readType(reader, true);
    const name = reader.name('the name of a function', '函数名');
    reader.expect('(');
    const parameters = readParameters(reader);
    reader.expect(';');
    if (found.has(name.text)) throw reader.fail(twice, { name: name.text }, name);
    found.set(name.text, { name: name.text, result, parameters });
  }
  return [...found.values()];
}

function readParameters(reader: Reader): Prototype['parameters'] {
  const parameters: { name: string; type: CType }[] = [];
  if (reader.takes(')')) return parameters;
  for (;;) {
    const start = reader.token;
    let type = readType(reader, parameters.length === 0);
    const named = /^[A-Za-z_]/.test(reader.token.text) ? reader.next().text : `argument${parameters.length + 1}`;
    if (reader.takes('[')) {
      if (reader.token.text !== ']') reader.next();
      reader.expect(']');
      type = pointerTo(reader, type, start);
    }
    if (type.kind !== 'void') parameters.push({ name: named, type });
    if (reader.takes(')')) return parameters;
    if (type.kind === 'void') throw reader.fail(badType, VOID_PARAMETER, start);
    reader.expect(',');
  }
}

const VOID_PARAMETER = {
  found: 'void',
  why: 'void stands alone in a parameter list, or behind a pointer',
  whyZh: 'void 只能单独出现在参数表中',
};

function readType(reader: Reader, mayBeVoid: boolean): CType {
  const start = reader.token;
  const words: string[] = [];
  let readonly = false;
  for (;;) {
    const { text } = reader.token;
    if (text === 'const') readonly = true;
    else if (!IGNORED.has(text)) {
      if (!WORDS.has(text)) break;
      words.push(text);
    }
    reader.next();
  }
  if (words.length === 0) {
    const word = reader.name('a type', '类型');
    const known = [...Object.keys(SCALARS), 'void'];
    throw reader.fail(
      unknownType,
      { found: word.text, nearest: nearestName(word.text, known), known: known.join(', ') },
      word,
    );
  }
  // `long int`, `short int`: the int says nothing more.
  const text =
    words.length > 1 ? words.filter((w) => w !== 'int' || words.join(' ') === 'unsigned int').join(' ') : words[0]!;
  const isVoid = text === 'void';
  const scalar = isVoid ? 'i32' : SCALARS[text];
  if (scalar === undefined) {
    throw reader.fail(unknownType, { found: text, nearest: undefined, known: Object.keys(SCALARS).join(', ') }, start);
  }
  const type: CType = {
    kind: isVoid ? 'void' : 'scalar',
    scalar,
    readonly,
    text: `${readonly ? 'const ' : ''}${text}`,
  };
  if (reader.takes('*')) return pointerTo(reader, type, start);
  if (isVoid && !mayBeVoid) throw reader.fail(badType, VOID_PARAMETER, start);
  return type;
}

function pointerTo(reader: Reader, type: CType, start: Token): CType {
  while (reader.token.text === 'const' || IGNORED.has(reader.token.text)) reader.next();
  const text = `${type.text} *`;
  const refuse = (why: string, whyZh: string): Error => reader.fail(badType, { found: text, why, whyZh }, start);
  if (type.kind === 'void') throw refuse('what lies behind it has no type', '指向的内容没有类型');
  if (type.kind !== 'scalar' || reader.token.text === '*')
    throw refuse('pointers to pointers are not passed', '不支持多级指针');
  if (type.text === 'const char') return { ...type, kind: 'string', text };
  return { ...type, kind: 'array', text };
}
