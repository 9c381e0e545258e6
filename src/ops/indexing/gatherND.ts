/**
 * GatherND: the last axis of the indices holds tuples that lead into the data's axes after the first `batch_dims`; each tuple
 * takes the slice that stands there. ONNX GatherND-13.
 */
import { type Dim, elementCount, int, intAttribute, string, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { type RefElement, refFrom, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { mayEqual, type Shape, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { eachTuple } from './indices.ts';

function outputShape(c: InferContext): readonly Dim[] | undefined {
  const [x, indices] = [c.inputs[0]!.shape, c.inputs[1]!.shape];
  const batch = intAttribute(c.node, 'batch_dims', 0);
  if (batch < 0) c.fail(`batch_dims ${batch}`, 'batch_dims ≥ 0');
  if (x === undefined || indices === undefined) return undefined;
  const length = indices.at(-1);
  if (!isValid(x, indices, batch)) {
    c.fail(`data ${shapeText(x)}, indices ${shapeText(indices)}, batch_dims ${batch}`, {
      en: 'indices [batch…, …, k] with the first batch_dims sizes of the data, and k no more than the data has axes after them',
      zh: 'indices 形如 [batch…, …, k]：前 batch_dims 维与 data 相同，且 k 不超过其后的维数',
    });
  }
  if (typeof length !== 'number') return undefined;
  return [...indices.slice(0, -1), ...x.slice(batch + length)];
}

function isValid(x: Shape, indices: Shape, batch: number): boolean {
  const length = indices.at(-1);
  if (length === undefined || batch >= indices.length || batch >= Math.max(1, x.length)) return false;
  if (typeof length === 'number' && (length < 1 || batch + length > x.length)) return false;
  return x.slice(0, batch).every((d, k) => mayEqual(d, indices[k]!));
}

export const gatherND = operator({
  name: 'GatherND',
  summary: 'Slices of the data where tuples of indices say.',
  versions: [11, 12, 13],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'indices', type: 'int64' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: {
    batch_dims: { kind: 'int', since: 12, doc: 'leading axes that data and indices have in common; default 0' },
  },
  infer: (c) => ({ types: [{ kind: 'tensor', dtype: c.inputs[0]!.dtype, shape: outputShape(c) }] }),
  cost: (c) => costOf(c),
  costRule: 'moves data only; the whole data counts as read once.',
  evaluate: (c) => {
    const [x, indices] = [c.inputs[0]!, c.inputs[1]!];
    const batch = intAttribute(c.node, 'batch_dims', 0);
    const length = indices.dims.at(-1)!;
    const sizes = x.dims.slice(batch, batch + length);
    const slice = elementCount(x.dims.slice(batch + length));
    const strides = stridesOf(x.dims).slice(batch, batch + length);
    const perBatch = elementCount(x.dims.slice(batch));
    const tuplesPerBatch = elementCount(indices.dims.slice(batch, -1));
    const elements: RefElement[] = [];
    eachTuple(c, indices, sizes, strides, (offset, tuple) => {
      const from = Math.floor(tuple / tuplesPerBatch) * perBatch + offset;
      for (let i = 0; i < slice; i++) elements.push(x.data[from + i]!);
    });
    return [refFrom(x.dtype, [...indices.dims.slice(0, -1), ...x.dims.slice(batch + length)], (i) => elements[i]!)];
  },
  gradient: differentiate,
  samples: () => {
    const tuples = (dims: readonly number[], ...values: readonly number[]) => tensorOf('int64', dims, values);
    return [
      sample('elements', 'GatherND', 13, {}, [data([2, 3]), tuples([3, 2], 0, 2, 1, 0, 1, 1)]),
      sample('slices', 'GatherND', 11, {}, [data([3, 2, 2]), tuples([2, 1], 2, 0)]),
      sample('more axes', 'GatherND', 13, {}, [data([2, 2, 3]), tuples([2, 1, 2], 0, 1, 1, 0)]),
      sample('negative', 'GatherND', 13, {}, [data([2, 3]), tuples([2, 2], -1, -3, 0, -1)]),
      sample('batch', 'GatherND', 12, { batch_dims: int(1) }, [data([2, 3, 2]), tuples([2, 2, 1], 1, 0, 2, 1)]),
      sample('two batch axes', 'GatherND', 13, { batch_dims: int(2) }, [
        data([2, 2, 3]),
        tuples([2, 2, 1], 1, 0, 2, 1),
      ]),
      sample('int64', 'GatherND', 13, {}, [data([4], { dtype: 'int64', high: 9 }), tuples([1, 1], 3)]),
    ];
  },
});

/** Slices of dy are added where they were taken from; tuples are completed by the coordinates of their batch. */
function differentiate(c: GradientContext): readonly Expression[] {
  const [x, indices, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
  const tuples = withBatch(c, indices, intAttribute(c.node, 'batch_dims', 0));
  return [x.zeros().apply('ScatterND', [tuples, dy], { reduction: string('add') })];
}

function withBatch(c: GradientContext, indices: Expression, batch: number): Expression {
  if (batch === 0) return indices;
  const origin = indices.slice([indices.rank - 1], [0], [1]).zeros();
  const coordinates = Array.from({ length: batch }, (_, axis) => {
    const others = indices.shape.map((_, k) => k).filter((k) => k !== axis);
    return origin.add(rangeOf(c, indices, axis).unsqueeze(others));
  });
  return coordinates[0]!.apply('Concat', [...coordinates.slice(1), indices], { axis: int(-1) });
}

/** 0, 1, … along an axis. */
function rangeOf(c: GradientContext, of: Expression, axis: number): Expression {
  const size = of.shape[axis]!;
  if (typeof size === 'number') return of.int64s(Array.from({ length: size }, (_, i) => i));
  const limit = of.apply('Shape').apply('Gather', [of.constant(tensorOf('int64', [], [axis]))]);
  return c.emit('Range', [limit.scalar(0), limit, limit.scalar(1)]);
}
