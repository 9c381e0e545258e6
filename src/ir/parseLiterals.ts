/** The leaves of the text form: names, numbers, types and the data of tensors. */
import { diagnostic, nearestName } from '#base';
import type { Lexer, Token } from './lexer.ts';
import { byteLength, type Tensor, tensorOf } from './tensor.ts';
import { fromBase64, integerRange, rounding } from './textForm.ts';
import { BITS, DATA_TYPES, type DataType, type Dim, elementCount, type ValueType } from './types.ts';

const outOfRange = diagnostic<{ text: string; type: string; range: string }>('SYS-IR-103', 'invalid', {
  en: (p) => `${p.text} is no ${p.type}; expected ${p.range}`,
  zh: (p) => `${p.text} 不是 ${p.type}；应为 ${p.range}`,
});

const wrongCount = diagnostic<{ type: string; unit: 'elements' | 'bytes'; found: number; expected: number }>(
  'SYS-IR-104',
  'invalid',
  {
    en: (p) => `${p.type} takes ${p.expected} ${p.unit}, but ${p.found} stand here; correct the shape or the data`,
    zh: (p) =>
      `${p.type} 应有 ${p.expected} ${p.unit === 'bytes' ? '字节' : '个元素'}，此处有 ${p.found}；请更正形状或数据`,
  },
);

const badBase64 = diagnostic<object>('SYS-IR-105', 'invalid', {
  en: () => 'this is not base64 (letters, digits, + and /, padded with = to a multiple of four)',
  zh: () => '此处不是 base64（字母、数字、+ 与 /，以 = 补足为四的倍数）',
});

export const definedTwice = diagnostic<{ name: string }>('SYS-IR-106', 'invalid', {
  en: (p) => `'${p.name}' is given a second time here; remove one of the two`,
  zh: (p) => `'${p.name}' 在此重复给出；请删去其中一个`,
});

const elided = diagnostic<object>('SYS-IR-107', 'invalid', {
  en: () =>
    'the data of this tensor was elided when the text was printed for reading; print the model in full to parse it',
  zh: () => '该张量的数据在打印时已省略（仅供阅读）；要解析，请完整打印模型',
});

const unknownType = diagnostic<{ found: string; nearest: string | undefined; known: string }>('SYS-IR-108', 'invalid', {
  en: (p) =>
    `there is no type '${p.found}'${p.nearest === undefined ? '' : `; did you mean '${p.nearest}'?`} Known are ${p.known}`,
  zh: (p) => `没有类型 '${p.found}'${p.nearest === undefined ? '' : `；是否指 '${p.nearest}'？`} 已知类型：${p.known}`,
});

export const tooDeep = diagnostic<{ limit: number }>('SYS-IR-109', 'unsupported', {
  en: (p) => `more than ${p.limit} levels are nested here; flatten the model`,
  zh: (p) => `此处嵌套超过 ${p.limit} 层；请展平模型`,
});

/** Types inside types (`seq(seq(…))`). */
const DEPTH_LIMIT = 100;

const CONTAINERS = ['seq', 'optional', 'map', 'opaque', 'sparse'] as const;

export class LiteralParser {
  readonly #lexer: Lexer;
  #depth = 0;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
  }

  /** A bare word or a quoted name; `_` is the empty name. */
  name(): string {
    const { token } = this.#lexer;
    if (token.kind === 'string') return this.#lexer.next().value;
    if (token.kind !== 'name') {
      throw this.#lexer.unexpected('a name (in quotes if it is not a plain word)', '名字（若非普通单词须加引号）');
    }
    this.#lexer.next();
    return token.text === '_' ? '' : token.text;
  }

  string(): string {
    if (this.#lexer.token.kind !== 'string') throw this.#lexer.unexpected('a string in double quotes', '双引号字符串');
    return this.#lexer.next().value;
  }

  /** A size or version: a whole number from 0. */
  whole(): number {
    const { token } = this.#lexer;
    const value = token.kind === 'number' && /^\d+$/.test(token.text) ? Number(token.text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw this.#lexer.unexpected('a whole number from 0 to 2^53', '0 到 2^53 的整数');
    this.#lexer.next();
    return value;
  }

  /** A number of an attribute: int64 without point and exponent, else float32, or double with `d`. */
  number(): { readonly kind: 'int'; readonly value: bigint } | { readonly kind: 'float'; readonly value: number } {
    const token = this.#lexer.next();
    if (/^-?\d+$/.test(token.text)) {
      const value = BigInt(token.text);
      if (BigInt.asIntN(64, value) !== value) {
        throw this.#lexer.error(outOfRange, { text: token.text, type: 'int64', range: '-2^63 … 2^63-1' }, token);
      }
      return { kind: 'int', value };
    }
    const double = token.text.endsWith('d');
    const value = this.#float(token, double ? token.text.slice(0, -1) : token.text);
    return { kind: 'float', value: double ? value : this.#rounded(token, value, Math.fround, 'float32') };
  }

  #float(token: Token, text: string): number {
    if (text === 'nan') return Number.NaN;
    if (text === 'inf') return Number.POSITIVE_INFINITY;
    if (text === '-inf') return Number.NEGATIVE_INFINITY;
    if (!/^-?\d/.test(text) || text.endsWith('d'))
      throw this.#lexer.unexpected('a number, nan, inf or -inf', '数字、nan、inf 或 -inf', token);
    return this.#rounded(token, Number(text), (x) => x, 'float64', text);
  }

  /** Rounds; a number written out must not become infinite by it. */
  #rounded(token: Token, value: number, round: (x: number) => number, type: string, text?: string): number {
    const rounded = round(value);
    if (!Number.isFinite(rounded) && (text !== undefined || Number.isFinite(value))) {
      throw this.#lexer.error(outOfRange, { text: token.text, type, range: 'a smaller magnitude, or inf' }, token);
    }
    return rounded;
  }

  /** `float32[1,N,?]`, `seq(…)`, …; `?` is an unknown type. */
  type(): ValueType | undefined {
    const lexer = this.#lexer;
    if (lexer.accept('?')) return undefined;
    const { token } = lexer;
    if (token.kind !== 'name')
      throw lexer.unexpected('a type (such as float32[1,N]) or ?', '类型（如 float32[1,N]）或 ?');
    if (++this.#depth > DEPTH_LIMIT) throw lexer.error(tooDeep, { limit: DEPTH_LIMIT });
    const type = this.#typeOf(token.text);
    this.#depth--;
    return type;
  }

  #typeOf(word: string): ValueType {
    const lexer = this.#lexer;
    const inside = <T>(read: () => T): T => {
      lexer.next();
      lexer.expect('(');
      const value = read();
      lexer.expect(')');
      return value;
    };
    switch (word) {
      case 'seq':
        return { kind: 'sequence', element: inside(() => this.type()) };
      case 'optional':
        return { kind: 'optional', element: inside(() => this.type()) };
      case 'opaque':
        return { kind: 'opaque', name: inside(() => this.name()) };
      case 'map':
        return inside(() => {
          const key = this.#dataType();
          lexer.expect(',');
          return { kind: 'map', key, value: this.type() };
        });
      case 'sparse':
        return inside(() => this.#shaped('sparse'));
      default:
        return this.#shaped('tensor');
    }
  }

  #shaped(kind: 'tensor' | 'sparse'): ValueType {
    const lexer = this.#lexer;
    const dtype = this.#dataType();
    lexer.expect('[');
    if (lexer.accept('*')) {
      lexer.expect(']');
      return { kind, dtype };
    }
    const shape: Dim[] = [];
    if (lexer.accept(']')) return { kind, dtype, shape };
    do shape.push(this.#dim());
    while (lexer.accept(','));
    this.#closeSizes();
    return { kind, dtype, shape };
  }

  #dim(): Dim {
    if (this.#lexer.accept('?')) return null;
    if (this.#lexer.token.kind === 'number') return this.whole();
    return this.name();
  }

  #dataType(): DataType {
    const { token } = this.#lexer;
    const dtype = DATA_TYPES.find((d) => d === token.text);
    if (token.kind !== 'name')
      throw this.#lexer.unexpected('an element type (such as float32)', '元素类型（如 float32）');
    if (dtype === undefined) {
      const known = [...DATA_TYPES, ...CONTAINERS];
      const params = { found: token.text, nearest: nearestName(token.text, known), known: known.join(', ') };
      throw this.#lexer.error(unknownType, params, token);
    }
    this.#lexer.next();
    return dtype;
  }

  /** `type(float32[1])` */
  wrappedType(): ValueType {
    const lexer = this.#lexer;
    lexer.expect('type');
    lexer.expect('(');
    if (lexer.at('?')) throw lexer.unexpected('a type (such as float32[1,N])', '类型（如 float32[1,N]）');
    const type = this.type()!;
    lexer.expect(')');
    return type;
  }

  /** `float32[2,3]`, all sizes known. */
  tensorType(): { readonly dtype: DataType; readonly dims: readonly number[] } {
    const dtype = this.#dataType();
    return { dtype, dims: this.sizes() };
  }

  sizes(): number[] {
    const lexer = this.#lexer;
    const dims: number[] = [];
    lexer.expect('[');
    if (lexer.accept(']')) return dims;
    do dims.push(this.whole());
    while (lexer.accept(','));
    this.#closeSizes();
    return dims;
  }

  #closeSizes(): void {
    if (!this.#lexer.accept(']')) throw this.#lexer.unexpected("',' or ']'", "',' 或 ']'");
  }

  /** `{1, 2}`, `base64 "…"` or `splat 0.5`. */
  data(dtype: DataType, dims: readonly number[]): Tensor {
    const lexer = this.#lexer;
    const start = lexer.token;
    if (lexer.at('…')) throw lexer.error(elided, {});
    if (dtype === 'string') return { dtype, dims, strings: this.#strings(dims, start) };
    if (lexer.at('{')) {
      const values: (number | bigint)[] = [];
      this.#items(() => values.push(this.#element(dtype)));
      this.#count(dtype, dims, 'elements', values.length, elementCount(dims), start);
      return tensorOf(dtype, dims, values);
    }
    if (lexer.accept('base64')) {
      const bytes = this.#base64();
      this.#count(dtype, dims, 'bytes', bytes.length, byteLength(dtype, elementCount(dims)), start);
      return { dtype, dims, bytes };
    }
    if (BITS[dtype] >= 8 && lexer.accept('splat')) {
      if (lexer.accept('base64')) {
        const splat = this.#base64();
        this.#count(dtype, [], 'bytes', splat.length, byteLength(dtype, 1), start);
        return { dtype, dims, splat };
      }
      const one = tensorOf(dtype, [1], [this.#element(dtype)]);
      if ('bytes' in one) return { dtype, dims, splat: one.bytes };
    }
    throw lexer.unexpected('data: {1, 2}, base64 "…" or splat 1', '数据：{1, 2}、base64 "…" 或 splat 1');
  }

  #strings(dims: readonly number[], start: Token): string[] {
    const strings: string[] = [];
    this.#items(() => strings.push(this.string()));
    this.#count('string', dims, 'elements', strings.length, elementCount(dims), start);
    return strings;
  }

  #items(item: () => void): void {
    const lexer = this.#lexer;
    lexer.expect('{');
    if (lexer.accept('}')) return;
    do item();
    while (lexer.accept(','));
    if (!lexer.accept('}')) throw lexer.unexpected("',' or '}'", "',' 或 '}'");
  }

  #base64(): Uint8Array {
    const { token } = this.#lexer;
    const bytes = fromBase64(this.string());
    if (bytes === undefined) throw this.#lexer.error(badBase64, {}, token);
    return bytes;
  }

  #count(
    dtype: DataType,
    dims: readonly number[],
    unit: 'elements' | 'bytes',
    found: number,
    expected: number,
    token: Token,
  ): void {
    if (found === expected) return;
    throw this.#lexer.error(wrongCount, { type: `${dtype}[${dims.join(',')}]`, unit, found, expected }, token);
  }

  #element(dtype: DataType): number | bigint {
    const token = this.#lexer.next();
    const round = rounding(dtype);
    if (round !== undefined) return this.#rounded(token, this.#float(token, token.text), round, dtype);
    const range = integerRange(dtype);
    if (range === undefined) throw this.#lexer.unexpected('base64 "…"', 'base64 "…"', token);
    const value = token.kind === 'number' && /^-?\d+$/.test(token.text) ? BigInt(token.text) : undefined;
    if (value === undefined || value < range[0] || value > range[1]) {
      const params = { text: token.text, type: dtype, range: `${range[0]} … ${range[1]}` };
      throw this.#lexer.error(outOfRange, params, token);
    }
    return value;
  }
}
