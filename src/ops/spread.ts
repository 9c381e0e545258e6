/**
 * Windows read backwards, as transposed convolution and unpooling have them: each input position spreads over a window of the
 * output. Formulas: ONNX operator reference, ConvTranspose-22, MaxUnpool-22.
 */
import { type Dim, type GraphNode, intsAttribute } from '#ir';
import { mayEqual, type Refuse, type Shape, shapeText } from './shapes.ts';
import { effectiveKernel, type Window, windowOf } from './window.ts';

export interface Spread {
  readonly window: Window;
  /** Elements added to the ends of the output. */
  readonly outputPadding: readonly number[];
  /** Sizes that the output must have; the pads follow from them. */
  readonly outputShape: readonly number[] | undefined;
}

/** Kernel sizes from the weights, or from the attribute where the weights' shape is open; undefined where neither says. */
export function spreadKernel(c: Refuse, node: GraphNode, own: Shape): readonly number[] | undefined {
  const stated = intsAttribute(node, 'kernel_shape');
  if (stated !== undefined && (stated.length !== own.length || !own.every((d, i) => mayEqual(d, stated[i]!)))) {
    c.fail(`kernel_shape [${stated}], W […, ${shapeText(own)}]`, `kernel_shape ${shapeText(own)}`);
  }
  return stated ?? (own.every((d) => typeof d === 'number') ? (own as readonly number[]) : undefined);
}

/** The spread of a node; refuses attributes that are none. */
export function spreadOf(c: Refuse, node: GraphNode, kernel: readonly number[]): Spread {
  const rank = kernel.length;
  const sizes = (name: string, low: number): readonly number[] | undefined => {
    const values = intsAttribute(node, name);
    if (values !== undefined && (values.length !== rank || values.some((v) => v < low))) {
      c.fail(`${name} [${values}]`, {
        en: `${rank} number${rank === 1 ? '' : 's'} from ${low}, one for each spatial axis`,
        zh: `${rank} 个不小于 ${low} 的整数，每个空间轴一个`,
      });
    }
    return values;
  };
  return {
    window: windowOf(c, node, kernel),
    outputPadding: sizes('output_padding', 0) ?? new Array<number>(rank).fill(0),
    outputShape: sizes('output_shape', 1),
  };
}

/** What an input size reaches before anything is cut off. */
const reach = ({ window, outputPadding }: Spread, axis: number, size: number): number =>
  window.strides[axis]! * (size - 1) + outputPadding[axis]! + effectiveKernel(window, axis);

/** The pads at the beginning and the end of an axis of the output. */
function padsOf(s: Spread, axis: number, size: number): readonly [number, number] {
  const { autoPad, pads, strides, kernel } = s.window;
  const same = autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER';
  const wanted = s.outputShape?.[axis] ?? (same ? size * strides[axis]! : undefined);
  if (wanted === undefined) return autoPad === 'VALID' ? [0, 0] : [pads[axis]!, pads[axis + kernel.length]!];
  // What is wanted beyond the reach stays empty: padding is never negative.
  const total = Math.max(0, reach(s, axis, size) - wanted);
  const half = Math.floor(total / 2);
  return autoPad === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
}

/** Output sizes for input sizes; a symbolic size gives null unless the spread keeps it. Refuses an empty output. */
export function spreadOutput(c: Refuse, s: Spread, input: readonly Dim[]): readonly Dim[] {
  if (s.outputShape !== undefined) return s.outputShape;
  return input.map((size, axis): Dim => {
    if (typeof size !== 'number') return keepsSize(s, axis) ? size : null;
    const [begin, end] = padsOf(s, axis, size);
    const out = reach(s, axis, size) - begin - end;
    if (out < 1 && size > 0) {
      c.fail(
        { en: `pads ${begin} and ${end} on spatial axis ${axis}`, zh: `空间轴 ${axis} 的填充 ${begin} 与 ${end}` },
        { en: `less than the ${reach(s, axis, size)} elements there`, zh: `小于该轴的 ${reach(s, axis, size)} 个元素` },
      );
    }
    return Math.max(0, out);
  });
}

function keepsSize(s: Spread, axis: number): boolean {
  // The pads of any size, since with stride 1 they do not depend on it.
  return s.window.strides[axis] === 1 && reach(s, axis, 1) - padsOf(s, axis, 1).reduce((a, b) => a + b, 0) === 1;
}

/** The window of the convolution from the output to an input of these sizes. */
export function spreadWindow(s: Spread, input: readonly number[]): Window {
  const pads = input.map((size, axis) => padsOf(s, axis, size));
  return {
    ...s.window,
    autoPad: 'NOTSET',
    pads: [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)],
    ceil: false,
  };
}
