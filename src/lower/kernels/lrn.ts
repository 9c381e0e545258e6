/**
 * Local response normalisation across channels (Krizhevsky et al. 2012): y = x · (bias + alpha/size · Σ x²)^−beta, the sum over
 * a window of `size` channels. Channels lie innermost; the load pads them with zeros, so that the window is a plain record.
 */
import { ELEMENT_BYTES, RECORD_DIMENSIONS } from '#isa';
import type { Machine } from '#machine';
import { bufferStrides, type Stream, type TileContext, tileStrides } from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Temporary } from '../vectorSteps.ts';
import { cutTiles } from '../vectorTiles.ts';
import { mergeDims, placeOf, typeOfView, type View } from '../views.ts';

export interface LrnKernel {
  /** [b, c, …]. */
  readonly input: View;
  readonly output: View;
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/** A record also holds channels and window. */
export const LRN_DIMENSIONS = RECORD_DIMENSIONS - 2;

/** The dimensions apart from channels. */
export function lrnDims(k: Pick<LrnKernel, 'input' | 'output'>): ReturnType<typeof mergeDims> {
  const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== 1);
  return mergeDims(without(k.input.dims), [without(k.input.strides), without(k.output.strides)], 0);
}

export function planLrn(k: LrnKernel, machine: Machine): VectorKernel | undefined {
  const channels = k.input.dims[1]!;
  const dims = lrnDims(k);
  if (dims.length > LRN_DIMENSIONS) return undefined;
  const before = Math.floor((k.size - 1) / 2);
  return cutTiles(
    dims.map((d) => d.size),
    [],
    machine,
    (tiles, loop) => {
      const loops = dims.map((d, i) => loop(`d${i}`, d.size, tiles[i]!));
      const c = loop('c', channels, channels);
      const type = typeOfView(k.input);
      const width = ELEMENT_BYTES[type];
      const base = { space: 'nram', type } as const;
      const input: Stream = {
        ...base,
        name: 'input',
        ...placeOf(k.input),
        dims: [
          ...dims.map((d, i) => ({ loop: loops[i]!, limit: d.size, stride: d.strides[0]! })),
          { loop: c, window: k.size, pad: before, limit: channels, stride: k.input.strides[1]! },
        ],
      };
      const output: Stream = {
        ...base,
        name: 'result',
        ...placeOf(k.output),
        dims: [
          ...dims.map((d, i) => ({ loop: loops[i]!, limit: d.size, stride: d.strides[1]! })),
          { loop: c, limit: channels, stride: k.output.strides[1]! },
        ],
      };
      const padded = channels + k.size - 1;
      const places = tiles.reduce((n, t) => n * t, 1);
      const squares: Temporary = { name: 'squares', bytes: 4 * places * padded };
      // Everything but operand and result is f32; a result of another type is brought there last.
      const sums: Temporary | undefined = type === 'f32' ? undefined : { name: 'sums', bytes: 4 * places * channels };
      return {
        loops: [...loops, c],
        inputs: [input],
        output,
        needsRuns: [input, output],
        temporaries: [squares, ...(sums === undefined ? [] : [sums])],
        body: (at: TileContext, emit) => {
          const outer = [...loops].reverse().map((l) => at.size(l));
          const inStrides = tileStrides(input).reverse();
          const outStrides = tileStrides(output).reverse();
          const x = { tile: input, strides: inStrides };
          const inWords = (strides: readonly number[]): number[] => strides.map((s) => (s * 4) / width);
          const squareStrides = inWords(bufferStrides(input).reverse());
          const q = { tile: squares, strides: squareStrides };
          emit.step({ f: 'mul', sizes: [padded, ...outer], a: x, b: x, c: q });
          const y =
            sums === undefined
              ? { tile: output, strides: outStrides }
              : { tile: sums, strides: inWords(bufferStrides(output).reverse()) };
          const [, ...inOuter] = squareStrides;
          const [, ...outOuter] = y.strides;
          emit.step({
            f: 'mov',
            sizes: [channels, k.size, ...outer],
            a: { tile: squares, strides: [4, 4, ...inOuter] },
            c: { tile: y.tile, strides: [4, 0, ...outOuter] },
            accumulate: 'add',
            init: true,
          });
          const sizes = [channels, ...outer];
          emit.step({ f: 'mul', sizes, a: y, b: { scalar: k.alpha / k.size }, c: y });
          emit.step({ f: 'add', sizes, a: y, b: { scalar: k.bias }, c: y });
          emit.step({ f: 'log', sizes, a: y, c: y });
          emit.step({ f: 'mul', sizes, a: y, b: { scalar: -k.beta }, c: y });
          emit.step({ f: 'exp', sizes, a: y, c: y });
          const result = { tile: output, strides: outStrides };
          if (sums !== undefined) emit.step({ f: 'mov', sizes, a: y, c: result });
          const b = { tile: input, offset: width * before, strides: inStrides };
          emit.step({ f: 'mul', sizes, a: result, b, c: result });
        },
      };
    },
  );
}
