/** AveragePool: the mean of each window. ONNX AveragePool-22. */
import { elementCount, int, intAttribute, ints, string, tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { type CostContext, type EvaluateContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { eachWindow, windowOutput } from '../window.ts';
import { inferPool, POOL_ATTRIBUTES, poolWindow } from './pooling.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';
import { knownSizes, transposedWindow } from './windowGradient.ts';

function cost(c: CostContext) {
  const window = elementCount(poolWindow({ node: c.node, fail: accepted.fail }).kernel);
  const outputs = elements(c.outputs[0]);
  return costOf(c, { additions: outputs * (window - 1), multiplications: outputs });
}

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const input = x.dims.slice(2);
  const window = poolWindow(c);
  const output = windowOutput(c, window, input) as readonly number[];
  const [inputSize, outputSize] = [elementCount(input), elementCount(output)];
  const planes = x.dims[0]! * x.dims[1]!;
  const includePad = intAttribute(c.node, 'count_include_pad', 0) !== 0;
  const values = numbersOf(x);
  const y = new Float64Array(planes * outputSize);
  eachWindow(window, input, output, (at, taps) => {
    const count = includePad ? taps.padded : taps.input.length;
    for (let plane = 0; plane < planes; plane++) {
      let sum = 0;
      for (const offset of taps.input) sum += values[plane * inputSize + offset]!;
      y[plane * outputSize + at] = sum / count;
    }
  });
  return [{ dtype: x.dtype, dims: [x.dims[0]!, x.dims[1]!, ...output], data: y }];
}

const pool = (name: string, opset: number, attributes: Parameters<typeof sample>[3], x = [1, 2, 6, 5]) =>
  sample(name, 'AveragePool', opset, { kernel_shape: ints([3, 2]), ...attributes }, [data(x)]);

export const averagePool = operator({
  name: 'AveragePool',
  summary: 'The mean of each window, for each channel.',
  versions: [1, 7, 10, 11, 19, 22],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: {
    ...POOL_ATTRIBUTES,
    ...WINDOW_ATTRIBUTES,
    ceil_mode: { kind: 'int', since: 10, doc: '1: round the output size up; default 0.' },
    count_include_pad: {
      kind: 'int',
      since: 7,
      doc: '1: padding counts as elements of value 0; 0 (default): the mean is over real elements.',
    },
    dilations: { kind: 'ints', since: 19, doc: 'Distances between window elements; default 1.' },
  },
  infer: (c) => ({ types: [inferPool(c)] }),
  cost,
  costRule: 'window size − 1 additions and one multiplication (by 1 ÷ size) an output.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    pool('plain', 7, {}),
    pool('strides', 10, { strides: ints([2, 2]) }),
    pool('pads left out of the mean', 10, { pads: ints([1, 0, 2, 1]) }),
    pool('pads counted', 10, { pads: ints([1, 0, 2, 1]), count_include_pad: int(1) }),
    pool('ceil mode', 10, { ceil_mode: int(1), strides: ints([2, 2]) }),
    pool('ceil mode, pads counted', 19, {
      ceil_mode: int(1),
      strides: ints([2, 2]),
      pads: ints([1, 0, 1, 1]),
      count_include_pad: int(1),
    }),
    pool('dilations', 19, { dilations: ints([2, 3]), pads: ints([1, 1, 1, 1]) }),
    pool('same upper', 11, { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    pool('same lower', 11, { auto_pad: string('SAME_LOWER'), strides: ints([2, 2]) }),
    pool('valid', 11, { auto_pad: string('VALID'), strides: ints([2, 2]) }),
    pool('one axis', 11, { kernel_shape: ints([3]), strides: ints([2]) }, [2, 3, 9]),
    pool('three axes', 11, { kernel_shape: ints([2, 2, 2]) }, [1, 2, 3, 4, 3]),
  ],
});

/** Each output's gradient, divided by the number of elements in its mean, to all of them. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const [batch, channels, ...input] = knownSizes(c, x.shape) as [number, number, ...number[]];
  const output = knownSizes(c, dy.shape).slice(2);
  const window = poolWindow({ node: c.node, fail: accepted.fail });
  const { kernel, strides } = window;
  const tiled = kernel.every((k, i) => k === strides[i] && k * output[i]! === input[i] && window.dilations[i] === 1);
  if (tiled) {
    // Windows side by side: the gradient is spread by copying.
    const apart = (inner: readonly number[]) => output.flatMap((o, i) => [o, inner[i]!]);
    const spread = dy
      .div(elementCount(kernel))
      .reshape([batch, channels, ...apart(kernel.map(() => 1))])
      .apply('Expand', [dy.int64s([batch, channels, ...apart(kernel)])]);
    return [spread.reshape([batch, channels, ...input])];
  }
  const includePad = intAttribute(c.node, 'count_include_pad', 0) !== 0;
  const counts: number[] = [];
  eachWindow(window, input, output, (_, taps) => counts.push(includePad ? taps.padded : taps.input.length));
  const shares = dy.div(dy.constant(tensorOf(dy.dtype, output, counts)));
  // Planes as a batch of one channel: one kernel of ones serves all.
  const ones = dy.constant(tensorOf(dy.dtype, [1, 1, ...kernel], new Float64Array(elementCount(kernel)).fill(1)));
  const planes = shares.reshape([batch * channels, 1, ...output]);
  const spread = planes.apply('ConvTranspose', [ones], transposedWindow(window, input, output));
  return [spread.reshape([batch, channels, ...input])];
}
