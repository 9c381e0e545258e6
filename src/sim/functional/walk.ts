/** Index spaces of records and the addresses of their elements, modulo 2³². */
import { DIMENSIONS, type RecordWords, SIZE, STRIDE } from '#timing';

export type Index = readonly number[];

/** All indices of a record's dimensions 0 … `to`, d0 fastest. */
export function* indices(sizes: RecordWords, to = DIMENSIONS - 1): Generator<Index> {
  const size = (d: number): number => (d <= to ? sizes[4 * d + SIZE]! : 1);
  for (let i4 = 0; i4 < size(4); i4++) {
    for (let i3 = 0; i3 < size(3); i3++) {
      for (let i2 = 0; i2 < size(2); i2++) {
        for (let i1 = 0; i1 < size(1); i1++) {
          for (let i0 = 0; i0 < size(0); i0++) yield [i0, i1, i2, i3, i4];
        }
      }
    }
  }
}

/** Σ i·stride over dimensions 0 … `to`. */
export function offset(strides: RecordWords, index: Index, to = DIMENSIONS - 1): number {
  let sum = 0;
  for (let d = 0; d <= to; d++) sum += index[d]! * strides[4 * d + STRIDE]!;
  return sum;
}

export const address = (base: number, bytes: number): number => (base + bytes) >>> 0;
