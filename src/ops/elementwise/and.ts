/** And: the logical conjunction. */
import { tensorOf } from '#ir';
import { sample } from '../sampling.ts';
import { predicate } from './predicate.ts';

export const and = predicate({
  name: 'And',
  summary: 'The logical conjunction, with broadcasting.',
  versions: [7],
  types: ['bool'],
  holds: (a, b) => a === 1 && b === 1,
  samples: () => [
    sample('same shape', 'And', 7, {}, [tensorOf('bool', [4], [0, 0, 1, 1]), tensorOf('bool', [4], [0, 1, 0, 1])]),
    sample('broadcast', 'And', 7, {}, [tensorOf('bool', [2, 1], [0, 1]), tensorOf('bool', [2], [0, 1])]),
  ],
});
