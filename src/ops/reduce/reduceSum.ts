/** ReduceSum: the sum over axes. ONNX ReduceSum-13; `axes` is an input since opset 13. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceSum = reduction({
  name: 'ReduceSum',
  summary: 'The sum of the elements along axes.',
  versions: [1, 11, 13],
  axesInput: 13,
  work: {},
  costRule: 'elements − outputs additions.',
  finish: (sum) => sum,
  gradient: (dy, x) => dy.expandLike(x),
  samples: () => [
    sample('all axes', 'ReduceSum', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceSum', 11, { axes: ints([0, 2]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceSum', 13, {}, [data([2, 3, 4]), int64s(-2)], { constants: [1] }),
    sample('without keeping', 'ReduceSum', 13, { keepdims: int(0) }, [data([2, 3, 4]), int64s(2, 0)], {
      constants: [1],
    }),
    sample('empty axes: all', 'ReduceSum', 13, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceSum', 13, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('integers', 'ReduceSum', 13, {}, [data([2, 3], { dtype: 'int32', low: -9, high: 9 })]),
    sample('long integers', 'ReduceSum', 13, {}, [data([2, 3], { dtype: 'int64', low: -9, high: 9 }), int64s(1)], {
      constants: [1],
    }),
  ],
});
