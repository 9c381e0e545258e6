/**
 * TopK: the k largest (or smallest) elements along an axis in order, and where they stood; of equal ones the first comes first.
 * K is an attribute before opset 10 and an input since. Without `sorted` ONNX leaves the order open; here it is the same.
 * ONNX TopK-24.
 */
import { type Dim, elementCount, int, intAttribute, type TensorType, tensorIntegers, tensorOf, tensorType } from '#ir';
import { costOf, staticDims } from '../costs.ts';
import { type CostContext, type EvaluateContext, type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, type RefElement, refFrom } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { accepted, inputType, normalizeAxis, type Refuse } from '../shapes.ts';
import { NUMBERS } from '../typeSets.ts';

const axisOf = (c: Refuse, { node }: Pick<InferContext, 'node'>, rank: number): number =>
  normalizeAxis(c, intAttribute(node, 'axis', -1), rank);

/** What is known of k: a number, a symbol or nothing. */
function countOf(c: InferContext): Dim {
  if (c.opset < 10) return intAttribute(c.node, 'k', 0);
  const constant = c.constant(1);
  if (constant !== undefined && elementCount(constant.dims) === 1) return Number(tensorIntegers(constant)[0]!);
  return c.shapeValue(1)?.[0] ?? null;
}

function infer(c: InferContext) {
  const x = inputType(c, 0);
  const typesOf = (shape: TensorType['shape']) =>
    c.node.outputs.map((_, i) => tensorType(i === 0 ? x.dtype : 'int64', shape));
  const k = countOf(c);
  const given = c.inputs[1]?.shape;
  if (
    given !== undefined &&
    given.length > 0 &&
    (given.length > 1 || (typeof given[0] === 'number' && given[0] !== 1))
  ) {
    c.fail({ en: `K of shape [${given}]`, zh: `K 的形状为 [${given}]` }, '[1]');
  }
  if (x.shape === undefined) return { types: typesOf(undefined) };
  const axis = axisOf(c, c, x.shape.length);
  const size = x.shape[axis]!;
  if (typeof k === 'number' && (k < 0 || (typeof size === 'number' && k > size))) {
    c.fail(
      { en: `k = ${k} along an axis of size ${size ?? '?'}`, zh: `大小为 ${size ?? '?'} 的轴上 k = ${k}` },
      { en: 'k from 0 to the size', zh: 'k 介于 0 与该大小之间' },
    );
  }
  return { types: typesOf(x.shape.map((d, a) => (a === axis ? k : d))) };
}

function cost(c: CostContext) {
  const dims = staticDims(c.inputs[0]);
  const axis = axisOf(accepted, c, dims.length);
  const k = staticDims(c.outputs[0])[axis]!;
  return costOf(c, { comparisons: elementCount(dims) * Math.ceil(Math.log2(k + 1)) });
}

function evaluate(c: EvaluateContext) {
  const x = c.inputs[0]!;
  const axis = axisOf(c, c, x.dims.length);
  const k = c.opset < 10 ? intAttribute(c.node, 'k', 0) : numbersOf(c.inputs[1]!)[0]!;
  const size = x.dims[axis]!;
  const step = elementCount(x.dims.slice(axis + 1));
  const lines = elementCount(x.dims.slice(0, axis));
  const dims = x.dims.map((d, a) => (a === axis ? k : d));
  const sign = intAttribute(c.node, 'largest', 1) !== 0 ? 1 : -1;
  const values = new Array<RefElement>(elementCount(dims));
  const indices = new Array<RefElement>(values.length);
  for (let line = 0; line < lines; line++) {
    for (let s = 0; s < step; s++) {
      const at = (i: number): RefElement => x.data[(line * size + i) * step + s]!;
      const order = Array.from({ length: size }, (_, i) => i);
      // A stable sort leaves equal elements in the order of their indices.
      order.sort((i, j) => (at(i) > at(j) ? -sign : at(i) < at(j) ? sign : 0));
      for (let i = 0; i < k; i++) {
        values[(line * k + i) * step + s] = at(order[i]!);
        indices[(line * k + i) * step + s] = order[i]!;
      }
    }
  }
  return [refFrom(x.dtype, dims, (i) => values[i]!), refFrom('int64', dims, (i) => indices[i]!)];
}

export const topK = operator({
  name: 'TopK',
  summary: 'The k largest or smallest elements along an axis, and their indices.',
  versions: [1, 10, 11, 24],
  inputs: [
    { name: 'X', type: 'T' },
    { name: 'K', type: 'int64', since: 10 },
  ],
  outputs: [
    { name: 'Values', type: 'T' },
    { name: 'Indices', type: 'int64' },
  ],
  types: { T: NUMBERS },
  attributes: {
    axis: { kind: 'int', doc: 'axis along which elements are ranked; default −1' },
    k: { kind: 'int', required: true, until: 10, doc: 'how many' },
    largest: { kind: 'int', since: 11, doc: '1 (default): the largest; 0: the smallest' },
    sorted: { kind: 'int', since: 11, doc: '1 (default): in order; 0: in any order' },
  },
  infer,
  cost,
  costRule: 'a heap of k: ⌈log₂(k + 1)⌉ comparisons an element.',
  evaluate,
  gradient: differentiate,
  samples: () => {
    const top = (
      name: string,
      opset: number,
      attributes: Parameters<typeof sample>[3],
      x: Parameters<typeof sample>[4][0],
      k: number,
    ) =>
      sample(name, 'TopK', opset, attributes, opset < 10 ? [x] : [x, int64s(k)], {
        outputs: 2,
        ...(opset < 10 ? {} : { constants: [1] }),
      });
    return [
      top('default', 11, {}, data([2, 3, 5]), 2),
      top('attribute', 1, { k: int(3), axis: int(0) }, data([4, 2]), 3),
      top('opset 10', 10, { axis: int(1) }, data([2, 4, 3]), 3),
      top('smallest', 11, { largest: int(0), axis: int(-2) }, data([2, 4, 3]), 2),
      top('any order', 11, { sorted: int(0) }, data([3, 5]), 1),
      top('equal elements', 11, {}, tensorOf('float32', [2, 4], [1, 3, 3, 1, 0, 0, 0, 0]), 3),
      top('equal elements, smallest', 11, { largest: int(0) }, tensorOf('float32', [6], [2, 1, 2, 1, 1, 3]), 4),
      top('none', 11, {}, data([2, 3]), 0),
      top('int64', 11, {}, data([2, 6], { dtype: 'int64', low: -9, high: 9 }), 4),
      top('int32', 11, {}, data([2, 6], { dtype: 'int32', low: -9, high: 9 }), 4),
      top('float64', 11, {}, data([7], { dtype: 'float64' }), 7),
    ];
  },
});

/** What was chosen gets the gradient of its place in the ranking. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, dy] = [c.inputs[0]!, c.dy[0]!];
  const { k, ...attributes } = Object.fromEntries(c.node.attributes);
  const count = c.inputs[1] ?? x.int64s([intAttribute(c.node, 'k', 0)]);
  const indices = c.outputs[1] ?? x.applyAll('TopK', [count], attributes, 2)[1]!;
  return [x.zeros().apply('ScatterElements', [indices, dy], { axis: int(intAttribute(c.node, 'axis', -1)) })];
}
