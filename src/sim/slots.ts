/**
 * Tensors in DRAM: between their strided layout there and dense row-major bytes outside. A slot is dense, so its bytes are
 * one contiguous piece of DRAM; only the order of its elements differs.
 */
import { diagnostic } from '#base';
import { SLOT_BYTES, type TensorSlot } from '#isa';
import type { DramMemory } from './dram.ts';
import { type Intervals, intervalsOf, type Region, RegionBuilder } from './region.ts';

const wrongBytes = diagnostic<{
  name: string;
  found: number;
  expected: number;
  dims: readonly number[];
  dtype: string;
}>('SYS-SIM-005', 'invalid', {
  en: (p) =>
    `tensor '${p.name}' got ${p.found} bytes, expected ${p.expected} for ${p.dtype}[${p.dims.join(', ')}]: ` +
    'give all its elements, dense and row-major.',
  zh: (p) =>
    `张量“${p.name}”收到 ${p.found} 字节，${p.dtype}[${p.dims.join(', ')}] 应为 ${p.expected} 字节：请按行主序给出全部元素。`,
});

const elementsOfSlot = (slot: TensorSlot): number => slot.dims.reduce((n, d) => n * d, 1);
export const slotBytes = (slot: TensorSlot): number => elementsOfSlot(slot) * SLOT_BYTES[slot.dtype];

function slotRegion(slot: TensorSlot): Region {
  const builder = new RegionBuilder(slot.address);
  slot.dims.forEach((n, d) => {
    builder.axis(n, slot.strides[d]!);
  });
  return builder.region(SLOT_BYTES[slot.dtype]);
}

export const slotIntervals = (slot: TensorSlot): Intervals => intervalsOf(slotRegion(slot));

/** The tensor's elements, dense and row-major. */
export function readSlot(dram: DramMemory, slot: TensorSlot): Uint8Array {
  const { offset: base, extent } = slotRegion(slot);
  const raw = new Uint8Array(extent);
  dram.read(base, raw, 0, extent);
  if (isRowMajor(slot)) return raw;
  const out = new Uint8Array(slotBytes(slot));
  permute(slot, base, (dense, inDram) => copyElements(out, dense, raw, inDram));
  return out;
}

/**
 * Puts dense row-major bytes into the tensor.
 * @throws SYS-SIM-005 wrong number of bytes
 */
export function writeSlot(dram: DramMemory, slot: TensorSlot, bytes: Uint8Array): void {
  const expected = slotBytes(slot);
  if (bytes.length !== expected) {
    const { name, dims, dtype } = slot;
    throw wrongBytes({ name, found: bytes.length, expected, dims, dtype });
  }
  const { offset: base, extent } = slotRegion(slot);
  if (isRowMajor(slot)) {
    dram.write(base, bytes, 0, extent);
    return;
  }
  // Elements between those of the slot keep their values.
  const raw = new Uint8Array(extent);
  dram.read(base, raw, 0, extent);
  permute(slot, base, (dense, inDram) => copyElements(raw, inDram, bytes, dense));
  dram.write(base, raw, 0, extent);
}

function isRowMajor(slot: TensorSlot): boolean {
  let dense = SLOT_BYTES[slot.dtype];
  for (let d = slot.dims.length - 1; d >= 0; d--) {
    if (slot.dims[d]! > 1 && slot.strides[d] !== dense) return false;
    dense *= slot.dims[d]!;
  }
  return true;
}

/** `count` elements of `size` bytes from offset, each `step` behind the last. */
interface Run {
  readonly offset: number;
  readonly step: number;
  readonly count: number;
  readonly size: number;
}

/** Calls `copy` for every row of the innermost dimension, with its places in the dense tensor and in DRAM's piece. */
function permute(slot: TensorSlot, base: number, copy: (dense: Run, inDram: Run) => void): void {
  const size = SLOT_BYTES[slot.dtype];
  const dims = slot.dims.length === 0 ? [1] : slot.dims;
  const strides = slot.dims.length === 0 ? [size] : slot.strides;
  const inner = dims.length - 1;
  const count = dims[inner]!;
  const rows = elementsOfSlot(slot) / Math.max(1, count);
  const index = new Array<number>(dims.length).fill(0);
  let inDram = slot.address - base;
  for (let row = 0; row < rows; row++) {
    copy(
      { offset: row * count * size, step: size, count, size },
      { offset: inDram, step: strides[inner]!, count, size },
    );
    for (let d = inner - 1; d >= 0; d--) {
      inDram += strides[d]!;
      if (++index[d]! < dims[d]!) break;
      inDram -= dims[d]! * strides[d]!;
      index[d] = 0;
    }
  }
}

function copyElements(target: Uint8Array, to: Run, source: Uint8Array, from: Run): void {
  const { size, count } = to;
  if (size === 4) {
    // Four at a time by hand: a subarray for every element would cost more than the copy.
    for (let i = 0, t = to.offset, s = from.offset; i < count; i++, t += to.step, s += from.step) {
      target[t] = source[s]!;
      target[t + 1] = source[s + 1]!;
      target[t + 2] = source[s + 2]!;
      target[t + 3] = source[s + 3]!;
    }
    return;
  }
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < size; b++) target[to.offset + i * to.step + b] = source[from.offset + i * from.step + b]!;
  }
}
