/**
 * Compulsory traffic: the DRAM bytes that no schedule of a plan could do without, from the plan alone. Of a network's inputs and
 * constants what the jobs of the processor read at all, each element once, and of its outputs what they write. What only the host
 * touches, what a Slice or a strided window leaves out, and what a broadcast repeats is not compulsory.
 * Where ranges of one buffer interleave, the largest counts for all of them: less than their union, never more.
 */
import { type Program, SLOT_BYTES } from '#isa';
import type { Planner } from './planner.ts';
import type { Buffer, View } from './views.ts';

/** Bytes of the elements that a view reaches, each once. */
export const reachedBytes = (v: View): number =>
  v.dims.reduce((n, d, i) => (v.strides[i] === 0 ? n * Math.min(d, 1) : n * d), SLOT_BYTES[v.dtype]);

/** What windows along an axis reach: outputs, distance between windows, taps and their distance, padding before. */
interface WindowAxis {
  readonly total: number;
  readonly scale: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly pad: number;
  /** Windows over these outputs, where only outputs that one of them reaches are wanted. */
  readonly wanted?: WindowAxis | undefined;
}

/**
 * As many elements of a [b, c, y, x] view as its windows reach. Its strides are the view's, so it says how much, not where.
 */
export function reachedByWindows(v: View, y: WindowAxis, x: WindowAxis): View {
  const [b, c, rows, columns] = v.dims as [number, number, number, number];
  return { ...v, dims: [b, c, reachedPositions(y, rows), reachedPositions(x, columns)] };
}

const reachedPositions = (w: WindowAxis, limit: number): number => positionsReached(w, limit).size;

function positionsReached(w: WindowAxis, limit: number): ReadonlySet<number> {
  const reached = new Set<number>();
  const wanted = w.wanted && positionsReached(w.wanted, w.total);
  for (let o = 0; o < w.total; o++) {
    if (wanted?.has(o) === false) continue;
    for (let k = 0; k < w.kernel; k++) {
      const at = o * w.scale - w.pad + k * w.dilation;
      if (at >= 0 && at < limit) reached.add(at);
    }
  }
  return reached;
}

export function compulsoryTraffic(p: Planner, outputs: readonly View[]): NonNullable<Program['compulsory']> {
  const onProcessor = p.jobs.filter((job) => job.where !== 'host');
  const reads = onProcessor.flatMap((job) => job.reads).filter((v) => p.contents.has(v.buffer) || p.isInput(v.buffer));
  const packed = onProcessor.reduce((n, job) => n + (job.sharesPacked === true ? 0 : job.packedBytes), 0);
  const byHost = byBuffer(p.jobs.flatMap((job) => (job.where === 'host' ? job.writes : [])));
  let written = 0;
  for (const [buffer, views] of byBuffer(outputs)) {
    if (p.contents.has(buffer) || p.isInput(buffer)) continue;
    written += Math.max(0, unionBytes(views) - unionBytes(byHost.get(buffer) ?? [], 'most'));
  }
  let read = packed;
  for (const views of byBuffer(reads).values()) read += unionBytes(views);
  return { readBytes: read, writeBytes: written };
}

function byBuffer(views: readonly View[]): Map<Buffer, View[]> {
  const out = new Map<Buffer, View[]>();
  for (const v of views) out.set(v.buffer, [...(out.get(v.buffer) ?? []), v]);
  return out;
}

/** Bytes that views of one buffer reach together: at least so many, or at most. */
function unionBytes(views: readonly View[], bound: 'least' | 'most' = 'least'): number {
  if (bound === 'most') return views.reduce((n, v) => n + reachedBytes(v), 0);
  const ranges = views.map((v) => ({ ...rangeOf(v), bytes: reachedBytes(v) })).sort((a, b) => a.from - b.from);
  let sum = 0;
  let largest = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { from, to, bytes } of ranges) {
    if (from >= end) {
      sum += largest;
      largest = 0;
    }
    largest = Math.max(largest, bytes);
    end = Math.max(end, to);
  }
  return sum + largest;
}

/** First and one-past-last byte of a view in its buffer. */
function rangeOf(v: View): { from: number; to: number } {
  let from = v.offset;
  let to = v.offset + SLOT_BYTES[v.dtype];
  v.dims.forEach((d, i) => {
    const reach = (d - 1) * v.strides[i]!;
    if (reach < 0) from += reach;
    else to += reach;
  });
  return { from, to };
}
