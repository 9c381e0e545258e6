/**
 * A formula of one value as steps on the tile that holds it: in place, or with one more tile beside it for what is needed again. The heavier
 * operand of two goes first, so that as little as possible waits for it (Sethi and Ullman, The Generation of Optimal Code for Arithmetic
 * Expressions, J. ACM 17(4), 1970). x · sigmoid(x), x · hardSigmoid(x) and Gelu need no third.
 */
import { type Expression, inOrder, operandsOf } from '../formula/expression.ts';
import type { ElementwiseStep } from '../kernels/elementwise.ts';

/** Where a value is while steps are done. */
type Place = 'out' | 'beside';

/**
 * The steps that make `root` of `x`, both in the result's tile, all of one type.
 * @returns undefined where the formula has other operands, types or functions than steps have, or values that need a third place
 */
export function stepsInTwoPlaces(x: Expression, root: Expression): ElementwiseStep[] | undefined {
  const all = inOrder(root);
  const isStep = (e: Expression): boolean => e === x || (e.kind === 'apply' && e.type === x.type && !e.saturate);
  if (!all.includes(x) || !all.every(isStep)) return undefined;
  const weight = new Map<Expression, number>();
  const uses = new Map<Expression, number>();
  for (const e of all) {
    weight.set(
      e,
      operandsOf(e).reduce((n, o) => n + weight.get(o)!, 1),
    );
    for (const o of new Set(operandsOf(e))) uses.set(o, (uses.get(o) ?? 0) + 1);
  }
  const places = new Map<Place, Expression>([['out', x]]);
  const placeOf = (e: Expression): Place | undefined => [...places].find(([, held]) => held === e)?.[0];
  const steps: ElementwiseStep[] = [];
  /** Whether it is in a place. */
  const make = (e: Expression): boolean => {
    if (placeOf(e) !== undefined) return true;
    if (e.kind !== 'apply') return false;
    const operands = [...new Set(operandsOf(e))].sort((p, q) => weight.get(q)! - weight.get(p)!);
    if (!operands.every(make)) return false;
    const [a, b] = [e.a, e.b].map((o) => (o === undefined || 'scalar' in o ? o : placeOf(o)));
    // Making one operand may have taken the place of the other.
    if (typeof a !== 'string' || (e.b !== undefined && b === undefined)) return false;
    for (const o of operands) {
      uses.set(o, uses.get(o)! - 1);
      if (uses.get(o) === 0) places.delete(placeOf(o)!);
    }
    const into = (['out', 'beside'] as const).find((place) => !places.has(place));
    if (into === undefined) return false;
    places.set(into, e);
    steps.push({
      ...{ f: e.f, a },
      ...(b === undefined ? {} : { b: b as NonNullable<ElementwiseStep['b']> }),
      ...(into === 'beside' ? { into } : {}),
      ...(e.zero === undefined ? {} : { zero: e.zero }),
    });
    return true;
  };
  if (!make(root) || placeOf(root) !== 'out') return undefined;
  return steps.length === 0 ? [{ f: 'mov', a: 'out' }] : steps;
}
