/** Neg: −x. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const neg = unary({
  name: 'Neg',
  summary: '−x.',
  versions: [6, 13],
  types: [...FLOATS, 'int8', 'int16', 'int32', 'int64'],
  work: { additions: 1 },
  costRule: 'one subtraction from zero an element.',
  apply: (x) => -x,
  applyWide: (x) => -x,
  gradient: elementwiseGradient((dy) => dy.neg()),
  samples: () => [
    sample('float32', 'Neg', 13, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 6', 'Neg', 6, {}, [data([5], { dtype: 'float64' })]),
    sample('int32', 'Neg', 13, {}, [data([9], { dtype: 'int32', low: -9, high: 9 })]),
    sample('int64', 'Neg', 13, {}, [data([9], { dtype: 'int64', low: -9, high: 9 })]),
  ],
});
