/**
 * `load` and `store`, `get` and `put`: DRAM lies outside the WebAssembly memory in chunks, SharedRAM in one, so these run in
 * JavaScript. The innermost loop goes along that far side where the order of elements does not matter, so that a transposing
 * transfer meets each chunk once.
 */
import { DIMENSIONS, FILL, HI, LO, type RecordWords, SIZE, STRIDE } from '#timing';
import type { DramChunk } from '../dram.ts';
import {
  type FarMemory,
  farAddress,
  farRecord,
  type GetEntry,
  type LoadEntry,
  type PutEntry,
  type StoreEntry,
} from '../entries.ts';
import { isInjective } from './nest.ts';

interface Axis {
  size: number;
  readonly dram: number;
  readonly pad: number;
  /** Elements from … to − 1 exist in DRAM. */
  readonly from: number;
  to: number;
}

/** Views of one memory by element size; 8-byte elements move as two words. */
interface Views {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array | undefined;
  readonly words: Int32Array | undefined;
  /** Address of the first byte. */
  readonly base: number;
}

function viewsOf(bytes: Uint8Array, base: number): Views {
  const { buffer, byteOffset, byteLength } = bytes;
  // Element i of a view must be address base + size·i: only then do aligned addresses meet whole elements.
  const aligned = (size: number): boolean => byteOffset % size === 0 && base % size === 0;
  return {
    bytes,
    halves: aligned(2) ? new Uint16Array(buffer, byteOffset, byteLength >>> 1) : undefined,
    words: aligned(4) ? new Int32Array(buffer, byteOffset, byteLength >>> 2) : undefined,
    base,
  };
}

const chunkViews = new WeakMap<DramChunk, Views>();

function viewsOfChunk(chunk: DramChunk): Views {
  let views = chunkViews.get(chunk);
  if (views === undefined) {
    views = viewsOf(chunk.bytes, chunk.from);
    chunkViews.set(chunk, views);
  }
  return views;
}

/** Contiguous pieces from this length on are worth a native copy. */
const NATIVE = 96;

/** `count` elements of `size` bytes between addresses of two memories, `sourceStep` and `targetStep` bytes apart. */
function copyRun(
  target: Views,
  targetAt: number,
  targetStep: number,
  source: Views,
  sourceAt: number,
  sourceStep: number,
  size: number,
  count: number,
): void {
  let t = targetAt - target.base;
  let s = sourceAt - source.base;
  if (targetStep === size && sourceStep === size && count * size >= NATIVE) {
    target.bytes.set(source.bytes.subarray(s, s + count * size), t);
    return;
  }
  if (size >= 4 && target.words !== undefined && source.words !== undefined) {
    const to = target.words;
    const from = source.words;
    const tStep = targetStep >> 2;
    const sStep = sourceStep >> 2;
    t >>>= 2;
    s >>>= 2;
    for (let i = 0; i < count; i++) {
      to[t] = from[s]!;
      if (size === 8) to[t + 1] = from[s + 1]!;
      t += tStep;
      s += sStep;
    }
    return;
  }
  if (size === 2 && target.halves !== undefined && source.halves !== undefined) {
    const to = target.halves;
    const from = source.halves;
    for (let i = 0; i < count; i++) to[(t + i * targetStep) >>> 1] = from[(s + i * sourceStep) >>> 1]!;
    return;
  }
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < size; b++) target.bytes[t + i * targetStep + b] = source.bytes[s + i * sourceStep + b]!;
  }
}

/** How many of `count` elements from `address` on lie whole in the chunk. */
function within(chunk: DramChunk, address: number, step: number, size: number, count: number): number {
  if (address + size > chunk.to) return 0;
  if (step === 0) return count;
  const room = step > 0 ? chunk.to - size - address : address - chunk.from;
  return Math.min(count, Math.floor(room / Math.abs(step)) + 1);
}

/** Dimensions with more than one element, innermost first; undefined where there is no element at all. */
function axesOf(sizes: RecordWords, dram: RecordWords, pad: RecordWords): Axis[] | undefined {
  const axes: Axis[] = [];
  for (let d = 0; d < DIMENSIONS; d++) {
    const size = sizes[4 * d + SIZE]!;
    if (size < 1) return undefined;
    const from = Math.min(size, Math.max(0, dram[4 * d + LO]!));
    const to = Math.max(from, Math.min(size, dram[4 * d + HI]!));
    if (size > 1 || from !== 0 || to !== 1) {
      axes.push({ size, dram: dram[4 * d + STRIDE]!, pad: pad[4 * d + STRIDE]!, from, to });
    }
  }
  if (axes.length === 0) axes.push({ size: 1, dram: 0, pad: 0, from: 0, to: 1 });
  return axes;
}

const isWhole = (axis: Axis): boolean => axis.from === 0 && axis.to === axis.size;

/** The nest in the order that suits DRAM, if the written side allows any order, and with what is contiguous in one piece. */
function arrange(axes: Axis[], written: 'dram' | 'pad', elementBytes: number): Axis[] {
  const sizes = axes.map((x) => x.size);
  const strides = axes.map((x) => x[written]);
  if (isInjective(sizes, strides, elementBytes)) axes.sort((x, y) => Math.abs(x.dram) - Math.abs(y.dram));
  const merged: Axis[] = [axes[0]!];
  for (const axis of axes.slice(1)) {
    const inner = merged[merged.length - 1]!;
    const joins = axis.dram === inner.size * inner.dram && axis.pad === inner.size * inner.pad;
    if (joins && isWhole(inner) && isWhole(axis)) {
      inner.size *= axis.size;
      inner.to = inner.size;
    } else merged.push(axis);
  }
  return merged;
}

/** Calls `row` for every row of the innermost axis with the offsets of its element 0 and whether DRAM has it. */
function eachRow(axes: readonly Axis[], row: (dram: number, pad: number, inside: boolean) => void): void {
  const visit = (d: number, dram: number, pad: number, inside: boolean): void => {
    if (d === 0) {
      row(dram, pad, inside);
      return;
    }
    const axis = axes[d]!;
    for (let i = 0; i < axis.size; i++) {
      visit(d - 1, dram + i * axis.dram, pad + i * axis.pad, inside && i >= axis.from && i < axis.to);
    }
  };
  visit(axes.length - 1, 0, 0, true);
}

export interface Transfers {
  load(entry: LoadEntry | GetEntry, far: FarMemory): void;
  store(entry: StoreEntry | PutEntry, far: FarMemory): void;
}

/** @param shared SharedRAM of the cluster, empty where there is none */
export function createTransfers(nram: Uint8Array, wram: Uint8Array, shared: Uint8Array): Transfers {
  const pads = { nram: viewsOf(nram, 0), wram: viewsOf(wram, 0), shared: viewsOf(shared, 0) };
  const element = new Uint8Array(8);
  const elementView = viewsOf(element, 0);
  const filled = new Uint8Array(8);
  const filledWords = new Int32Array(filled.buffer);
  const filledView = viewsOf(filled, 0);

  return {
    load(entry, far) {
      const { elementBytes: size } = entry;
      const base = farAddress(entry);
      const record = farRecord(entry);
      const found = axesOf(record, record, entry.padRecord);
      if (found === undefined) return;
      const axes = arrange(found, 'pad', size);
      const inner = axes[0]!;
      const pad = pads[entry.space];
      // Of an 8-byte element the fill word is the lower half; the upper one repeats its sign.
      const fill = record[FILL]! | 0;
      filledWords[0] = fill;
      filledWords[1] = fill >> 31;
      const pour = (at: number, count: number): void => {
        if (count > 0) copyRun(pad, at, inner.pad, filledView, 0, 0, size, count);
      };
      let chunk: DramChunk = { bytes: element, from: 0, to: 0 };
      eachRow(axes, (dramOffset, padOffset, inside) => {
        const to = inside ? inner.to : 0;
        const from = inside ? inner.from : 0;
        const padAt = (i: number): number => (entry.pad + padOffset + i * inner.pad) >>> 0;
        if (from > 0) pour(padAt(0), from);
        for (let i = from; i < to; ) {
          const address = (base + dramOffset + i * inner.dram) >>> 0;
          if (address < chunk.from || address >= chunk.to) chunk = far.forReading(address);
          const n = within(chunk, address, inner.dram, size, to - i);
          if (n > 0) copyRun(pad, padAt(i), inner.pad, viewsOfChunk(chunk), address, inner.dram, size, n);
          else {
            far.read(address, element, 0, size);
            copyRun(pad, padAt(i), inner.pad, elementView, 0, 0, size, 1);
          }
          i += Math.max(1, n);
        }
        if (to < inner.size) pour(padAt(to), inner.size - to);
      });
    },

    store(entry, far) {
      const { elementBytes: size } = entry;
      const base = farAddress(entry);
      const record = farRecord(entry);
      const found = axesOf(entry.padRecord, record, entry.padRecord);
      if (found === undefined) return;
      const axes = arrange(found, 'dram', size);
      const inner = axes[0]!;
      const pad = pads[entry.space];
      let chunk: DramChunk = { bytes: element, from: 0, to: 0 };
      eachRow(axes, (dramOffset, padOffset, inside) => {
        if (!inside) return;
        for (let i = inner.from; i < inner.to; ) {
          const address = (base + dramOffset + i * inner.dram) >>> 0;
          const padAt = (entry.pad + padOffset + i * inner.pad) >>> 0;
          if (address < chunk.from || address >= chunk.to) chunk = far.forWriting(address);
          const n = within(chunk, address, inner.dram, size, inner.to - i);
          if (n > 0) copyRun(viewsOfChunk(chunk), address, inner.dram, pad, padAt, inner.pad, size, n);
          else {
            copyRun(elementView, 0, 0, pad, padAt, 0, size, 1);
            far.write(address, element, 0, size);
          }
          i += Math.max(1, n);
        }
      });
    },
  };
}
