/** Log: the natural logarithm; NaN of negative numbers. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const log = unary({
  name: 'Log',
  summary: 'The natural logarithm; NaN of negative numbers.',
  versions: [6, 13],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one logarithm an element.',
  apply: (x) => Math.log(x),
  gradient: elementwiseGradient((dy, x) => dy.div(x)),
  samples: () => [
    sample('float32', 'Log', 13, {}, [data([2, 3, 5], { low: 0.01, high: 9 })]),
    sample('negative', 'Log', 6, {}, [data([9])]),
    sample('float64', 'Log', 13, {}, [data([5], { dtype: 'float64', low: 0 })]),
  ],
});
