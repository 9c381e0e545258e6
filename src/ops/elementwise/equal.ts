/** Equal: whether A = B, element by element. */
import { data, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { predicate } from './predicate.ts';

export const equal = predicate({
  name: 'Equal',
  summary: 'Whether A = B, with broadcasting.',
  versions: [7, 11, 13, 19],
  types: [...NUMBERS, 'bool', 'string'],
  holds: (a, b) => a === b,
  samples: () => [
    sample('float32', 'Equal', 19, {}, [data([2, 3]), data([2, 3], { seed: 2 })]),
    sample('broadcast', 'Equal', 19, {}, [data([2, 3, 4]), data([4], { seed: 2 })]),
    sample('int32', 'Equal', 19, {}, [
      data([9], { dtype: 'int32', low: 0, high: 3 }),
      data([9], { dtype: 'int32', seed: 2, low: 0, high: 3 }),
    ]),
    sample('int64', 'Equal', 19, {}, [
      data([9], { dtype: 'int64', low: 0, high: 3 }),
      data([9], { dtype: 'int64', seed: 2, low: 0, high: 3 }),
    ]),
    sample('bool', 'Equal', 7, {}, [
      data([9], { dtype: 'bool', low: 0, high: 1 }),
      data([1], { dtype: 'bool', low: 0, high: 1 }),
    ]),
    sample('string', 'Equal', 19, {}, [
      { dtype: 'string', dims: [2], strings: ['a', 'b'] },
      { dtype: 'string', dims: [1], strings: ['b'] },
    ]),
  ],
});
