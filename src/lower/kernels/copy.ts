/**
 * Copies from DRAM to DRAM through NRAM, any element type, any strides, with constant padding: for views that have to become
 * memory (a reshape across strides, a concatenation that could not be placed, Pad). Only the DMA works.
 */
import { type ElementType, type LayerPrediction, RECORD_DIMENSIONS } from '#isa';
import type { Machine } from '#machine';
import { emitCopyNest, shapeOfCopyNest } from '../copyNest.ts';
import { bestDeal, undealt } from '../cores.ts';
import type { Emitter } from '../emitter.ts';
import { predictNest } from '../prediction.ts';
import { align, bufferBytes, type LoopDim, type LoopMaker, type Stream, tilesOf } from '../stream.ts';
import { elementBytesOf, mergeDims, placeOf, type View } from '../views.ts';

export interface CopyKernel {
  readonly input: View;
  readonly output: View;
  /** Elements before the input along each output dimension; the input's dims are its own. */
  readonly padsBefore?: readonly number[];
  /** Bits of the padding element. */
  readonly fill?: number;
}

export interface CopyPlan {
  readonly loops: readonly LoopDim[];
  readonly input: Stream;
  readonly output: Stream;
}

/** DMA element types by size; the bits are moved as they are. */
const TYPE_OF_BYTES: Readonly<Record<number, ElementType>> = { 1: 'u8', 2: 'i16', 4: 'f32', 8: 'i64' };

export function planCopy(k: CopyKernel, machine: Machine): CopyPlan | undefined {
  // The DMA moves between DRAM or SharedRAM and NRAM, not within it.
  if ([k.input, k.output].some((v) => v.buffer.home === 'nram')) return undefined;
  const bytes = elementBytesOf(k.output);
  const type = TYPE_OF_BYTES[bytes]!;
  const padded = k.padsBefore !== undefined;
  // With padding each dimension stands alone, for its bounds; without, dimensions merge.
  const dims = padded
    ? k.output.dims
        .map((size, i) => ({
          size,
          limit: k.input.dims[i]!,
          pad: k.padsBefore![i]!,
          strides: [k.output.strides[i]!, k.input.strides[i]!] as const,
        }))
        .filter((d) => d.size !== 1 || d.limit !== 1 || d.pad !== 0)
    : mergeDims(k.output.dims, [k.output.strides, k.input.strides], 0).map((d) => ({
        size: d.size,
        limit: d.size,
        pad: 0,
        strides: [d.strides[0]!, d.strides[1]!] as const,
      }));
  if (dims.length === 0) dims.push({ size: 1, limit: 1, pad: 0, strides: [bytes, bytes] });
  // What a record cannot hold is walked from outside, an element at a time; padding needs bounds.
  const beyond = Math.max(0, dims.length - RECORD_DIMENSIONS);
  if (dims.slice(0, beyond).some((d) => d.pad !== 0 || d.limit !== d.size)) return undefined;
  const tiles = dims.map((d, i) => (i < beyond ? 1 : d.size));
  const build = (loop: LoopMaker): CopyPlan => {
    const loops = dims.map((d, i) => loop(`d${i}`, d.size, tiles[i]!));
    const base = { space: 'nram', type } as const;
    const outer = (side: 0 | 1): NonNullable<Stream['outer']> =>
      dims.slice(0, beyond).map((d, i) => ({ loop: loops[i]!, stride: d.strides[side] }));
    const inner = dims.slice(beyond);
    const innerLoops = loops.slice(beyond);
    return {
      loops,
      input: {
        ...base,
        name: 'input',
        ...placeOf(k.input),
        fill: k.fill ?? 0,
        outer: outer(1),
        dims: inner.map((d, i) => ({ loop: innerLoops[i]!, limit: d.limit, pad: d.pad, stride: d.strides[1] })),
      },
      output: {
        ...base,
        name: 'result',
        ...placeOf(k.output),
        outer: outer(0),
        dims: inner.map((d, i) => ({ loop: innerLoops[i]!, limit: d.size, stride: d.strides[0] })),
      },
    };
  };
  for (;;) {
    const plan = build(undealt);
    const count = plan.loops.reduce((n, l) => n * tilesOf(l), 1);
    if (align(bufferBytes(plan.output)) * (count > 1 ? 2 : 1) <= machine.nram.bytes) {
      return bestDeal(plan, build, (dealt) => predictCopy(dealt, machine).cycles, machine);
    }
    const d = tiles.findIndex((t) => t > 1);
    if (d < 0) return undefined;
    tiles[d] = Math.ceil(tiles[d]! / 2);
  }
}

/** Busy cycles and traffic of a copy. */
export const predictCopy = (plan: CopyPlan, machine: Machine): LayerPrediction =>
  predictNest(shapeOfCopyNest(plan), machine);

export function emitCopy(e: Emitter, plan: CopyPlan): void {
  emitCopyNest(e, plan);
}
