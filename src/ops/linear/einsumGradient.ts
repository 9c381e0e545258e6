/**
 * The gradient of Einsum is Einsum: dL/dx of one operand sums, over what its labels leave, the product of dL/dy and the
 * other operands. A label that only this operand has was summed there, and every element gets the same; a size of 1 that
 * was repeated is summed back; what stands off a diagonal gets nothing.
 */
import { type Dim, string, stringAttribute, tensorOf } from '#ir';
import type { Expression } from '../expression.ts';
import type { GradientContext } from '../gradient.ts';
import { accepted } from '../shapes.ts';
import { type BoundEquation, bindEquation, type Labels, parseEquation } from './einsumEquation.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

export function einsumGradient(c: GradientContext): readonly (Expression | undefined)[] {
  const inputs = c.inputs as readonly Expression[];
  const equation = parseEquation(accepted, stringAttribute(c.node, 'equation', ''));
  const bound = bindEquation(
    accepted,
    equation,
    inputs.map((x) => x.shape),
  )!;
  return inputs.map((_, i) => (c.wanted(i) ? operandGradient(c, bound, inputs, i) : undefined));
}

function operandGradient(
  c: GradientContext,
  bound: BoundEquation,
  inputs: readonly Expression[],
  k: number,
): Expression {
  const x = inputs[k]!;
  const labels = bound.inputs[k]!;
  const own = [...new Set(labels)];
  const sizeIn = (i: number, label: string): Dim | undefined => inputs[i]!.shape[bound.inputs[i]!.indexOf(label)];
  const size = (label: string): Dim => sizeIn(k, label)!;
  const others = inputs.map((_, i) => i).filter((i) => i !== k);
  // An axis of size 1 that met larger ones is summed over; one that nothing else has is filled with what there is.
  const wasRepeated = (label: string): boolean => size(label) === 1 && bound.sizes.get(label) !== 1;
  const isGiven = (label: string): boolean =>
    bound.output.includes(label) ||
    others.some((i) => bound.inputs[i]!.includes(label) && (size(label) === 1 || sizeIn(i, label) !== 1));
  const kept = own.filter((label) => isGiven(label) && !wasRepeated(label));

  const terms = [bound.output, ...others.map((i) => bound.inputs[i]!)];
  const product = contract(
    c,
    terms,
    kept,
    c.dy[0]!,
    others.map((i) => inputs[i]!),
  );
  const open = own.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  const placed = product.unsqueeze(open);
  const fills = own.some((label) => !kept.includes(label) && size(label) !== 1);
  if (own.length === labels.length) return fills ? placed.expandLike(x) : placed;
  const dims = own.map((label) => {
    const n = size(label);
    if (typeof n === 'number') return n;
    const term = labels.join('');
    return c.fail(
      { en: `a diagonal of open size (operand ${k}, '${term}')`, zh: `尺寸未定的对角线（操作数 ${k}，'${term}'）` },
      { en: 'known sizes of an operand with diagonals', zh: '含对角线的操作数的尺寸已知' },
    );
  });
  const filled = fills ? placed.apply('Expand', [placed.int64s(dims)]) : placed;
  return ontoDiagonals(c, filled, own, labels, dims);
}

/** Einsum of terms whose labels may be of several characters; nothing to do is no node. */
function contract(
  c: GradientContext,
  terms: readonly Labels[],
  result: Labels,
  first: Expression,
  others: readonly Expression[],
): Expression {
  const [only] = terms;
  if (others.length === 0 && only!.length === result.length && only!.every((l, i) => l === result[i])) return first;
  const all = [...new Set(terms.flat())];
  if (all.length > ALPHABET.length) {
    c.fail(
      { en: `${all.length} labels`, zh: `${all.length} 个标签` },
      { en: `at most ${ALPHABET.length}`, zh: `至多 ${ALPHABET.length} 个` },
    );
  }
  const text = (labels: Labels): string => labels.map((l) => ALPHABET[all.indexOf(l)]!).join('');
  return first.apply('Einsum', others, { equation: string(`${terms.map(text).join(',')}->${text(result)}`) });
}

/** A value with each label once, put on the diagonals of an operand that has some more than once. */
function ontoDiagonals(
  c: GradientContext,
  value: Expression,
  own: Labels,
  labels: Labels,
  dims: readonly number[],
): Expression {
  const seen = new Set<string>();
  const identities: { readonly labels: Labels; readonly value: Expression }[] = [];
  const result = labels.map((label, axis) => {
    if (!seen.has(label)) {
      seen.add(label);
      return label;
    }
    const n = dims[own.indexOf(label)]!;
    const twin = `${label}@${axis}`;
    const ones = Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    identities.push({ labels: [label, twin], value: value.constant(tensorOf(value.dtype, [n, n], ones)) });
    return twin;
  });
  return contract(
    c,
    [own, ...identities.map((i) => i.labels)],
    result,
    value,
    identities.map((i) => i.value),
  );
}
