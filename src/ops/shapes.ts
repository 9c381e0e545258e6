/**
 * Arithmetic of dimensions that shape rules share: broadcasting, axes, products. A dimension is a number, a symbol
 * (same name, same size) or null (nothing known); a result that only an expression could state is null.
 */
import { internalError } from '#base';
import type { Dim, TensorType } from '#ir';
import type { InferContext, Phrase } from './define.ts';

/** What a shape rule and an evaluation both have: a way to refuse. */
export type Refuse = Pick<InferContext, 'fail'>;

/** For cost and evaluation, which run after the shape rule has accepted the node. */
export const accepted: Refuse = {
  fail(found, expected) {
    const text = (p: Phrase) => (typeof p === 'string' ? p : p.en);
    throw internalError({ what: `${text(found)} after the shape rule had accepted ${text(expected)}` });
  },
};

export type Shape = readonly Dim[];

export const shapeText = (shape: Shape | undefined): string =>
  shape === undefined ? '[*]' : `[${shape.map((d) => d ?? '?').join(',')}]`;

/** The common size of two dimensions under NumPy broadcasting; undefined where they cannot meet. */
export function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number') return undefined;
  // A symbol against n ≠ 1 is n, or 1, and the result is n either way.
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  return null;
}

/** NumPy broadcasting of shapes, aligned at the right; undefined where they do not fit together. */
export function broadcastShapes(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out: Dim[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const d = broadcastDim(out[at]!, shape[i]!);
      if (d === undefined) return undefined;
      out[at] = d;
    }
  }
  return out;
}

/** Broadcast shape of the inputs of a node; undefined where a rank is unknown; refuses shapes that do not fit. */
export function broadcastInputs(c: Refuse, inputs: readonly (TensorType | undefined)[]): Shape | undefined {
  const shapes: Shape[] = [];
  for (const input of inputs) {
    if (input === undefined) continue;
    if (input.shape === undefined) return undefined;
    shapes.push(input.shape);
  }
  return (
    broadcastShapes(shapes) ??
    c.fail(shapes.map(shapeText).join(' / '), {
      en: 'shapes that broadcast: aligned at the right, dimensions are equal or 1',
      zh: '可广播的形状：右对齐后各维相等或为 1',
    })
  );
}

/** Whether two dimensions may be the same size. */
export const mayEqual = (a: Dim, b: Dim): boolean => typeof a !== 'number' || typeof b !== 'number' || a === b;

/** What is known when two statements about one dimension are both true: a number, else a symbol, else null. */
export const tighter = (a: Dim, b: Dim): Dim => (typeof a === 'number' ? a : typeof b === 'number' ? b : (a ?? b));

/** An axis counted from the front; `rank` is the rank it must lie in. */
export function normalizeAxis(c: Refuse, axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) {
    c.fail(
      { en: `axis ${axis} for ${rank} dimension${rank === 1 ? '' : 's'}`, zh: `${rank} 维张量的轴 ${axis}` },
      { en: `an axis from ${-rank} to ${rank - 1}`, zh: `${-rank} 到 ${rank - 1} 之间的轴` },
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front, in ascending order; one that is named twice is refused. */
export function normalizeAxes(c: Refuse, axes: readonly number[], rank: number): number[] {
  const out = axes.map((a) => normalizeAxis(c, a, rank));
  if (new Set(out).size !== out.length) c.fail(`axes [${axes}]`, { en: 'each axis once', zh: '每个轴只出现一次' });
  return out.sort((a, b) => a - b);
}

/** Product of dimensions; null where it is not a number or a single symbol. */
export function dimProduct(dims: Shape): Dim {
  if (dims.includes(0)) return 0;
  return dims.reduce<Dim>((p, d) => multiplyDims(p, d), 1);
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  return a === 1 ? b : b === 1 ? a : null;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return a === 0 ? b : b === 0 ? a : null;
}

/** Refuses a shape whose rank is known and not one of `ranks`. */
export function expectRank(c: Refuse, what: string, shape: Shape | undefined, ranks: readonly number[]): void {
  if (shape !== undefined && !ranks.includes(shape.length)) {
    c.fail(
      { en: `${what} of shape ${shapeText(shape)}`, zh: `${what} 的形状为 ${shapeText(shape)}` },
      { en: `${ranks.join(' or ')} dimension${ranks.join() === '1' ? '' : 's'}`, zh: `${ranks.join(' 或 ')} 维` },
    );
  }
}

/** The type of an input that the schema requires. */
export function inputType(c: Pick<InferContext, 'inputs'>, index: number): TensorType {
  return c.inputs[index] ?? accepted.fail(`no input ${index}`, 'a required input');
}
