/** ReduceProd: the product over axes. ONNX ReduceProd-18; `axes` is an input since opset 18. */
import { int, ints } from '#ir';
import type { Expression } from '../expression.ts';
import { data, int64s, sample } from '../sampling.ts';
import { reduction } from './reduction.ts';

/** The product of the other elements: y ÷ x, but where elements are 0. */
function ofOthers(dy: Expression, x: Expression, _: Expression, axes: readonly number[]): Expression {
  const isZero = x.equal(0);
  const rest = isZero.where(1, x);
  const zeros = isZero.cast(x.dtype).sum(axes, true);
  const product = axes.length === 0 ? rest : rest.apply('ReduceProd', [x.int64s(axes)]);
  const atZero = zeros.equal(1).where(product, 0);
  const elsewhere = zeros.equal(0).where(product, 0).div(rest);
  return dy.mul(isZero.where(atZero, elsewhere));
}

export const reduceProd = reduction({
  name: 'ReduceProd',
  summary: 'The product of the elements along axes.',
  versions: [1, 11, 13, 18],
  axesInput: 18,
  combination: {
    counts: 'multiplications',
    none: 1,
    numbers: (a, b) => a * b,
    exact: { none: () => 1n, combine: (a, b) => a * b },
  },
  work: {},
  costRule: 'elements − outputs multiplications.',
  finish: (product) => product,
  gradient: ofOthers,
  samples: () => [
    sample('all axes', 'ReduceProd', 11, {}, [data([2, 3, 4])]),
    sample('axes as attribute', 'ReduceProd', 13, { axes: ints([2, 3]), keepdims: int(1) }, [data([2, 3, 4, 2])]),
    sample('without keeping', 'ReduceProd', 13, { axes: ints([-1]), keepdims: int(0) }, [data([2, 3, 4])]),
    sample('axes as input', 'ReduceProd', 18, { keepdims: int(0) }, [data([2, 3, 4]), int64s(1)], { constants: [1] }),
    sample('empty axes: all', 'ReduceProd', 18, {}, [data([2, 3]), int64s()], { constants: [1] }),
    sample('empty axes: none', 'ReduceProd', 18, { noop_with_empty_axes: int(1) }, [data([2, 3]), int64s()], {
      constants: [1],
    }),
    sample('nothing to reduce', 'ReduceProd', 18, {}, [data([2, 0]), int64s(1)], { constants: [1] }),
    sample('int32', 'ReduceProd', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int32', low: -5, high: 5 })]),
    sample('int64', 'ReduceProd', 13, { axes: ints([1]) }, [data([3, 4], { dtype: 'int64', low: -5, high: 5 })]),
  ],
});
