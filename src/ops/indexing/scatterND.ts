/**
 * ScatterND: the data with slices replaced, or combined with updates, where tuples of indices (the last axis of `indices`)
 * say. ONNX ScatterND-18.
 */
import { type Attribute, elementCount, string, tensorOf } from '#ir';
import { type InferContext, operator } from '../define.ts';
import { type RefElement, refFrom, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { mayEqual, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { eachTuple } from './indices.ts';
import { scatterGradient } from './scatterGradient.ts';
import { COST_RULE, checkReduction, combineOf, SCATTER_REDUCTION, scatterCost } from './scattering.ts';

/** Updates are [tuples…, rest of the data…]. */
function checkShapes(c: InferContext): void {
  const [x, indices, updates] = c.inputs.map((t) => t?.shape);
  if (x === undefined || indices === undefined) return;
  const length = indices.at(-1);
  const isTuple = length !== undefined && (typeof length !== 'number' || (length >= 1 && length <= x.length));
  const wanted = typeof length === 'number' ? [...indices.slice(0, -1), ...x.slice(length)] : undefined;
  const fits =
    wanted === undefined ||
    updates === undefined ||
    (wanted.length === updates.length && wanted.every((d, k) => mayEqual(d, updates[k]!)));
  if (isTuple && fits) return;
  c.fail(`data ${shapeText(x)}, indices ${shapeText(indices)}, updates ${shapeText(updates)}`, {
    en: `indices […, k] with 1 ≤ k ≤ ${x.length}${wanted && isTuple ? `, updates ${shapeText(wanted)}` : ''}`,
    zh: `indices 形如 […, k]，1 ≤ k ≤ ${x.length}${wanted && isTuple ? `，updates ${shapeText(wanted)}` : ''}`,
  });
}

const scattered = (
  name: string,
  opset: number,
  attributes: Readonly<Record<string, Attribute>>,
  x: readonly number[],
  tuples: readonly (readonly number[])[],
  dtype: 'float32' | 'int64' | 'int32' = 'float32',
) => {
  const dims = [tuples.length, tuples[0]!.length];
  return sample(name, 'ScatterND', opset, attributes, [
    data(x, { dtype, low: -9, high: 9 }),
    tensorOf('int64', dims, tuples.flat()),
    data([dims[0]!, ...x.slice(dims[1])], { dtype, seed: 2, low: -9, high: 9 }),
  ]);
};

export const scatterND = operator({
  name: 'ScatterND',
  summary: 'The data with slices replaced by updates, or combined with them, where tuples of indices say.',
  versions: [11, 13, 16, 18],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'indices', type: 'int64' },
    { name: 'updates', type: 'T' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { reduction: SCATTER_REDUCTION },
  infer: (c) => {
    checkShapes(c);
    checkReduction(c, c.inputs[0]!.dtype);
    return { types: [c.inputs[0]] };
  },
  cost: scatterCost,
  costRule: COST_RULE,
  evaluate: (c) => {
    const [x, indices, updates] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]!];
    const combine = combineOf(c);
    const length = indices.dims.at(-1)!;
    const slice = elementCount(x.dims.slice(length));
    const elements: RefElement[] = [...x.data];
    eachTuple(c, indices, x.dims, stridesOf(x.dims), (to, tuple) => {
      for (let i = 0; i < slice; i++) {
        elements[to + i] = combine(elements[to + i]!, updates.data[tuple * slice + i]!);
      }
    });
    return [refFrom(x.dtype, x.dims, (i) => elements[i]!)];
  },
  gradient: (c) => scatterGradient(c, 'ScatterND', 'GatherND'),
  samples: () => {
    const repeated = [[0], [2], [0]];
    const reductions = (['add', 'mul', 'max', 'min'] as const).flatMap((reduction) =>
      (['float32', 'int64', 'int32'] as const).map((dtype) =>
        scattered(`${reduction}, ${dtype}`, 18, { reduction: string(reduction) }, [3, 2], repeated, dtype),
      ),
    );
    return [
      scattered('elements', 11, {}, [8], [[4], [3], [1], [7]]),
      scattered('slices', 13, {}, [3, 2, 2], [[0], [2]]),
      scattered(
        'negative',
        13,
        {},
        [3, 4],
        [
          [-1, -4],
          [0, 2],
        ],
      ),
      scattered('none', 16, { reduction: string('none') }, [4], [[3], [0]], 'int64'),
      scattered('mul, opset 16', 16, { reduction: string('mul') }, [3, 2], repeated),
      ...reductions,
      sample('more axes', 'ScatterND', 18, {}, [
        data([4, 2]),
        tensorOf('int64', [2, 1, 1], [3, 1]),
        data([2, 1, 2], { seed: 2 }),
      ]),
      sample('strings', 'ScatterND', 13, {}, [
        { dtype: 'string', dims: [3], strings: ['a', 'b', 'c'] },
        tensorOf('int64', [1, 1], [1]),
        { dtype: 'string', dims: [1], strings: ['d'] },
      ]),
    ];
  },
});
