/**
 * Window kernels: pooling and depthwise convolution. The tile lies as [y, x, c]; one instruction walks (y, x, ky, kx, c) and
 * accumulates into a result whose ky and kx strides are 0.
 */
import { float32Bits } from '#base';
import type { VectorFunction } from '#isa';
import type { Machine } from '#machine';
import { coresFor, dealing } from '../cores.ts';
import { type Stream, type TileContext, tileStrides } from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Step } from '../vectorSteps.ts';
import { type BuildKernel, searchTiles, type VectorTiles } from '../vectorTiles.ts';
import { placeOf, type View } from '../views.ts';

export interface WindowDim {
  readonly total: number;
  readonly kernel: number;
  readonly scale: number;
  readonly dilation: number;
  readonly pad: number;
}

export interface WindowKernel {
  /** [b, c, y, x] views of f32. */
  readonly input: View;
  readonly output: View;
  readonly y: WindowDim;
  readonly x: WindowDim;
  readonly reduce: 'max' | 'add';
  /** What padding counts as. */
  readonly fill: number;
  /** Depthwise weights [ky, kx, c] and bias [c]. */
  readonly weights?: View;
  readonly bias?: View;
  /** Reciprocal counts [y, x] that the sum is multiplied by, or one factor. */
  readonly scale?: View | number;
  /** What follows on the result, each with a scalar. */
  readonly after: readonly { readonly f: VectorFunction; readonly scalar: number }[];
}

/** Networks repeat their windows: the tiles found for one on a machine are kept as long as the machine is. */
const known = new WeakMap<Machine, Map<string, VectorTiles | undefined>>();

/** All that the time of a kernel depends on. */
const keyOf = ({ input, output, weights, bias, scale, after, y, x, reduce }: WindowKernel): string =>
  JSON.stringify([
    ...[input, output, weights, bias].map((v) => v && [v.dims, v.strides, v.buffer.home]),
    typeof scale === 'object' ? scale.strides : scale !== undefined,
    after.map((step) => step.f),
    [y, x, reduce],
  ]);

/** The kernel with the tiles that are predicted to be fastest; undefined where not even the smallest fit. */
export function planWindow(k: WindowKernel, machine: Machine): VectorKernel | undefined {
  const { sizes, build } = windowTiles(k);
  const ofMachine = known.get(machine) ?? new Map<string, VectorTiles | undefined>();
  known.set(machine, ofMachine);
  const key = keyOf(k);
  if (!ofMachine.has(key)) ofMachine.set(key, searchTiles(sizes, machine, build));
  const found = ofMachine.get(key);
  return found && build(found.tiles, dealing(found.deals, coresFor(machine)));
}

function windowTiles(k: WindowKernel): {
  readonly sizes: readonly number[];
  readonly build: BuildKernel;
} {
  const [batch, channels] = [k.input.dims[0]!, k.input.dims[1]!];
  const limit = { y: k.input.dims[2]!, x: k.input.dims[3]! };
  const s = k.input.strides;
  const o = k.output.strides;
  const build: BuildKernel = ([ty, tx, tc], loop) => {
    const b = loop('b', batch, 1);
    const c = loop('c', channels, tc!);
    const y = loop('y', k.y.total, ty!);
    const x = loop('x', k.x.total, tx!);
    // Channels outermost: their weights stay while the image passes.
    const loops = [c, b, y, x];
    const base = { space: 'nram', type: 'f32' } as const;
    const extent = (w: WindowDim): number => (w.kernel - 1) * w.dilation + 1;
    const input: Stream = {
      ...base,
      name: 'input',
      ...placeOf(k.input),
      fill: float32Bits(k.fill),
      outer: [{ loop: b, stride: s[0]! }],
      dims: [
        { loop: y, scale: k.y.scale, window: extent(k.y), pad: k.y.pad, limit: limit.y, stride: s[2]! },
        { loop: x, scale: k.x.scale, window: extent(k.x), pad: k.x.pad, limit: limit.x, stride: s[3]! },
        { loop: c, limit: channels, stride: s[1]! },
      ],
    };
    const output: Stream = {
      ...base,
      name: 'result',
      ...placeOf(k.output),
      outer: [{ loop: b, stride: o[0]! }],
      dims: [
        { loop: y, limit: k.y.total, stride: o[2]! },
        { loop: x, limit: k.x.total, stride: o[3]! },
        { loop: c, limit: channels, stride: o[1]! },
      ],
    };
    const inputs = [input];
    let weights: Stream | undefined;
    if (k.weights !== undefined) {
      const w = k.weights;
      weights = {
        ...base,
        name: 'weights',
        ...placeOf(w),
        dims: [
          { limit: k.y.kernel, stride: w.strides[0]! },
          { limit: k.x.kernel, stride: w.strides[1]! },
          { loop: c, limit: channels, stride: w.strides[2]! },
        ],
      };
      inputs.push(weights);
    }
    let bias: Stream | undefined;
    if (k.bias !== undefined) {
      bias = {
        ...base,
        name: 'bias',
        ...placeOf(k.bias),
        dims: [{ loop: c, limit: channels, stride: k.bias.strides[0]! }],
      };
      inputs.push(bias);
    }
    let factors: Stream | undefined;
    if (k.scale !== undefined && typeof k.scale !== 'number') {
      factors = {
        ...base,
        name: 'factors',
        ...placeOf(k.scale),
        dims: [
          { loop: y, limit: k.y.total, stride: k.scale.strides[0]! },
          { loop: x, limit: k.x.total, stride: k.scale.strides[1]! },
        ],
      };
      inputs.push(factors);
    }
    const [iy, ix] = tileStrides(input) as [number, number, number];
    const [oy, ox] = tileStrides(output) as [number, number, number];
    return {
      loops,
      inputs,
      output,
      temporaries: [],
      body: (at: TileContext, emit) => {
        const sizes = [at.size(c), k.x.kernel, k.y.kernel, at.size(x), at.size(y)];
        const a = {
          tile: input,
          strides: [4, k.x.dilation * ix, k.y.dilation * iy, k.x.scale * ix, k.y.scale * iy],
        };
        const c5 = { tile: output, strides: [4, 0, 0, ox, oy] };
        const main: Step = { f: 'mov', sizes, a, c: c5, accumulate: k.reduce, init: true };
        if (weights === undefined) emit.step(main);
        else {
          const [wy, wx] = tileStrides(weights) as [number, number, number];
          emit.step({ ...main, f: 'mul', b: { tile: weights, strides: [4, wx, wy, 0, 0] } });
        }
        const outSizes = [at.size(c), at.size(x), at.size(y)];
        const out = { tile: output, strides: [4, ox, oy] };
        const onResult = (f: VectorFunction, operand: Step['b']): void =>
          emit.step({ f, sizes: outSizes, a: out, ...(operand === undefined ? {} : { b: operand }), c: out });
        if (typeof k.scale === 'number') onResult('mul', { scalar: k.scale });
        else if (factors !== undefined) {
          const [fy, fx] = tileStrides(factors) as [number, number];
          onResult('mul', { tile: factors, strides: [0, fx, fy] });
        }
        if (bias !== undefined) onResult('add', { tile: bias, strides: [4, 0, 0] });
        for (const step of k.after) onResult(step.f, { scalar: step.scalar });
      },
    };
  };
  return { sizes: [k.y.total, k.x.total, channels], build };
}
