/**
 * The evaluation of Resize and Upsample: a choice of elements (nearest), or one interpolation after the other, the last
 * axis first. Integers, of which ONNX says nothing, are as in ONNX Runtime: truncated at the end, and where antialias
 * is on rounded after each axis; always within their type.
 */
import { elementCount } from '#ir';
import type { Work } from '../costs.ts';
import type { RefTensor } from '../define.ts';
import {
  eachIndex,
  isInteger,
  isWide,
  numbersOf,
  offsetAt,
  type RefElement,
  refFrom,
  refOf,
  stridesOf,
} from '../refTensor.ts';
import type { ResizedAxis } from './coordinates.ts';
import { axisTaps, type Interpolation, kernelRadius, type Taps } from './interpolation.ts';

export function resized(settings: Interpolation, x: RefTensor, axes: readonly ResizedAxis[]): RefTensor {
  const taps = axes.map((axis) => axisTaps(settings, axis));
  return settings.mode === 'nearest' ? chosen(settings, x, axes, taps) : interpolated(settings, x, axes, taps);
}

type AxisTaps = readonly (readonly Taps[] | undefined)[];

function chosen(settings: Interpolation, x: RefTensor, axes: readonly ResizedAxis[], taps: AxisTaps): RefTensor {
  const strides = stridesOf(x.dims);
  const dims = axes.map((axis) => axis.output);
  const elements: RefElement[] = [];
  eachIndex(dims, (index) => {
    const source: number[] = [];
    for (const [axis, place] of index.entries()) {
      const own = taps[axis]?.[place];
      if (own === 'outside') break;
      source.push(own?.[0]?.index ?? place);
    }
    const isInside = source.length === dims.length;
    elements.push(isInside ? x.data[offsetAt(source, strides)]! : extrapolation(settings, x));
  });
  return refFrom(x.dtype, dims, (i) => elements[i]!);
}

function extrapolation({ extrapolation: value }: Interpolation, x: RefTensor): RefElement {
  return x.dtype === 'string' ? String(value) : isInteger(x.dtype) ? Math.trunc(value) : value;
}

function interpolated(settings: Interpolation, x: RefTensor, axes: readonly ResizedAxis[], taps: AxisTaps): RefTensor {
  let values = numbersOf(x);
  const dims = [...x.dims];
  const bound = boundsOf(x);
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const rows = taps[axis];
    if (rows === undefined) continue;
    values = alongAxis(values, dims, axis, rows, settings.extrapolation);
    dims[axis] = axes[axis]!.output;
    if (settings.antialias && isInteger(x.dtype)) values = values.map((v) => bound(Math.floor(v + 0.5)));
  }
  return refOf(x.dtype, dims, isInteger(x.dtype) ? values.map((v) => bound(Math.trunc(v))) : values);
}

/** One axis: each element of the result is the weighted sum of its taps. */
function alongAxis(
  values: Float64Array,
  dims: readonly number[],
  axis: number,
  rows: readonly Taps[],
  outside: number,
): Float64Array {
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const size = dims[axis]!;
  const out = new Float64Array(outer * rows.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const taps of rows) {
      for (let i = 0; i < inner; i++) {
        let sum = taps === 'outside' ? outside : 0;
        if (taps !== 'outside') {
          for (const { index, weight } of taps) sum += weight * values[(o * size + index) * inner + i]!;
        }
        out[at++] = sum;
      }
    }
  }
  return out;
}

/** Keeps a number within an integer type. */
function boundsOf(x: RefTensor): (value: number) => number {
  const bits = Number(/\d+$/.exec(x.dtype)?.[0] ?? 32);
  if (isWide(x.dtype)) return (value) => value;
  const [low, high] = x.dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return (value) => Math.min(Math.max(value, low), high);
}

/** Work of the interpolations, one axis after the other: a multiplication for each tap of each element. */
export function resizeWork(settings: Interpolation, input: readonly number[], output: readonly number[]): Work {
  if (settings.mode === 'nearest') return {};
  const dims = [...input];
  let [multiplications, additions] = [0, 0];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (input[axis] === output[axis]) continue;
    dims[axis] = output[axis]!;
    const taps = Math.ceil(2 * kernelRadius(settings, { scale: output[axis]! / Math.max(1, input[axis]!) }));
    const elements = elementCount(dims);
    multiplications += elements * taps;
    additions += elements * (taps - 1);
  }
  return { multiplications, additions };
}
