/**
 * Reductions, global pooling, softmax: formulas over the reduced axes. What is element-wise behind them is computed along where the
 * shapes stay.
 */
import { type GraphNode, intAttribute, intsAttribute, tensorIntegers } from '#ir';
import { isFloating } from '../elementTypes.ts';
import {
  add,
  apply,
  convert,
  type Expression,
  fill,
  inOrder,
  mul,
  reduce,
  replace,
  sub,
  sum,
  sumOfSquares,
  where,
} from '../formula/expression.ts';
import type { Lowering, Planner, ToHost } from '../planner.ts';
import { computed, insideConcat, notComputed } from '../reasons.ts';
import { reshapeView, type View } from '../views.ts';
import { finish } from './elementwise.ts';
import { Kernels, operandOf, readValue } from './formulas.ts';

const exp = (x: Expression): Expression => apply('exp', x);
const log = (x: Expression): Expression => apply('log', x);

/** log Σ eˣ, with the largest taken out so that nothing overflows. */
function logSumExp(x: Expression): Expression {
  const peak = reduce('max', x);
  return add(log(sum(exp(sub(x, peak)))), peak);
}

/** What a reduction makes of `count` elements. */
const REDUCTIONS: Readonly<Record<string, (x: Expression, count: number) => Expression>> = {
  ReduceSum: sum,
  ReduceMean: (x, count) => mul(sum(x), 1 / count),
  ReduceMax: (x) => reduce('max', x),
  ReduceMin: (x) => reduce('min', x),
  ReduceProd: (x) => reduce('mul', x),
  ReduceL1: (x) => reduce('add', x, 'abs'),
  ReduceL2: (x) => apply('sqrt', sumOfSquares(x)),
  ReduceSumSquare: sumOfSquares,
  ReduceLogSum: (x) => log(sum(x)),
  ReduceLogSumExp: logSumExp,
  GlobalAveragePool: (x, count) => mul(sum(x), 1 / count),
  GlobalMaxPool: (x) => reduce('max', x),
};

/** The reduced axes of a node; undefined where they are computed. */
function axesOf(node: GraphNode, p: Planner, rank: number): readonly boolean[] | undefined {
  if (node.op.startsWith('Global')) return Array.from({ length: rank }, (_, i) => i >= 2);
  const name = node.inputs[1];
  let axes = intsAttribute(node, 'axes');
  if (name !== undefined && name !== '') {
    const constant = p.constant(name);
    if (constant === undefined) return undefined;
    axes = tensorIntegers(constant).map(Number);
  }
  const list = axes ?? [];
  const none = list.length === 0;
  const all = none && intAttribute(node, 'noop_with_empty_axes', 0) === 0;
  return Array.from({ length: rank }, (_, i) => all || list.some((a) => (a < 0 ? a + rank : a) === i));
}

/** Reductions over any axes, global pooling among them. */
export const lowerReduce: Lowering = (node, p) => {
  const x = node.inputs[0]!;
  if (!isFloating(p.dtype(x))) return notComputed(p.dtype(x));
  const dims = p.dims(x);
  const reduced = axesOf(node, p, dims.length);
  if (reduced === undefined) return computed('its axes are', '其轴');
  const count = dims.reduce((n, d, i) => (reduced[i] ? n * d : n), 1);
  const root = reduced.includes(true)
    ? REDUCTIONS[node.op]!(readValue(p, x), count)
    : // With nothing to reduce an operator that says so does nothing at all.
      readValue(p, x);
  return intoKept(p, node, dims, reduced, root, node.op.startsWith('Global') ? 'channels-last' : 'row-major');
};

/** Writes what reductions leave, with the reduced axes kept or dropped. */
function intoKept(
  p: Planner,
  node: GraphNode,
  dims: readonly number[],
  reduced: readonly boolean[],
  root: Expression,
  layout: 'channels-last' | 'row-major',
  words?: (output: View) => View,
): ToHost | undefined {
  const raw = p.output(node.outputs[0]!, layout);
  const output = reshapeView(
    raw,
    dims.map((d, i) => (reduced[i] ? 1 : d)),
  );
  if (output === undefined) return insideConcat;
  const kernels = new Kernels(p, node);
  if (words === undefined) kernels.formula(dims, reduced, root, output, raw);
  else kernels.formula([...dims, 2], [...reduced, false], root, words(output), raw);
  return kernels.commit([node, ...p.absorbed(inOrder(root))]);
}

/** Softmax, LogSoftmax. */
export const lowerSoftmax: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  const reduced = softmaxAxes(node, p);
  const x = operandOf(p.view(name));
  const peak = reduce('max', x);
  const powers = exp(sub(x, peak));
  const total = sum(powers);
  // The difference is computed twice rather than kept: a whole tile of room.
  const root = node.op === 'LogSoftmax' ? sub(sub(x, peak), log(total)) : apply('div', powers, total);
  return finish(p, node, root, { reduced });
};

/** Before opset 13 everything from `axis` on is one axis (default 1); since then the axis itself (default last). */
function softmaxAxes(node: GraphNode, p: Planner): readonly boolean[] {
  const dims = p.dims(node.inputs[0]!);
  const flatten = p.opset < 13;
  const axis = intAttribute(node, 'axis', flatten ? 1 : -1);
  const at = axis < 0 ? axis + dims.length : axis;
  return dims.map((_, i) => (flatten ? i >= at : i === at));
}

/** Larger than any index that float32 counts exactly. */
const BEYOND = 2 ** 24;

/**
 * ArgMax, ArgMin: the extremum, then the first (or last) of the indices at which it stands. Results are words of 64 bits, whose upper
 * half is 0: a last axis of two 32-bit integers, of which the second is multiplied with 0.
 */
export const lowerArgExtremum: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  const dims = p.dims(name);
  const axis = intAttribute(node, 'axis', 0);
  const at = axis < 0 ? axis + dims.length : axis;
  const last = intAttribute(node, 'select_last_index', 0) !== 0;
  const x = withLastAxis(operandOf(p.view(name)));
  const along = dims.map((d, i) => (i === at ? d : 1));
  const counted = withLastAxis(
    operandOf(
      p.floatConstant(`${node.name}.indices`, along, () => Float32Array.from({ length: dims[at]! }, (_, i) => i)),
    ),
  );
  const halves = operandOf(
    p.constantView(
      `${node.name}.halves`,
      [...dims.map(() => 1), 2],
      'int32',
      () => new Uint8Array(new Int32Array([1, 0]).buffer),
    ),
  );
  const isExtremum = apply('eq', x, reduce(node.op === 'ArgMax' ? 'max' : 'min', x));
  const others = fill(isExtremum, last ? -1 : BEYOND);
  const index = reduce(last ? 'max' : 'min', where(isExtremum, counted, others));
  const reduced = dims.map((_, i) => i === at);
  const root = mul(convert(index, 'i32'), halves);
  return intoKept(p, node, dims, reduced, root, 'row-major', asWords);
};

/** An operand of a space with one more axis at its end, along which it does not vary. */
function withLastAxis(root: Expression): Expression {
  const inputs = inOrder(root).flatMap((e) => (e.kind === 'input' ? [e] : []));
  const longer = (v: View): View => ({ ...v, dims: [...v.dims, 1], strides: [...v.strides, 0] });
  return replace(root, new Map(inputs.map((e) => [e, { ...e, view: longer(e.view) }])));
}

/** A tensor of 64-bit integers as pairs of 32 bits, the lower ones first. */
export const asWords = (v: View): View => ({ ...v, dtype: 'int32', dims: [...v.dims, 2], strides: [...v.strides, 4] });

/** Hardmax: 1 at the first of the largest along the axis, 0 elsewhere. */
export const lowerHardmax: Lowering = (node, p) => {
  const name = node.inputs[0]!;
  if (!isFloating(p.dtype(name))) return notComputed(p.dtype(name));
  const dims = p.dims(name);
  const reduced = softmaxAxes(node, p);
  const x = operandOf(p.view(name));
  const counted = countOver(p, node, dims, reduced);
  const isLargest = apply('eq', x, reduce('max', x));
  const first = reduce('min', where(isLargest, counted, fill(isLargest, BEYOND)));
  return finish(p, node, apply('eq', counted, first), { reduced });
};

/** Row-major numbers of the elements along some axes. */
function countOver(p: Planner, node: GraphNode, dims: readonly number[], axes: readonly boolean[]): Expression {
  const shape = dims.map((d, i) => (axes[i] ? d : 1));
  const count = shape.reduce((n, d) => n * d, 1);
  return operandOf(
    p.floatConstant(`${node.name}.indices`, shape, () => Float32Array.from({ length: count }, (_, i) => i)),
  );
}
