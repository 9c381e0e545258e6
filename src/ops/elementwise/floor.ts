/** Floor: the largest whole number that is not above x. */
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const floor = unary({
  name: 'Floor',
  summary: 'The largest whole number that is not above x.',
  versions: [6, 13],
  types: FLOATS,
  work: { comparisons: 1 },
  costRule: 'rounding counts as one comparison an element.',
  apply: (x) => Math.floor(x),
  gradient: 'zero',
  samples: () => [
    sample('float32', 'Floor', 13, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('float64', 'Floor', 6, {}, [data([5], { dtype: 'float64' })]),
  ],
});
