/** Exp: e^x. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const exp = unary({
  name: 'Exp',
  summary: 'e^x.',
  versions: [6, 13],
  types: FLOATS,
  work: { exponentials: 1 },
  costRule: 'one exp an element.',
  apply: (x) => Math.exp(x),
  gradient: elementwiseGradient((dy, _, y) => dy.mul(y)),
  samples: () => [
    sample('float32', 'Exp', 13, {}, [data([2, 3, 5])]),
    sample('opset 6', 'Exp', 6, {}, [data([16], { low: -10, high: 10 })]),
    sample('float64', 'Exp', 13, {}, [data([5], { dtype: 'float64' })]),
    sample('float16', 'Exp', 13, {}, [data([5], { dtype: 'float16' })]),
  ],
});
