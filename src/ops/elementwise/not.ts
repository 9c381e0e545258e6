/** Not: the logical negation. */
import { data, sample } from '../sampling.ts';
import { unary } from './unary.ts';

export const not = unary({
  name: 'Not',
  summary: 'The logical negation.',
  versions: [1],
  types: ['bool'],
  work: { comparisons: 1 },
  costRule: 'one comparison an element.',
  apply: (x) => (x === 0 ? 1 : 0),
  gradient: 'zero',
  samples: () => [sample('bool', 'Not', 7, {}, [data([3, 4], { dtype: 'bool', low: 0, high: 1 })])],
});
