/** Greater: whether A > B, element by element. */
import { data, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { predicate } from './predicate.ts';

export const greater = predicate({
  name: 'Greater',
  summary: 'Whether A > B, with broadcasting.',
  versions: [7, 9, 13],
  types: NUMBERS,
  holds: (a, b) => a > b,
  samples: () => [
    sample('float32', 'Greater', 13, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('broadcast', 'Greater', 13, {}, [data([2, 3, 4]), data([4], { seed: 2 })]),
    sample('int32', 'Greater', 13, {}, [
      data([9], { dtype: 'int32', low: 0, high: 3 }),
      data([9], { dtype: 'int32', seed: 2, low: 0, high: 3 }),
    ]),
    sample('int64', 'Greater', 13, {}, [
      data([9], { dtype: 'int64', low: 0, high: 3 }),
      data([9], { dtype: 'int64', seed: 2, low: 0, high: 3 }),
    ]),
  ],
});
