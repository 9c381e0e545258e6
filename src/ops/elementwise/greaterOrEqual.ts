/** GreaterOrEqual: whether A ≥ B, element by element. */
import { data, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { predicate } from './predicate.ts';

export const greaterOrEqual = predicate({
  name: 'GreaterOrEqual',
  summary: 'Whether A ≥ B, with broadcasting.',
  versions: [12, 16],
  types: NUMBERS,
  holds: (a, b) => a >= b,
  samples: () => [
    sample('float32', 'GreaterOrEqual', 16, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('broadcast', 'GreaterOrEqual', 16, {}, [data([2, 3, 4]), data([4], { seed: 2 })]),
    sample('int32', 'GreaterOrEqual', 16, {}, [
      data([9], { dtype: 'int32', low: 0, high: 3 }),
      data([9], { dtype: 'int32', seed: 2, low: 0, high: 3 }),
    ]),
    sample('int64', 'GreaterOrEqual', 16, {}, [
      data([9], { dtype: 'int64', low: 0, high: 3 }),
      data([9], { dtype: 'int64', seed: 2, low: 0, high: 3 }),
    ]),
  ],
});
