/**
 * Conv: cross-correlation of X [N, C, spatial…] with W [M, C/group, kernel…], any number of spatial axes.
 * ONNX Conv-22.
 */
import { type Dim, elementCount, int, intAttribute, ints, intsAttribute, string } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, mayEqual, type Shape, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { eachWindow, windowOf, windowOutput } from '../window.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';
import { knownSizes, transposedWindow, weightGradient } from './windowGradient.ts';

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const w = inputType(c, 1);
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return { types: [{ ...x, shape: undefined }] };
  const xs: Shape = x.shape ?? new Array<Dim>(rank).fill(null);
  const ws: Shape = w.shape ?? new Array<Dim>(rank).fill(null);
  const group = intAttribute(c.node, 'group', 1);
  if (rank < 3 || ws.length !== rank) {
    c.fail(`X ${shapeText(x.shape)}, W ${shapeText(w.shape)}`, 'X [N, C, D1, …], W [M, C/group, k1, …]');
  }
  checkChannels(c, xs, ws, group);
  const kernel = kernelOf(c, ws);
  const spatial = kernel === undefined ? new Array<Dim>(rank - 2).fill(null) : undefined;
  const output = spatial ?? windowOutput(c, windowOf(c, c.node, kernel!), xs.slice(2));
  return { types: [{ ...x, shape: [xs[0]!, ws[0]!, ...output] }] };
}

function checkChannels(c: InferContext, x: Shape, w: Shape, group: number): void {
  const channels = typeof w[1] === 'number' ? w[1] * group : null;
  const bad = !mayEqual(x[1]!, channels) || group < 1 || (typeof w[0] === 'number' && w[0] % group !== 0);
  if (bad) {
    c.fail(`X ${shapeText(x)}, W ${shapeText(w)}, group ${group}`, {
      en: 'X[1] = W[1] × group, and W[0] a multiple of group',
      zh: 'X[1] = W[1] × group，且 W[0] 为 group 的倍数',
    });
  }
  const bias = c.inputs[2]?.shape;
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

/** Positions in the padding count as work: the figures are those of the dense loop nest. */
function cost(c: CostContext) {
  const outputs = elements(c.outputs[0]);
  const perOutput = elementCount(staticDims(c.inputs[1]).slice(1));
  const bias = c.inputs[2] === undefined ? 0 : outputs;
  const macs = outputs * perOutput;
  return costOf(c, { macs, multiplications: macs, additions: outputs * Math.max(0, perOutput - 1) + bias });
}

function evaluate(c: EvaluateContext) {
  const [x, w, b] = c.inputs as readonly [
    NonNullable<EvaluateContext['inputs'][0]>,
    NonNullable<EvaluateContext['inputs'][0]>,
    EvaluateContext['inputs'][0],
  ];
  const [batch, channels, ...input] = x.dims as readonly [number, number, ...number[]];
  const [maps, groupChannels, ...kernel] = w.dims as readonly [number, number, ...number[]];
  const window = windowOf(c, c.node, kernel);
  const output = windowOutput(c, window, input) as readonly number[];
  const [inputSize, kernelSize, outputSize] = [elementCount(input), elementCount(kernel), elementCount(output)];
  const mapsPerGroup = maps / intAttribute(c.node, 'group', 1);
  const [xs, ws, bias] = [numbersOf(x), numbersOf(w), b === undefined ? undefined : numbersOf(b)];
  const y = new Float64Array(batch * maps * outputSize);
  eachWindow(window, input, output, (at, taps) => {
    for (let n = 0; n < batch; n++) {
      for (let m = 0; m < maps; m++) {
        const firstChannel = Math.floor(m / mapsPerGroup) * groupChannels;
        let sum = bias?.[m] ?? 0;
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
  return [{ dtype: x.dtype, dims: [batch, maps, ...output], data: y }];
}

const conv2d = (name: string, attributes: Parameters<typeof sample>[3], x = [1, 2, 6, 5], w = [3, 2, 3, 3]) =>
  sample(name, 'Conv', 22, attributes, [data(x), data(w, { seed: 2 })], { constants: [1] });

export const conv = operator({
  name: 'Conv',
  summary: 'Convolution of feature maps with a set of filters (cross-correlation: the kernel is not flipped).',
  versions: [1, 11, 22],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'W', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
  ],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: {
    ...WINDOW_ATTRIBUTES,
    dilations: { kind: 'ints', doc: 'Distances between kernel elements along the spatial axes; default 1.' },
    group: { kind: 'int', doc: 'Groups of channels that are convolved apart; default 1. C is depthwise convolution.' },
    kernel_shape: { kind: 'ints', doc: 'Kernel sizes; default: the shape of W.' },
  },
  infer,
  cost,
  costRule: 'K = (C ÷ group) × kernel size MACs an output; K − 1 additions an output, one more with B; padding counts.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    conv2d('plain', {}),
    conv2d('kernel shape and strides', { kernel_shape: ints([3, 3]), strides: ints([2, 1]) }),
    conv2d('asymmetric pads', { pads: ints([1, 0, 2, 1]) }),
    conv2d('dilations', { dilations: ints([2, 1]), pads: ints([1, 1, 1, 1]) }),
    conv2d('same upper', { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    conv2d('same lower', { auto_pad: string('SAME_LOWER'), strides: ints([2, 2]) }),
    conv2d('valid', { auto_pad: string('VALID') }),
    conv2d('groups', { group: int(2) }, [2, 4, 5, 5], [6, 2, 3, 3]),
    conv2d('depthwise', { group: int(3), pads: ints([1, 1, 1, 1]) }, [1, 3, 5, 5], [3, 1, 3, 3]),
    conv2d('depthwise with multiplier', { group: int(2) }, [1, 2, 5, 5], [4, 1, 3, 3]),
    conv2d('pointwise', {}, [1, 4, 3, 3], [5, 4, 1, 1]),
    conv2d('one axis', { pads: ints([2, 1]), strides: ints([2]) }, [2, 3, 9], [4, 3, 4]),
    conv2d('three axes', { pads: ints([1, 0, 0, 0, 1, 0]) }, [1, 2, 4, 4, 3], [2, 2, 3, 2, 2]),
    sample('bias', 'Conv', 11, {}, [data([1, 2, 4, 4]), data([3, 2, 2, 2], { seed: 2 }), data([3], { seed: 3 })], {
      constants: [1, 2],
    }),
  ],
});

/** dX by the transposed convolution, dW by a convolution of X with dY, dB by summing. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, w, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const kernel = knownSizes(c, w.shape).slice(2);
  const input = knownSizes(c, x.shape.slice(2));
  const group = intAttribute(c.node, 'group', 1);
  const window = windowOf(accepted, c.node, kernel);
  const dx = (): Expression => {
    const transposed = transposedWindow(window, input, knownSizes(c, dy.shape.slice(2)));
    return dy.apply('ConvTranspose', [w], { ...transposed, group: int(group) });
  };
  const dw = (): Expression => weightGradient(x, dy, window, group, { x: knownSizes(c, x.shape), kernel });
  const db = (): Expression => dy.sum([0, ...input.map((_, i) => i + 2)], false);
  return [c.wanted(0) ? dx() : undefined, c.wanted(1) ? dw() : undefined, c.wanted(2) ? db() : undefined];
}
