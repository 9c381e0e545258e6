/**
 * Einsum of any number of operands, two at a time: sums over letters of one operand, then a product of matrices whose batch are the
 * letters that both keep, whose inner dimension those that only these two have.
 */
import { stringAttribute } from '#ir';
import type { Expression } from '../expression.ts';
import { bindEquation, parseEquation } from '../linear/einsumEquation.ts';
import { accepted } from '../shapes.ts';
import { dimsOf, type Expansion, isUnitFloat, notExpanded } from './expansion.ts';

/** A value whose axes have letters. */
interface Lettered {
  readonly value: Expression;
  readonly letters: readonly string[];
}

export const einsum: Expansion = (c) => {
  const operands = c.inputs as readonly Expression[];
  const equation = parseEquation(accepted, stringAttribute(c.node, 'equation', ''));
  const bound = bindEquation(accepted, equation, operands.map(dimsOf))!;
  if (bound.inputs.some((letters) => new Set(letters).size < letters.length))
    return notExpanded('it takes a diagonal', '它取对角线');
  const isOne = isOneSum(bound.inputs, bound.output);
  const other = operands.find((e) => (isOne ? !isUnitFloat(e) : e.dtype !== 'float32'));
  if (other !== undefined) return notExpanded(`it computes in ${other.dtype}`, `它以 ${other.dtype} 计算`);
  const size = (letter: string): number => bound.sizes.get(letter) as number;
  let rest = operands.map(
    (value, i): Lettered => ({ value: stretched(value, bound.inputs[i]!, size), letters: bound.inputs[i]! }),
  );
  while (rest.length > 1) {
    const [a, b, ...others] = rest as [Lettered, Lettered, ...Lettered[]];
    const kept = new Set([...bound.output, ...others.flatMap((o) => o.letters)]);
    rest = [product(a, b, kept, size), ...others];
  }
  const alone = summed(rest[0]!, new Set(bound.output));
  return [alone.value.transpose(bound.output.map((letter) => alone.letters.indexOf(letter)))];
};

/** Whether one sum or product gives the result, so that it is rounded once: no sum goes before a product, no product before another. */
function isOneSum(inputs: readonly (readonly string[])[], output: readonly string[]): boolean {
  const [a, b, ...more] = inputs;
  if (b === undefined) return true;
  const isKept = (letter: string, other: readonly string[]): boolean =>
    other.includes(letter) || output.includes(letter);
  return more.length === 0 && a!.every((letter) => isKept(letter, b)) && b.every((letter) => isKept(letter, a!));
}

/** Axes of size 1 that stand for more are repeated. */
function stretched(value: Expression, letters: readonly string[], size: (letter: string) => number): Expression {
  const dims = letters.map(size);
  return dims.every((d, i) => d === dimsOf(value)[i]) ? value : value.apply('Expand', [value.int64s(dims)]);
}

/** Sums over the letters that nobody else wants. */
function summed({ value, letters }: Lettered, wanted: ReadonlySet<string>): Lettered {
  const axes = letters.flatMap((letter, i) => (wanted.has(letter) ? [] : [i]));
  return { value: value.sum(axes, false), letters: letters.filter((letter) => wanted.has(letter)) };
}

function product(a0: Lettered, b0: Lettered, kept: ReadonlySet<string>, size: (letter: string) => number): Lettered {
  const a = summed(a0, new Set([...kept, ...b0.letters]));
  const b = summed(b0, new Set([...kept, ...a.letters]));
  const both = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = both.filter((letter) => kept.has(letter));
  const inner = both.filter((letter) => !kept.has(letter));
  const rows = a.letters.filter((letter) => !both.includes(letter));
  const columns = b.letters.filter((letter) => !both.includes(letter));
  const count = (letters: readonly string[]): number => letters.reduce((n, letter) => n * size(letter), 1);
  const arranged = ({ value, letters }: Lettered, order: readonly string[], dims: readonly number[]): Expression =>
    value.transpose(order.map((letter) => letters.indexOf(letter))).reshape(dims);
  const ofBatch = batch.map(size);
  const left = arranged(a, [...batch, ...rows, ...inner], [...ofBatch, count(rows), count(inner)]);
  const right = arranged(b, [...batch, ...inner, ...columns], [...ofBatch, count(inner), count(columns)]);
  const letters = [...batch, ...rows, ...columns];
  const value = inner.length === 0 && rows.length + columns.length === 0 ? left.mul(right) : left.matMul(right);
  return { value: value.reshape(letters.map(size)), letters };
}
