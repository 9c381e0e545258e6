/**
 * Reshape: the same elements under another shape. In the asked shape 0 copies the input's dimension at that place
 * (unless `allowzero`), and −1, at most once, stands for what the number of elements leaves.
 */
import { type Dim, elementCount, int, intAttribute } from '#ir';
import { costOf } from '../costs.ts';
import { type InferContext, operator } from '../define.ts';
import { sameElements } from '../gradient.ts';
import { numbersOf } from '../refTensor.ts';
import { data, int64s, sample } from '../sampling.ts';
import { type Refuse, type Shape, shapeText } from '../shapes.ts';
import { ALL_TYPES } from '../typeSets.ts';
import { reshaped } from './rearrange.ts';

export const reshape = operator({
  name: 'Reshape',
  summary: 'The same elements under another shape.',
  versions: [5, 13, 14, 19, 21, 23],
  inputs: [
    { name: 'data', type: 'T' },
    { name: 'shape', type: 'int64' },
  ],
  outputs: [{ name: 'reshaped', type: 'T' }],
  types: { T: ALL_TYPES },
  attributes: { allowzero: { kind: 'int', since: 14, doc: '1: a 0 in the shape is an empty dimension; default 0' } },
  infer: (c) => {
    const { dtype, shape } = c.inputs[0]!;
    const asked = askedShape(c);
    const out = asked && solveShape(c, shape, asked, intAttribute(c.node, 'allowzero', 0) === 1);
    const values = out !== undefined && out.length <= 1 ? c.shapeValue(0) : undefined;
    return { types: [{ kind: 'tensor', dtype, shape: out }], values: [values] };
  },
  cost: (c) => costOf(c),
  costRule: 'moves data only; counted as read and written once, though a memory layout may make it free.',
  evaluate: (c) => {
    const [x, asked] = [c.inputs[0]!, c.inputs[1]!];
    const dims = solveShape(c, x.dims, Array.from(numbersOf(asked)), intAttribute(c.node, 'allowzero', 0) === 1);
    return [reshaped(x, dims as readonly number[])];
  },
  gradient: sameElements,
  samples: () => [
    sample('plain', 'Reshape', 7, {}, [data([2, 3, 4]), int64s(4, 6)], { constants: [1] }),
    sample('rest', 'Reshape', 13, {}, [data([2, 3, 4]), int64s(2, -1)], { constants: [1] }),
    sample('copy and rest', 'Reshape', 14, {}, [data([2, 3, 4]), int64s(0, 0, 1, -1)], { constants: [1] }),
    sample('shape at run time', 'Reshape', 13, {}, [data([2, 3, 4]), int64s(-1)]),
    sample('to a scalar', 'Reshape', 13, {}, [data([1, 1]), int64s()], { constants: [1] }),
    sample('copied empty dimension', 'Reshape', 13, {}, [data([0, 3]), int64s(0, 3, 1)], { constants: [1] }),
    sample('allowzero', 'Reshape', 14, { allowzero: int(1) }, [data([0, 3]), int64s(3, 4, 0)], { constants: [1] }),
    sample('int64', 'Reshape', 21, {}, [data([4], { dtype: 'int64', high: 9 }), int64s(2, 2)], { constants: [1] }),
  ],
});

/** The asked shape with what is known of it; undefined where not even its rank is. */
function askedShape(c: InferContext): Shape | undefined {
  const values = c.shapeValue(1);
  if (values !== undefined) return values;
  const length = c.inputs[1]?.shape?.[0];
  return typeof length === 'number' ? new Array<null>(length).fill(null) : undefined;
}

/**
 * The output shape. Dimensions that appear on both sides, symbols among them, cancel, so that [N, 16, 5, 5] reshaped to
 * [N, -1] is [N, 400].
 * @param shape of the input, undefined where its rank is unknown
 * @param asked numbers (0 and −1 with their meaning), symbols, or null where unknown
 */
export function solveShape(c: Refuse, shape: Shape | undefined, asked: Shape, allowZero: boolean): Shape {
  const refuse = (): never =>
    c.fail(
      {
        en: `shape ${shapeText(asked)} for a tensor of shape ${shapeText(shape)}`,
        zh: `把形状 ${shapeText(shape)} 变为 ${shapeText(asked)}`,
      },
      { en: 'as many elements on both sides, and at most one -1', zh: '两边元素个数相等，且至多一个 -1' },
    );
  const copied = (k: number) => asked[k] === 0 && !allowZero;
  const out: Dim[] = asked.map((d, k) => {
    if (typeof d === 'number' && d < -1) refuse();
    if (!copied(k)) return d === -1 ? null : d;
    if (shape !== undefined && k >= shape.length) refuse();
    return shape?.[k] ?? null;
  });
  const rests = asked.filter((d) => d === -1).length;
  if (rests > 1 || (rests === 1 && allowZero && asked.includes(0))) refuse();
  if (shape === undefined) return out;
  if (shape.every((d) => typeof d === 'number') && out.every((d) => typeof d === 'number')) {
    if (elementCount(shape as readonly number[]) !== elementCount(out as readonly number[])) refuse();
    return out;
  }

  // What remains on each side once copied places cancel.
  const left = shape.filter((_, k) => !copied(k));
  const unknown = out.flatMap((d, k) => (d === null && !copied(k) ? [k] : []));
  const rest = unknown.length === 1 ? unknown[0]! : asked.indexOf(-1);
  if (rest < 0 || unknown.length !== 1) return out;
  const solved = quotient(
    left,
    out.filter((_, k) => k !== rest && !copied(k)),
  );
  if (solved === 'uneven') refuse();
  out[rest] = solved as Dim;
  return out;
}

/** Product of `above` over product of `below`: a number, a symbol, null where neither, 'uneven' where not whole. */
function quotient(above: Shape, below: Shape): Dim | 'uneven' {
  const symbols = above.filter((d) => typeof d !== 'number');
  for (const d of below) {
    if (typeof d === 'number') continue;
    const at = symbols.indexOf(d);
    if (at < 0 || d === null) return null;
    symbols.splice(at, 1);
  }
  const product = (dims: Shape) => dims.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
  const [a, b] = [product(above), product(below)];
  if (symbols.length === 0) {
    // Nothing can be said of 0 elements over 0.
    if (b === 0) return a === 0 ? null : 'uneven';
    return a % b === 0 ? a / b : 'uneven';
  }
  return symbols.length === 1 && a === b && a !== 0 ? symbols[0]! : null;
}
