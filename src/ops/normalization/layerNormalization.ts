/**
 * LayerNormalization: each row (the axes from `axis` on) is centred and divided by its deviation, then scaled and shifted:
 * Y = (X − mean) ÷ √(var + ε) × Scale + B. ONNX LayerNormalization-17; Ba, Kiros, Hinton 2016.
 */
import { elementCount, float, floatAttribute, int, intAttribute, type TensorType, tensorType } from '#ir';
import { elements, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { broadcastStrides, eachIndex, numbersOf, offsetAt, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, normalizeAxis, type Refuse, shapeText } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { centredGradient, normalize } from './rowGradient.ts';
import {
  DEFAULT_EPSILON,
  EPSILON,
  normalizationCost,
  rowLength,
  rowStatistics,
  STASH_TYPE,
  STATISTICS_COST,
  stashType,
  statisticsShape,
  stretchesTo,
} from './rows.ts';

const axisOf = (c: Refuse, { node }: Pick<InferContext, 'node'>, rank: number): number =>
  normalizeAxis(c, intAttribute(node, 'axis', -1), rank);

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const stash = stashType(c);
  if (x.shape === undefined) return { types: c.node.outputs.map((_, i) => (i === 0 ? x : tensorType(stash))) };
  const axis = axisOf(c, c, x.shape.length);
  for (const name of [1, 2]) {
    const own = c.inputs[name]?.shape;
    if (own === undefined || stretchesTo(own, x.shape)) continue;
    c.fail(`X ${shapeText(x.shape)}, ${c.node.inputs[name]} ${shapeText(own)}`, {
      en: `a shape that broadcasts to ${shapeText(x.shape)}`,
      zh: `可广播到 ${shapeText(x.shape)} 的形状`,
    });
  }
  const statistics: TensorType = tensorType(stash, statisticsShape(x.shape, axis));
  return { types: c.node.outputs.map((_, i) => (i === 0 ? x : statistics)) };
}

function cost(c: CostContext) {
  const n = elements(c.inputs[0]);
  const dims = staticDims(c.inputs[0]);
  const rows = elementCount(dims.slice(0, axisOf(accepted, c, dims.length)));
  return normalizationCost(c, rows, { multiplications: n, additions: c.inputs[2] === undefined ? 0 : n });
}

function evaluate(c: EvaluateContext) {
  const [x, scale, bias] = c.inputs;
  const { dims } = x!;
  const axis = axisOf(c, c, dims.length);
  const length = rowLength(dims, axis);
  const values = numbersOf(x!);
  const { means, inverses } = rowStatistics(values, length, floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON));
  const scales = numbersOf(scale!);
  const biases = bias === undefined ? undefined : numbersOf(bias);
  const [scaleStrides, biasStrides] = [scale!, bias ?? scale!].map((t) => broadcastStrides(t.dims, dims));
  const y = new Float64Array(values.length);
  eachIndex(dims, (index, i) => {
    const row = Math.floor(i / length);
    const normal = (values[i]! - means[row]!) * inverses[row]!;
    y[i] = normal * scales[offsetAt(index, scaleStrides!)]! + (biases?.[offsetAt(index, biasStrides!)] ?? 0);
  });
  const stash = stashType(c);
  const shape = statisticsShape(dims, axis);
  return [refOf(x!.dtype, dims, y), refOf(stash, shape, means), refOf(stash, shape, inverses)].slice(0, c.outputCount);
}

export const layerNormalization = operator({
  name: 'LayerNormalization',
  summary: 'Normalises each row by its own mean and deviation, then scales and shifts it.',
  versions: [17],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'Scale', type: 'T' },
    { name: 'B', type: 'T', arity: 'optional' },
  ],
  outputs: [
    { name: 'Y', type: 'T' },
    { name: 'Mean', type: 'U', arity: 'optional' },
    { name: 'InvStdDev', type: 'U', arity: 'optional' },
  ],
  types: { T: FLOATS, U: ['float32', 'bfloat16'] },
  attributes: {
    axis: { kind: 'int', doc: 'first axis of a row; default −1' },
    epsilon: EPSILON,
    stash_type: STASH_TYPE,
  },
  infer,
  cost,
  costRule: `${STATISTICS_COST}; then one multiplication an element (Scale) and, with B, one addition.`,
  evaluate,
  gradient: differentiate,
  samples: () => {
    const norm = (
      name: string,
      attributes: Parameters<typeof sample>[3],
      x: readonly number[],
      scale: readonly number[],
      options: { bias?: boolean; outputs?: number | readonly string[]; dtype?: 'float64' | 'float16' } = {},
    ) => {
      const { bias = true, outputs = 1, dtype = 'float32' } = options;
      const inputs = [data(x, { dtype }), data(scale, { dtype, seed: 2, low: 0.5, high: 2 })];
      if (bias) inputs.push(data(scale, { dtype, seed: 3 }));
      return sample(name, 'LayerNormalization', 17, attributes, inputs, { outputs });
    };
    return [
      norm('last axis', {}, [2, 3, 5], [5]),
      norm('without bias', {}, [2, 3, 5], [5], { bias: false }),
      norm('two axes', { axis: int(1) }, [2, 3, 4], [3, 4]),
      norm('all axes', { axis: int(0) }, [3, 4], [3, 4]),
      norm('negative axis', { axis: int(-2) }, [2, 3, 4], [3, 4]),
      norm('epsilon', { epsilon: float(0.1) }, [2, 6], [6]),
      norm('statistics', { axis: int(-1), stash_type: int(1) }, [2, 3, 5], [5], { outputs: 3 }),
      norm('inverse deviation alone', {}, [4, 5], [5], { outputs: ['y', '', 'deviation'] }),
      norm('float64', {}, [2, 5], [5], { dtype: 'float64' }),
      norm('float16', {}, [2, 5], [5], { dtype: 'float16' }),
    ];
  },
});

/**
 * Of the normalised rows as `centredGradient` says; mean and inverse deviation, where they are outputs, add theirs: 1 ÷ n and
 * −normal × inverse² ÷ n.
 */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, scale, bias] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]];
  const first = axisOf(accepted, c, x.rank);
  const axes = Array.from({ length: x.rank - first }, (_, k) => first + k);
  const rows = normalize(x, axes, floatAttribute(c.node, 'epsilon', DEFAULT_EPSILON));
  const { normal, inverse } = rows;
  const [dy, dMean, dInverse] = c.dy;
  const count = x.count(axes);
  const parts = [
    dy && centredGradient(dy.mul(scale), rows, axes),
    dMean?.cast(x.dtype).div(count).expandLike(x),
    dInverse?.cast(x.dtype).mul(inverse).mul(inverse).mul(normal).div(count).neg(),
  ].filter((part) => part !== undefined);
  return [
    c.wanted(0) ? parts.reduce((a, b) => a.add(b)) : undefined,
    dy && c.wanted(1) ? dy.mul(normal).sumTo(scale) : undefined,
    dy && bias && c.wanted(2) ? dy.sumTo(bias) : undefined,
  ];
}
