/**
 * ScatterElements: the data with elements replaced, or combined with updates, where indices along `axis` say. ONNX
 * ScatterElements-18.
 */
import { type Attribute, int, string, type Tensor, tensorOf } from '#ir';
import { operator } from '../define.ts';
import { type RefElement, refFrom } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { checkElementIndices, checkUpdates, elementOffsets } from './elementIndices.ts';
import { scatterGradient } from './scatterGradient.ts';
import { COST_RULE, checkReduction, combineOf, SCATTER_REDUCTION, scatterCost } from './scattering.ts';

const scattered = (
  name: string,
  opset: number,
  attributes: Readonly<Record<string, Attribute>>,
  dtype: 'float32' | 'int64' | 'int32',
  x: readonly number[],
  indices: Tensor,
) =>
  sample(name, 'ScatterElements', opset, attributes, [
    data(x, { dtype, low: -9, high: 9 }),
    indices,
    data(indices.dims, { dtype, seed: 2, low: -9, high: 9 }),
  ]);

export const scatterElements = operator({
  name: 'ScatterElements',
  summary: 'The data with elements replaced by updates, or combined with them, at indices along one axis.',
  versions: [11, 13, 16, 18],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'indices', type: 'Tind' },
    { name: 'updates', type: 'T' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES, Tind: ['int32', 'int64'] },
  attributes: {
    axis: { kind: 'int', doc: 'axis along which the indices lead; default 0' },
    reduction: SCATTER_REDUCTION,
  },
  infer: (c) => {
    checkElementIndices(c);
    checkUpdates(c);
    checkReduction(c, c.inputs[0]!.dtype);
    return { types: [c.inputs[0]] };
  },
  cost: scatterCost,
  costRule: COST_RULE,
  evaluate: (c) => {
    const [x, indices, updates] = [c.inputs[0]!, c.inputs[1]!, c.inputs[2]!];
    const combine = combineOf(c);
    const elements: RefElement[] = [...x.data];
    elementOffsets(c, x, indices).forEach((to, i) => {
      elements[to] = combine(elements[to]!, updates.data[i]!);
    });
    return [refFrom(x.dtype, x.dims, (i) => elements[i]!)];
  },
  gradient: (c) => scatterGradient(c, 'ScatterElements', 'GatherElements'),
  samples: () => {
    const repeated = tensorOf('int64', [3, 3], [1, 0, 2, 1, 2, 0, 1, 0, 2]);
    const reductions = (['add', 'mul', 'max', 'min'] as const).flatMap((reduction) =>
      (['float32', 'int64', 'int32'] as const).map((dtype) =>
        scattered(`${reduction}, ${dtype}`, 18, { reduction: string(reduction) }, dtype, [3, 3], repeated),
      ),
    );
    return [
      scattered('rows', 11, {}, 'float32', [3, 3], tensorOf('int64', [2, 3], [1, 0, 2, 0, 2, 1])),
      scattered('axis 1', 13, { axis: int(1) }, 'float32', [1, 5], tensorOf('int64', [1, 2], [1, 3])),
      scattered('negative', 13, { axis: int(-1) }, 'float32', [2, 5], tensorOf('int32', [1, 2], [-1, -3])),
      scattered('none', 16, { reduction: string('none') }, 'int64', [4], tensorOf('int64', [2], [3, 0])),
      scattered('add, opset 16', 16, { reduction: string('add') }, 'float32', [3, 3], repeated),
      ...reductions,
      sample('strings', 'ScatterElements', 13, {}, [
        { dtype: 'string', dims: [3], strings: ['a', 'b', 'c'] },
        tensorOf('int64', [1], [-2]),
        { dtype: 'string', dims: [1], strings: ['d'] },
      ]),
    ];
  },
});
