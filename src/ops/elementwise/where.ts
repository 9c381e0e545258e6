/** Where: elements of X where the condition holds, of Y elsewhere. */
import { type Dim, tensorOf } from '#ir';
import { elementwiseCost } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { broadcastGradient } from '../gradient.ts';
import { data, int64s, sample } from '../sampling.ts';
import { broadcastInputs, type Shape } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { broadcastEvaluate, broadcastType, present } from './broadcast.ts';

export const where = operator({
  name: 'Where',
  summary: 'Elements of X where the condition holds, of Y elsewhere, with broadcasting.',
  versions: [9, 16],
  inputs: [
    { name: 'condition', type: 'B' },
    { name: 'X', type: 'T' },
    { name: 'Y', type: 'T' },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { B: ['bool'], T: ALL_TYPES },
  attributes: {},
  infer: (c) => {
    const shape = broadcastInputs(c, c.inputs);
    return { types: [broadcastType(c.inputs[1]!.dtype, shape)], values: [chosenValues(c, shape)] };
  },
  cost: (c) => elementwiseCost(c, { comparisons: 1 }),
  costRule: 'one comparison an output.',
  evaluate: (c) => [
    broadcastEvaluate(present(c.inputs), c.inputs[1]!.dtype, ([condition, x, y]) => (condition === 1 ? x! : y!)),
  ],
  gradient: broadcastGradient(
    (dy) => dy,
    (dy, [condition]) => condition!.where(dy, 0),
    (dy, [condition]) => condition!.where(0, dy),
  ),
  samples: () => {
    const condition = tensorOf('bool', [2, 3], [1, 0, 0, 1, 1, 0]);
    return [
      sample('same shape', 'Where', 16, {}, [condition, data([2, 3]), data([2, 3], { seed: 2 })]),
      sample('broadcast', 'Where', 9, {}, [condition, data([3]), data([2, 1], { seed: 2 })]),
      sample('int64', 'Where', 16, {}, [tensorOf('bool', [3], [1, 0, 1]), int64s(1, 2, 3), int64s(-1)]),
      sample('string', 'Where', 9, {}, [
        tensorOf('bool', [2], [1, 0]),
        { dtype: 'string', dims: [2], strings: ['a', 'b'] },
        { dtype: 'string', dims: [1], strings: ['c'] },
      ]),
    ];
  },
});

/** Sizes chosen by known conditions: how exporters write "−1 means the input's size". */
function chosenValues(c: InferContext, shape: Shape | undefined): readonly Dim[] | undefined {
  const length = shape?.length === 1 ? shape[0] : undefined;
  const [condition, x, y] = [c.shapeValue(0), c.shapeValue(1), c.shapeValue(2)];
  if (typeof length !== 'number' || x === undefined || y === undefined) return undefined;
  const at = (values: Shape, i: number): Dim => values[values.length === 1 ? 0 : i] ?? null;
  return Array.from({ length }, (_, i) => {
    const [a, b] = [at(x, i), at(y, i)];
    if (a === b) return a;
    const holds = condition === undefined ? null : at(condition, i);
    return holds === 1 ? a : holds === 0 ? b : null;
  });
}
