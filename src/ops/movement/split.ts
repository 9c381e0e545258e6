/**
 * Split: one axis cut into parts: of given sizes, or of equal size, one for each output. Since opset 18 `num_outputs`
 * may ask for parts that do not divide the axis; the last one is then smaller.
 */
import { type Dim, int, intAttribute, ints, tensorType } from '#ir';
import { costOf } from '../costs.ts';
import { operator } from '../define.ts';
import { offsetAt, stridesOf } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { normalizeAxis, type Refuse, type Shape } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { evaluatedIntegers, type IntegerArgument, inferredIntegers } from './integerArgument.ts';
import { rearrange } from './rearrange.ts';

const SIZES: IntegerArgument = { attribute: 'split', input: 1, since: 13 };

/** Sizes of `count` parts of an axis where none are given. */
export function equalParts(c: Refuse, size: number, count: number, opset: number): number[] {
  const part = Math.ceil(size / count);
  const last = size - part * (count - 1);
  if (last < 0 || (opset < 18 && last !== part)) {
    c.fail(
      { en: `${count} parts of an axis of size ${size}`, zh: `把大小为 ${size} 的轴分为 ${count} 份` },
      { en: 'sizes in `split`, or a number of parts that divides the axis', zh: '给出 split，或能整除该轴的份数' },
    );
  }
  return [...new Array<number>(count - 1).fill(part), last];
}

function checkSizes(c: Refuse, sizes: Shape, size: Dim, outputs: number): void {
  const known = sizes.every((s) => typeof s === 'number');
  const total = known ? (sizes as readonly number[]).reduce((a, b) => a + b, 0) : undefined;
  const sums = total === undefined || typeof size !== 'number' || total === size;
  if (!sums || sizes.length !== outputs || sizes.some((s) => typeof s === 'number' && s < 0)) {
    c.fail(
      { en: `split [${sizes.map((s) => s ?? '?')}]`, zh: `split [${sizes.map((s) => s ?? '?')}]` },
      { en: `${outputs} sizes that add up to ${size ?? '?'}`, zh: `${outputs} 个大小，合计 ${size ?? '?'}` },
    );
  }
}

export const split = operator({
  name: 'Split',
  summary: 'One axis cut into parts, one for each output.',
  versions: [2, 11, 13, 18],
  inputs: [
    { name: 'input', type: 'T' },
    { name: 'split', type: 'int64', arity: 'optional', since: 13 },
  ],
  outputs: [{ name: 'outputs', type: 'T', arity: 'variadic' }],
  types: { T: ALL_TYPES },
  attributes: {
    axis: { kind: 'int', doc: 'the axis that is cut; default 0; negative since opset 11' },
    split: { kind: 'ints', until: 13, doc: 'sizes of the parts; default: equal parts' },
    num_outputs: { kind: 'int', since: 18, doc: 'number of parts where no sizes are given' },
  },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const count = c.node.outputs.length;
    if (shape === undefined) return { types: c.node.outputs.map(() => tensorType(dtype)) };
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), shape.length);
    const size = shape[axis]!;
    const given = inferredIntegers(c, SIZES);
    const parts = intAttribute(c.node, 'num_outputs', count);
    if (parts !== count) c.fail(`num_outputs ${parts}`, { en: `the ${count} outputs`, zh: `与 ${count} 个输出一致` });
    let sizes: Shape;
    if (given === 'absent') {
      sizes = typeof size === 'number' ? equalParts(c, size, count, c.opset) : c.node.outputs.map(() => null);
    } else {
      sizes = given ?? c.node.outputs.map(() => null);
      checkSizes(c, sizes, size, count);
    }
    const types = sizes.map((part) =>
      tensorType(
        dtype,
        shape.map((d, k) => (k === axis ? part : d)),
      ),
    );
    const values = splitValues(c.shapeValue(0), sizes);
    return values === undefined ? { types } : { types, values };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only.',
  evaluate: (c) => {
    const x = c.inputs[0]!;
    const axis = normalizeAxis(c, intAttribute(c.node, 'axis', 0), x.dims.length);
    const sizes = evaluatedIntegers(c, SIZES) ?? equalParts(c, x.dims[axis]!, c.outputCount, c.opset);
    const strides = stridesOf(x.dims);
    let start = 0;
    return sizes.map((part) => {
      const origin = start * strides[axis]!;
      start += part;
      const dims = x.dims.map((d, k) => (k === axis ? part : d));
      return rearrange(x, dims, (index) => origin + offsetAt(index, strides));
    });
  },
  gradient: (c) => {
    const axis = intAttribute(c.node, 'axis', 0);
    const parts = c.outputs.map((y, i) => c.dy[i] ?? y!.zeros());
    return [parts[0]!.apply('Concat', parts.slice(1), { axis: int(axis) })];
  },
  samples: () => [
    sample('equal', 'Split', 7, {}, [data([6, 2])], { outputs: 3 }),
    sample('attribute sizes', 'Split', 11, { axis: int(-1), split: ints([1, 3]) }, [data([2, 4])], { outputs: 2 }),
    sample('input sizes', 'Split', 13, { axis: int(1) }, [data([2, 5, 2]), int64s(2, 0, 3)], {
      outputs: 3,
      constants: [1],
    }),
    sample('equal, opset 13', 'Split', 13, { axis: int(1) }, [data([2, 4])], { outputs: 2 }),
    sample('num_outputs', 'Split', 18, { axis: int(0), num_outputs: int(2) }, [data([6])], { outputs: 2 }),
    sample('uneven', 'Split', 18, { axis: int(1), num_outputs: int(3) }, [data([2, 7])], { outputs: 3 }),
    sample('int64', 'Split', 18, { num_outputs: int(2) }, [data([4], { dtype: 'int64', high: 9 })], { outputs: 2 }),
  ],
});

/** The parts of a shape computation. */
function splitValues(values: Shape | undefined, sizes: Shape): readonly (Shape | undefined)[] | undefined {
  if (values === undefined || !sizes.every((s) => typeof s === 'number')) return undefined;
  let start = 0;
  return (sizes as readonly number[]).map((part) => {
    start += part;
    return values.slice(start - part, start);
  });
}
