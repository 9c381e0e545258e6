/** ReduceL1: the sum of magnitudes over axes. ONNX ReduceL1-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceL1 = reduction({
  name: 'ReduceL1',
  summary: 'The sum of the magnitudes of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'additions',
    none: 0,
    numbers: (a, b) => a + Math.abs(b),
    exact: { none: () => 0n, combine: (a, b) => a + (b < 0n ? -b : b) },
  },
  work: {},
  workOfElement: { comparisons: 1 },
  costRule: 'one comparison an element, elements − outputs additions.',
  finish: (sum) => sum,
  gradient: (dy, x) => dy.mul(x.sign()),
  samples: () => [
    sample('all axes', 'ReduceL1', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceL1', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceL1', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceL1', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], { constants: [1] }),
    sample('empty axes: all', 'ReduceL1', 18, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceL1', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('nothing to reduce', 'ReduceL1', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('int32', 'ReduceL1', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: -5, high: 5 })]),
    sample('int64', 'ReduceL1', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int64', low: -5, high: 5 })]),
  ],
});
