/**
 * The loop nest that Conv, ConvInteger and QLinearConv share: shapes, work and sums of a cross-correlation of X [N, C, spatial…] with
 * W [M, C/group, kernel…]. ONNX Conv-22.
 */
import { type Dim, elementCount, intAttribute, intsAttribute, type TensorType } from '#ir';
import { elements, staticDims, type Work } from '../costs.ts';
import type { AttributeSpec, CostContext, EvaluateContext, InferContext, RefTensor } from '../define.ts';
import { numbersOf } from '../refTensor.ts';
import { mayEqual, type Shape, shapeText } from '../shapes.ts';
import { eachWindow, windowOf, windowOutput } from '../window.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';

export const CONVOLUTION_ATTRIBUTES = {
  ...WINDOW_ATTRIBUTES,
  dilations: { kind: 'ints', doc: 'Distances between kernel elements along the spatial axes; default 1.' },
  group: { kind: 'int', doc: 'Groups of channels that are convolved apart; default 1. C is depthwise convolution.' },
  kernel_shape: { kind: 'ints', doc: 'Kernel sizes; default: the shape of W.' },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** The shape of Y; undefined where no rank is known. Refuses operands that do not fit. */
export function convolutionShape(
  c: InferContext,
  x: TensorType,
  w: TensorType,
  bias: TensorType | undefined,
): Shape | undefined {
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return undefined;
  const xs: Shape = x.shape ?? new Array<Dim>(rank).fill(null);
  const ws: Shape = w.shape ?? new Array<Dim>(rank).fill(null);
  const group = intAttribute(c.node, 'group', 1);
  if (rank < 3 || ws.length !== rank) {
    c.fail(`X ${shapeText(x.shape)}, W ${shapeText(w.shape)}`, 'X [N, C, D1, …], W [M, C/group, k1, …]');
  }
  checkChannels(c, xs, ws, group, bias?.shape);
  const kernel = kernelOf(c, ws);
  const spatial = kernel === undefined ? new Array<Dim>(rank - 2).fill(null) : undefined;
  const output = spatial ?? windowOutput(c, windowOf(c, c.node, kernel!), xs.slice(2));
  return [xs[0]!, ws[0]!, ...output];
}

function checkChannels(c: InferContext, x: Shape, w: Shape, group: number, bias: Shape | undefined): void {
  const channels = typeof w[1] === 'number' ? w[1] * group : null;
  const bad = !mayEqual(x[1]!, channels) || group < 1 || (typeof w[0] === 'number' && w[0] % group !== 0);
  if (bad) {
    c.fail(`X ${shapeText(x)}, W ${shapeText(w)}, group ${group}`, {
      en: 'X[1] = W[1] × group, and W[0] a multiple of group',
      zh: 'X[1] = W[1] × group，且 W[0] 为 group 的倍数',
    });
  }
  if (bias !== undefined && (bias.length !== 1 || !mayEqual(bias[0]!, w[0]!))) {
    c.fail(`B ${shapeText(bias)}`, `[M] = ${shapeText([w[0]!])}`);
  }
}

/** Kernel sizes from the weights, or from the attribute where the weights' shape is open. */
function kernelOf(c: InferContext, w: Shape): readonly number[] | undefined {
  const stated = intsAttribute(c.node, 'kernel_shape');
  const own = w.slice(2);
  if (stated !== undefined && (stated.length !== own.length || !own.every((d, i) => mayEqual(d, stated[i]!)))) {
    c.fail(`kernel_shape [${stated}], W ${shapeText(w)}`, `kernel_shape ${shapeText(own)}`);
  }
  return stated ?? (own.every((d) => typeof d === 'number') ? (own as readonly number[]) : undefined);
}

/**
 * MACs, multiplications and additions of a convolution without bias. Positions in the padding count: the figures are those of the dense
 * loop nest.
 * @param weights the place of W among the inputs
 */
export function convolutionWork(
  c: CostContext,
  weights: number,
): Required<Pick<Work, 'macs' | 'multiplications' | 'additions'>> {
  const outputs = elements(c.outputs[0]);
  const perOutput = elementCount(staticDims(c.inputs[weights]).slice(1));
  const macs = outputs * perOutput;
  return { macs, multiplications: macs, additions: outputs * Math.max(0, perOutput - 1) };
}

/** Y in f64, sums in the order of channels and kernel; exact where operands are integers of 32 bits and less. */
export function convolve(
  c: EvaluateContext,
  x: RefTensor,
  w: RefTensor,
  bias: RefTensor | undefined,
): { readonly dims: readonly number[]; readonly data: Float64Array } {
  const [batch, channels, ...input] = x.dims as readonly [number, number, ...number[]];
  const [maps, groupChannels, ...kernel] = w.dims as readonly [number, number, ...number[]];
  const window = windowOf(c, c.node, kernel);
  const output = windowOutput(c, window, input) as readonly number[];
  const [inputSize, kernelSize, outputSize] = [elementCount(input), elementCount(kernel), elementCount(output)];
  const mapsPerGroup = maps / intAttribute(c.node, 'group', 1);
  const [xs, ws, bs] = [numbersOf(x), numbersOf(w), bias === undefined ? undefined : numbersOf(bias)];
  const y = new Float64Array(batch * maps * outputSize);
  eachWindow(window, input, output, (at, taps) => {
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < maps; m++) {
        const firstChannel = Math.floor(m / mapsPerGroup) * groupChannels;
        let sum = bs?.[m] ?? 0;
        for (let k = 0; k < groupChannels; k++) {
          const plane = (n * channels + firstChannel + k) * inputSize;
          const filter = (m * groupChannels + k) * kernelSize;
          for (let t = 0; t < taps.input.length; t++)
            sum += xs[plane + taps.input[t]!]! * ws[filter + taps.kernel[t]!]!;
        }
        y[(n * maps + m) * outputSize + at] = sum;
      }
    }
  });
  return { dims: [batch, maps, ...output], data: y };
}
