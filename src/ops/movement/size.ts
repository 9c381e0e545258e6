/** Size: the number of elements of a tensor, as an int64 scalar. */
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { refOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { dimProduct } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';

export const size = operator({
  name: 'Size',
  summary: 'The number of elements of a tensor, as an int64 scalar.',
  versions: [1, 13, 19, 21, 23],
  inputs: [{ name: 'data', type: 'T' }],
  outputs: [{ name: 'size', type: 'T1' }],
  types: { T: ALL_TYPES, T1: ['int64'] },
  attributes: {},
  infer: ({ inputs }) => {
    const shape = inputs[0]?.shape;
    return {
      types: [{ kind: 'tensor', dtype: 'int64', shape: [] }],
      values: [shape === undefined ? undefined : [dimProduct(shape)]],
    };
  },
  // The data itself is not read.
  cost: (c) => ({ ...costOf(c), bytesRead: 0 }),
  costRule: 'writes one number; the data is not read.',
  evaluate: ({ inputs }) => [refOf('int64', [], [inputs[0]!.dims.reduce((a, b) => a * b, 1)])],
  gradient: 'zero',
  samples: () => [sample('matrix', 'Size', 13, {}, [data([2, 3])]), sample('empty', 'Size', 7, {}, [data([0, 3])])],
});
