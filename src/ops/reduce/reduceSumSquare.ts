/** ReduceSumSquare: the sum of squares over axes. ONNX ReduceSumSquare-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceSumSquare = reduction({
  name: 'ReduceSumSquare',
  summary: 'The sum of the squares of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'additions',
    none: 0,
    numbers: (a, b) => a + b * b,
    exact: { none: () => 0n, combine: (a, b) => a + b * b },
  },
  work: {},
  workOfElement: { multiplications: 1 },
  costRule: 'one multiplication an element, elements − outputs additions.',
  finish: (sum) => sum,
  gradient: (dy, x) => dy.mul(x.mul(2)),
  samples: () => [
    sample('all axes', 'ReduceSumSquare', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceSumSquare', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceSumSquare', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceSumSquare', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], {
      constants: [1],
    }),
    sample('empty axes: all', 'ReduceSumSquare', 18, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceSumSquare', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('nothing to reduce', 'ReduceSumSquare', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('int32', 'ReduceSumSquare', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: -5, high: 5 })]),
    sample('int64', 'ReduceSumSquare', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int64', low: -5, high: 5 })]),
  ],
});
