/** Transpose: axes permuted; output axis k is input axis perm[k]. */
import { ints, intsAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { offsetAt, stridesOf } from '../refTensor.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { rearrange } from './rearrange.ts';

export const transpose = operator({
  name: 'Transpose',
  summary: 'Axes permuted: output axis k is input axis perm[k].',
  versions: [1, 13, 21, 23],
  inputs: [{ name: 'data', type: 'T' }],
  outputs: [{ name: 'transposed', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { perm: { kind: 'ints', doc: 'the permutation; default: the axes reversed' } },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const perm = intsAttribute(c.node, 'perm');
    const rank = shape?.length ?? perm?.length;
    if (perm !== undefined && [...perm].sort((a, b) => a - b).some((axis, k) => axis !== k)) {
      c.fail(`perm [${perm}]`, {
        en: `each axis from 0 to ${perm.length - 1} once`,
        zh: `0 到 ${perm.length - 1} 的每个轴各一次`,
      });
    }
    if (perm !== undefined && perm.length !== rank) {
      c.fail(`perm [${perm}]`, { en: `a permutation of ${rank} axes`, zh: `${rank} 个轴的排列` });
    }
    const axes = perm ?? shape?.map((_, k) => shape.length - 1 - k);
    return { types: [{ kind: 'tensor', dtype, shape: axes?.map((axis) => shape?.[axis] ?? null) }] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: ({ node, inputs }) => {
    const x = inputs[0]!;
    const perm = intsAttribute(node, 'perm') ?? x.dims.map((_, k) => x.dims.length - 1 - k);
    const strides = stridesOf(x.dims);
    const permuted = perm.map((axis) => strides[axis]!);
    const dims = perm.map((axis) => x.dims[axis]!);
    return [rearrange(x, dims, (index) => offsetAt(index, permuted))];
  },
  gradient: (c) => {
    const perm = intsAttribute(c.node, 'perm') ?? c.inputs[0]!.shape.map((_, i, all) => all.length - 1 - i);
    return [c.dy[0]!.transpose(perm.map((_, i) => perm.indexOf(i)))];
  },
  samples: () => [
    sample('default', 'Transpose', 13, {}, [data([2, 3, 4])]),
    sample('channels last', 'Transpose', 7, { perm: ints([0, 2, 3, 1]) }, [data([2, 3, 4, 5])]),
    sample('identity', 'Transpose', 21, { perm: ints([0, 1]) }, [data([2, 3])]),
    sample('matrix', 'Transpose', 13, { perm: ints([1, 0]) }, [data([2, 3])]),
    sample('int64', 'Transpose', 13, { perm: ints([1, 0]) }, [data([2, 3], { dtype: 'int64', high: 9 })]),
  ],
});
