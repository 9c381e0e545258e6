/**
 * Where protobuf bytes that do not decode go wrong, in a user's terms. Walks the fields (Protocol Buffers, "Encoding":
 * tag = number << 3 | wire type) of the message and, where those are whole, of the message in which decoding failed.
 */
import { type DescMessage, fromBinary } from '@bufbuild/protobuf';
import type { Language } from '#base';

export type Both = Readonly<Record<Language, string>>;

/** @param schema of the message that the bytes should be */
export function damageOf(schema: DescMessage, bytes: Uint8Array): Both {
  return walk(schema, bytes, 0, bytes.length, schema.name, 0);
}

/** Messages within messages that the decoder follows. */
const DEEPEST = 100;

function walk(schema: DescMessage, bytes: Uint8Array, from: number, to: number, inside: string, depth: number): Both {
  if (depth > DEEPEST) return nested(from);
  for (let at = from; at < to; ) {
    const tag = varint(bytes, at, to);
    if (tag === undefined) return cut(bytes.length, inside, at, undefined);
    const [number, type] = [Math.floor(tag.value / 8), tag.value % 8];
    const field = schema.fields.find((f) => f.number === number);
    const body = sizeOf(bytes, tag.next, to, type);
    const name = field?.name ?? inside;
    // Of a field that no such message has, a length means nothing.
    if (body === 'illegal' || number === 0 || (body === 'cut' && field === undefined)) return foreign(at, inside);
    if (body === 'cut') return cut(bytes.length, name, at, undefined);
    const end = body.start + body.length;
    if (end > to) return field === undefined ? foreign(at, inside) : cut(bytes.length, name, at, end);
    const message = field?.message;
    if (message !== undefined && type === 2 && !decodes(message, bytes.subarray(body.start, end)))
      return walk(message, bytes, body.start, end, name, depth + 1);
    at = end;
  }
  return foreign(from, inside);
}

const cut = (size: number, field: string, at: number, end: number | undefined): Both => ({
  en: `the file ends at byte ${size}, inside of '${field}', which begins at byte ${at}${end === undefined ? '' : ` and should reach to byte ${end}`}`,
  zh: `文件止于第 ${size} 字节，位于“${field}”之内：它始于第 ${at} 字节${end === undefined ? '' : `，应到第 ${end} 字节`}`,
});

const nested = (at: number): Both => ({
  en: `messages stand in one another more than ${DEEPEST} deep at byte ${at}`,
  zh: `第 ${at} 字节处消息嵌套超过 ${DEEPEST} 层`,
});

const foreign = (at: number, inside: string): Both => ({
  en: `what stands at byte ${at} is no field of '${inside}'`,
  zh: `第 ${at} 字节处的内容不是“${inside}”的字段`,
});

function decodes(schema: DescMessage, bytes: Uint8Array): boolean {
  try {
    fromBinary(schema, bytes, { readUnknownFields: false });
    return true;
  } catch {
    // Which is the question; the caller looks further inside.
    return false;
  }
}

/** The content of a field of a wire type. */
function sizeOf(
  bytes: Uint8Array,
  at: number,
  to: number,
  type: number,
): { readonly start: number; readonly length: number } | 'cut' | 'illegal' {
  if (type === 1) return { start: at, length: 8 };
  if (type === 5) return { start: at, length: 4 };
  if (type !== 0 && type !== 2) return 'illegal';
  const value = varint(bytes, at, to);
  if (value === undefined) return 'cut';
  return type === 0 ? { start: at, length: value.next - at } : { start: value.next, length: value.value };
}

/** A number of seven bits a byte, and where it ends; undefined where the bytes end first, or it does not. */
function varint(
  bytes: Uint8Array,
  at: number,
  to: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10 && at + i < to; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return undefined;
}
