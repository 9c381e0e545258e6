/** Unsqueeze: dimensions of size 1 inserted; the axes name their places in the output. */
import { type Dim, ints } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { sameElements } from '../gradient.ts';
import { data, int64s, sample, scalar } from '../sampling.ts';
import { normalizeAxes } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { evaluatedIntegers, type IntegerArgument, inferredIntegers } from './integerArgument.ts';
import { reshaped } from './rearrange.ts';

const AXES: IntegerArgument = { attribute: 'axes', input: 1, since: 13 };

function insertOnes<D extends Dim>(dims: readonly D[], axes: readonly number[]): (D | 1)[] {
  const out: (D | 1)[] = [...dims];
  for (const axis of axes) out.splice(axis, 0, 1);
  return out;
}

export const unsqueeze = operator({
  name: 'Unsqueeze',
  summary: 'Dimensions of size 1 inserted; the axes name their places in the output.',
  versions: [1, 11, 13, 21, 23],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'axes', type: 'int64', since: 13 },
  ],
  outputs: [{ name: 'expanded', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { axes: { kind: 'ints', required: true, until: 13, doc: 'places of the new dimensions' } },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const axes = inferredIntegers(c, AXES);
    if (shape === undefined || axes === undefined || axes === 'absent') return { types: [{ kind: 'tensor', dtype }] };
    const rank = shape.length + axes.length;
    const known = axes.every((a) => typeof a === 'number');
    const out = known
      ? insertOnes(shape, normalizeAxes(c, axes as readonly number[], rank))
      : new Array<null>(rank).fill(null);
    return { types: [{ kind: 'tensor', dtype, shape: out }], values: [rank <= 1 ? c.shapeValue(0) : undefined] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; counted as read and written once, though a memory layout may make it free.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const axes = evaluatedIntegers(c, AXES)!;
    return [reshaped(x, insertOnes(x.dims, normalizeAxes(c, axes, x.dims.length + axes.length)))];
  },
  gradient: sameElements,
  samples: () => [
    sample('attribute', 'Unsqueeze', 7, { axes: ints([1]) }, [data([2, 3])]),
    sample('attribute, two', 'Unsqueeze', 11, { axes: ints([0, -1]) }, [data([2, 3])]),
    sample('input', 'Unsqueeze', 13, {}, [data([2, 3]), int64s(2)], { constants: [1] }),
    sample('unsorted', 'Unsqueeze', 13, {}, [data([2, 3]), int64s(4, 0, 2)], { constants: [1] }),
    sample('a scalar', 'Unsqueeze', 13, {}, [scalar(3, 'int64'), int64s(0)], { constants: [1] }),
  ],
});
