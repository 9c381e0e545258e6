/**
 * What the printer and the parser of the text form share: names, numbers, base64. The form itself is described in
 * `print.ts`.
 */
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from '#base';
import { BITS, type DataType } from './types.ts';

/** Names that need no quotes. ':' and '-' are left out: they end a name (`x: float32`, `a -> b`). */
const BARE = /^[A-Za-z_/][A-Za-z0-9_./]*$/;

/** Bare words with a meaning of their own where a name may stand. */
const RESERVED: ReadonlySet<string> = new Set(['_', 'const', 'type']);

/** A name as it is written; the empty name, ONNX's mark for "absent", is `_`. */
export function nameText(name: string): string {
  if (name === '') return '_';
  return BARE.test(name) && !RESERVED.has(name) ? name : JSON.stringify(name);
}

/** Types of attributes in ONNX's numbering, as a reference (`ref(alpha: float)`) writes them. */
export const REFERENCE_TYPES = [
  'undefined',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparse',
  'sparses',
  'type',
  'types',
] as const;

/** How a number becomes an element of a floating type and back; `undefined` for other types. */
export function rounding(dtype: DataType): ((x: number) => number) | undefined {
  switch (dtype) {
    case 'float32':
      return Math.fround;
    case 'float64':
      return (x) => x;
    case 'float16':
      return (x) => float16ToNumber(numberToFloat16(x));
    case 'bfloat16':
      return (x) => bfloat16ToNumber(numberToBfloat16(x));
    default:
      return undefined;
  }
}

/** The shortest decimal that `round` takes to the same value; `nan`, `inf`, `-inf`, `-0`. */
export function floatText(value: number, round: (x: number) => number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  for (let digits = 1; digits < 17; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (round(candidate) === value) return String(candidate);
  }
  return String(value);
}

/** Smallest and largest value of an integer type; undefined for the others. */
export function integerRange(dtype: DataType): readonly [bigint, bigint] | undefined {
  if (dtype === 'bool') return [0n, 1n];
  const bits = BigInt(BITS[dtype]);
  if (/^uint(4|8|16|32|64)$/.test(dtype)) return [0n, 2n ** bits - 1n];
  if (/^int(4|8|16|32|64)$/.test(dtype)) return [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return undefined;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = Uint8Array.from(ALPHABET, (c) => c.charCodeAt(0));
const EQUALS = 0x3d;
const INVALID = 0xff;
const VALUES = new Uint8Array(128).fill(INVALID);
for (const [value, code] of CODES.entries()) VALUES[code] = value;

/** A multiple of 3 bytes; weights of hundreds of megabytes are encoded piece by piece. */
const CHUNK = 3 << 18;

/** Own base64 (RFC 4648): hosts' `btoa` takes strings, which is ten times slower for large tensors. */
export function toBase64(bytes: Uint8Array): string {
  const ascii = new TextDecoder('latin1');
  const parts: string[] = [];
  for (let from = 0; from < bytes.length; from += CHUNK) {
    parts.push(ascii.decode(encodeChunk(bytes.subarray(from, from + CHUNK))));
  }
  return parts.join('');
}

function encodeChunk(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const rest = bytes.length - i;
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at++] = CODES[bits >>> 18]!;
    out[at++] = CODES[(bits >>> 12) & 63]!;
    out[at++] = rest > 1 ? CODES[(bits >>> 6) & 63]! : EQUALS;
    out[at++] = rest > 2 ? CODES[bits & 63]! : EQUALS;
  }
  return out;
}

/** undefined where the text is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const characters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < characters; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? INVALID;
    if (value === INVALID) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >>> held) & 0xff;
    }
  }
  return bytes;
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
