/**
 * The family of reductions over axes: where `axes` stand (attribute, later an input), the shape rule and the loop over
 * the elements that meet in one output. No axes means all axes, or none with `noop_with_empty_axes`.
 */
import { type DataType, type Dim, elementCount, intAttribute, intsAttribute } from '#ir';
import { costOf, elements, scaledWork, totalWork, type Work } from '../costs.ts';
import { type EvaluateContext, type InferContext, type Operator, operator, type Sample } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { differentiatedIntegers } from '../movement/integerArgument.ts';
import { broadcastStrides, eachIndex, isWide, numbersOf, offsetAt, refOf } from '../refTensor.ts';
import { accepted, inputType, normalizeAxes } from '../shapes.ts';
import { FLOATS } from '../typeSets.ts';

/** How the elements that meet in one output are combined: `a` is what has been combined so far. */
export interface Combination {
  /** What each further element costs. */
  readonly counts: 'additions' | 'comparisons' | 'multiplications';
  /** The result of no elements. */
  readonly none: number;
  readonly numbers: (a: number, b: number) => number;
  /**
   * The same for 64-bit integers, exactly. Absent where the result is no whole number: they are then combined as numbers, and
   * the result is truncated.
   */
  readonly exact?: {
    readonly none: (unsigned: boolean) => bigint;
    readonly combine: (a: bigint, b: bigint) => bigint;
  };
}

const addition: Combination = {
  counts: 'additions',
  none: 0,
  numbers: (a, b) => a + b,
  exact: { none: () => 0n, combine: (a, b) => a + b },
};

export interface Reduction {
  readonly name: string;
  readonly summary: string;
  readonly versions: readonly number[];
  /** Opset from which `axes` is an input. */
  readonly axesInput: number;
  /** Default: floats and the integers of 32 and 64 bits. */
  readonly types?: readonly DataType[];
  /** Default: the sum. */
  readonly combination?: Combination;
  /** Work beyond the combination, for each output. */
  readonly work: Work;
  /** Work beyond the combination, for each element. */
  readonly workOfElement?: Work;
  readonly costRule: string;
  /** The result from the combination of `count` elements. */
  readonly finish: (sum: number, count: number) => number;
  /** The same for exact 64-bit combinations; default: the combination itself. */
  readonly finishWide?: (sum: bigint, count: bigint) => bigint;
  /** dL/dx from dL/dy and y, both with the reduced axes kept at size 1. */
  readonly gradient: (dy: Expression, x: Expression, y: Expression, axes: readonly number[]) => Expression;
  readonly samples: () => readonly Sample[];
}

type Reducing = Pick<InferContext, 'node' | 'opset' | 'fail'>;

/** The reduced axes of an input of rank `rank`; `given` is undefined where none are given. */
function reducedAxes(c: Reducing, given: readonly number[] | undefined, rank: number): number[] {
  if (given !== undefined && given.length > 0) return normalizeAxes(c, given, rank);
  const none = intAttribute(c.node, 'noop_with_empty_axes', 0) !== 0;
  return none ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const keepsDims = (c: Reducing): boolean => intAttribute(c.node, 'keepdims', 1) !== 0;

function infer(c: InferContext) {
  const x = inputType(c, 0);
  if (x.shape === undefined) return { types: [x] };
  const rank = x.shape.length;
  const known = c.inputs[1] === undefined ? intsAttribute(c.node, 'axes') : c.shapeValue(1);
  if (c.inputs[1] !== undefined && (known === undefined || !known.every((d) => typeof d === 'number'))) {
    return { types: [{ ...x, shape: openShape(c, rank) }] };
  }
  const axes = reducedAxes(c, known as readonly number[] | undefined, rank);
  return { types: [{ ...x, shape: reducedShape(x.shape, axes, keepsDims(c)) }] };
}

/** What is known of the shape while the axes are not: the rank, if dimensions are kept. */
const openShape = (c: InferContext, rank: number): readonly Dim[] | undefined =>
  keepsDims(c) ? new Array<Dim>(rank).fill(null) : undefined;

const reducedShape = <D extends Dim>(shape: readonly D[], axes: readonly number[], keep: boolean): (D | 1)[] =>
  keep ? shape.map((d, axis) => (axes.includes(axis) ? 1 : d)) : shape.filter((_, axis) => !axes.includes(axis));

function evaluate(c: EvaluateContext, spec: Reduction) {
  const x = c.inputs[0]!;
  const given = c.inputs[1] === undefined ? intsAttribute(c.node, 'axes') : [...numbersOf(c.inputs[1])];
  const axes = reducedAxes(c, given, x.dims.length);
  const kept = reducedShape(x.dims, axes, true);
  const count = elementCount(axes.map((axis) => x.dims[axis]!));
  const combination = spec.combination ?? addition;
  const dims = reducedShape(x.dims, axes, keepsDims(c));
  if (isWide(x.dtype) && combination.exact !== undefined) {
    const { finishWide = (v) => v } = spec;
    const sums = reduceWide(x.data as BigInt64Array, x.dims, kept, combination.exact);
    return [{ dtype: x.dtype, dims, data: sums.map((v) => finishWide(v, BigInt(count))) }];
  }
  return [
    refOf(
      x.dtype,
      dims,
      reduce(numbersOf(x), x.dims, kept, combination).map((v) => spec.finish(v, count)),
    ),
  ];
}

function reduce(x: Float64Array, dims: readonly number[], kept: readonly number[], { none, numbers }: Combination) {
  const out = new Float64Array(elementCount(kept)).fill(none);
  const strides = broadcastStrides(kept, dims);
  eachIndex(dims, (index, flat) => {
    const at = offsetAt(index, strides);
    out[at] = numbers(out[at]!, x[flat]!);
  });
  return out;
}

/** 64-bit sums wrap, as the stored type does. */
function reduceWide(
  x: BigInt64Array | BigUint64Array,
  dims: readonly number[],
  kept: readonly number[],
  { none, combine }: NonNullable<Combination['exact']>,
): BigInt64Array | BigUint64Array {
  const unsigned = x instanceof BigUint64Array;
  const count = elementCount(kept);
  const out = (unsigned ? new BigUint64Array(count) : new BigInt64Array(count)).fill(none(unsigned));
  const strides = broadcastStrides(kept, dims);
  eachIndex(dims, (index, flat) => {
    const at = offsetAt(index, strides);
    out[at] = combine(out[at]!, x[flat]!);
  });
  return out;
}

export const reduction = (spec: Reduction): Operator =>
  operator({
    name: spec.name,
    summary: spec.summary,
    versions: spec.versions,
    inputs: [
      { name: 'data', type: 'T' },
      { name: 'axes', type: 'int64', arity: 'optional', since: spec.axesInput },
    ],
    outputs: [{ name: 'reduced', type: 'T' }],
    types: { T: spec.types ?? [...FLOATS, 'uint32', 'uint64', 'int32', 'int64'] },
    attributes: {
      axes: { kind: 'ints', until: spec.axesInput, doc: 'The axes to reduce; default: all.' },
      keepdims: { kind: 'int', doc: '1 (default): reduced axes stay with size 1; 0: they disappear.' },
      noop_with_empty_axes: {
        kind: 'int',
        since: spec.axesInput,
        doc: '1: without axes nothing is reduced; 0 (default): everything is.',
      },
    },
    infer,
    cost(c) {
      const outputs = elements(c.outputs[0]);
      const inputs = elements(c.inputs[0]);
      const combined = { [spec.combination?.counts ?? 'additions']: Math.max(0, inputs - outputs) };
      const rest = [scaledWork(spec.work, outputs), scaledWork(spec.workOfElement ?? {}, inputs)];
      return costOf(c, totalWork(combined, ...rest));
    },
    costRule: spec.costRule,
    evaluate: (c) => evaluate(c, spec),
    gradient: (c) => differentiate(c, spec),
    samples: spec.samples,
  });

function differentiate(c: GradientContext, spec: Reduction): readonly (Expression | undefined)[] {
  const [x, dy, y] = [c.inputs[0]!, c.dy[0]!, c.outputs[0]!];
  const given = differentiatedIntegers(c, { attribute: 'axes', input: 1, since: spec.axesInput });
  const axes = reducedAxes({ node: c.node, opset: c.opset, fail: accepted.fail }, given, x.rank).sort((a, b) => a - b);
  const [kept, result] = keepsDims({ node: c.node, opset: c.opset, fail: accepted.fail })
    ? [dy, y]
    : [dy.unsqueeze(axes), y.unsqueeze(axes)];
  return [spec.gradient(kept, x, result, axes)];
}

/** Elements that are equal to the extremum share its gradient. */
export function shareOfEquals(dy: Expression, x: Expression, y: Expression, axes: readonly number[]): Expression {
  const equal = x.equal(y).cast(x.dtype);
  return equal.mul(dy.div(equal.sum(axes, true)));
}
