/** Add: the sum of two tensors, with broadcasting. */

import { broadcastGradient } from '../gradient.ts';
import { addDims } from '../shapes.ts';
import { arithmetic } from './arithmetic.ts';

export const add = arithmetic({
  name: 'Add',
  summary: 'The sum of two tensors, with broadcasting.',
  work: { additions: 1 },
  costRule: 'one addition an output.',
  numbers: (a, b) => a + b,
  wide: (a, b) => a + b,
  dims: addDims,
  gradient: broadcastGradient(
    (dy) => dy,
    (dy) => dy,
  ),
});
