/** ReduceMean: the mean over axes. ONNX ReduceMean-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

export const reduceMean = reduction({
  name: 'ReduceMean',
  summary: 'The mean of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  work: { multiplications: 1 },
  costRule: 'elements − outputs additions, and one multiplication (by 1 ÷ count) an output.',
  finish: (sum, count) => sum / count,
  // Integer means are truncated towards zero.
  finishWide: (sum, count) => sum / count,
  gradient: (dy, x, _, axes) => dy.div(x.count(axes)).expandLike(x),
  samples: () => [
    sample('all axes', 'ReduceMean', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceMean', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceMean', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceMean', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], { constants: [1] }),
    sample('empty axes: none', 'ReduceMean', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
  ],
});
