/**
 * Sliding windows of convolution and pooling: attributes, output sizes, paddings. Spatial axes only, in order; `pads`
 * is [begins…, ends…] as in ONNX. Formulas: ONNX operator reference, Conv-22, MaxPool-22, AveragePool-22.
 */
import { type Dim, type GraphNode, intAttribute, intsAttribute, stringAttribute } from '#ir';
import { eachIndex, stridesOf } from './refTensor.ts';
import type { Refuse } from './shapes.ts';

export type AutoPad = 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Explicit pads; unused unless autoPad is NOTSET. */
  readonly pads: readonly number[];
  readonly autoPad: AutoPad;
  readonly ceil: boolean;
}

const AUTO_PADS: readonly string[] = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

/** The window of a node; `kernel` comes from `kernel_shape` or from the weights. Refuses what is not one. */
export function windowOf(c: Refuse, node: GraphNode, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const positive = (name: string, values: readonly number[]): readonly number[] => {
    if (values.length !== rank || values.some((v) => v < 1)) {
      c.fail(`${name} [${values}]`, {
        en: `${rank} positive number${rank === 1 ? '' : 's'}, one for each spatial axis`,
        zh: `${rank} 个正整数，每个空间轴一个`,
      });
    }
    return values;
  };
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (!AUTO_PADS.includes(autoPad)) c.fail(`auto_pad '${autoPad}'`, AUTO_PADS.join(' | '));
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  if (pads.length !== 2 * rank || pads.some((p) => p < 0)) {
    c.fail(`pads [${pads}]`, {
      en: `${2 * rank} numbers ≥ 0: the beginnings of the ${rank} spatial axes, then their ends`,
      zh: `${2 * rank} 个非负整数：先是 ${rank} 个空间轴的起始填充，再是末尾填充`,
    });
  }
  const ones = (name: string) => positive(name, intsAttribute(node, name) ?? new Array<number>(rank).fill(1));
  return {
    kernel: positive('kernel_shape', kernel),
    strides: ones('strides'),
    dilations: ones('dilations'),
    pads,
    autoPad: autoPad as AutoPad,
    ceil: intAttribute(node, 'ceil_mode', 0) !== 0,
  };
}

/** Extent of the dilated kernel along an axis. */
export const effectiveKernel = (w: Window, axis: number): number => (w.kernel[axis]! - 1) * w.dilations[axis]! + 1;

/** Output sizes for input sizes; a symbolic size gives null unless the window keeps it. Refuses an empty output. */
export function windowOutput(c: Refuse, w: Window, input: readonly Dim[]): readonly Dim[] {
  return input.map((size, axis): Dim => {
    if (typeof size !== 'number') return keepsSize(w, axis) ? size : null;
    const out = outputSize(w, axis, size);
    if (out < 1 && size > 0) {
      const kernel = effectiveKernel(w, axis);
      c.fail(
        {
          en: `a window of ${kernel} over ${size} elements on spatial axis ${axis}`,
          zh: `空间轴 ${axis} 上窗口 ${kernel} 覆盖 ${size} 个元素`,
        },
        { en: 'a window no larger than the padded input', zh: '不大于填充后输入的窗口' },
      );
    }
    return Math.max(0, out);
  });
}

function keepsSize(w: Window, axis: number): boolean {
  if (w.strides[axis] !== 1) return false;
  if (w.autoPad === 'SAME_UPPER' || w.autoPad === 'SAME_LOWER') return true;
  const rank = w.kernel.length;
  const pad = w.autoPad === 'VALID' ? 0 : w.pads[axis]! + w.pads[axis + rank]!;
  return pad === effectiveKernel(w, axis) - 1;
}

/** VALID with ceil_mode rounds up as ONNX's shape inference and ONNX Runtime do; the text of the operator does not. */
function outputSize(w: Window, axis: number, size: number): number {
  const stride = w.strides[axis]!;
  const kernel = effectiveKernel(w, axis);
  switch (w.autoPad) {
    case 'SAME_UPPER':
    case 'SAME_LOWER':
      return Math.ceil(size / stride);
    case 'VALID':
    case 'NOTSET': {
      const begin = w.autoPad === 'VALID' ? 0 : w.pads[axis]!;
      const end = w.autoPad === 'VALID' ? 0 : w.pads[axis + w.kernel.length]!;
      const span = size + begin + end - kernel;
      if (!w.ceil) return Math.floor(span / stride) + 1;
      const out = Math.ceil(span / stride) + 1;
      // A last window that would start in the padding at the end is dropped.
      return (out - 1) * stride >= size + begin ? out - 1 : out;
    }
  }
}

/**
 * The pads that are really applied to an input of these sizes: [begins…, ends…]. SAME never pads less than nothing: a
 * stride that skips the last elements leaves them out, as in ONNX's shape inference and in TensorFlow. (The kernels of
 * ONNX Runtime differ among themselves there: some begin inside the input, some refuse.)
 */
export function windowPads(w: Window, input: readonly number[]): readonly number[] {
  if (w.autoPad === 'NOTSET') return w.pads;
  const rank = input.length;
  const pads = new Array<number>(2 * rank).fill(0);
  if (w.autoPad === 'VALID') return pads;
  for (let axis = 0; axis < rank; axis++) {
    const out = Math.ceil(input[axis]! / w.strides[axis]!);
    const total = Math.max(0, (out - 1) * w.strides[axis]! + effectiveKernel(w, axis) - input[axis]!);
    pads[axis] = Math.floor((w.autoPad === 'SAME_UPPER' ? total : total + 1) / 2);
    pads[axis + rank] = total - pads[axis]!;
  }
  return pads;
}

/** The positions of one window that lie inside the input. */
export interface Taps {
  /** Flat offsets into the spatial axes of the input, in row-major order of the kernel. */
  readonly input: readonly number[];
  /** Flat offsets into the kernel, for each of `input`. */
  readonly kernel: readonly number[];
  /** How many positions of the window lie inside the padded input. */
  readonly padded: number;
}

/** Calls `visit` for each output position of spatial shape `output`, in row-major order, with its window's taps. */
export function eachWindow(
  w: Window,
  input: readonly number[],
  output: readonly number[],
  visit: (at: number, taps: Taps) => void,
): void {
  const rank = input.length;
  const pads = windowPads(w, input);
  const strides = stridesOf(input);
  eachIndex(output, (position, at) => {
    const taps = { input: [] as number[], kernel: [] as number[], padded: 0 };
    eachIndex(w.kernel, (k, flat) => {
      let offset = 0;
      let inside = true;
      for (let axis = 0; axis < rank; axis++) {
        const x = position[axis]! * w.strides[axis]! - pads[axis]! + k[axis]! * w.dilations[axis]!;
        // Only ceil_mode lets a window reach beyond the padding at the end.
        if (x >= input[axis]! + pads[axis + rank]!) return;
        if (x < 0 || x >= input[axis]!) inside = false;
        offset += x * strides[axis]!;
      }
      taps.padded++;
      if (!inside) return;
      taps.input.push(offset);
      taps.kernel.push(flat);
    });
    visit(at, taps);
  });
}
