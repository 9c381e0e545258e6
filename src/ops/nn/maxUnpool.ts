/**
 * MaxUnpool: the maxima of a MaxPool put back where its indices say, zeros elsewhere. The indices count through the tensor that
 * was pooled, whose size is derived from the window unless `output_shape` says it: then they count through that of the
 * derived size, and the elements stand at the same coordinates of the larger one. ONNX MaxUnpool-22.
 */
import { type Dim, elementCount, ints, intsAttribute, type TensorType, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, offsetAt, refOf, stridesOf } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { accepted, inputType, mayEqual, shapeText } from '../shapes.ts';
import { type Spread, spreadOf, spreadOutput } from '../spread.ts';
import { FLOATS } from '../typeSets.ts';
import { POOL_ATTRIBUTES } from './pooling.ts';
import { WINDOW_ATTRIBUTES } from './windowAttributes.ts';
import { knownSizes } from './windowGradient.ts';

const unpooling = (c: Pick<InferContext, 'fail' | 'node'>): Spread =>
  spreadOf(c, c.node, intsAttribute(c.node, 'kernel_shape')!);

function infer(c: InferContext) {
  const [x, indices] = [inputType(c, 0), inputType(c, 1)];
  const spread = unpooling(c);
  const rank = spread.window.kernel.length + 2;
  const shape = x.shape ?? indices.shape ?? new Array<Dim>(rank).fill(null);
  const alike = indices.shape === undefined || shape.every((d, k) => mayEqual(d, indices.shape![k] ?? null));
  if (shape.length !== rank || (indices.shape?.length ?? rank) !== rank || !alike) {
    c.fail(`X ${shapeText(x.shape)}, I ${shapeText(indices.shape)}, kernel_shape [${spread.window.kernel}]`, {
      en: `X and I of one shape with ${rank} dimensions: N, C and one for each kernel size`,
      zh: `形状相同的 ${rank} 维 X 与 I：N、C 以及每个核尺寸一维`,
    });
  }
  return { types: [{ ...x, shape: outputShape(c, x, spread, shape) }] };
}

function outputShape(c: InferContext, x: TensorType, spread: Spread, shape: readonly Dim[]): TensorType['shape'] {
  if (c.inputs[2] === undefined) return [shape[0]!, shape[1]!, ...spreadOutput(c, spread, shape.slice(2))];
  const asked = c.shapeValue(2) ?? new Array<Dim>(shape.length).fill(null);
  if (asked.length !== shape.length || !asked.every((d, k) => k > 1 || mayEqual(d, shape[k]!))) {
    c.fail(`X ${shapeText(x.shape)}, output_shape ${shapeText(asked)}`, '[N, C, D1, …]');
  }
  return asked;
}

/** The shape through which the indices count. */
const derivedDims = (c: Pick<InferContext, 'fail' | 'node'>, x: readonly number[]): readonly number[] => [
  ...x.slice(0, 2),
  ...(spreadOutput(c, unpooling(c), x.slice(2)) as readonly number[]),
];

/** Where the coordinates of an offset into `from` lie in `to`; undefined outside. */
function movedOffset(offset: number, from: readonly number[], to: readonly number[]): number | undefined {
  if (offset < 0 || offset >= elementCount(from)) return undefined;
  const at = stridesOf(from).map((stride, axis) => Math.floor(offset / stride) % from[axis]!);
  return at.every((k, axis) => k < to[axis]!) ? offsetAt(at, stridesOf(to)) : undefined;
}

function evaluate(c: EvaluateContext) {
  const [x, indices] = [c.inputs[0]!, c.inputs[1]!];
  const derived = derivedDims(c, x.dims);
  const dims = c.inputs[2] === undefined ? derived : [...numbersOf(c.inputs[2])];
  const [values, at] = [numbersOf(x), numbersOf(indices)];
  const y = new Float64Array(elementCount(dims));
  at.forEach((index, i) => {
    const offset = movedOffset(index, derived, dims);
    if (offset === undefined) {
      c.fail(
        { en: `index ${index}`, zh: `下标 ${index}` },
        { en: `an element of [${dims}]`, zh: `[${dims}] 中的元素` },
      );
    }
    y[offset] = values[i]!;
  });
  return [refOf(x.dtype, dims, y)];
}

export const maxUnpool = operator({
  name: 'MaxUnpool',
  summary: 'Puts the maxima of a MaxPool back where its indices say, zeros elsewhere.',
  versions: [9, 11, 22],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'I', type: 'int64' },
    { name: 'output_shape', type: 'int64', arity: 'optional' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: { ...POOL_ATTRIBUTES, pads: WINDOW_ATTRIBUTES.pads, strides: WINDOW_ATTRIBUTES.strides },
  infer,
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate,
  gradient: differentiate,
  samples: () => {
    const attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
    const maxima = data([1, 1, 2, 2], { low: 1, high: 9 });
    return [
      sample('plain', 'MaxUnpool', 9, attributes, [maxima, tensorOf('int64', [1, 1, 2, 2], [5, 7, 13, 15])]),
      sample('overlapping windows', 'MaxUnpool', 22, { kernel_shape: ints([2, 2]) }, [
        maxima,
        tensorOf('int64', [1, 1, 2, 2], [0, 5, 6, 8]),
      ]),
      sample('pads', 'MaxUnpool', 11, { ...attributes, pads: ints([0, 0, 1, 1]) }, [
        maxima,
        tensorOf('int64', [1, 1, 2, 2], [4, 5, 7, 8]),
      ]),
      sample(
        'output shape',
        'MaxUnpool',
        11,
        attributes,
        [maxima, tensorOf('int64', [1, 1, 2, 2], [5, 7, 13, 15]), int64s(1, 1, 5, 5)],
        {
          constants: [2],
          noHost: 'ONNX Runtime counts the indices through the asked shape, ONNX through the derived one',
        },
      ),
      sample('channels, one axis', 'MaxUnpool', 11, { kernel_shape: ints([2]), strides: ints([2]) }, [
        data([2, 2, 2], { low: 1, high: 9 }),
        tensorOf('int64', [2, 2, 2], [1, 3, 4, 6, 8, 10, 13, 15]),
      ]),
    ];
  },
});

/** Each maximum gets the gradient of the place where it was put. */
function differentiate(c: GradientContext): readonly Expression[] {
  const [indices, dy] = [c.inputs[1]!, c.dy[0]!];
  const flat = dy.apply('Reshape', [dy.int64s([-1])]);
  if (c.inputs[2] === undefined) return [flat.apply('Gather', [indices])];
  const [x, dims] = [knownSizes(c, c.inputs[0]!.shape), knownSizes(c, dy.shape)];
  const derived = derivedDims({ node: c.node, fail: accepted.fail }, x);
  const places = Array.from({ length: elementCount(derived) }, (_, i) => movedOffset(i, derived, dims) ?? 0);
  return [flat.apply('Gather', [dy.int64s(places).apply('Gather', [indices])])];
}
