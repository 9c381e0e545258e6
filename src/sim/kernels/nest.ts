/** Nests of record dimensions: where each element lies, and how few dimensions say the same. */
import { DIMENSIONS, type RecordWords, SIZE, STRIDE } from '#timing';

/** Byte offsets of all elements over dimensions 0 … `to`, d0 fastest: sizes of one record, strides of another. */
export function offsetsOf(sizes: RecordWords, strides: RecordWords, to = DIMENSIONS - 1): Int32Array {
  let offsets = new Int32Array(1);
  for (let d = 0; d <= to; d++) {
    const n = Math.max(0, sizes[4 * d + SIZE]!);
    const stride = strides[4 * d + STRIDE]!;
    if (n === 1) continue;
    const inner = offsets;
    offsets = new Int32Array(inner.length * n);
    for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < inner.length; j++) offsets[at++] = inner[j]! + i * stride;
  }
  return offsets;
}

/** Whether no two elements can share a byte: with rising strides each step is at least as long as all that is within it. */
export function isInjective(sizes: readonly number[], strides: readonly number[], elementBytes: number): boolean {
  const order = strides
    .map((stride, i) => ({ stride: Math.abs(stride), size: sizes[i]! }))
    .filter((d) => d.size > 1)
    .sort((x, y) => x.stride - y.stride);
  let extent = elementBytes;
  for (const { stride, size } of order) {
    if (stride < extent) return false;
    extent += (size - 1) * stride;
  }
  return true;
}

/** Remembers the last result: consecutive entries share record snapshots, so identity is enough to recognise them. */
export function memo<K, V>(make: (...keys: readonly K[]) => V): (...keys: readonly K[]) => V {
  let last: readonly K[] = [];
  let value: V | undefined;
  return (...keys) => {
    if (value === undefined || keys.some((k, i) => k !== last[i])) {
      value = make(...keys);
      last = keys;
    }
    return value;
  };
}
