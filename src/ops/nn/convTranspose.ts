/**
 * ConvTranspose: each element of X [N, C, spatial…] spreads the filters W [C, M/group, kernel…] of its channel over the output:
 * the transpose of a convolution's matrix, and the gradient of Conv for its input. ONNX ConvTranspose-22.
 */
import { type Dim, elementCount, int, intAttribute, ints, string } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, type RefData } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, mayEqual, type Shape, shapeText } from '../shapes.ts';
import { spreadKernel, spreadOf, spreadOutput, spreadWindow } from '../spread.ts';
import { FLOATS } from '../typeSets.ts';
import { eachWindow } from '../window.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';
import { knownSizes, weightGradient } from './windowGradient.ts';

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const w = inputType(c, 1);
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return { types: [{ ...x, shape: undefined }] };
  const xs: Shape = x.shape ?? new Array<Dim>(rank).fill(null);
  const ws: Shape = w.shape ?? new Array<Dim>(rank).fill(null);
  if (rank < 3 || ws.length !== rank) {
    c.fail(`X ${shapeText(x.shape)}, W ${shapeText(w.shape)}`, 'X [N, C, D1, …], W [C, M/group, k1, …]');
  }
  const group = intAttribute(c.node, 'group', 1);
  if (!mayEqual(xs[1]!, ws[0]!) || group < 1 || (typeof ws[0] === 'number' && ws[0] % group !== 0)) {
    c.fail(`X ${shapeText(xs)}, W ${shapeText(ws)}, group ${group}`, {
      en: 'X[1] = W[0], a multiple of group',
      zh: 'X[1] = W[0]，且为 group 的倍数',
    });
  }
  const maps = typeof ws[1] === 'number' ? ws[1] * group : group === 1 ? ws[1]! : null;
  const bias = c.inputs[2]?.shape;
  if (bias !== undefined && (bias.length !== 1 || !mayEqual(bias[0]!, maps))) {
    c.fail(`B ${shapeText(bias)}`, `[M] = ${shapeText([maps])}`);
  }
  const kernel = spreadKernel(c, c.node, ws.slice(2));
  const output =
    kernel === undefined
      ? new Array<Dim>(rank - 2).fill(null)
      : spreadOutput(c, spreadOf(c, c.node, kernel), xs.slice(2));
  return { types: [{ ...x, shape: [xs[0]!, maps, ...output] }] };
}

/** What falls into the padding counts as work, too. */
function cost(c: CostContext) {
  const outputs = elements(c.outputs[0]);
  const macs = elements(c.inputs[0]) * elementCount(staticDims(c.inputs[1]).slice(1));
  const bias = c.inputs[2] === undefined ? 0 : outputs;
  return costOf(c, { macs, multiplications: macs, additions: Math.max(0, macs - outputs) + bias });
}

function evaluate(c: EvaluateContext) {
  const [x, w] = [c.inputs[0]!, c.inputs[1]!];
  const [batch, channels, ...input] = x.dims as readonly [number, number, ...number[]];
  const [, groupMaps, ...kernel] = w.dims as readonly [number, number, ...number[]];
  const group = intAttribute(c.node, 'group', 1);
  const spread = spreadOf(c, c.node, kernel);
  const output = spreadOutput(c, spread, input) as readonly number[];
  const [inputSize, kernelSize, outputSize] = [elementCount(input), elementCount(kernel), elementCount(output)];
  const maps = groupMaps * group;
  const [xs, ws] = [numbersOf(x), numbersOf(w)];
  const bias = c.inputs[2] === undefined ? undefined : numbersOf(c.inputs[2]);
  const y = Float64Array.from(
    { length: batch * maps * outputSize },
    (_, i) => bias?.[Math.floor(i / outputSize) % maps] ?? 0,
  );
  // The window of a convolution from output to input: it says where each element of the input spreads to.
  eachWindow(spreadWindow(spread, input), output, input, (at, taps) => {
    for (let n = 0; n < batch; n++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = xs[(n * channels + channel) * inputSize + at]!;
        const firstMap = Math.floor(channel / (channels / group)) * groupMaps;
        for (let m = 0; m < groupMaps; m++) {
          const plane = (n * maps + firstMap + m) * outputSize;
          const filter = (channel * groupMaps + m) * kernelSize;
          for (let t = 0; t < taps.input.length; t++)
            y[plane + taps.input[t]!]! += value * ws[filter + taps.kernel[t]!]!;
        }
      }
    }
  });
  return [{ dtype: x.dtype, dims: [batch, maps, ...output], data: y as RefData }];
}

const transposed = (name: string, attributes: Parameters<typeof sample>[3], x = [1, 2, 3, 4], w = [2, 3, 3, 3]) =>
  sample(name, 'ConvTranspose', 22, attributes, [data(x), data(w, { seed: 2 })], { constants: [1] });

export const convTranspose = operator({
  name: 'ConvTranspose',
  summary: 'The transpose of a convolution: each element spreads the filters of its channel over the output.',
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
    auto_pad: {
      kind: 'string',
      doc: 'NOTSET (default): `pads` holds. SAME_UPPER, SAME_LOWER: output size = input × stride, an odd pad at the end or the beginning. VALID: no padding.',
    },
    pads: { kind: 'ints', doc: 'Elements cut off the beginnings, then off the ends of the spatial axes; default 0.' },
    dilations: { kind: 'ints', doc: 'Distances between kernel elements along the spatial axes; default 1.' },
    group: { kind: 'int', doc: 'Groups of channels that are convolved apart; default 1.' },
    kernel_shape: { kind: 'ints', doc: 'Kernel sizes; default: the shape of W.' },
    output_padding: { kind: 'ints', doc: 'Elements added to the ends of the output; default 0.' },
    output_shape: {
      kind: 'ints',
      doc: 'Sizes of the spatial axes of the output; the pads follow: an odd one at the end with SAME_UPPER, else at the beginning.',
    },
  },
  infer,
  cost,
  costRule:
    'each input element times the (M ÷ group) × kernel size weights of its channel in MACs, what is cut off included; MACs − outputs additions, one more an output with B.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    transposed('plain', {}),
    transposed('strides', { strides: ints([2, 3]), kernel_shape: ints([3, 3]) }),
    transposed('asymmetric pads', { pads: ints([1, 0, 2, 1]), strides: ints([2, 2]) }),
    transposed('output padding', { strides: ints([3, 2]), output_padding: ints([2, 1]), pads: ints([1, 1, 1, 1]) }),
    transposed('output shape', { strides: ints([3, 2]), output_shape: ints([10, 8]) }),
    transposed('output shape, cut', { strides: ints([3, 2]), output_shape: ints([6, 6]) }),
    transposed('output shape, same upper', {
      strides: ints([3, 2]),
      output_shape: ints([6, 6]),
      auto_pad: string('SAME_UPPER'),
    }),
    transposed('output shape, same lower', {
      strides: ints([3, 2]),
      output_shape: ints([6, 6]),
      auto_pad: string('SAME_LOWER'),
    }),
    transposed('same upper', { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    transposed('same lower', { auto_pad: string('SAME_LOWER'), strides: ints([2, 2]) }),
    transposed('same upper, output padding', {
      auto_pad: string('SAME_UPPER'),
      strides: ints([2, 2]),
      output_padding: ints([1, 1]),
    }),
    transposed('valid', { auto_pad: string('VALID'), strides: ints([2, 1]) }),
    transposed('dilations', { dilations: ints([2, 1]), pads: ints([1, 1, 1, 1]) }),
    transposed('groups', { group: int(2) }, [1, 4, 3, 3], [4, 3, 2, 2]),
    transposed('depthwise', { group: int(3), strides: ints([2, 2]) }, [2, 3, 3, 3], [3, 1, 2, 2]),
    transposed('one axis', { strides: ints([2]), pads: ints([1, 0]) }, [2, 3, 5], [3, 2, 4]),
    transposed('three axes', { strides: ints([1, 2, 1]) }, [1, 2, 2, 3, 2], [2, 2, 2, 3, 2]),
    sample(
      'bias',
      'ConvTranspose',
      11,
      { strides: ints([2, 2]) },
      [data([1, 3, 2, 2]), data([3, 2, 2, 2], { seed: 2 }), data([2], { seed: 3 })],
      { constants: [1, 2] },
    ),
  ],
});

/** The convolution that this transposes gives dX, and takes dY as input and X as gradient for dW. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, w, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const kernel = knownSizes(c, w.shape).slice(2);
  const input = knownSizes(c, x.shape.slice(2));
  const group = intAttribute(c.node, 'group', 1);
  const window = spreadWindow(spreadOf(accepted, c.node, kernel), input);
  const { strides, dilations, pads } = window;
  const dx = (): Expression => {
    const attributes = { strides: ints(strides), dilations: ints(dilations), pads: ints(pads), group: int(group) };
    const full = dy.apply('Conv', [w], attributes);
    const fits = input.every((size, i) => full.shape[i + 2] === size);
    const axes = input.map((_, i) => i + 2);
    return fits ? full : full.slice(axes, new Array<number>(axes.length).fill(0), input);
  };
  const dw = (): Expression => weightGradient(dy, x, window, group, { x: knownSizes(c, dy.shape), kernel });
  const db = (): Expression => dy.sum([0, ...input.map((_, i) => i + 2)], false);
  return [c.wanted(0) ? dx() : undefined, c.wanted(1) ? dw() : undefined, c.wanted(2) ? db() : undefined];
}
