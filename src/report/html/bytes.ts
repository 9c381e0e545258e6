/**
 * Columns of whole numbers as bytes, seven bits each (LEB128) after zigzag: small differences take one byte, and what repeats is
 * found by deflate. Written here, read in the page.
 */

/** Mutable. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  signed(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    do {
      if (this.#length === this.#bytes.length) {
        const longer = new Uint8Array(2 * this.#length);
        longer.set(this.#bytes);
        this.#bytes = longer;
      }
      const low = rest % 128;
      rest = Math.floor(rest / 128);
      this.#bytes[this.#length++] = rest > 0 ? low + 128 : low;
    } while (rest > 0);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Mutable: reads what a `ByteWriter` wrote. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  signed(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

const WORD = 4;

/** One block: the length of a JSON text, the text, then the parts, which the text names by their number. */
export function packBlock(json: unknown, parts: readonly Uint8Array[]): Uint8Array {
  const lengths = parts.map((p) => p.length);
  const text = new TextEncoder().encode(JSON.stringify({ json, lengths }));
  const block = new Uint8Array(WORD + text.length + lengths.reduce((a, b) => a + b, 0));
  new DataView(block.buffer).setUint32(0, text.length);
  block.set(text, WORD);
  let at = WORD + text.length;
  for (const part of parts) {
    block.set(part, at);
    at += part.length;
  }
  return block;
}

export function unpackBlock(block: Uint8Array): { readonly json: unknown; readonly parts: readonly Uint8Array[] } {
  const length = new DataView(block.buffer, block.byteOffset).getUint32(0);
  const text = new TextDecoder().decode(block.subarray(WORD, WORD + length));
  const { json, lengths } = JSON.parse(text) as { readonly json: unknown; readonly lengths: readonly number[] };
  let at = WORD + length;
  const parts = lengths.map((l) => {
    at += l;
    return block.subarray(at - l, at);
  });
  return { json, parts };
}
