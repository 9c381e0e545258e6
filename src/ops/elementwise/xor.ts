/** Xor: the logical exclusive or. */
import { tensorOf } from '#ir';
import { sample } from '../sampling.ts';
import { predicate } from './predicate.ts';

export const xor = predicate({
  name: 'Xor',
  summary: 'The logical exclusive or, with broadcasting.',
  versions: [7],
  types: ['bool'],
  holds: (a, b) => a !== b,
  samples: () => [
    sample('same shape', 'Xor', 7, {}, [tensorOf('bool', [4], [0, 0, 1, 1]), tensorOf('bool', [4], [0, 1, 0, 1])]),
    sample('broadcast', 'Xor', 7, {}, [tensorOf('bool', [2, 1], [0, 1]), tensorOf('bool', [2], [0, 1])]),
  ],
});
