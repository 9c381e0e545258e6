/** Squeeze: dimensions of size 1 removed: those named, or all. */
import { ints } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { sameElements } from '../gradient.ts';
import { data, int64s, sample } from '../sampling.ts';
import { normalizeAxes, type Refuse, type Shape, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { evaluatedIntegers, type IntegerArgument, inferredIntegers } from './integerArgument.ts';
import { reshaped } from './rearrange.ts';

const AXES: IntegerArgument = { attribute: 'axes', input: 1, since: 13 };

/** The shape without the named axes; without axes, without every 1. */
function removeOnes(c: Refuse, shape: Shape, axes: readonly number[] | undefined): Shape {
  if (axes === undefined) return shape.filter((d) => d !== 1);
  const removed = normalizeAxes(c, axes, shape.length);
  for (const axis of removed) {
    const d = shape[axis];
    if (typeof d === 'number' && d !== 1) {
      c.fail(
        { en: `axis ${axis} of shape ${shapeText(shape)}`, zh: `形状 ${shapeText(shape)} 的轴 ${axis}` },
        { en: 'an axis of size 1', zh: '大小为 1 的轴' },
      );
    }
  }
  return shape.filter((_, axis) => !removed.includes(axis));
}

export const squeeze = operator({
  name: 'Squeeze',
  summary: 'Dimensions of size 1 removed: those named, or all.',
  versions: [1, 11, 13, 21, 23],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'axes', type: 'int64', arity: 'optional', since: 13 },
  ],
  outputs: [{ name: 'squeezed', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { axes: { kind: 'ints', until: 13, doc: 'axes to remove; default: every axis of size 1' } },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const values = [c.shapeValue(0)];
    const axes = inferredIntegers(c, AXES);
    if (shape === undefined || axes === undefined) return { types: [{ kind: 'tensor', dtype }], values };
    if (axes === 'absent') {
      // Whether a symbolic dimension is a 1, and so the output's rank, is not known.
      const out = shape.every((d) => typeof d === 'number') ? removeOnes(c, shape, undefined) : undefined;
      return { types: [{ kind: 'tensor', dtype, shape: out }], values };
    }
    const out = axes.every((a) => typeof a === 'number')
      ? removeOnes(c, shape, axes as readonly number[])
      : new Array<null>(Math.max(0, shape.length - axes.length)).fill(null);
    return { types: [{ kind: 'tensor', dtype, shape: out }], values };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; counted as read and written once, though a memory layout may make it free.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    return [reshaped(x, removeOnes(c, x.dims, evaluatedIntegers(c, AXES)) as readonly number[])];
  },
  gradient: sameElements,
  samples: () => [
    sample('attribute', 'Squeeze', 7, { axes: ints([1]) }, [data([2, 1, 3])]),
    sample('attribute, negative', 'Squeeze', 11, { axes: ints([-1, 0]) }, [data([1, 3, 1])]),
    sample('all', 'Squeeze', 13, {}, [data([1, 3, 1, 2])]),
    sample('input', 'Squeeze', 13, {}, [data([1, 3, 1]), int64s(-1)], { constants: [1] }),
    sample('to a scalar', 'Squeeze', 13, {}, [int64s(7), int64s(0)], { constants: [1] }),
  ],
});
