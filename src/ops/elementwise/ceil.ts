/** Ceil: the smallest whole number that is not below x. */
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const ceil = unary({
  name: 'Ceil',
  summary: 'The smallest whole number that is not below x.',
  versions: [6, 13],
  types: FLOATS,
  work: { comparisons: 1 },
  costRule: 'rounding counts as one comparison an element.',
  apply: (x) => Math.ceil(x),
  gradient: 'zero',
  samples: () => [
    sample('float32', 'Ceil', 13, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('float64', 'Ceil', 6, {}, [data([5], { dtype: 'float64' })]),
  ],
});
