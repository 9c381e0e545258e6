/**
 * Protocol Buffers written by hand, for the packets of which a trace has millions: a piece of memory that is filled and handed
 * out. Inner messages are as long as they turn out to be, so their lengths stand in two bytes whatever they are (a varint may be
 * longer than it need be), up to 16383. Everything rarer goes through the library.
 */

const PIECE = 1 << 16;
/** No packet is longer. */
const MOST = 1 << 14;
const LENGTH_BYTES = 2;

/** Wire types: https://protobuf.dev/programming-guides/encoding */
export const VARINT = 0;
export const FIXED64 = 1;
export const MESSAGE = 2;

export class PerfettoBytes {
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(PIECE);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink;
  }

  /** Makes room for one more packet. */
  reserve(): void {
    if (this.#at > PIECE - MOST) this.flush();
  }

  flush(): void {
    const piece = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    if (piece.length > 0) this.#sink(piece);
  }

  /** What the library has written. */
  append(message: Uint8Array): void {
    this.flush();
    this.#sink(message);
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  /** A whole number from 0 to 2⁵³. */
  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80000000; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  fixed64(value: number): void {
    this.#view.setUint32(this.#at, value >>> 0, true);
    this.#view.setUint32(this.#at + 4, Math.floor(value / 2 ** 32), true);
    this.#at += 8;
  }

  double(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Begins an inner message; give the answer to `close`. */
  open(): number {
    this.#at += LENGTH_BYTES;
    return this.#at;
  }

  close(from: number): void {
    const length = this.#at - from;
    this.#bytes[from - 2] = (length & 0x7f) | 0x80;
    this.#bytes[from - 1] = length >>> 7;
  }
}
