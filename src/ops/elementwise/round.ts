/** Round: the nearest whole number; halves go to the even one. */
import { tensorOf } from '#ir';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

function halfToEven(x: number): number {
  // Math.round takes halves up.
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

export const round = unary({
  name: 'Round',
  summary: 'The nearest whole number; halves go to the even one.',
  versions: [11, 22],
  types: FLOATS,
  work: { comparisons: 1 },
  costRule: 'rounding counts as one comparison an element.',
  apply: halfToEven,
  gradient: 'zero',
  samples: () => [
    sample('float32', 'Round', 22, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('halves', 'Round', 11, {}, [
      tensorOf('float32', [9], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 0.49999997, 8388609]),
    ]),
    sample('float64', 'Round', 22, {}, [data([9], { dtype: 'float64', low: -8, high: 8 })]),
  ],
});
