/**
 * GatherElements: the output has the shape of the indices; along `axis` each element is taken from where its index says, along
 * the other axes from its own place. ONNX GatherElements-13.
 */
import { int, intAttribute, string, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { refFrom } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { checkElementIndices, elementOffsets } from './elementIndices.ts';

export const gatherElements = operator({
  name: 'GatherElements',
  summary: 'For each index, the element of the data that stands there along one axis.',
  versions: [11, 13],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'indices', type: 'Tind' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES, Tind: ['int32', 'int64'] },
  attributes: { axis: { kind: 'int', doc: 'axis to gather along; default 0' } },
  infer: (c) => {
    checkElementIndices(c);
    return { types: [{ kind: 'tensor', dtype: c.inputs[0]!.dtype, shape: c.inputs[1]!.shape }] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; the whole data counts as read once.',
  evaluate: (c) => {
    const [x, indices] = [c.inputs[0]!, c.inputs[1]!];
    const from = elementOffsets(c, x, indices);
    return [refFrom(x.dtype, indices.dims, (i) => x.data[from[i]!]!)];
  },
  gradient: (c) => {
    const [x, indices, dy] = [c.inputs[0]!, c.inputs[1]!, c.dy[0]!];
    const attributes = { axis: int(intAttribute(c.node, 'axis', 0)), reduction: string('add') };
    return [x.zeros().apply('ScatterElements', [indices, dy], attributes)];
  },
  samples: () => [
    sample('rows', 'GatherElements', 13, {}, [data([3, 3]), tensorOf('int64', [2, 3], [1, 2, 0, 2, 0, 0])]),
    sample('axis 1', 'GatherElements', 11, { axis: int(1) }, [data([2, 2]), tensorOf('int64', [2, 2], [0, 0, 1, 0])]),
    sample('negative', 'GatherElements', 13, { axis: int(-1) }, [
      data([2, 2, 3]),
      tensorOf('int32', [2, 1, 4], [-1, -3, 1, 0, 2, -2, 0, 1]),
    ]),
    sample('fewer places', 'GatherElements', 13, { axis: int(1) }, [
      data([3, 4]),
      tensorOf('int64', [2, 2], [3, 0, 1, 1]),
    ]),
    sample('int64', 'GatherElements', 13, {}, [
      data([4], { dtype: 'int64', high: 9 }),
      tensorOf('int64', [3], [3, -4, 1]),
    ]),
    sample('empty', 'GatherElements', 13, {}, [data([4, 2]), tensorOf('int64', [0, 2], [])]),
  ],
});
