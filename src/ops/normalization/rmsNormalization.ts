/**
 * RMSNormalization: each row (the axes from `axis` on) divided by its root mean square, then scaled. ONNX RMSNormalization-23;
 * Zhang, Sennrich 2019.
 */
import { elementCount, float, floatAttribute, int, intAttribute } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { broadcastStrides, eachIndex, numbersOf, offsetAt, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, normalizeAxis, type Refuse, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { DEFAULT_EPSILON, rowLength, STASH_TYPE, stashType, stretchesTo } from './rows.ts';

const axisOf = (c: Refuse, { node }: Pick<InferContext, 'node'>, rank: number): number =>
  normalizeAxis(c, intAttribute(node, 'axis', -1), rank);

function infer(c: InferContext) {
  const [x, scale] = [inputType(c, 0), inputType(c, 1)];
  stashType(c);
  if (x.shape !== undefined) {
    axisOf(c, c, x.shape.length);
    if (scale.shape !== undefined && !stretchesTo(scale.shape, x.shape)) {
      c.fail(`X ${shapeText(x.shape)}, scale ${shapeText(scale.shape)}`, {
        en: `a scale that broadcasts to ${shapeText(x.shape)}`,
        zh: `可广播到 ${shapeText(x.shape)} 的 scale`,
      });
    }
  }
  return { types: [{ ...x, dtype: scale.dtype }] };
}

function evaluate(c: EvaluateContext) {
  const [x, scale] = [c.inputs[0]!, c.inputs[1]!];
  const length = rowLength(x.dims, axisOf(c, c, x.dims.length));
  const epsilon = floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON);
  const [values, scales] = [numbersOf(x), numbersOf(scale)];
  const strides = broadcastStrides(scale.dims, x.dims);
  const inverses = Float64Array.from({ length: length === 0 ? 0 : values.length / length }, (_, row) => {
    const squares = values.subarray(row * length, (row + 1) * length).reduce((a, b) => a + b * b, 0);
    return 1 / Math.sqrt(squares / length + epsilon);
  });
  const y = new Float64Array(values.length);
  eachIndex(x.dims, (index, i) => {
    y[i] = values[i]! * inverses[Math.floor(i / length)]! * scales[offsetAt(index, strides)]!;
  });
  return [refOf(scale.dtype, x.dims, y)];
}

export const rmsNormalization = operator({
  name: 'RMSNormalization',
  summary: 'Divides each row by its root mean square, then scales it.',
  versions: [23],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'scale', type: 'V' },
  ],
  outputs: [{ name: 'Y', type: 'V' }],
  types: { T: FLOATS, V: FLOATS },
  attributes: {
    axis: { kind: 'int', doc: 'first axis of a row; default −1' },
    epsilon: { kind: 'float', doc: 'added to the mean square; default 1e-5' },
    stash_type: STASH_TYPE,
  },
  infer,
  cost(c) {
    const n = elements(c.inputs[0]);
    const dims = staticDims(c.inputs[0]);
    const rows = elementCount(dims.slice(0, axisOf(accepted, c, dims.length)));
    return costOf(c, {
      multiplications: 3 * n + rows,
      additions: Math.max(n, rows),
      divisions: rows,
      otherFunctions: rows,
    });
  },
  costRule:
    'an element: square, sum, two multiplications (inverse root, scale); a row: one multiplication (by 1 ÷ count), √, ÷.',
  evaluate,
  gradient: differentiate,
  samples: () => {
    const norm = (
      name: string,
      attributes: Parameters<typeof sample>[3],
      x: readonly number[],
      scale: readonly number[],
    ) => sample(name, 'RMSNormalization', 23, attributes, [data(x), data(scale, { seed: 2, low: 0.5, high: 2 })]);
    return [
      norm('last axis', {}, [2, 3, 5], [5]),
      norm('two axes', { axis: int(1) }, [2, 3, 4], [3, 4]),
      norm('negative axis', { axis: int(-2), stash_type: int(1) }, [2, 3, 4], [3, 4]),
      norm('epsilon', { epsilon: float(0.1) }, [2, 6], [6]),
    ];
  },
});

/** inverse × (d − normal × mean(d × normal)) for d = dL/d normal. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, scale] = [c.inputs[0]!, c.inputs[1]!];
  const dy = c.dy[0]!.cast(x.dtype);
  const first = axisOf(accepted, c, x.rank);
  const axes = Array.from({ length: x.rank - first }, (_, k) => first + k);
  const epsilon = floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON);
  const inverse = x.mul(x).mean(axes, true).add(epsilon).sqrt().reciprocal();
  const normal = x.mul(inverse);
  const d = dy.mul(scale.cast(x.dtype));
  return [
    c.wanted(0) ? d.sub(normal.mul(d.mul(normal).mean(axes, true))).mul(inverse) : undefined,
    c.wanted(1) ? dy.mul(normal).sumTo(scale).cast(scale.dtype) : undefined,
  ];
}
