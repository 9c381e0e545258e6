/** Erf: the error function. */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { errorFunction } from './errorFunction.ts';
import { unary } from './unary.ts';

export const erf = unary({
  name: 'Erf',
  summary: 'The error function.',
  versions: [9, 13],
  types: FLOATS,
  work: { otherFunctions: 1 },
  costRule: 'one transcendental an element.',
  apply: (x) => errorFunction(x),
  gradient: elementwiseGradient((dy, x) => dy.mul(x.mul(x).neg().exp()).mul(2 / Math.sqrt(Math.PI))),
  samples: () => [
    sample('float32', 'Erf', 13, {}, [data([2, 3, 5])]),
    sample('wide', 'Erf', 9, {}, [data([32], { low: -7, high: 7 })]),
  ],
});
