/**
 * A memory of the functional model: bytes that know whether and by whom they were written, in pages that exist once touched.
 * Little-endian. Every access is checked: inside, aligned, written before it is read.
 */
import { diagnostic, type Place } from '#base';

const badAddress = diagnostic<{ memory: string; address: number; size: number; bytes: number }>(
  'SYS-SIM-070',
  'invalid',
  {
    en: (p) =>
      `${p.memory} has no ${p.size}-byte element at address ${p.address}: expected a multiple of ${p.size} below ${p.bytes}. ` +
      'Check base register, sizes, strides and bounds.',
    zh: (p) =>
      `${p.memory} 在地址 ${p.address} 处没有 ${p.size} 字节的元素：应为小于 ${p.bytes} 的 ${p.size} 的倍数。请检查基址寄存器、尺寸、步长与边界。`,
  },
);
const neverWritten = diagnostic<{ memory: string; address: number }>('SYS-SIM-071', 'invalid', {
  en: (p) =>
    `${p.memory} is read at address ${p.address}, which nothing has written: load or compute the value first, and order ` +
    'the two with a semaphore.',
  zh: (p) => `读取了 ${p.memory} 地址 ${p.address}，但此前没有任何写入：请先载入或计算该值，并用信号量保证先后顺序。`,
});

const PAGE = 65536;

/** Who wrote a byte. */
const NOBODY = 0;
const BEFORE = 1;
const PROGRAM = 2;

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly writer: Uint8Array;
}

/** Contiguous bytes. */
export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export class PlainMemory {
  readonly name: string;
  readonly bytes: number;
  readonly #pages: Map<number, Page>;
  readonly #place: () => Place;

  /** @param place what to name in an error */
  constructor(name: string, bytes: number, place: () => Place, pages = new Map<number, Page>()) {
    this.name = name;
    this.bytes = bytes;
    this.#place = place;
    this.#pages = pages;
  }

  /** The same memory for one of its users, whom errors name. */
  seenFrom(place: () => Place): PlainMemory {
    return new PlainMemory(this.name, this.bytes, place, this.#pages);
  }

  readF32(address: number): number {
    return this.#written(address, 4).view.getFloat32(address % PAGE, true);
  }

  writeF32(address: number, value: number): void {
    this.#claim(address, 4).view.setFloat32(address % PAGE, value, true);
  }

  /** The bits of an element of 1, 2, 4 or 8 bytes. */
  readBits(address: number, size: number): bigint {
    const { view } = this.#written(address, size);
    let bits = 0n;
    for (let b = size - 1; b >= 0; b--) bits = (bits << 8n) | BigInt(view.getUint8((address % PAGE) + b));
    return bits;
  }

  writeBits(address: number, size: number, bits: bigint): void {
    const { view } = this.#claim(address, size);
    for (let b = 0; b < size; b++) view.setUint8((address % PAGE) + b, Number((bits >> BigInt(8 * b)) & 0xffn));
  }

  /** Bytes that are there before the program runs, or that the host writes. */
  place(address: number, bytes: Uint8Array, writer: 'before' | 'host'): void {
    for (const { page, at, from, to } of this.#spans(address, bytes.length)) {
      page.bytes.set(bytes.subarray(from, to), at);
      page.writer.fill(writer === 'before' ? BEFORE : PROGRAM, at, at + to - from);
    }
  }

  /** Bytes as they are, unwritten ones 0. */
  read(address: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (const { page, at, from, to } of this.#spans(address, count)) {
      bytes.set(page.bytes.subarray(at, at + to - from), from);
    }
    return bytes;
  }

  /** What the program or the host wrote, by rising address. */
  pieces(): Piece[] {
    const pieces: { address: number; bytes: number[] }[] = [];
    for (const number of [...this.#pages.keys()].sort((x, y) => x - y)) {
      const { bytes, writer } = this.#pages.get(number)!;
      for (let i = 0; i < PAGE; i++) {
        if (writer[i] !== PROGRAM) continue;
        const address = number * PAGE + i;
        const last = pieces[pieces.length - 1];
        if (last !== undefined && last.address + last.bytes.length === address) last.bytes.push(bytes[i]!);
        else pieces.push({ address, bytes: [bytes[i]!] });
      }
    }
    return pieces.map(({ address, bytes }) => ({ address, bytes: Uint8Array.from(bytes) }));
  }

  /** A range page by page: bytes `from` … `to` − 1 of it stand in the page from `at` on. */
  *#spans(address: number, count: number): Generator<{ page: Page; at: number; from: number; to: number }> {
    for (let from = 0; from < count; ) {
      const at = (address + from) % PAGE;
      const to = Math.min(count, from + PAGE - at);
      yield { page: this.#page(address + from), at, from, to };
      from = to;
    }
  }

  #page(address: number): Page {
    const number = Math.floor(address / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) {
      const bytes = new Uint8Array(PAGE);
      page = { bytes, view: new DataView(bytes.buffer), writer: new Uint8Array(PAGE) };
      this.#pages.set(number, page);
    }
    return page;
  }

  #claim(address: number, size: number): Page {
    this.#check(address, size);
    const page = this.#page(address);
    page.writer.fill(PROGRAM, address % PAGE, (address % PAGE) + size);
    return page;
  }

  #written(address: number, size: number): Page {
    this.#check(address, size);
    const page = this.#page(address);
    for (let b = 0; b < size; b++) {
      if (page.writer[(address % PAGE) + b] === NOBODY) {
        throw neverWritten({ memory: this.name, address }, this.#place());
      }
    }
    return page;
  }

  #check(address: number, size: number): void {
    if (address % size !== 0 || address + size > this.bytes) {
      throw badAddress({ memory: this.name, address, size, bytes: this.bytes }, this.#place());
    }
  }
}
