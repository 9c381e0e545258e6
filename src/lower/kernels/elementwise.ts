/**
 * Element-wise kernels with broadcasting: out[i] = f_n(… f_1(x0[i], x1[i]) …). Dimensions that all operands walk alike are
 * merged; a dimension along which an operand is repeated does not exist in its tile and has stride 0 in its record.
 */
import { type ElementType, RECORD_DIMENSIONS, type VectorFunction } from '#isa';
import type { Machine } from '#machine';
import { type LoopDim, type Stream, type StreamDim, type TileContext, tileStrides } from '../stream.ts';
import type { VectorKernel } from '../vectorNest.ts';
import type { Access } from '../vectorSteps.ts';
import { cutTiles } from '../vectorTiles.ts';
import { broadcastView, elementBytesOf, type JointDim, mergeDims, placeOf, typeOfView, type View } from '../views.ts';

export type StepOperand = number | 'out' | 'beside';

/** out = f(out or first input, operand). */
export interface ElementwiseStep {
  readonly f: VectorFunction;
  /** Index of the input that stands at A; 'out' continues from the step before; 'beside' is what one before left there. */
  readonly a: StepOperand;
  readonly b?: StepOperand | { readonly scalar: number };
  /** It leaves its value beside the result, which stays as it is. Only of what is done behind a contraction. */
  readonly into?: 'beside';
  /** What it leaves; the same type where it is not said. */
  readonly type?: ElementType;
  /** Meets the value so far, instead of taking its place. */
  readonly accumulate?: 'add' | 'mul';
  /** Zero point of `quant` and `dequant`. */
  readonly zero?: number;
}

/** Whether steps need a tile beside that of the result. */
export const needsBeside = (steps: readonly ElementwiseStep[]): boolean => steps.some((s) => s.into === 'beside');

export interface Elementwise {
  readonly inputs: readonly View[];
  readonly output: View;
  readonly steps: readonly ElementwiseStep[];
}

/** The dimensions of a stream over joint loops: those along which it moves. */
function streamFor(
  name: string,
  v: View,
  operand: number,
  dims: readonly JointDim[],
  loops: readonly LoopDim[],
): Stream {
  const own: StreamDim[] = [];
  dims.forEach((d, i) => {
    const stride = d.strides[operand]!;
    if (stride !== 0) own.push({ loop: loops[i]!, limit: d.size, stride });
  });
  return { name, space: 'nram', type: typeOfView(v), ...placeOf(v), dims: own };
}

/** Strides of a tile along the joint dimensions, innermost first, 0 where it is repeated. */
export function strideList(s: Stream, operand: number, dims: readonly JointDim[]): number[] {
  const tile = tileStrides(s);
  let at = 0;
  const outer = dims.map((d) => (d.strides[operand] === 0 ? 0 : tile[at++]!));
  return outer.reverse();
}

/** The dimensions that all operands walk together. */
export function elementwiseDims(k: Pick<Elementwise, 'inputs' | 'output'>): ReturnType<typeof mergeDims> {
  const { dims } = k.output;
  const operands = [k.output, ...k.inputs.map((v) => broadcastView(v, dims))];
  const strides = operands.map((o) => o.strides);
  const joint = mergeDims(dims, strides, 0);
  return joint.length === 0 ? [{ size: 1, strides: operands.map(elementBytesOf), marked: false }] : joint;
}

export function planElementwise(k: Elementwise, machine: Machine): VectorKernel | undefined {
  const joint = elementwiseDims(k);
  const inputViews = k.inputs.map((v) => broadcastView(v, k.output.dims));
  if (joint.length > RECORD_DIMENSIONS) return undefined;
  return cutTiles(
    joint.map((d) => d.size),
    [],
    machine,
    (tiles, loop) => {
      const loops = joint.map((d, i) => loop(`d${i}`, d.size, tiles[i]!));
      const output = streamFor('result', k.output, 0, joint, loops);
      const inputs = inputViews.map((v, i) => streamFor(`input ${i}`, v, i + 1, joint, loops));
      return {
        loops,
        inputs,
        output,
        temporaries: [],
        body: (at: TileContext, emit) => {
          const sizes = [...loops].reverse().map((l) => at.size(l));
          const out: Access = { tile: output, strides: strideList(output, 0, joint) };
          const input = (i: StepOperand): Access =>
            typeof i === 'string' ? out : { tile: inputs[i]!, strides: strideList(inputs[i]!, i + 1, joint) };
          for (const s of k.steps) {
            const b = s.b === undefined ? {} : { b: typeof s.b === 'object' ? s.b : input(s.b) };
            emit.step({ f: s.f, sizes, a: input(s.a), ...b, c: out });
          }
        },
      };
    },
  );
}
