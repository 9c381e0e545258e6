/** ReduceLogSumExp: the logarithm of the sum of exponentials over axes. ONNX ReduceLogSumExp-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

/** ln(eᵃ + eᵇ). */
function logAddExp(a: number, b: number): number {
  // Equal infinities have no difference.
  if (a === b) return a + Math.LN2;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

export const reduceLogSumExp = reduction({
  name: 'ReduceLogSumExp',
  summary: 'The logarithm of the sum of the exponentials of the elements along axes, without overflow.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'additions',
    none: Number.NEGATIVE_INFINITY,
    numbers: logAddExp,
  },
  work: { otherFunctions: 1, additions: 1 },
  workOfElement: { comparisons: 1, additions: 1, exponentials: 1 },
  costRule:
    'an element: one comparison (the maximum), its subtraction, exp; elements − outputs additions; an output: one logarithm, one addition.',
  finish: (sum) => sum,
  gradient: (dy, x, y) => dy.mul(x.sub(y).exp()),
  samples: () => [
    sample('all axes', 'ReduceLogSumExp', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceLogSumExp', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceLogSumExp', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceLogSumExp', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], {
      constants: [1],
    }),
    sample('empty axes: all', 'ReduceLogSumExp', 18, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceLogSumExp', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('nothing to reduce', 'ReduceLogSumExp', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('large', 'ReduceLogSumExp', 13, {}, [data([2, 5], { low: 800, high: 900 })]),
  ],
});
