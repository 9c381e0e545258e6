/** Gather: slices of the data along one axis, at given indices. A negative index counts from the back. */
import { type Dim, int, intAttribute, string, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { rearrange } from '../movement/rearrange.ts';
import { numbersOf, offsetAt, stridesOf } from '../refTensor.ts';
import { data, int64s, sample, scalar } from '../sampling.ts';
import { accepted, normalizeAxis } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { indexAlong } from './indices.ts';

export const gather = operator({
  name: 'Gather',
  summary: 'Slices of the data along one axis, at given indices.',
  versions: [1, 11, 13],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'indices', type: 'Tind' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES, Tind: ['int32', 'int64'] },
  attributes: { axis: { kind: 'int', doc: 'axis to gather along; default 0' } },
  infer: (c) => {
    const [x, indices] = c.inputs;
    if (x?.shape === undefined) return { types: [{ kind: 'tensor', dtype: x!.dtype }] };
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), x.shape.length);
    const size = x.shape[axis]!;
    const at = c.shapeValue(1);
    for (const i of at ?? []) if (typeof i === 'number' && typeof size === 'number') indexAlong(c, i, size);
    const shape =
      indices?.shape === undefined
        ? undefined
        : [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const values = c.shapeValue(0);
    const pick = (i: Dim): Dim => (typeof i === 'number' ? (values?.at(i) ?? null) : null);
    const gathered = values !== undefined && shape !== undefined && shape.length <= 1 ? at?.map(pick) : undefined;
    return { types: [{ kind: 'tensor', dtype: x.dtype, shape }], values: [gathered] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; the whole data counts as read once.',
  evaluate: (c) => {
    const [x, indices] = [c.inputs[0]!, c.inputs[1]!];
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), x.dims.length);
    const size = x.dims[axis]!;
    const at = numbersOf(indices).map((i) => indexAlong(c, i, size));
    const rank = indices.dims.length;
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    const indexStrides = stridesOf(indices.dims);
    const strides = stridesOf(x.dims);
    return [
      rearrange(x, dims, (index) => {
        const which = at[offsetAt(index.slice(axis, axis + rank), indexStrides)]!;
        return offsetAt([...index.slice(0, axis), which, ...index.slice(axis + rank)], strides);
      }),
    ];
  },
  gradient: differentiate,
  samples: () => [
    sample('rows', 'Gather', 13, {}, [data([4, 3]), int64s(2, 0, 2)], { constants: [1] }),
    sample('axis 1', 'Gather', 1, { axis: int(1) }, [data([2, 5, 3]), int64s(4, 1)]),
    sample('2-D indices', 'Gather', 13, { axis: int(1) }, [data([3, 4]), tensorOf('int64', [2, 2], [0, 3, 1, 2])]),
    sample('negative', 'Gather', 11, { axis: int(-1) }, [data([2, 4]), int64s(-1, -4, 1)]),
    sample('scalar index', 'Gather', 13, { axis: int(0) }, [data([3, 2]), scalar(1, 'int64')]),
    sample('int32 indices', 'Gather', 13, {}, [data([3, 2]), tensorOf('int32', [1], [2])]),
    sample('one dimension of a shape', 'Gather', 13, {}, [int64s(5, 6, 7), scalar(1, 'int64')]),
  ],
});

/** Rows of dy are added where they were taken from; what was taken twice gets both. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [x, indices, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const axis = normalizeAxis(accepted, intAttribute(c.node, 'axis', 0), x.rank);
  const axes = x.shape.map((_, i) => i);
  const toFront = [axis, ...axes.filter((i) => i !== axis)];
  const places = indices.shape.map((_, i) => axis + i);
  const rows = dy.transpose([...places, ...dy.shape.map((_, i) => i).filter((i) => !places.includes(i))]);
  const zeros = x.transpose(toFront).zeros();
  const at = indices.cast('int64').unsqueeze([indices.rank]);
  const sums = zeros.apply('ScatterND', [at, rows], { reduction: string('add') });
  return [sums.transpose(axes.map((i) => toFront.indexOf(i)))];
}
