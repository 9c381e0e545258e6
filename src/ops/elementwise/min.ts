/** Min: the element-wise minimum. */
import { extremum } from './extremum.ts';

export const min = extremum({
  name: 'Min',
  summary: 'The element-wise minimum of one or more tensors, with broadcasting.',
  numbers: (a, b) => Math.min(a, b),
});
