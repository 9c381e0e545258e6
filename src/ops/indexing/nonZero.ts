/**
 * NonZero: the indices of the elements other than zero, one column each, in row-major order. How many there are depends on the
 * data. A scalar has no axes: the result is [0, count]. ONNX NonZero-13.
 */
import { tensorOf, tensorType } from '#ir';
import { costOf, elements } from '../costs.ts';
import { operator, type RefTensor } from '../define.ts';
import { eachIndex, refOf, toRef } from '../refTensor.ts';
import { data, sample, scalar } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';

const isZero = (value: number | bigint | string): boolean => Number(value) === 0;

function countOf(t: RefTensor): number {
  let count = 0;
  for (const value of t.data) if (!isZero(value)) count++;
  return count;
}

export const nonZero = operator({
  name: 'NonZero',
  summary: 'The indices of the elements other than zero, one column each.',
  versions: [9, 13],
  inputs: [{ name: 'X', type: 'T' }],
  outputs: [{ name: 'Y', type: 'int64' }],
  types: { T: [...NUMBERS, 'bool'] },
  attributes: {},
  infer: (c) => {
    const constant = c.constant(0);
    const count = constant === undefined ? null : countOf(toRef(constant));
    return { types: [tensorType('int64', [c.inputs[0]!.shape?.length ?? null, count])] };
  },
  cost: (c) => costOf(c, { comparisons: elements(c.inputs[0]) }),
  costRule: 'one comparison an element.',
  evaluate: ({ inputs }) => {
    const x = inputs[0]!;
    const found: number[][] = [];
    eachIndex(x.dims, (index, flat) => {
      if (!isZero(x.data[flat]!)) found.push([...index]);
    });
    const rows = x.dims.map((_, axis) => found.map((index) => index[axis]!));
    return [refOf('int64', [x.dims.length, found.length], rows.flat())];
  },
  gradient: 'zero',
  samples: () => [
    sample('matrix', 'NonZero', 13, {}, [tensorOf('float32', [2, 3], [0, 1, 0, -2, 0, 3])], { constants: [0] }),
    sample('opset 9', 'NonZero', 9, {}, [data([2, 2, 3], { dtype: 'int64', low: 0, high: 2 })], { constants: [0] }),
    sample('bool', 'NonZero', 13, {}, [tensorOf('bool', [4], [1, 0, 0, 1])], { constants: [0] }),
    sample('none', 'NonZero', 13, {}, [tensorOf('float32', [2, 2], [0, 0, 0, 0])], { constants: [0] }),
    sample('a scalar', 'NonZero', 13, {}, [scalar(2)], {
      constants: [0],
      noHost: 'ONNX Runtime takes a scalar for a vector of one; ONNX says that there are no rows',
    }),
  ],
});
