/** Reductions over axes (all by default), as in NumPy; `keep` leaves the reduced axes with size 1. */
import { int } from '#ir';
import { apply, applyAll } from '../apply.ts';
import { numberWithin, whole, wholes } from '../arguments.ts';
import { composed } from '../composed.ts';
import { isFloat } from '../dtypes.ts';
import type { Tensor } from '../tensor.ts';
import { axisOf, int64s } from './axes.ts';
import { add, div, exp, log, mul, sqrt, square, sub } from './elementwise.ts';
import { castTo, scalarBeside, toFloat } from './operands.ts';

export type Axes = number | readonly number[];

const axesOf = (x: Tensor, axes: Axes | undefined): readonly number[] =>
  axes === undefined ? x.dims.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;

const reduce = (op: string, x: Tensor, axes: Axes | undefined, keep: boolean): Tensor =>
  typeof axes === 'object' && axes.length === 0
    ? x
    : apply(op, [x, axes === undefined ? undefined : int64s(wholes(op, axes))], { keepdims: int(keep ? 1 : 0) });

/** Of bools: how many; of small integers: in i64. */
const summable = (x: Tensor): Tensor =>
  isFloat(x.dataType) || x.dataType === 'int32' || x.dataType === 'int64' ? x : castTo(x, 'int64');

export const sum = (x: Tensor, axes?: Axes, keep = false): Tensor => reduce('ReduceSum', summable(x), axes, keep);
/** Of no elements NaN, as in NumPy. */
export function mean(x: Tensor, axes?: Axes, keep = false): Tensor {
  const t = toFloat(x);
  // ReduceMean of ONNX Runtime gives 0 there.
  const isEmpty = axesOf(t, axes).some((axis) => t.dims.at(axis) === 0);
  return isEmpty ? div(sum(t, axes, keep), 0) : reduce('ReduceMean', t, axes, keep);
}
export const prod = (x: Tensor, axes?: Axes, keep = false): Tensor => reduce('ReduceProd', summable(x), axes, keep);
/** Whether a NaN among numbers is kept is left open, as ONNX leaves it: ask `isNan` first where there may be one. */
export const max = (x: Tensor, axes?: Axes, keep = false): Tensor => reduce('ReduceMax', x, axes, keep);
export const min = (x: Tensor, axes?: Axes, keep = false): Tensor => reduce('ReduceMin', x, axes, keep);

/** Variance; `correction` 1 divides by n − 1. */
export function variance(x: Tensor, axes?: Axes, keep = false, correction = 0): Tensor {
  const t = toFloat(x);
  const population = mean(square(sub(t, mean(t, axes, true))), axes, keep);
  if (correction === 0) return population;
  const n = axesOf(t, axes).reduce<number>((product, axis) => product * t.shape.at(axis)!, 1);
  return mul(population, n / (n - correction));
}

/** The root of the variance. Its gradient where all elements are equal is 0. */
export const std = (x: Tensor, axes?: Axes, keep = false, correction = 0): Tensor =>
  rootOfSquares(variance(x, axes, keep, correction));

/** √Σx². Its gradient at 0 is 0, of its subgradients the one of least norm. */
export const norm = (x: Tensor, axes?: Axes, keep = false): Tensor =>
  rootOfSquares(sum(square(toFloat(x)), axes, keep));

/** √s of a sum of squares: at 0, where those of the root (∞) and of the squares (0) would make NaN, it has the gradient 0. */
const rootOfSquares = (s: Tensor): Tensor =>
  composed('root of squares', [s], sqrt, ({ outputs: [y], dy: [dy] }) => [
    dy!.mul(0.5).div(y!.equal(0).where(Number.POSITIVE_INFINITY, y!)),
  ]);

/** log Σ exp x, without overflow. */
export function logSumExp(x: Tensor, axes?: Axes, keep = false): Tensor {
  const t = toFloat(x);
  const largest = max(t, axes, true);
  const total = add(log(sum(exp(sub(t, largest)), axes, true)), largest);
  return keep ? total : sum(total, axes, false);
}

export const all = (x: Tensor, axes?: Axes, keep = false): Tensor =>
  castTo(min(castTo(x, 'int32'), axes, keep), 'bool');
export const any = (x: Tensor, axes?: Axes, keep = false): Tensor =>
  castTo(max(castTo(x, 'int32'), axes, keep), 'bool');

/** Where along an axis the largest element stands (the first of equals), as i64. */
export const argMax = (x: Tensor, axis = -1, keep = false): Tensor =>
  apply('ArgMax', [x], { axis: int(axisOf('argMax', x, axis)), keepdims: int(keep ? 1 : 0) });
export const argMin = (x: Tensor, axis = -1, keep = false): Tensor =>
  apply('ArgMin', [x], { axis: int(axisOf('argMin', x, axis)), keepdims: int(keep ? 1 : 0) });

/** The k largest (or smallest) elements along an axis, in order, and where they stood. */
export function topK(x: Tensor, k: number, axis = -1, largest = true): [values: Tensor, indices: Tensor] {
  const count = int64s([numberWithin('topK: k', k, { min: 0, whole: true })]);
  const [values, indices] = applyAll(
    'TopK',
    [x, count],
    { axis: int(axisOf('topK', x, axis)), largest: int(largest ? 1 : 0) },
    2,
  );
  return [values!, indices!];
}

/** Running sums along an axis. */
export const cumSum = (x: Tensor, axis = -1): Tensor =>
  apply('CumSum', [summable(x), scalarBeside(axisOf('cumSum', x, axis), 'int64')]);

export const softmax = (x: Tensor, axis = -1): Tensor =>
  apply('Softmax', [toFloat(x)], { axis: int(whole('softmax', axis)) });
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  apply('LogSoftmax', [toFloat(x)], { axis: int(whole('logSoftmax', axis)) });

/** Mean difference of squares per element along axes: kept here for losses. */
export const meanSquare = (a: Tensor, b: Tensor): Tensor => mean(square(sub(a, b)));

/** x scaled to unit length along an axis. */
export const normalize = (x: Tensor, axis = -1, epsilon = 1e-12): Tensor => div(x, add(norm(x, axis, true), epsilon));
