/** MaxPool: the largest element of each window, and where it stood. ONNX MaxPool-22. */
import { elementCount, int, intAttribute, ints, string, tensorOf } from '#ir';
import { costOf, elements } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, refOf, stridesOf } from '../refTensor.ts';
import { data, type SampleOptions, sample } from '../sampling.ts';
import { accepted } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { eachWindow, windowOutput } from '../window.ts';
import { inferPool, POOL_ATTRIBUTES, poolWindow } from './pooling.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';
import { knownSizes } from './windowGradient.ts';

function infer(c: InferContext) {
  const y = inferPool(c);
  return { types: c.node.outputs.length > 1 ? [y, { ...y, dtype: 'int64' as const }] : [y] };
}

function cost(c: CostContext) {
  const window = elementCount(poolWindow({ node: c.node, fail: accepted.fail }).kernel);
  return costOf(c, { comparisons: elements(c.outputs[0]) * (window - 1) });
}

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const input = x.dims.slice(2);
  const window = poolWindow(c);
  const output = windowOutput(c, window, input) as readonly number[];
  const [inputSize, outputSize] = [elementCount(input), elementCount(output)];
  const dims = [x.dims[0]!, x.dims[1]!, ...output];
  const planes = x.dims[0]! * x.dims[1]!;
  const columnMajor = intAttribute(c.node, 'storage_order', 0) === 1;
  const values = numbersOf(x);
  const largest = new Float64Array(planes * outputSize).fill(Number.NEGATIVE_INFINITY);
  const indices = new Float64Array(planes * outputSize);
  eachWindow(window, input, output, (at, taps) => {
    for (let plane = 0; plane < planes; plane++) {
      const o = plane * outputSize + at;
      let best = -1;
      for (const offset of taps.input) {
        const value = values[plane * inputSize + offset]!;
        // The first of equal elements is named; a number goes before NaN, as in ONNX Runtime.
        if (best >= 0 && !(value > largest[o]! || (Number.isNaN(largest[o]) && !Number.isNaN(value)))) continue;
        largest[o] = value;
        best = offset;
      }
      indices[o] = plane * inputSize + (columnMajor ? columnMajorOffset(best, input) : best);
    }
  });
  const y = refOf(x.dtype, dims, largest);
  return c.outputCount > 1 ? [y, refOf('int64', dims, indices)] : [y];
}

/** The offset that the element at a row-major offset has when the first axis varies fastest. */
function columnMajorOffset(offset: number, dims: readonly number[]): number {
  let at = 0;
  let step = 1;
  stridesOf(dims).forEach((stride, axis) => {
    at += (Math.floor(offset / stride) % dims[axis]!) * step;
    step *= dims[axis]!;
  });
  return at;
}

const pool = (name: string, attributes: Parameters<typeof sample>[3], x = [1, 2, 6, 5], options: SampleOptions = {}) =>
  sample(name, 'MaxPool', 12, { kernel_shape: ints([3, 2]), ...attributes }, [data(x)], options);

export const maxPool = operator({
  name: 'MaxPool',
  summary: 'The largest element of each window, for each channel; optionally its index.',
  versions: [1, 8, 10, 11, 12, 22],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [
    { name: 'Y', type: 'T' },
    { name: 'Indices', type: 'int64', arity: 'optional', since: 8 },
  ],
  types: { T: [...FLOATS, 'uint8', 'int8'] },
  attributes: {
    ...POOL_ATTRIBUTES,
    ...WINDOW_ATTRIBUTES,
    ceil_mode: { kind: 'int', since: 10, doc: '1: round the output size up; default 0.' },
    dilations: { kind: 'ints', since: 10, doc: 'Distances between window elements; default 1.' },
    storage_order: { kind: 'int', since: 8, doc: 'How Indices count: 0 (default) row-major, 1 column-major.' },
  },
  infer,
  cost,
  costRule: 'window size − 1 comparisons an output.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    pool('plain', {}),
    pool('strides', { strides: ints([2, 2]) }),
    pool('pads', { pads: ints([1, 0, 2, 1]) }),
    pool('dilations', { dilations: ints([2, 3]) }),
    pool('ceil mode', { ceil_mode: int(1), strides: ints([2, 2]) }),
    pool('ceil mode that drops a window in the padding', {
      ceil_mode: int(1),
      strides: ints([3, 3]),
      pads: ints([0, 0, 2, 1]),
    }),
    pool('same upper', { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    pool('same lower', { auto_pad: string('SAME_LOWER'), strides: ints([2, 2]) }),
    pool('valid', { auto_pad: string('VALID'), strides: ints([2, 2]) }),
    pool('indices', { strides: ints([2, 1]) }, [2, 2, 6, 5], { outputs: 2 }),
    pool('column-major indices', { storage_order: int(1) }, [2, 2, 6, 5], { outputs: 2 }),
    pool('one axis', { kernel_shape: ints([3]), strides: ints([2]) }, [2, 3, 9]),
    pool('three axes', { kernel_shape: ints([2, 2, 2]) }, [1, 2, 3, 4, 3], { outputs: 2 }),
    sample('bytes', 'MaxPool', 12, { kernel_shape: ints([2, 2]) }, [
      data([1, 1, 4, 4], { dtype: 'uint8', low: 0, high: 256 }),
    ]),
  ],
});

/** Each output's gradient to the element that was the largest. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const shape = knownSizes(c, x.shape);
  const rowMajor = intAttribute(c.node, 'storage_order', 0) === 0;
  const attributes = { ...Object.fromEntries(c.node.attributes), storage_order: undefined };
  const indices = (rowMajor ? c.outputs[1] : undefined) ?? x.applyAll('MaxPool', [], attributes, 2)[1]!;
  const count = elementCount(knownSizes(c, dy.shape));
  const zeros = dy.constant(tensorOf(dy.dtype, [elementCount(shape)], new Float64Array(elementCount(shape))));
  const scattered = zeros.apply('ScatterElements', [indices.reshape([count]), dy.reshape([count])], {
    axis: int(0),
    reduction: string('add'),
  });
  return [scattered.reshape(shape)];
}
