/** ReduceLogSum: the logarithm of the sum over axes. ONNX ReduceLogSum-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceLogSum = reduction({
  name: 'ReduceLogSum',
  summary: 'The logarithm of the sum of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'additions',
    none: 0,
    numbers: (a, b) => a + b,
  },
  work: { otherFunctions: 1 },
  costRule: 'elements − outputs additions, one logarithm an output.',
  finish: (sum) => Math.log(sum),
  gradient: (dy, x, _, axes) => dy.div(x.sum(axes, true)).expandLike(x),
  samples: () => [
    sample('all axes', 'ReduceLogSum', 11, {}, [data([2, 3, 4], { low: 0.5, high: 3 })]),
    sample('axes as attribute', 'ReduceLogSum', 13, { axes: ints([2, 3]), keepdims: int(1) }, [
      data([2, 3, 4, 2], { low: 0.5, high: 3 }),
    ]),
    sample('without keeping', 'ReduceLogSum', 13, { axes: ints([-1]), keepdims: int(0) }, [
      data([2, 3, 4], { low: 0.5, high: 3 }),
    ]),
    sample(
      'axes as input',
      'ReduceLogSum',
      18,
      { keepdims: int(0) },
      [data([2, 3, 4], { low: 0.5, high: 3 }), int64s(1)],
      { constants: [1] },
    ),
    sample('empty axes: all', 'ReduceLogSum', 18, {}, [data([2, 3], { low: 0.5, high: 3 }), int64s()], {
      constants: [1],
    }),
    sample(
      'empty axes: none',
      'ReduceLogSum',
      18,
      { noop_with_empty_axes: int(1) },
      [data([2, 3], { low: 0.5, high: 3 }), int64s()],
      {
        constants: [1],
      },
    ),
    sample('nothing to reduce', 'ReduceLogSum', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('int32', 'ReduceLogSum', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: 1, high: 9 })]),
  ],
});
