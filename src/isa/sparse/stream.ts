/**
 * Compressed streams in DRAM, which `load.sparse` decompresses on the way into a scratchpad. A stream holds the elements of a
 * record in the order of its indices, d0 fastest, in blocks of 32 elements (the last one of what is left). Every block begins
 * at a multiple of four bytes:
 *
 *   bitmap  u32: bit i is set where element i is among the values; then the values, in order
 *   two4    u32: four bits for each group g of four elements, i0 | i1 << 2 at bit 4·g, i0 < i1: the two that may differ from
 *           zero; then both values of each group. Elements come in whole groups
 *
 * then zero bytes up to a multiple of four. Elements that are left out are all bits 0; −0 is therefore kept. Everything is
 * little-endian. A block of 32 f32 is 4 + 4·n bytes for n values; in two4 68 of 128, of f16 36 of 64, of i8 20 of 32.
 */

/** Formats of compressed streams, by their code. `two4` is what papers write 2:4. */
export const STREAM_FORMATS = ['bitmap', 'two4'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

/** Elements of a block, and of a group of which two are kept. */
export const STREAM_BLOCK = 32;
export const STREAM_GROUP = 4;
const KEPT = 2;

/** Why bytes are no stream of so many elements, and at which byte that shows. */
export interface StreamFault {
  /**
   * short: it ends before the last element; long: bytes are left behind it; bits: the index word names elements that do not exist;
   * order: i0 is not below i1; padding: the bytes behind a block's values are not zero.
   */
  readonly kind: 'short' | 'long' | 'bits' | 'order' | 'padding';
  readonly at: number;
}

const wordsUp = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Bytes of a block with so many values. */
const blockBytes = (values: number, elementBytes: number): number => 4 + wordsUp(values * elementBytes);

/** Fewest and most bytes that a stream of so many elements has; of `two4` they are the same. */
export function streamBytes(
  format: StreamFormat,
  elements: number,
  elementBytes: number,
): { readonly least: number; readonly most: number } {
  const blocks = Math.floor(elements / STREAM_BLOCK);
  const rest = elements % STREAM_BLOCK;
  const bytes = (share: number): number =>
    blocks * blockBytes(share * STREAM_BLOCK, elementBytes) + (rest > 0 ? blockBytes(share * rest, elementBytes) : 0);
  if (format === 'bitmap') return { least: bytes(0), most: bytes(1) };
  const half = bytes(KEPT / STREAM_GROUP);
  return { least: half, most: half };
}

/** An element that does not fit the format: the group of `two4` around it has more than two that are not zero. */
export interface UnfitElement {
  readonly unfit: number;
}

/**
 * The stream of dense elements.
 * @param bytes of `bitmap`: zeros are values, too, from the front, until the stream has so many bytes, if it can
 * @returns for `two4`, the first element of a group that has more than two values, where there is one
 */
export function encodeStream(
  format: StreamFormat,
  dense: Uint8Array,
  elementBytes: number,
  bytes = 0,
): Uint8Array | UnfitElement {
  const elements = dense.length / elementBytes;
  const out = new Uint8Array(streamBytes(format, elements, elementBytes).most);
  const view = new DataView(out.buffer);
  const isZero = (i: number): boolean => {
    for (let b = i * elementBytes; b < (i + 1) * elementBytes; b++) if (dense[b] !== 0) return false;
    return true;
  };
  let missing = bytes === 0 || format !== 'bitmap' ? 0 : bytes - bitmapBytes(elements, elementBytes, isZero);
  let at = 0;
  for (let block = 0; block < elements; block += STREAM_BLOCK) {
    const count = Math.min(STREAM_BLOCK, elements - block);
    const kept: number[] = [];
    let word = 0;
    if (format === 'bitmap') {
      let zeros = 0;
      for (let i = 0; i < count; i++) if (isZero(block + i)) zeros++;
      // As many zeros beside the values as bring the block to the words that are missing.
      let filled = 0;
      if (missing > 0) {
        const words = wordsUp((count - zeros) * elementBytes) + missing;
        filled = Math.min(zeros, Math.floor(words / elementBytes) - (count - zeros));
        missing -= wordsUp((count - zeros + filled) * elementBytes) - wordsUp((count - zeros) * elementBytes);
      }
      for (let i = 0; i < count; i++) if (!isZero(block + i) || filled-- > 0) kept.push(i);
      for (const i of kept) word |= 1 << i;
    } else {
      for (let first = 0; first < count; first += STREAM_GROUP) {
        const pair = pairOf([0, 1, 2, 3].filter((i) => !isZero(block + first + i)));
        if (pair === undefined) return { unfit: block + first };
        word |= (pair[0] | (pair[1] << 2)) << first;
        kept.push(first + pair[0], first + pair[1]);
      }
    }
    view.setUint32(at, word >>> 0, true);
    kept.forEach((i, n) => {
      const from = (block + i) * elementBytes;
      out.set(dense.subarray(from, from + elementBytes), at + 4 + n * elementBytes);
    });
    at += blockBytes(kept.length, elementBytes);
  }
  return out.subarray(0, at);
}

/** Bytes of a bitmap stream whose values are what is not zero. */
function bitmapBytes(elements: number, elementBytes: number, isZero: (i: number) => boolean): number {
  let bytes = 0;
  for (let block = 0; block < elements; block += STREAM_BLOCK) {
    let values = 0;
    for (let i = block; i < Math.min(elements, block + STREAM_BLOCK); i++) if (!isZero(i)) values++;
    bytes += blockBytes(values, elementBytes);
  }
  return bytes;
}

/** Which two of four are kept, where those that are not zero are given: the lowest others fill up. */
export function pairOf(values: readonly number[]): readonly [number, number] | undefined {
  if (values.length > KEPT) return undefined;
  const others = [0, 1, 2, 3].filter((i) => !values.includes(i)).slice(0, KEPT - values.length);
  return [...values, ...others].sort((a, b) => a - b) as [number, number];
}

/** The dense elements of a stream, or what is wrong with it. */
export function decodeStream(
  format: StreamFormat,
  stream: Uint8Array,
  elements: number,
  elementBytes: number,
): Uint8Array | StreamFault {
  const dense = new Uint8Array(elements * elementBytes);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  let at = 0;
  for (let block = 0; block < elements; block += STREAM_BLOCK) {
    const count = Math.min(STREAM_BLOCK, elements - block);
    if (at + 4 > stream.length) return { kind: 'short', at: stream.length };
    const word = view.getUint32(at, true);
    if (count < STREAM_BLOCK && word >>> count !== 0) return { kind: 'bits', at };
    const kept = format === 'bitmap' ? word : pairs(word, count);
    if (kept === undefined) return { kind: 'order', at };
    let from = at + 4;
    const next = at + blockBytes(setBits(kept), elementBytes);
    if (next > stream.length) return { kind: 'short', at: stream.length };
    for (let i = 0; i < count; i++) {
      if (((kept >>> i) & 1) === 0) continue;
      const to = (block + i) * elementBytes;
      for (let b = 0; b < elementBytes; b++) dense[to + b] = stream[from++]!;
    }
    for (; from < next; from++) if (stream[from] !== 0) return { kind: 'padding', at: from };
    at = next;
  }
  return at < stream.length ? { kind: 'long', at } : dense;
}

function setBits(word: number): number {
  let bits = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}

/** The kept elements of the groups as a bitmap; undefined where a group names them in the wrong order. */
function pairs(word: number, count: number): number | undefined {
  let kept = 0;
  for (let first = 0; first < count; first += STREAM_GROUP) {
    const i0 = (word >>> first) & 3;
    const i1 = (word >>> (first + 2)) & 3;
    if (i0 >= i1) return undefined;
    kept |= ((1 << i0) | (1 << i1)) << first;
  }
  return kept;
}
