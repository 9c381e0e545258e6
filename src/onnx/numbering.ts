/** ONNX's numbers for element types and attribute types, and text that may hold any bytes. */
import { DATA_TYPES, type DataType } from '#ir';

/** The element type of a TensorProto.DataType number; undefined for 0 and for numbers we do not know. */
export const dataTypeOf = (number: number | undefined): DataType | undefined =>
  number === undefined ? undefined : DATA_TYPES[number - 1];

export const dataTypeNumber = (dtype: DataType): number => DATA_TYPES.indexOf(dtype) + 1;

/** AttributeProto.type, in ONNX's numbering. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse: 11,
  sparses: 12,
  type: 13,
  types: 14,
} as const;

export type AttributeKind = keyof typeof ATTRIBUTE_TYPES;

const KINDS = new Map<number, AttributeKind>(
  Object.entries(ATTRIBUTE_TYPES).map(([kind, number]) => [number, kind as AttributeKind]),
);

export const attributeKindOf = (number: number): AttributeKind | undefined => KINDS.get(number);

/** `ai.onnx` is another spelling of ONNX's own domain, ''. */
export const canonicalDomain = (domain: string | undefined): string =>
  domain === undefined || domain === 'ai.onnx' ? '' : domain;

/** The same bytes without what a host adds to them (Node's Buffer): views cut from them are plain Uint8Arrays. */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Bytes as text. ONNX means UTF-8, but files hold other bytes too; a byte that is no UTF-8 becomes the lone surrogate
 * U+DC00 + byte (the scheme of Python's PEP 383), so that `bytesOfText` gives back exactly what stood there.
 */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // Not UTF-8 as a whole: take the longest valid characters one by one.
  }
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const size = validCharacter(bytes, i);
    if (size === 0) out += String.fromCharCode(0xdc00 + bytes[i++]!);
    else {
      out += strict.decode(bytes.subarray(i, i + size));
      i += size;
    }
  }
  return out;
}

function validCharacter(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size < 2) return size;
  try {
    strict.decode(bytes.subarray(at, at + size));
    return size;
  } catch {
    // An overlong form, a surrogate or a cut-off character.
    return 0;
  }
}

/** The bytes of a text made by `textOfBytes`, or UTF-8. */
export function bytesOfText(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const parts: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(code - 0xdc00);
    else parts.push(...encoder.encode(character));
  }
  return Uint8Array.from(parts);
}
