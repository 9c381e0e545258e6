/** LpNormalization: each line along an axis divided by its L1 or L2 norm; a line of zeros stays. ONNX LpNormalization-22. */
import { elementCount, int, intAttribute, tensorOf } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, inputType, normalizeAxis, type Refuse } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

const axisOf = (c: Refuse, { node }: Pick<InferContext, 'node'>, rank: number): number =>
  normalizeAxis(c, intAttribute(node, 'axis', -1), rank);

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const axis = axisOf(c, c, x.dims.length);
  const p = intAttribute(c.node, 'p', 2);
  const size = x.dims[axis]!;
  const step = elementCount(x.dims.slice(axis + 1));
  const values = numbersOf(x);
  const line = (i: number): number => Math.floor(i / (step * size)) * step + (i % step);
  const sums = new Float64Array(size === 0 ? 0 : values.length / size);
  for (const [i, value] of values.entries()) sums[line(i)]! += p === 1 ? Math.abs(value) : value * value;
  const norms = p === 1 ? sums : sums.map(Math.sqrt);
  const y = values.map((value, i) => (norms[line(i)] === 0 ? 0 : value / norms[line(i)]!));
  return [refOf(x.dtype, x.dims, y)];
}

export const lpNormalization = operator({
  name: 'LpNormalization',
  summary: 'Divides each line along an axis by its L1 or L2 norm.',
  versions: [1, 22],
  inputs: [{ name: 'input', type: 'T' }],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: FLOATS },
  attributes: {
    axis: { kind: 'int', doc: 'the axis of the lines; default −1' },
    p: { kind: 'int', doc: 'the norm: 1 or 2 (default)' },
  },
  infer: (c) => {
    const x = inputType(c, 0);
    const p = intAttribute(c.node, 'p', 2);
    if (p !== 1 && p !== 2) c.fail(`p = ${p}`, '1 | 2');
    if (x.shape !== undefined) axisOf(c, c, x.shape.length);
    return { types: [x] };
  },
  cost(c) {
    const n = elements(c.inputs[0]);
    const dims = staticDims(c.inputs[0]);
    const lines = n === 0 ? 0 : n / dims[axisOf(accepted, c, dims.length)]!;
    const squares = intAttribute(c.node, 'p', 2) === 2;
    return costOf(c, {
      comparisons: squares ? 0 : n,
      multiplications: squares ? 2 * n : n,
      additions: n - lines,
      divisions: lines,
      otherFunctions: squares ? lines : 0,
    });
  },
  costRule:
    'an element: magnitude (one comparison) or square (one multiplication), one addition but for the first of a line, one multiplication; a line: one division, with p = 2 one √.',
  evaluate,
  gradient: differentiate,
  samples: () => [
    sample('default', 'LpNormalization', 22, {}, [data([2, 3, 4])]),
    sample('L1', 'LpNormalization', 1, { p: int(1), axis: int(1) }, [data([2, 3, 4])]),
    sample('L2, first axis', 'LpNormalization', 22, { p: int(2), axis: int(0) }, [data([4, 3])]),
    sample('zeros', 'LpNormalization', 22, { p: int(1) }, [tensorOf('float32', [2, 2], [0, 0, 3, -1])]),
    sample('float64', 'LpNormalization', 22, {}, [data([2, 3], { dtype: 'float64' })]),
  ],
});

/** (dy − s × Σ dy·y) ÷ norm, s being y for L2 and the sign of x for L1; a line of zeros stays where it is. */
function differentiate(c: GradientContext): readonly Expression[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const axes = [axisOf(accepted, c, x.rank)];
  const isL1 = intAttribute(c.node, 'p', 2) === 1;
  const norm = isL1 ? x.apply('Abs').sum(axes, true) : x.mul(x).sum(axes, true).sqrt();
  const isZero = norm.equal(0);
  const divisor = isZero.where(1, norm);
  const y = x.div(divisor);
  const along = dy.mul(y).sum(axes, true);
  return [isZero.where(0, dy.sub((isL1 ? x.sign() : y).mul(along)).div(divisor))];
}
