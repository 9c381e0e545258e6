/** Sub: the difference of two tensors, with broadcasting. */
import { broadcastGradient } from '../gradient.ts';
import { arithmetic } from './arithmetic.ts';

export const sub = arithmetic({
  name: 'Sub',
  summary: 'The difference of two tensors, with broadcasting.',
  work: { additions: 1 },
  costRule: 'one addition an output.',
  numbers: (a, b) => a - b,
  wide: (a, b) => a - b,
  dims: (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (b === 0) return a;
    return a !== null && a === b ? 0 : null;
  },
  gradient: broadcastGradient(
    (dy) => dy,
    (dy) => dy.neg(),
  ),
});
