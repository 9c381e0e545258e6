/**
 * OneHot: a new axis of `depth` places, off but for the one that the index names. A negative index counts from the back; one
 * out of range leaves all places off. ONNX OneHot-11.
 */
import { type Dim, elementCount, int, intAttribute, tensorNumbers, tensorOf, tensorType } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { numbersOf, refFrom } from '../refTensor.ts';
import { data, int64s, sample, scalar } from '../sampling.ts';
import { expectRank, normalizeAxis, shapeText } from '../shapes.ts';
import { ALL_TYPES, NUMBERS } from '../typeSets.ts';

/** What is known of the depth, which may be of any number type. */
function depthOf(c: InferContext): Dim {
  const constant = c.constant(1);
  const depth =
    constant !== undefined && elementCount(constant.dims) === 1
      ? Math.trunc(tensorNumbers(constant)[0]!)
      : (c.shapeValue(1)?.[0] ?? null);
  if (typeof depth === 'number' && depth < 1) c.fail(`depth ${depth}`, 'depth ≥ 1');
  return depth;
}

export const oneHot = operator({
  name: 'OneHot',
  summary: 'A new axis on which one place, named by the index, is on and the others are off.',
  versions: [9, 11],
  inputs: [
    { name: 'indices', type: 'T1' },
    { name: 'depth', type: 'T2' },
    { name: 'values', type: 'T3' },
  ],
  outputs: [{ name: 'output', type: 'T3' }],
  types: { T1: NUMBERS, T2: NUMBERS, T3: ALL_TYPES },
  attributes: { axis: { kind: 'int', doc: 'where the new axis stands in the output; default −1, the last' } },
  infer: (c) => {
    const [indices, depth, values] = c.inputs.map((t) => t?.shape);
    expectRank(c, 'depth', depth, [0, 1]);
    if (values !== undefined && (values.length !== 1 || (typeof values[0] === 'number' && values[0] !== 2))) {
      c.fail(`values ${shapeText(values)}`, '[2]: [off, on]');
    }
    const size = depthOf(c);
    const { dtype } = c.inputs[2]!;
    if (indices?.length === 0) {
      c.fail({ en: 'indices without an axis', zh: 'indices 没有轴' }, { en: 'one axis or more', zh: '至少一维' });
    }
    if (indices === undefined) return { types: [tensorType(dtype)] };
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', -1), indices.length + 1);
    return { types: [tensorType(dtype, [...indices.slice(0, axis), size, ...indices.slice(axis)])] };
  },
  cost: (c) => elementwiseCost(c, { comparisons: 1 }),
  costRule: 'one comparison an output.',
  evaluate: (c) => {
    const [indices, values] = [c.inputs[0]!, c.inputs[2]!];
    const depth = Math.trunc(numbersOf(c.inputs[1]!)[0]!);
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', -1), indices.dims.length + 1);
    const dims = [...indices.dims.slice(0, axis), depth, ...indices.dims.slice(axis)];
    const step = elementCount(indices.dims.slice(axis));
    const hot = numbersOf(indices).map((i) => (i < 0 ? Math.trunc(i) + depth : Math.trunc(i)));
    return [
      refFrom(values.dtype, dims, (flat) => {
        const place = Math.floor(flat / step) % depth;
        const index = Math.floor(flat / (step * depth)) * step + (flat % step);
        return values.data[hot[index] === place ? 1 : 0]!;
      }),
    ];
  },
  gradient: differentiate,
  samples: () => {
    const options = { constants: [1] };
    const offOn = tensorOf('float32', [2], [0.5, 2]);
    return [
      sample('last axis', 'OneHot', 11, {}, [int64s(0, 2, 1), scalar(3, 'int64'), offOn], options),
      sample('first axis', 'OneHot', 9, { axis: int(0) }, [int64s(0, 2, 1), int64s(4), offOn], options),
      sample(
        'axis between',
        'OneHot',
        11,
        { axis: int(-2) },
        [data([2, 3], { dtype: 'int64', low: 0, high: 3 }), scalar(3, 'int64'), offOn],
        options,
      ),
      sample(
        'negative and out of range',
        'OneHot',
        11,
        {},
        [int64s(-1, -4, 3, -3), scalar(3, 'int64'), offOn],
        options,
      ),
      sample('int32 indices', 'OneHot', 11, {}, [tensorOf('int32', [2], [1, 0]), scalar(2), offOn], options),
      sample('floats', 'OneHot', 11, {}, [tensorOf('float32', [3], [1, 0, -1]), scalar(3), offOn], options),
      sample('int64 on', 'OneHot', 11, {}, [int64s(1, 0), scalar(2, 'int64'), int64s(3, 9)], options),
    ];
  },
});

/** Of the two values: the sum of dL/dy where each was written. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [indices, depth, values, dy] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]!, c.dy[0]!];
  if (!c.wanted(2)) return [];
  const mask = values.constant(tensorOf(values.dtype, [2], [0, 1]));
  const isOn = indices.apply('OneHot', [depth, mask], { axis: int(intAttribute(c.node, 'axis', -1)) });
  const on = dy.mul(isOn).sum(undefined, false).unsqueeze([0]);
  const all = dy.sum(undefined, false).unsqueeze([0]);
  return [undefined, undefined, all.sub(on).apply('Concat', [on], { axis: int(0) })];
}
