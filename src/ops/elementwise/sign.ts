/** Sign: 1, 0 or −1 as x is above, at or below zero. */
import { tensorOf } from '#ir';
import { data, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const sign = unary({
  name: 'Sign',
  summary: '1, 0 or −1 as x is above, at or below zero.',
  versions: [9, 13],
  types: NUMBERS,
  work: { comparisons: 2 },
  costRule: 'two comparisons an element.',
  apply: (x) => Math.sign(x),
  applyWide: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  gradient: 'zero',
  samples: () => [
    sample('float32', 'Sign', 13, {}, [data([2, 3, 5], { low: -4, high: 4 })]),
    sample('opset 9', 'Sign', 9, {}, [tensorOf('float32', [4], [0, -0, 2, -3])]),
    sample('float64', 'Sign', 13, {}, [data([9], { dtype: 'float64' })]),
    sample('int8', 'Sign', 13, {}, [data([9], { dtype: 'int8', low: -3, high: 3 })]),
    sample('int64', 'Sign', 13, {}, [data([9], { dtype: 'int64', low: -3, high: 3 })]),
    sample('uint8', 'Sign', 13, {}, [data([9], { dtype: 'uint8', low: 0, high: 3 })]),
  ],
});
