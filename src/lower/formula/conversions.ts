/**
 * Conversions that cost nothing: the vector unit widens floats of 16 bits on their way in and rounds them on their way out, so that
 * a conversion beside another function is part of that function.
 */
import { SCALING_FUNCTIONS, SELECTING_FUNCTIONS } from '#isa';
import { isHalf } from '../elementTypes.ts';
import { type Expression, inOrder, operandsOf, replace, type Scalar } from './expression.ts';

type Apply = Extract<Expression, { kind: 'apply' }>;

const isConversion = (e: Expression): e is Apply => e.kind === 'apply' && e.f === 'mov' && e.b === undefined;

/** What is widened to f32, if that is all that the expression does. */
const widened = (e: Expression | Scalar): Expression | undefined =>
  'kind' in e && isConversion(e) && e.type === 'f32' && isHalf(e.a.type) ? e.a : undefined;

/** The same formula with fewer conversions; every result is the same, bit for bit. */
export function withoutConversions(root: Expression): Expression {
  const narrow = intoConsumers(root);
  return intoProducers(narrow);
}

/** f(wide(a), wide(b)) as f on what is not widened: f32 holds all of its values, and is the type of the result still. */
function intoConsumers(root: Expression): Expression {
  const done = new Map<Expression, Expression>();
  for (const given of inOrder(root)) {
    const e = replace(given, done);
    if (e.kind !== 'apply' && e.kind !== 'reduce') {
      if (e !== given) done.set(given, e);
      continue;
    }
    const a = widened(e.a);
    const takesMixed = SCALING_FUNCTIONS.has(e.f) || SELECTING_FUNCTIONS.has(e.f);
    const b = e.b === undefined || 'scalar' in e.b ? e.b : widened(e.b);
    const fits =
      a !== undefined &&
      !takesMixed &&
      (e.b === undefined || (b !== undefined && ('scalar' in b || b.type === a.type)));
    if (fits && isConversion(e) && e.type === a.type) done.set(given, a);
    else if (fits) done.set(given, { ...e, a, ...(b === undefined ? {} : { b }) });
    else if (e !== given) done.set(given, e);
  }
  return done.get(root) ?? root;
}

/** half(f(a, b)), where nobody else reads f(a, b), as f with a result of that type. */
function intoProducers(root: Expression): Expression {
  const readers = new Map<Expression, number>();
  for (const e of inOrder(root)) for (const o of operandsOf(e)) readers.set(o, (readers.get(o) ?? 0) + 1);
  const done = new Map<Expression, Expression>();
  for (const e of inOrder(root)) {
    const made = isConversion(e) && isHalf(e.type) && e.a.type === 'f32' && readers.get(e.a) === 1 ? e.a : undefined;
    const rounds = made?.kind === 'apply' ? (done.get(made) as Apply) : undefined;
    done.set(e, rounds === undefined ? replace(e, done) : { ...rounds, type: e.type });
  }
  return done.get(root)!;
}
