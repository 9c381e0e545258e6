/** Relu: max(x, 0). */

import { elementwiseGradient } from '../gradient.ts';
import { data, sample } from '../sampling.ts';
import { FLOATS } from '../typeSets.ts';
import { unary } from './unary.ts';

export const relu = unary({
  name: 'Relu',
  summary: 'max(x, 0).',
  versions: [6, 13, 14],
  types: [...FLOATS, 'int8', 'int16', 'int32', 'int64'],
  work: { comparisons: 1 },
  costRule: 'one comparison an element.',
  apply: (x) => Math.max(x, 0),
  applyWide: (x) => (x > 0n ? x : 0n),
  gradient: elementwiseGradient((dy, _, y) => y.greater(0).where(dy, 0)),
  samples: () => [
    sample('float32', 'Relu', 14, {}, [data([2, 3, 4, 5])]),
    sample('opset 6', 'Relu', 6, {}, [data([7])]),
    sample('scalar', 'Relu', 13, {}, [data([])]),
    sample('empty', 'Relu', 14, {}, [data([0, 3])]),
    sample('float64', 'Relu', 14, {}, [data([9], { dtype: 'float64' })]),
    sample('float16', 'Relu', 14, {}, [data([9], { dtype: 'float16' })]),
    sample('int32', 'Relu', 14, {}, [data([9], { dtype: 'int32', low: -9, high: 9 })]),
    sample('int8', 'Relu', 14, {}, [data([9], { dtype: 'int8', low: -9, high: 9 })]),
    sample('int64', 'Relu', 14, {}, [data([9], { dtype: 'int64', low: -9, high: 9 })], {
      noHost: 'ONNX Runtime has no Relu kernel for int64',
    }),
  ],
});
