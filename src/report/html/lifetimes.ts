/** Buffers of a scratchpad as columns; where there are more than wanted, uses of one place by one layer that lie close are one. */
import type { Lifetime } from '../pictures/memoryMap.ts';
import { ByteWriter } from './bytes.ts';

export const WRITERS = ['transfer', 'matrix', 'vector'] as const;

export interface PackedLifetimes {
  readonly buffers: number;
  /** Uses of a place that lie within so many cycles are one; 0 where each stands for itself. */
  readonly merged: number;
  /** By column: `from` − `from` before, length, low, high − low, writer, layer. */
  readonly columns: Uint8Array;
}

type Buffer = { -readonly [K in 'from' | 'to' | 'low' | 'high' | 'writer' | 'layer']: Lifetime[K] };

export function packLifetimes(lifetimes: readonly Lifetime[], most = 40_000): PackedLifetimes {
  let kept: readonly Buffer[] = lifetimes;
  let within = 0;
  const end = lifetimes.reduce((n, l) => Math.max(n, l.to), 0);
  while (kept.length > most && within < 2 * end) {
    within = within === 0 ? 2 ** Math.max(1, Math.floor(Math.log2(end / most))) : 2 * within;
    kept = mergedWithin(kept, within);
  }
  const sorted = [...kept].sort((a, b) => a.from - b.from);
  const bytes = new ByteWriter();
  sorted.forEach((l, i) => {
    bytes.signed(l.from - (i === 0 ? 0 : sorted[i - 1]!.from));
  });
  for (const l of sorted) bytes.signed(l.to - l.from);
  for (const l of sorted) bytes.signed(l.low);
  for (const l of sorted) bytes.signed(l.high - l.low);
  for (const l of sorted) bytes.signed(WRITERS.indexOf(l.writer));
  for (const l of sorted) bytes.signed(l.layer);
  return { buffers: sorted.length, merged: within, columns: bytes.bytes() };
}

function mergedWithin(lifetimes: readonly Buffer[], within: number): readonly Buffer[] {
  const open = new Map<string, Buffer>();
  const result: Buffer[] = [];
  for (const l of lifetimes) {
    const key = `${l.low} ${l.high} ${l.writer} ${l.layer}`;
    const before = open.get(key);
    if (before !== undefined && l.from - before.to <= within) {
      before.to = Math.max(before.to, l.to);
      continue;
    }
    const { from, to, low, high, writer, layer } = l;
    const fresh = { from, to, low, high, writer, layer };
    open.set(key, fresh);
    result.push(fresh);
  }
  return result;
}
