/**
 * Contents of DRAM. Constants are used where they are, without a copy (made on demand by their segment's `data()`, copied
 * only if a program writes into one); everything else lies in pages of 1 MiB that exist once they are written.
 * Inner loops take a `DramChunk` (a contiguous piece, zero copy) and ask again when an address leaves it; `read` and `write`
 * move any range. Bytes that nobody wrote read as 0; whether that is allowed is the hazard detector's business.
 */
import { diagnostic } from '#base';
import type { ConstantSegment } from '#isa';

const PAGE_BYTES = 2 ** 20;
/** What is read where nobody wrote. */
const ZEROS = new Uint8Array(PAGE_BYTES);

/** Address x with from ≤ x < to is `bytes[x - from]`. Do not write into a chunk that was asked for reading. */
export interface DramChunk {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

const wrongSegment = diagnostic<{ name: string; found: number; expected: number }>('SYS-SIM-001', 'invalid', {
  en: (p) =>
    `constant '${p.name}' holds ${p.found} bytes, but the program's DRAM map reserves ${p.expected}: the program file is damaged; compile it again.`,
  zh: (p) =>
    `常量“${p.name}”有 ${p.found} 字节，而程序的 DRAM 映射为其保留 ${p.expected} 字节：程序文件已损坏，请重新编译。`,
});
const overlap = diagnostic<{ first: string; second: string; address: number }>('SYS-SIM-002', 'invalid', {
  en: (p) =>
    `constants '${p.first}' and '${p.second}' overlap in DRAM at address ${p.address}: give each its own range.`,
  zh: (p) => `常量“${p.first}”与“${p.second}”在 DRAM 地址 ${p.address} 处重叠：请为它们分配互不相交的区间。`,
});

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly source: ConstantSegment;
  /** Its contents, once they are used. */
  chunk: DramChunk | undefined;
  /** Copied because the program writes into it. */
  changed: boolean;
}

/** What was written into DRAM: plain data, shared with the memory until that changes it. Constants are not in it. */
export interface DramState {
  readonly pages: readonly DramChunk[];
  readonly changedConstants: readonly DramChunk[];
}

export class DramMemory {
  readonly #segments: Segment[];
  /** By first address. */
  readonly #pages = new Map<number, DramChunk>();
  /** Chunks made since the last `save` or `restore`: the others are shared with it, and must be copied before they change. */
  #owned = new Set<DramChunk>();

  constructor(constants: readonly ConstantSegment[]) {
    this.#segments = constants
      .filter((c) => c.bytes > 0)
      .map((c) => ({ from: c.address, to: c.address + c.bytes, source: c, chunk: undefined, changed: false }))
      .sort((x, y) => x.from - y.from);
    this.#segments.forEach((s, i) => {
      const before = this.#segments[i - 1];
      if (before !== undefined && before.to > s.from) {
        throw overlap({ first: before.source.name, second: s.source.name, address: s.from });
      }
    });
  }

  /** The chunk around `address`, for reading. */
  forReading(address: number): DramChunk {
    const i = this.#find(address);
    const segment = this.#segments[i];
    if (segment !== undefined && address < segment.to) return this.#constant(segment);
    const { from, to } = this.#pageAround(address, segment, this.#segments[i + 1]);
    return this.#pages.get(from) ?? { bytes: ZEROS.subarray(0, to - from), from, to };
  }

  /** The chunk around `address`, for reading and writing. */
  forWriting(address: number): DramChunk {
    const i = this.#find(address);
    const segment = this.#segments[i];
    if (segment === undefined || address >= segment.to) {
      const { from, to } = this.#pageAround(address, segment, this.#segments[i + 1]);
      const page = this.#pages.get(from);
      if (page !== undefined && this.#owned.has(page)) return page;
      const own = this.#own(page ?? { bytes: ZEROS.subarray(0, to - from), from, to });
      this.#pages.set(from, own);
      return own;
    }
    const constant = this.#constant(segment);
    if (this.#owned.has(constant)) return constant;
    segment.changed = true;
    segment.chunk = this.#own(constant);
    return segment.chunk;
  }

  save(): DramState {
    this.#owned = new Set();
    const changed = this.#segments.filter((s) => s.changed).map((s) => s.chunk!);
    return { pages: [...this.#pages.values()], changedConstants: changed };
  }

  restore({ pages, changedConstants }: DramState): void {
    this.#owned = new Set();
    this.#pages.clear();
    for (const page of pages) this.#pages.set(page.from, page);
    for (const segment of this.#segments) {
      const changed = changedConstants.find((chunk) => chunk.from === segment.from);
      if (changed !== undefined) segment.chunk = changed;
      else if (segment.changed) segment.chunk = undefined;
      segment.changed = changed !== undefined;
    }
  }

  #own(chunk: DramChunk): DramChunk {
    const own = { ...chunk, bytes: chunk.bytes.slice() };
    this.#owned.add(own);
    return own;
  }

  /** Copies `count` bytes from `address` to `target[at…]`. */
  read(address: number, target: Uint8Array, at: number, count: number): void {
    for (let done = 0; done < count; ) {
      const chunk = this.forReading(address + done);
      const n = Math.min(count - done, chunk.to - address - done);
      const from = address + done - chunk.from;
      target.set(chunk.bytes.subarray(from, from + n), at + done);
      done += n;
    }
  }

  /** Copies `count` bytes from `source[at…]` to `address`. */
  write(address: number, source: Uint8Array, at: number, count: number): void {
    for (let done = 0; done < count; ) {
      const chunk = this.forWriting(address + done);
      const n = Math.min(count - done, chunk.to - address - done);
      chunk.bytes.set(source.subarray(at + done, at + done + n), address + done - chunk.from);
      done += n;
    }
  }

  /** Index of the last segment that starts at or before `address`; -1 where there is none. */
  #find(address: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.from <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #constant(segment: Segment): DramChunk {
    if (segment.chunk === undefined) {
      const bytes = segment.source.data();
      if (bytes.length !== segment.to - segment.from) {
        throw wrongSegment({ name: segment.source.name, found: bytes.length, expected: segment.to - segment.from });
      }
      segment.chunk = { bytes, from: segment.from, to: segment.to };
    }
    return segment.chunk;
  }

  /** The page around an address that no constant holds, cut at the constants before and after it. */
  #pageAround(
    address: number,
    before: Segment | undefined,
    after: Segment | undefined,
  ): { readonly from: number; readonly to: number } {
    const number = Math.floor(address / PAGE_BYTES);
    // Several gaps between constants may lie in one page of addresses; each is a chunk of its own, found by its start.
    const from = Math.max(number * PAGE_BYTES, before?.to ?? 0);
    return { from, to: Math.min((number + 1) * PAGE_BYTES, after?.from ?? Number.POSITIVE_INFINITY) };
  }
}
