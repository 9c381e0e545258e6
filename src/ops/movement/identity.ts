/** Identity: the input, under another name. */
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { data, sample } from '../sampling.ts';
import { ALL_TYPES } from '../typeSets.ts';

export const identity = operator({
  name: 'Identity',
  summary: 'The input, under another name.',
  versions: [1, 13, 14, 16, 19, 21, 23],
  inputs: [{ name: 'input', type: 'V' }],
  outputs: [{ name: 'output', type: 'V' }],
  types: { V: ALL_TYPES },
  attributes: {},
  infer: (c) => ({ types: [c.inputs[0]], values: [c.shapeValue(0)], constants: [c.constant(0)] }),
  cost: (c) => costOf(c),
  costRule: 'moves data only; counted as read and written once, though a memory layout may make it free.',
  evaluate: ({ inputs }) => [inputs[0]!],
  gradient: (c) => [c.dy[0]],
  samples: () => [
    sample('float32', 'Identity', 13, {}, [data([2, 3])]),
    sample('int64', 'Identity', 16, {}, [data([4], { dtype: 'int64', low: -9, high: 9 })]),
    sample('string', 'Identity', 13, {}, [{ dtype: 'string', dims: [2], strings: ['a', 'b'] }]),
    sample('bool scalar', 'Identity', 19, {}, [data([], { dtype: 'bool', low: 0, high: 1 })]),
  ],
});
