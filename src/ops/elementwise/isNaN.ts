/** IsNaN: whether an element is not a number. */
import { tensorOf } from '#ir';
import { sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const isNotANumber = unary({
  name: 'IsNaN',
  summary: 'Whether an element is not a number.',
  versions: [9, 13, 20],
  types: FLOATS,
  output: 'bool',
  work: { comparisons: 1 },
  costRule: 'one comparison an element.',
  apply: (x) => Number(Number.isNaN(x)),
  gradient: 'zero',
  samples: () => [
    sample('float32', 'IsNaN', 20, {}, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('opset 9', 'IsNaN', 9, {}, [
      tensorOf('float32', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('float16', 'IsNaN', 13, {}, [
      tensorOf('float16', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
    sample('float64', 'IsNaN', 20, {}, [
      tensorOf('float64', [6], [1, Number.NaN, -2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]),
    ]),
  ],
});
