/** ReduceMin: the minimum over axes. ONNX ReduceMin-20; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { NUMBERS } from '../typeSets.ts';
import { reduction, shareOfEquals } from './reduction.ts';

export const reduceMin = reduction({
  name: 'ReduceMin',
  summary: 'The minimum of the elements along axes.',
  versions: [1, 11, 12, 13, 18, 20],
  axesInput: 18,
  types: [...NUMBERS, 'bool'],
  combination: {
    counts: 'comparisons',
    none: Number.POSITIVE_INFINITY,
    numbers: (a, b) => Math.min(a, b),
    exact: { none: (unsigned) => 2n ** (unsigned ? 64n : 63n) - 1n, combine: (a, b) => (a < b ? a : b) },
  },
  work: {},
  costRule: 'elements − outputs comparisons.',
  finish: (value) => value,
  gradient: shareOfEquals,
  samples: () => [
    sample('all axes', 'ReduceMin', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceMin', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceMin', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceMin', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], { constants: [1] }),
    sample('empty axes: none', 'ReduceMin', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('int64', 'ReduceMin', 13, { axes: ints([0]) }, [data([3, 4], { dtype: 'int64', low: -9, high: 9 })]),
    sample('int32', 'ReduceMin', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: -9, high: 9 })]),
  ],
});
