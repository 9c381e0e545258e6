/**
 * Reductions over any set of dimensions (sum, mean, maximum, minimum), softmax and log-softmax. Kept and reduced dimensions are merged apart and
 * ordered as the input lies in memory. A reduction too large for one tile goes on tile by tile along its outermost dimension;
 * softmax needs its whole axis in a tile.
 */
import { RECORD_DIMENSIONS } from '#isa';
import type { Machine } from '#machine';
import { type Stream, type TileContext, tileStrides } from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Temporary } from '../vectorSteps.ts';
import { cutTiles } from '../vectorTiles.ts';
import { mergeDims, placeOf, type View } from '../views.ts';

export interface Reduction {
  readonly input: View;
  /** Same rank as the input, reduced dimensions of size 1. */
  readonly output: View;
  readonly reduced: readonly boolean[];
  readonly combine: 'add' | 'max' | 'min';
  /** Factor on the result: 1 ÷ count for ReduceMean, 1 otherwise. */
  readonly factor: number;
}

/** Kept and reduced dimensions, each merged among themselves. */
export function reductionDims(k: Pick<Reduction, 'input' | 'output' | 'reduced'>): ReturnType<typeof mergeDims> {
  const kept = k.output.strides.map((s, i) => (k.reduced[i] ? 0 : s));
  const dims = mergeDims(k.input.dims, [k.input.strides, kept], 0, k.reduced);
  return dims.length === 0 ? [{ size: 1, strides: [4, 4], marked: false }] : dims;
}

export function planReduction(k: Reduction, machine: Machine): VectorKernel | undefined {
  const dims = reductionDims(k);
  if (dims.length > RECORD_DIMENSIONS) return undefined;
  // Loops over kept dimensions outside, reduced ones inside; only the outermost reduced dimension is cut.
  const order = [...dims.filter((d) => !d.marked), ...dims.filter((d) => d.marked)];
  const kept = order.findIndex((d) => d.marked);
  const keptCount = kept < 0 ? order.length : kept;
  const whole = order.map((_, i) => i > keptCount);
  return cutTiles(
    order.map((d) => d.size),
    whole,
    machine,
    (tiles, loop) => {
      const loops = order.map((d, i) => loop(`${d.marked ? 'r' : 'd'}${i}`, d.size, tiles[i]!));
      const loopOf = new Map(order.map((d, i) => [d, loops[i]!]));
      const base = { space: 'nram', type: 'f32' } as const;
      const input: Stream = {
        ...base,
        name: 'input',
        ...placeOf(k.input),
        dims: dims.map((d) => ({ loop: loopOf.get(d)!, limit: d.size, stride: d.strides[0]! })),
      };
      const keptDims = dims.filter((d) => !d.marked);
      const output: Stream = {
        ...base,
        name: 'result',
        ...placeOf(k.output),
        dims:
          keptDims.length === 0
            ? [{ limit: 1, stride: 4 }]
            : keptDims.map((d) => ({ loop: loopOf.get(d)!, limit: d.size, stride: d.strides[1]! })),
      };
      return {
        loops,
        inputs: [input],
        output,
        temporaries: [],
        body: (at: TileContext, emit) => {
          const inner = [...dims].reverse();
          const outTile = tileStrides(output);
          const strideOf = new Map(keptDims.map((d, i) => [d, outTile[i]!]));
          const sizes = inner.map((d) => at.size(loopOf.get(d)!));
          const a = { tile: input, strides: tileStrides(input).reverse() };
          const c = { tile: output, strides: inner.map((d) => strideOf.get(d) ?? 0) };
          const sum = (init: boolean): void => emit.step({ f: 'mov', sizes, a, c, accumulate: k.combine, init });
          const scale = (): void => {
            if (k.factor === 1) return;
            const keptInner = [...keptDims].reverse();
            const strides = keptInner.length === 0 ? [4] : keptInner.map((d) => strideOf.get(d)!);
            const out = { tile: output, strides };
            emit.step({
              f: 'mul',
              sizes: keptInner.length === 0 ? [1] : keptInner.map((d) => at.size(loopOf.get(d)!)),
              a: out,
              b: { scalar: k.factor },
              c: out,
            });
          };
          // Over the tiles of the reduced dimension that is cut the sum goes on; the last one ends it.
          const cut = loops[keptCount];
          if (cut === undefined) {
            sum(true);
            scale();
            return;
          }
          emit.first(
            cut,
            () => sum(true),
            () => sum(false),
          );
          emit.last(cut, scale);
        },
      };
    },
  );
}

export interface SoftmaxKernel {
  readonly input: View;
  readonly output: View;
  /** Dimensions over which the exponentials sum to 1. */
  readonly axes: readonly boolean[];
  readonly logarithm: boolean;
}

/** Dimensions of the axis and of the rest, each merged among themselves. */
export function softmaxDims(k: Pick<SoftmaxKernel, 'input' | 'output' | 'axes'>): ReturnType<typeof mergeDims> {
  const dims = mergeDims(k.input.dims, [k.input.strides, k.output.strides], 0, k.axes);
  return dims.length === 0 ? [{ size: 1, strides: [4, 4], marked: true }] : dims;
}

export function planSoftmax(k: SoftmaxKernel, machine: Machine): VectorKernel | undefined {
  const dims = softmaxDims(k);
  if (dims.length > RECORD_DIMENSIONS) return undefined;
  return cutTiles(
    dims.map((d) => d.size),
    dims.map((d) => d.marked),
    machine,
    (tiles, loop) => {
      const loops = dims.map((d, i) => loop(`${d.marked ? 'axis' : 'd'}${i}`, d.size, tiles[i]!));
      const stream = (name: string, v: View, operand: number): Stream => ({
        name,
        space: 'nram',
        type: 'f32',
        ...placeOf(v),
        dims: dims.map((d, i) => ({ loop: loops[i]!, limit: d.size, stride: d.strides[operand]! })),
      });
      const input = stream('input', k.input, 0);
      const output = stream('result', k.output, 1);
      const keptTile = dims.reduce((n, d, i) => (d.marked ? n : n * tiles[i]!), 1);
      const peak: Temporary = { name: 'maximum', bytes: 4 * keptTile };
      const total: Temporary = { name: 'sum', bytes: 4 * keptTile };
      return {
        loops,
        inputs: [input],
        output,
        temporaries: [peak, total],
        body: (at: TileContext, emit) => {
          const sizes = [...loops].reverse().map((l) => at.size(l));
          const strides = tileStrides(input).reverse();
          // Strides of a kept-only tile along all dimensions: 0 along the axis.
          const keptStrides: number[] = [];
          let step = 4;
          for (let i = dims.length - 1; i >= 0; i--) {
            keptStrides.push(dims[i]!.marked ? 0 : step);
            if (!dims[i]!.marked) step *= tiles[i]!;
          }
          const x = { tile: input, strides };
          const y = { tile: output, strides };
          const m = { tile: peak, strides: keptStrides };
          const s = { tile: total, strides: keptStrides };
          emit.step({ f: 'mov', sizes, a: x, c: m, accumulate: 'max', init: true });
          emit.step({ f: 'sub', sizes, a: x, b: m, c: y });
          emit.step({ f: 'exp', sizes, a: y, c: y });
          emit.step({ f: 'mov', sizes, a: y, c: s, accumulate: 'add', init: true });
          if (!k.logarithm) {
            emit.step({ f: 'div', sizes, a: y, b: s, c: y });
            return;
          }
          const keptLoops = loops.filter((_, i) => !dims[i]!.marked).reverse();
          const own = keptStrides.filter((v) => v !== 0);
          const t = { tile: total, strides: own.length === 0 ? [4] : own };
          emit.step({
            f: 'log',
            sizes: keptLoops.length === 0 ? [1] : keptLoops.map((l) => at.size(l)),
            a: t,
            c: t,
          });
          emit.step({ f: 'sub', sizes, a: x, b: m, c: y });
          emit.step({ f: 'sub', sizes, a: y, b: s, c: y });
        },
      };
    },
  );
}
