/**
 * Einsum: sums of products of operands along named axes. Every combination of the labels once: the elements of all
 * operands there are multiplied, and what the result does not name is summed. ONNX Einsum-12.
 */
import { string, stringAttribute, type Tensor, tensorOf } from '#ir';
import { costOf, elements, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator, type RefTensor } from '../define.ts';
import { eachIndex, isWide, offsetAt, refFrom, stridesOf } from '../refTensor.ts';
import { data, type SampleOptions, sample, scalar } from '../sampling.ts';
import { accepted, inputType, type Refuse, type Shape } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';
import { bindEquation, type Labels, parseEquation } from './einsumEquation.ts';
import { einsumGradient } from './einsumGradient.ts';

function bind(c: Refuse & Pick<InferContext, 'node'>, shapes: readonly (Shape | undefined)[]) {
  return bindEquation(c, parseEquation(c, stringAttribute(c.node, 'equation', '')), shapes);
}

function infer(c: InferContext) {
  const bound = bind(
    c,
    c.inputs.map((t) => t?.shape),
  );
  return { types: [{ ...inputType(c, 0), shape: bound?.output.map((label) => bound.sizes.get(label)!) }] };
}

/** The equation of a node whose shapes are static. */
function staticEquation(c: Pick<InferContext, 'node'>, dims: readonly (readonly number[])[]) {
  const bound = bind({ ...accepted, node: c.node }, dims);
  if (bound === undefined) return accepted.fail('unnamed axes without a number', 'static shapes');
  const sizeOf = (label: string): number => bound.sizes.get(label) as number;
  return { ...bound, sizeOf, summed: [...bound.sizes.keys()].filter((label) => !bound.output.includes(label)) };
}

function cost(c: CostContext) {
  const { sizes, sizeOf } = staticEquation(c, c.inputs.map(staticDims));
  const products = [...sizes.keys()].reduce((n, label) => n * sizeOf(label), 1);
  const macs = products * (c.inputs.length - 1);
  return costOf(c, { macs, multiplications: macs, additions: Math.max(0, products - elements(c.outputs[0])) });
}

/** Strides of an operand along labels: those of a label that stands twice add up, a repeated size of 1 has none. */
function stridesAlong(labels: Labels, own: Labels, dims: readonly number[]): number[] {
  const strides = stridesOf(dims);
  return labels.map((label) =>
    own.reduce((sum, l, axis) => (l === label && dims[axis] !== 1 ? sum + strides[axis]! : sum), 0),
  );
}

function evaluate(c: EvaluateContext): readonly RefTensor[] {
  const operands = c.inputs.map((t) => t!);
  const { inputs, output, summed, sizeOf } = staticEquation(
    c,
    operands.map((t) => t.dims),
  );
  const along = (labels: Labels) => operands.map((t, i) => stridesAlong(labels, inputs[i]!, t.dims));
  const [outputStrides, summedStrides] = [along(output), along(summed)];
  const [dims, summedDims] = [output.map(sizeOf), summed.map(sizeOf)];
  const { dtype } = operands[0]!;
  const sums: (number | bigint)[] = [];
  eachIndex(dims, (index) => {
    const starts = outputStrides.map((strides) => offsetAt(index, strides));
    let sum: number | bigint = isWide(dtype) ? 0n : 0;
    eachIndex(summedDims, (inner) => {
      const factors = operands.map((t, i) => t.data[starts[i]! + offsetAt(inner, summedStrides[i]!)]!);
      if (typeof sum === 'bigint') sum += (factors as bigint[]).reduce((p, v) => p * v, 1n);
      else sum += (factors as number[]).reduce((p, v) => p * v, 1);
    });
    sums.push(sum);
  });
  return [refFrom(dtype, dims, (i) => sums[i]!)];
}

const einsumSample = (
  name: string,
  equation: string,
  inputs: readonly (Tensor | readonly number[])[],
  options: SampleOptions = {},
) => {
  const isTensor = (t: Tensor | readonly number[]): t is Tensor => 'dtype' in t;
  const tensors = inputs.map((t, i) => (isTensor(t) ? t : data(t, { seed: i + 1 })));
  return sample(name, 'Einsum', 12, { equation: string(equation) }, tensors, options);
};

export const einsum = operator({
  name: 'Einsum',
  summary: 'Sums of products of operands along named axes, as numpy.einsum.',
  versions: [12],
  inputs: [{ name: 'Inputs', type: 'T', arity: 'variadic' }],
  outputs: [{ name: 'Output', type: 'T' }],
  types: { T: NUMBERS },
  attributes: {
    equation: {
      kind: 'string',
      required: true,
      doc: 'axes of each operand as letters, then `->` and those of the result; `...` for unnamed axes',
    },
  },
  infer,
  cost,
  costRule:
    'for each combination of the labels one MAC for each operand beyond the first; additions: combinations − outputs.',
  evaluate,
  gradient: einsumGradient,
  samples: () => [
    einsumSample('matrix product', 'ij,jk->ik', [
      [2, 3],
      [3, 4],
    ]),
    einsumSample('matrix product, implied result', 'ij,jk', [
      [2, 3],
      [3, 4],
    ]),
    einsumSample('implied result in alphabetical order', 'kj,ki', [
      [2, 3],
      [2, 4],
    ]),
    einsumSample('spaces', ' i j , j k -> k i ', [
      [2, 3],
      [3, 4],
    ]),
    einsumSample('batches', 'bij,bjk->bik', [
      [2, 3, 4],
      [2, 4, 5],
    ]),
    einsumSample('unnamed batches', '...ij,...jk->...ik', [
      [2, 1, 3, 4],
      [2, 3, 4, 5],
    ]),
    einsumSample('unnamed batches, implied result', '...ij,...jk', [
      [2, 3, 4],
      [2, 4, 5],
    ]),
    einsumSample('unnamed axes of one operand', '...ij,jk->...ik', [
      [2, 3, 4],
      [4, 5],
    ]),
    einsumSample('unnamed axes in the middle', 'i...j,j->...i', [[2, 3, 4], [4]]),
    einsumSample('unnamed axes at the end', 'i...->...', [[3, 4, 2]]),
    einsumSample("'...' for no axes", '...i,...i->...', [[3], [3]]),
    einsumSample('outer product', 'i,j->ij', [[2], [3]]),
    einsumSample('inner product', 'i,i->', [[4], [4]]),
    einsumSample('sum of all', 'ij->', [[2, 3]]),
    einsumSample('sum of rows', 'ij->i', [[2, 3]]),
    einsumSample('transposed', 'ijk->kij', [[2, 3, 4]]),
    einsumSample('transposed, implied result', 'ba', [[2, 3]]),
    einsumSample('diagonal', 'ii->i', [[3, 3]]),
    einsumSample('diagonals of batches', '...ii->...i', [[2, 3, 3]]),
    einsumSample('trace', 'ii', [[3, 3]]),
    einsumSample('diagonal of three axes', 'iji->ji', [[3, 2, 3]]),
    einsumSample('diagonals of both operands', 'ii,ij->j', [
      [3, 3],
      [3, 2],
    ]),
    einsumSample('three operands', 'ij,jk,kl->il', [
      [2, 3],
      [3, 4],
      [4, 2],
    ]),
    einsumSample('bilinear form', 'bi,oij,bj->bo', [
      [2, 3],
      [4, 3, 5],
      [2, 5],
    ]),
    einsumSample('a size of 1 that repeats', 'ij,ij->ij', [
      [2, 1],
      [2, 3],
    ]),
    einsumSample('a size of 1 that repeats in a sum', 'ij,jk->ik', [
      [2, 1],
      [3, 4],
    ]),
    einsumSample('element-wise', 'ij,ij->ij', [
      [2, 3],
      [2, 3],
    ]),
    einsumSample('scalar times matrix', ',ij->ij', [scalar(1.5), data([2, 3])]),
    einsumSample('scalars', ',->', [scalar(1.5), scalar(-2)]),
    einsumSample('capitals', 'Ab,bC->AC', [
      [2, 3],
      [3, 4],
    ]),
    einsumSample('capitals, implied result', 'bA', [[2, 3]], {
      noHost: 'it writes capitals of an implied result as other characters',
    }),
    einsumSample('float64', 'ij,jk->ik', [data([2, 3], { dtype: 'float64' }), data([3, 2], { dtype: 'float64' })]),
    einsumSample('int32', 'ij,jk->ik', [
      data([2, 3], { dtype: 'int32', low: -9, high: 9 }),
      data([3, 2], { dtype: 'int32', low: -9, high: 9 }),
    ]),
    einsumSample('int64', 'ij->j', [data([2, 3], { dtype: 'int64', low: -9, high: 9 })]),
    einsumSample('long integers', 'i,i->', [
      tensorOf('int64', [2], [2n ** 40n, 3n]),
      tensorOf('int64', [2], [4097n, -5n]),
    ]),
    einsumSample('nothing to sum', 'ij,jk->ik', [data([2, 0]), data([0, 3])]),
  ],
});
