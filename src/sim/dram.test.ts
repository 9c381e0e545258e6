/** DRAM contents and the tensors in it. */
import { describe, expect, test } from 'vitest';
import type { TensorSlot } from '#isa';
import { DramMemory } from './dram.ts';
import { readSlot, writeSlot } from './slots.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('contents', () => {
  test('constants are used in place, and copied only when written', () => {
    const original = bytes(1, 2, 3, 4, 5, 6, 7, 8);
    let asked = 0;
    const data = () => {
      asked++;
      return original;
    };
    const dram = new DramMemory([{ name: 'w', address: 100, bytes: 8, data }]);
    expect(asked).toBe(0);
    expect(dram.forReading(104).bytes).toBe(original);
    dram.write(102, bytes(9, 9), 0, 2);
    expect(original).toEqual(bytes(1, 2, 3, 4, 5, 6, 7, 8));
    const out = new Uint8Array(12);
    dram.read(98, out, 0, 12);
    expect(out).toEqual(bytes(0, 0, 1, 2, 9, 9, 5, 6, 7, 8, 0, 0));
    expect(asked).toBe(1);
  });

  test('pieces across pages and constants keep their bytes', () => {
    const page = 2 ** 20;
    const constant = { name: 'c', address: page + 10, bytes: 5, data: () => new Uint8Array(5) };
    const dram = new DramMemory([constant, { ...constant, name: 'd', address: page + 20 }]);
    const source = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
    dram.write(page - 50, source, 0, 100);
    const out = new Uint8Array(102);
    dram.read(page - 51, out, 0, 102);
    expect(out).toEqual(bytes(0, ...source, 0));
  });

  test('damaged and overlapping constants are refused', () => {
    const constant = (name: string, address: number, size: number) => ({
      name,
      address,
      bytes: 8,
      data: () => new Uint8Array(size),
    });
    expect(() => new DramMemory([constant('a', 0, 8), constant('b', 7, 8)])).toThrow(/'a' and 'b' overlap/);
    expect(() => new DramMemory([constant('a', 0, 7)]).forReading(0)).toThrow(/7 bytes.*reserves 8/);
  });
});

describe('tensors', () => {
  const slot = (dims: number[], strides: number[], dtype: TensorSlot['dtype'] = 'float32'): TensorSlot => ({
    name: 't',
    dtype,
    dims,
    strides,
    address: 64,
  });

  test('row-major outside, whatever the layout in DRAM', () => {
    // NCHW 1 × 2 × 2 × 3, stored NHWC.
    const nhwc = slot([1, 2, 2, 3], [48, 4, 24, 8]);
    const values = Float32Array.from({ length: 12 }, (_, i) => i);
    const dram = new DramMemory([]);
    writeSlot(dram, nhwc, new Uint8Array(values.buffer));
    const raw = readSlot(dram, slot([12], [4]));
    expect([...new Float32Array(raw.buffer)]).toEqual([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
    expect(new Float32Array(readSlot(dram, nhwc).buffer)).toEqual(values);
  });

  test('other element sizes, scalars, empty tensors', () => {
    const dram = new DramMemory([]);
    for (const [dtype, size] of [
      ['uint8', 1],
      ['int16', 2],
      ['int64', 8],
    ] as const) {
      const transposed = slot([3, 2], [size, 3 * size], dtype);
      const values = Uint8Array.from({ length: 6 * size }, (_, i) => i + 1);
      writeSlot(dram, transposed, values);
      expect(readSlot(dram, transposed)).toEqual(values);
    }
    writeSlot(dram, slot([], []), bytes(1, 2, 3, 4));
    expect(readSlot(dram, slot([], []))).toEqual(bytes(1, 2, 3, 4));
    expect(readSlot(dram, slot([0, 3], [12, 4])).length).toBe(0);
    expect(() => writeSlot(dram, slot([2], [4]), bytes(1))).toThrow(/got 1 bytes, expected 8/);
  });
});
