/** ReduceL2: the square root of the sum of squares over axes. ONNX ReduceL2-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceL2 = reduction({
  name: 'ReduceL2',
  summary: 'The square root of the sum of the squares of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'additions',
    none: 0,
    numbers: (a, b) => a + b * b,
  },
  work: { otherFunctions: 1 },
  workOfElement: { multiplications: 1 },
  costRule: 'one multiplication an element, elements − outputs additions, one √ an output.',
  finish: (sum) => Math.sqrt(sum),
  // The norm has a kink at zero; the gradient there is 0, as in the frameworks.
  gradient: (dy, x, y) => dy.mul(x).div(y.equal(0).where(1, y)),
  samples: () => [
    sample('all axes', 'ReduceL2', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceL2', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceL2', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceL2', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], { constants: [1] }),
    sample('empty axes: all', 'ReduceL2', 18, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceL2', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('nothing to reduce', 'ReduceL2', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('int32', 'ReduceL2', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: -5, high: 5 })]),
  ],
});
