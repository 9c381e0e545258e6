/**
 * MeanVarianceNormalization: (X − mean) ÷ (deviation + 1e-9), the statistics taken over axes. ONNX
 * MeanVarianceNormalization-13.
 */
import { elementCount, ints, intsAttribute } from '#ir';
import { elements, staticDims } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { broadcastStrides, eachIndex, numbersOf, offsetAt, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, normalizeAxes, type Refuse } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';
import { normalizationCost, STATISTICS_COST } from './rows.ts';

/** The constant of ONNX's function body: it keeps a deviation of zero from dividing. */
const SMALLEST = 1e-9;

const axesOf = (c: Refuse, { node }: Pick<InferContext, 'node'>, rank: number): readonly number[] =>
  normalizeAxes(c, intsAttribute(node, 'axes') ?? [0, 2, 3], rank);

const keptDims = (dims: readonly number[], axes: readonly number[]): number[] =>
  dims.map((d, axis) => (axes.includes(axis) ? 1 : d));

export const meanVarianceNormalization = operator({
  name: 'MeanVarianceNormalization',
  summary: 'Centres the input and divides it by its deviation, over axes.',
  versions: [9, 13],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [{ name: 'Y', type: 'T' }],
  types: { T: FLOATS },
  attributes: { axes: { kind: 'ints', doc: 'axes of the statistics; default [0, 2, 3]: each channel has its own' } },
  infer: (c) => {
    const x = inputType(c, 0);
    if (x.shape !== undefined) axesOf(c, c, x.shape.length);
    return { types: [x] };
  },
  cost(c) {
    const dims = staticDims(c.inputs[0]);
    const rows = elements(c.inputs[0]) === 0 ? 0 : elementCount(keptDims(dims, axesOf(accepted, c, dims.length)));
    return normalizationCost(c, rows, {});
  },
  costRule: `${STATISTICS_COST}. A row is what shares its statistics.`,
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const kept = keptDims(x.dims, axesOf(c, c, x.dims.length));
    const count = elementCount(x.dims) / elementCount(kept);
    const strides = broadcastStrides(kept, x.dims);
    const values = numbersOf(x);
    const rows = new Uint32Array(values.length);
    eachIndex(x.dims, (index, i) => {
      rows[i] = offsetAt(index, strides);
    });
    const means = new Float64Array(elementCount(kept));
    for (const [i, value] of values.entries()) means[rows[i]!]! += value / count;
    const variances = new Float64Array(means.length);
    for (const [i, value] of values.entries()) variances[rows[i]!]! += (value - means[rows[i]!]!) ** 2 / count;
    const y = values.map((value, i) => (value - means[rows[i]!]!) / (Math.sqrt(variances[rows[i]!]!) + SMALLEST));
    return [refOf(x.dtype, x.dims, y)];
  },
  gradient: differentiate,
  samples: () => [
    sample('default', 'MeanVarianceNormalization', 13, {}, [data([2, 3, 4, 5])]),
    sample('opset 9', 'MeanVarianceNormalization', 9, {}, [data([2, 3, 2, 2])]),
    sample('across channels', 'MeanVarianceNormalization', 13, { axes: ints([0, 1, 2, 3]) }, [data([2, 3, 2, 2])]),
    sample('one axis', 'MeanVarianceNormalization', 13, { axes: ints([-1]) }, [data([2, 6])]),
  ],
});

/** As of other normalisations, but that the constant is added to the deviation, not to the variance. */
function differentiate(c: GradientContext): readonly Expression[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const axes = axesOf(accepted, c, x.rank);
  const centred = x.sub(x.mean(axes, true));
  const deviation = centred.mul(centred).mean(axes, true).sqrt();
  const divisor = deviation.add(SMALLEST);
  const along = dy.mul(centred).mean(axes, true).div(deviation.equal(0).where(1, deviation)).div(divisor);
  return [dy.sub(dy.mean(axes, true)).sub(centred.mul(along)).div(divisor)];
}
