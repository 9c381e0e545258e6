/** Abs: the magnitude of each element. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const abs = unary({
  name: 'Abs',
  summary: 'The magnitude of each element.',
  versions: [6, 13],
  types: NUMBERS,
  work: { comparisons: 1 },
  costRule: 'one comparison an element.',
  apply: (x) => Math.abs(x),
  applyWide: (x) => (x < 0n ? -x : x),
  gradient: elementwiseGradient((dy, x) => dy.mul(x.sign())),
  samples: () => [
    sample('float32', 'Abs', 13, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 6', 'Abs', 6, {}, [data([5], { dtype: 'float64' })]),
    sample('int8', 'Abs', 13, {}, [data([9], { dtype: 'int8', low: -9, high: 9 })]),
    sample('int64', 'Abs', 13, {}, [data([9], { dtype: 'int64', low: -9, high: 9 })]),
    sample('uint8', 'Abs', 13, {}, [data([9], { dtype: 'uint8', low: 0, high: 9 })]),
  ],
});
