/**
 * Slice: from each sliced axis the elements from `start` to before `end` by `step`. The arguments are attributes before
 * opset 10 (without steps) and inputs after.
 */
import { type Dim, ints, tensorOf } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { offsetAt, stridesOf } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { accepted, normalizeAxis, type Refuse, type Shape } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import {
  differentiatedIntegers,
  evaluatedIntegers,
  type IntegerArgument,
  inferredIntegers,
  inferredNumbers,
} from './integerArgument.ts';
import { rearrange } from './rearrange.ts';
import { type SliceRange, slicedDim, sliceRange } from './sliceRange.ts';

const STARTS: IntegerArgument = { attribute: 'starts', input: 1, since: 10 };
const ENDS: IntegerArgument = { attribute: 'ends', input: 2, since: 10 };
const AXES: IntegerArgument = { attribute: 'axes', input: 3, since: 10 };
const STEPS: IntegerArgument = { attribute: 'steps', input: 4, since: 10 };

interface AxisSlice<D extends Dim> {
  readonly start: D;
  readonly end: D;
  readonly step: D;
}

/** What is done to each axis; undefined where nothing is. */
function byAxis<D extends Dim>(
  c: Refuse,
  rank: number,
  starts: readonly D[],
  ends: readonly D[],
  axes: readonly number[] | undefined,
  steps: readonly D[] | undefined,
): (AxisSlice<D | 1> | undefined)[] {
  const lengths = [starts, ends, axes, steps].map((list) => list?.length ?? starts.length);
  if (lengths.some((n) => n !== starts.length)) {
    const found = `starts ${lengths[0]}, ends ${lengths[1]}, axes ${lengths[2]}, steps ${lengths[3]}`;
    c.fail(found, { en: 'as many of each', zh: '数目相同' });
  }
  const out = new Array<AxisSlice<D | 1> | undefined>(rank).fill(undefined);
  for (let k = 0; k < starts.length; k++) {
    const axis = normalizeAxis(c, axes?.[k] ?? k, rank);
    if (out[axis] !== undefined) c.fail(`axes [${axes}]`, { en: 'each axis once', zh: '每个轴只出现一次' });
    const step = steps?.[k] ?? 1;
    if (step === 0) c.fail({ en: 'step 0', zh: '步长 0' }, { en: 'a step other than 0', zh: '非零步长' });
    out[axis] = { start: starts[k]!, end: ends[k]!, step };
  }
  return out;
}

/** Values of an argument, with unknowns in place of what is missing. */
const orUnknown = (values: Shape | 'absent' | undefined, length: number): Shape =>
  values === undefined || values === 'absent' ? new Array<null>(length).fill(null) : values;

export const slice = operator({
  name: 'Slice',
  summary: 'From each sliced axis the elements from start to before end, by step.',
  versions: [1, 10, 11, 13],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'starts', type: 'Tind', since: 10 },
    { name: 'ends', type: 'Tind', since: 10 },
    { name: 'axes', type: 'Tind', arity: 'optional', since: 10 },
    { name: 'steps', type: 'Tind', arity: 'optional', since: 10 },
  ],
  outputs: [{ name: 'output', type: 'T' }],
  types: { T: ALL_TYPES, Tind: ['int32', 'int64'] },
  attributes: {
    starts: { kind: 'ints', required: true, until: 10, doc: 'first element of each sliced axis' },
    ends: { kind: 'ints', required: true, until: 10, doc: 'element before which each sliced axis ends' },
    axes: { kind: 'ints', until: 10, doc: 'the sliced axes; default: the first ones' },
  },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    if (shape === undefined) return { types: [{ kind: 'tensor', dtype }] };
    const starts = inferredIntegers(c, STARTS);
    const axes = inferredNumbers(c, AXES);
    // Without the axes, or their number, any dimension may change.
    if (axes === undefined || (starts === undefined && axes === 'absent')) {
      return { types: [{ kind: 'tensor', dtype, shape: shape.map(() => null) }] };
    }
    const count = axes === 'absent' ? orUnknown(starts, 0).length : axes.length;
    const steps = inferredIntegers(c, STEPS);
    const slices = byAxis<Dim>(
      c,
      shape.length,
      orUnknown(starts, count),
      orUnknown(inferredIntegers(c, ENDS), count),
      axes === 'absent' ? undefined : axes,
      steps === 'absent' ? undefined : orUnknown(steps, count),
    );
    const out = shape.map((d, axis) => {
      const s = slices[axis];
      return s === undefined ? d : slicedDim(d, s.start, s.end, s.step);
    });
    return { types: [{ kind: 'tensor', dtype, shape: out }], values: [slicedValues(c.shapeValue(0), slices[0])] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const [starts, ends] = [evaluatedIntegers(c, STARTS)!, evaluatedIntegers(c, ENDS)!];
    const slices = byAxis(c, x.dims.length, starts, ends, evaluatedIntegers(c, AXES), evaluatedIntegers(c, STEPS));
    const ranges = x.dims.map((size, axis) => {
      const s = slices[axis] ?? { start: 0, end: size, step: 1 };
      return sliceRange(size, s.start, s.end, s.step);
    });
    const strides = stridesOf(x.dims);
    const origin = offsetAt(
      ranges.map((r) => r.start),
      strides,
    );
    const steps = ranges.map((r, axis) => r.step * strides[axis]!);
    return [
      rearrange(
        x,
        ranges.map((r) => r.count),
        (index) => origin + offsetAt(index, steps),
      ),
    ];
  },
  gradient: differentiate,
  samples: () => [
    sample('attributes', 'Slice', 7, { starts: ints([1, 0]), ends: ints([3, -1]) }, [data([4, 5, 2])]),
    sample('attribute axes', 'Slice', 9, { starts: ints([-2]), ends: ints([2147483647]), axes: ints([1]) }, [
      data([2, 5]),
    ]),
    sample('inputs', 'Slice', 10, {}, [data([4, 5]), int64s(1, 0), int64s(3, 4), int64s(0, 1), int64s(1, 2)], {
      constants: [1, 2, 3, 4],
    }),
    sample('first axes', 'Slice', 13, {}, [data([4, 5]), int64s(1), int64s(3)], { constants: [1, 2] }),
    sample('negative axes', 'Slice', 11, {}, [data([2, 6]), int64s(1), int64s(-1), int64s(-1)], {
      constants: [1, 2, 3],
    }),
    sample('backwards', 'Slice', 13, {}, [data([6, 2]), int64s(-1), int64s(-9), int64s(0), int64s(-2)], {
      constants: [1, 2, 3, 4],
    }),
    sample(
      'backwards from before the front',
      'Slice',
      13,
      {},
      [data([3]), int64s(-9), int64s(-9), int64s(0), int64s(-1)],
      {
        constants: [1, 2, 3, 4],
      },
    ),
    sample('beyond the end', 'Slice', 13, {}, [data([4, 2]), int64s(2), int64s(1000)], { constants: [1, 2] }),
    sample('nothing left', 'Slice', 13, {}, [data([4, 2]), int64s(3), int64s(1)], { constants: [1, 2] }),
    sample('int32 places', 'Slice', 13, {}, [data([4]), tensorOf('int32', [1], [1]), tensorOf('int32', [1], [3])], {
      constants: [1, 2],
    }),
    sample('part of a shape', 'Slice', 13, {}, [int64s(4, 5, 6, 7), int64s(1), int64s(3)], { constants: [1, 2] }),
  ],
});

/** The sliced values of a shape computation. */
function slicedValues(values: Shape | undefined, s: AxisSlice<Dim> | undefined): Shape | undefined {
  if (values === undefined || s === undefined) return values;
  if (typeof s.start !== 'number' || typeof s.end !== 'number' || typeof s.step !== 'number') return undefined;
  const { start, step, count } = sliceRange(values.length, s.start, s.end, s.step);
  return Array.from({ length: count }, (_, k) => values[start + k * step]!);
}

/** dy in its old places, zeros around and between. */
function differentiate(c: GradientContext): readonly (Expression | undefined)[] {
  const x = c.inputs[0]!;
  const [starts, ends] = [differentiatedIntegers(c, STARTS)!, differentiatedIntegers(c, ENDS)!];
  const slices = byAxis(
    accepted,
    x.rank,
    starts,
    ends,
    differentiatedIntegers(c, AXES),
    differentiatedIntegers(c, STEPS),
  );
  let dx = c.dy[0]!;
  slices.forEach((s, axis) => {
    const size = x.shape[axis]!;
    if (s === undefined || (typeof size !== 'number' && slicedDim(size, s.start, s.end, s.step) === size)) return;
    if (typeof size !== 'number') {
      c.fail(
        { en: `an open size along axis ${axis}`, zh: `轴 ${axis} 的尺寸未定` },
        { en: 'a known size', zh: '已知尺寸' },
      );
    }
    dx = unslice(dx, axis, size, sliceRange(size, s.start, s.end, s.step));
  });
  return [dx];
}

/** Zeros of `size` along an axis, with the elements of `y` in the places of `range`. */
function unslice(y: Expression, axis: number, size: number, range: SliceRange): Expression {
  const { count } = range;
  if (count === 0) {
    return y.apply('Pad', [y.int64s([0, size]), undefined, y.int64s([axis])]);
  }
  const far = Number.MAX_SAFE_INTEGER;
  const forward =
    range.step > 0 ? y : y.apply('Slice', [y.int64s([-1]), y.int64s([-far]), y.int64s([axis]), y.int64s([-1])]);
  const step = Math.abs(range.step);
  const first = range.step > 0 ? range.start : range.start + (count - 1) * range.step;
  let spread = forward;
  if (step > 1 && count > 1) {
    // Each element is followed by step − 1 zeros; those behind the last are cut off again.
    const apart = forward
      .unsqueeze([axis + 1])
      .apply('Pad', [y.int64s([0, step - 1]), undefined, y.int64s([axis + 1])]);
    const shape = forward.shape.map((d, i) => (i === axis ? count * step : d));
    spread = apart.reshape(shape as readonly number[]).slice([axis], [0], [(count - 1) * step + 1]);
  }
  const length = (count - 1) * step + 1;
  return spread.apply('Pad', [y.int64s([first, size - first - length]), undefined, y.int64s([axis])]);
}
