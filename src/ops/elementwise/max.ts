/** Max: the element-wise maximum. */
import { extremum } from './extremum.ts';

export const max = extremum({
  name: 'Max',
  summary: 'The element-wise maximum of one or more tensors, with broadcasting.',
  numbers: (a, b) => Math.max(a, b),
});
