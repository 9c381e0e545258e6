/** Concat: tensors joined along one axis. */
import { type Dim, int, intAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { eachIndex, offsetAt, type RefElement, refFrom, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { accepted, addDims, mayEqual, normalizeAxis, type Shape, shapeText, tighter } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';

export const concat = operator({
  name: 'Concat',
  summary: 'Tensors joined along one axis; all other dimensions agree.',
  versions: [4, 11, 13],
  inputs: [{ name: 'inputs', type: 'T', arity: 'variadic' }],
  outputs: [{ name: 'concat_result', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { axis: { kind: 'int', required: true, doc: 'axis to join along; negative counts from the back' } },
  infer: (c) => {
    const { dtype } = c.inputs[0]!;
    const shape = joinedShape(c);
    return { types: [{ kind: 'tensor', dtype, shape }], values: [shape?.length === 1 ? joinedValues(c) : undefined] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const parts = c.inputs.map((t) => t!);
    const first = parts[0]!;
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), first.dims.length);
    const dims = first.dims.map((d, k) => (k === axis ? parts.reduce((total, t) => total + t.dims[axis]!, 0) : d));
    const elements: RefElement[] = [];
    const strides = stridesOf(dims);
    let start = 0;
    for (const part of parts) {
      eachIndex(part.dims, (index, flat) => {
        elements[offsetAt(index, strides) + start * strides[axis]!] = part.data[flat]!;
      });
      start += part.dims[axis]!;
    }
    return [refFrom(first.dtype, dims, (i) => elements[i]!)];
  },
  gradient: differentiate,
  samples: () => [
    sample('axis 0', 'Concat', 13, { axis: int(0) }, [data([2, 3]), data([1, 3], { seed: 2 })]),
    sample('axis 1', 'Concat', 4, { axis: int(1) }, [data([2, 3, 4]), data([2, 2, 4], { seed: 2 })]),
    sample('negative axis', 'Concat', 11, { axis: int(-1) }, [data([2, 3]), data([2, 1]), data([2, 2])]),
    sample('one input', 'Concat', 13, { axis: int(0) }, [data([3])]),
    sample('an empty part', 'Concat', 13, { axis: int(0) }, [data([0, 2]), data([3, 2])]),
    sample('int64', 'Concat', 13, { axis: int(0) }, [
      data([2], { dtype: 'int64', high: 9 }),
      data([1], { dtype: 'int64', seed: 2, high: 9 }),
    ]),
    sample('string', 'Concat', 13, { axis: int(0) }, [
      { dtype: 'string', dims: [1], strings: ['a'] },
      { dtype: 'string', dims: [2], strings: ['b', 'c'] },
    ]),
  ],
});

function joinedShape(c: InferContext): Shape | undefined {
  const shapes = c.inputs.map((t) => t?.shape);
  const known = shapes.find((s) => s !== undefined);
  if (known === undefined) return undefined;
  const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), known.length);
  let joined: Dim[] | undefined;
  for (const shape of shapes) {
    const part: Shape = shape ?? known.map(() => null);
    const fits =
      part.length === known.length && (joined ?? part).every((d, k) => k === axis || mayEqual(d, part[k] ?? null));
    if (!fits) {
      c.fail(shapes.map(shapeText).join(' / '), {
        en: `shapes that differ along axis ${axis} alone`,
        zh: `仅在轴 ${axis} 上不同的形状`,
      });
    }
    joined =
      joined === undefined
        ? [...part]
        : joined.map((d, k) => (k === axis ? addDims(d, part[k]!) : tighter(d, part[k]!)));
  }
  return joined;
}

/** The joined values of a shape computation; a part of known length and unknown values contributes unknowns. */
function joinedValues(c: InferContext): readonly Dim[] | undefined {
  const out: Dim[] = [];
  for (let k = 0; k < c.inputs.length; k++) {
    const values = c.shapeValue(k);
    const length = c.inputs[k]?.shape?.[0];
    if (values !== undefined) out.push(...values);
    else if (typeof length === 'number' && length <= 64) out.push(...new Array<null>(length).fill(null));
    else return undefined;
  }
  return out.some((d) => d !== null) ? out : undefined;
}

/** The parts of dy again. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const [dy, y] = [c.dy[0]!, c.outputs[0]!];
  const axis = normalizeAxis(accepted, intAttribute(c.node, 'axis', 1), y.rank);
  let start = 0;
  return c.inputs.map((x, i) => {
    const size = x!.shape[axis];
    if (typeof size !== 'number') {
      return c.fail(
        { en: `an open size along axis ${axis}`, zh: `轴 ${axis} 的尺寸未定` },
        { en: 'a known size', zh: '已知尺寸' },
      );
    }
    start += size;
    return c.wanted(i) ? dy.slice([axis], [start - size], [start]) : undefined;
  });
}
